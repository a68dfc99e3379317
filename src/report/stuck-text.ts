import type { Member } from '../reach/answer.js';
import { type AnswerView, groupBy, type Shown, standInsOf } from './answer-view.js';
import { chainWords } from './chain-text.js';
import { heading, listName, type Note, type Row, table, whereCells } from './member-rows.js';
import type { Style } from './page.js';
import {
  CALLERS_ADVICE,
  counted,
  endText,
  functions,
  idleText,
  openText,
  plural,
  stuckText,
} from './sentences.js';
import { nameList, type Telling } from './telling.js';

/** More dead ends than this are counted by reason. */
const MOST_DEAD_ENDS = 20;
/** More stuck members than this are counted by reason. */
const MOST_STUCK = 100;
/** So many stand-ins are named even where they are all that is replaced. */
const FEW = 3;

/** What keeps the old code, each with the way that was tried and why it ends there. */
export function* deadEndSection(
  { deadEnds: list, verdict }: AnswerView,
  telling: Telling,
): Generator<string> {
  if (list.length === 0) return;
  const legend = new Legend(list.map(({ member }) => stuckText(member)));
  const title = `${counted(list.length)} that ${plural(list.length, 'keeps', 'keep')} the old code:`;
  if (verdict !== 'unpatchable') yield* heading(title, telling, 'red');
  yield* legend.before(telling);
  if (list.length > MOST_DEAD_ENDS && !telling.all) yield* counts(list, endText, legend, telling);
  else {
    const rowsOf = (shown: Shown) => [stuckRow(shown, legend, 'red', endsOf(shown, telling))];
    yield* table(list, rowsOf, 1, { ...telling, why: false });
  }
  yield* legend.after(telling);
  if (list.some(({ member }) => member.open.some(({ reason }) => reason === 'callers-unknown'))) {
    yield* telling.page.prose(CALLERS_ADVICE, 2, 'yellow');
  }
}

/** The way to a dead end, and why what runs it cannot be replaced either. */
function endsOf({ member, unit, place }: Shown, telling: Telling): Note[] {
  const callers = member.calledBy.map((place) => unit.members[place]!).filter(({ deadEnd }) => deadEnd);
  return [
    ...(member.step ? [chainWords(unit.members, place, telling.direction)] : []),
    ...member.open.map(openText),
    ...(callers.length === 0 ? [] : [`called by ${nameList(namesOf(callers), telling)}: see there`]),
  ];
}

/** What cannot be redirected, each with what is replaced in its stead. */
export function* stuckSection(view: AnswerView, telling: Telling): Generator<string> {
  const list = view.stuck.filter(({ member }) => telling.lists(member.class));
  if (list.length === 0) return;
  const legend = new Legend(list.map(({ member }) => stuckText(member)));
  const instead = list.some(({ member }) => member.live)
    ? `: what calls ${plural(list.length, 'it', 'them')} is replaced instead`
    : `, but ${plural(list.length, 'needs', 'need')} no work`;
  yield* heading(`${functions(list.length)} cannot be redirected${instead}`, telling);
  yield* legend.before(telling);
  if (list.length > MOST_STUCK && !telling.all) yield* counts(list, () => '', legend, telling);
  else {
    const all = view.count('patch');
    const rowsOf = (shown: Shown) => [stuckRow(shown, legend, 'magenta', [insteadText(shown, all, telling)])];
    yield* table(list, rowsOf, 1, telling);
  }
  yield* legend.after(telling);
}

function stuckRow(shown: Shown, legend: Legend, style: Style, notes: readonly Note[]): Row {
  const { member } = shown;
  const letter = { text: legend.letter(stuckText(member)), style: 'dim' as const };
  return { member, shown, cells: [letter, { text: member.name, style }, ...whereCells(member)], notes };
}

/** @param all how many functions the answer replaces */
function insteadText(shown: Shown, all: number, telling: Telling): string {
  const { member, unit } = shown;
  const callers = () => member.calledBy.map((place) => unit.members[place]!);
  if (!member.live) return idleText(member, callers());
  const names = namesOf(standInsOf(shown));
  const every = names.length === all && all > FEW;
  return `instead: ${every ? `all ${counted(all)}` : nameList(names, telling)}`;
}

/** A line a reason, the most frequent first. */
function* counts(
  list: readonly Shown[],
  endOf: (member: Member) => string,
  legend: Legend,
  telling: Telling,
): Generator<string> {
  const reasonOf = ({ member }: Shown) => {
    const letter = legend.letter(stuckText(member));
    return [letter === '' ? '' : `(${letter})`, endOf(member)].filter((part) => part !== '').join(' ');
  };
  const groups = [...groupBy(list, reasonOf)].sort(([, a], [, b]) => b.length - a.length);
  for (const [reason, those] of groups) {
    const names = nameList(namesOf(those.map(({ member }) => member)), telling);
    const count = [counted(those.length), reason].filter((part) => part !== '').join(' ');
    yield* telling.page.prose(`${count}: ${names}`, 2, undefined, 6);
  }
  yield* telling.page.prose('--all lists them, each with its reason', 2, 'dim');
}

function namesOf(members: readonly Member[]): string[] {
  return members.map(listName);
}

/**
 * Reasons that lines share: each is told once, under a letter that stands beside the lines. A lone one needs no letter,
 * and is told before them.
 */
export class Legend {
  readonly #reasons: string[];

  constructor(reasons: Iterable<string>) {
    this.#reasons = [...new Set(reasons)].filter((reason) => reason !== '');
  }

  /** `a`, ... `z`, `aa`, ...; '' where there is but one reason. */
  letter(reason: string): string {
    const at = this.#reasons.indexOf(reason);
    return at < 0 || this.#reasons.length === 1 ? '' : lettersOf(at);
  }

  *before({ page }: Telling): Generator<string> {
    if (this.#reasons.length === 1) yield* page.prose(this.#reasons[0]!, 2, 'dim');
  }

  *after({ page }: Telling): Generator<string> {
    if (this.#reasons.length < 2) return;
    for (const [at, reason] of this.#reasons.entries()) {
      yield* page.prose(`(${lettersOf(at)}) ${reason}`, 2, 'dim', 6);
    }
  }
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

function lettersOf(at: number): string {
  const rest = Math.floor(at / ALPHABET.length);
  return `${rest === 0 ? '' : lettersOf(rest - 1)}${ALPHABET[at % ALPHABET.length]}`;
}
