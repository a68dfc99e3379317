import { CALL, type MemberClass, type Unknown } from '../reach/answer.js';
import { type AnswerView, groupBy, type Listed, type Shown } from './answer-view.js';
import { heading, listName, objectOf, placeCells, type Row, table, whereCells } from './member-rows.js';
import { counting, functions, plural, unknownReason, unknownSubject } from './sentences.js';
import { nameList, type Section, type Telling } from './telling.js';

/** Longer lists of what needs no work are cut; `--all` has them whole. */
const MOST_INIT = 10;
const MOST_SUBJECTS = 10;

/** What stands after what is to be done: classes that need no work, and what is not known. */
export function* restSections(view: AnswerView, telling: Telling): Generator<Section> {
  const listed = (of: MemberClass) => (telling.lists(of) ? view.of(of) : []);
  yield unverifiedSection(listed('unverified'), telling);
  yield initSection(listed('init'), telling);
  if (view.verdict !== 'discarded') yield discardedSection(listed('discarded'), telling);
  yield goneSection(listed('gone'), telling);
}

function* unverifiedSection(list: Listed<Shown>, telling: Telling): Generator<string> {
  if (list.length === 0) return;
  yield* heading(`${functions(list.length)} may exist: replace those that do`, telling, 'yellow');
  yield* table(list, unverifiedRows, 1, telling);
}

function unverifiedRows(shown: Shown): Row[] {
  const { member } = shown;
  const notes = member.clone ? ['a clone: what calls it has to be replaced instead'] : [];
  return placeCells(member, 'yellow').map((cells) => ({ member, shown, cells, notes }));
}

function* initSection(list: Listed<Shown>, telling: Telling): Generator<string> {
  if (list.length === 0) return;
  const count = list.length;
  yield* heading(`${functions(count)} ${plural(count, 'is', 'are')} init code, which has run`, telling);
  const names = Array.from(list, ({ member }) => {
    return `${listName(member)}${member.step?.kind === CALL ? ' (a caller)' : ''}`;
  });
  yield* telling.page.prose(nameList(names, telling, MOST_INIT), 2);
  const modular = [...list].filter(({ member }) => objectOf(member) !== 'vmlinux');
  const again = modular.map(({ member }) => listName(member));
  if (again.length > 0) {
    const text = `in modules, so that the old code runs again when they are loaded next: ${nameList(again, telling)}`;
    yield* telling.page.prose(text, 2, 'yellow');
  }
}

function* discardedSection(list: Listed<Shown>, telling: Telling): Generator<string> {
  if (list.length === 0) return;
  const count = list.length;
  const text = `${counting(count, 'weak definition')} lost to another and ${plural(count, 'is', 'are')} not in the kernel`;
  yield* heading(text, telling);
  const names = Array.from(list, ({ member }) => `${member.name} (${member.unit.source})`);
  yield* telling.page.prose(nameList(names, telling, MOST_INIT), 2);
}

function* goneSection(list: Listed<Shown>, telling: Telling): Generator<string> {
  if (list.length === 0) return;
  const count = list.length;
  const text = `${functions(count)} ${plural(count, 'has', 'have')} no code of ${plural(count, 'its', 'their')} own`;
  if (!telling.all) {
    yield* telling.page.prose(`${text} (--all lists ${plural(count, 'it', 'them')})`, 0, 'dim', 2);
    return;
  }
  yield* heading(text, telling);
  yield* table(list, goneRows, 0, telling);
}

function goneRows(shown: Shown): Row[] {
  const { member } = shown;
  const notes = member.verified ? [] : ['by its removal record'];
  return [{ member, shown, cells: [{ text: member.name }, ...whereCells(member)], notes }];
}

/**
 * What an answer rests on and nothing tells.
 *
 * @param deadEnds those that were listed with what keeps them open
 */
export function* unknownSection(
  view: AnswerView,
  telling: Telling,
  deadEnds: readonly Shown[] = [],
): Generator<string> {
  const all = view.answer.units.flatMap(({ unknowns }) => unknowns);
  if (all.length === 0) return;
  const ofDeadEnds = new Set(deadEnds.map(({ member }) => `${member.unit.path} ${member.name}`));
  const told = (unknown: Unknown) =>
    unknown.code === 'open-end' && ofDeadEnds.has(`${unknown.unit} ${unknown.function}`);
  const others = all.filter((unknown) => !told(unknown));
  if (others.length === 0) {
    const text = 'incomplete: not all that leads to those that keep the old code is known';
    yield* heading(text, telling, 'red');
    return;
  }
  yield* heading('incomplete: not all that this rests on is known', telling, 'red');
  const groups = groupBy(others, unknownReason);
  for (const [reason, those] of groups) {
    const subjects = [...new Set(those.map(unknownSubject))];
    yield* telling.page.prose(`${nameList(subjects, telling, MOST_SUBJECTS)}: ${reason}`, 2, undefined, 6);
  }
}
