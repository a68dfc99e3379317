import type { Member } from '../reach/answer.js';
import type { Caller, CallersAnswer } from '../reach/callers.js';
import { AnswerView, groupBy } from './answer-view.js';
import type { CallersReport } from './callers-data.js';
import { heading, placeCells, type Row, sortForPatch, table } from './member-rows.js';
import type { Style } from './page.js';
import { patchSetSections } from './reach-text.js';
import { callPlace, counted, counting, functions, plural, stuckText } from './sentences.js';
import { Legend } from './stuck-text.js';
import {
  joined,
  nameList,
  type Section,
  type Telling,
  type TextOptions,
  tellAnswers,
  telling,
} from './telling.js';

/** For a person: who calls a function, by what a livepatch does about them; then its patch set. */
export function callersText(report: CallersReport, why: boolean, options: TextOptions): Iterable<string> {
  const told = telling('affected', why, options);
  return tellAnswers(
    report,
    told,
    ({ reach }) => reach,
    (answer, asked) => answerSections(answer, told, asked),
  );
}

function* answerSections(
  { reach, callers, others }: CallersAnswer,
  told: Telling,
  asked: readonly string[],
): Generator<Section> {
  const all = callersOnce(callers);
  const nodump = [...new Set(others.flatMap((unit) => unit.nodump.map(callPlace)))];
  const known = others.every((unit) => unit.known);
  yield joined(asked, calledSection(all, { nodump, known }, told));
  const byNeed = groupBy(all, needOf);
  for (const need of NEEDS) yield callersSection(need, byNeed.get(need) ?? [], told);
  yield nodumpSection(nodump, told);
  yield* patchSetSections(new AnswerView(reach), told);
}

/** Each caller once, its calls added up over the units of the function. */
function callersOnce(byUnit: CallersAnswer['callers']): Caller[] {
  const once = new Map<string, Caller>();
  for (const caller of byUnit.flat()) {
    const key = `${caller.member.unit.id} ${caller.member.name}`;
    const known = once.get(key);
    once.set(key, known ? { ...known, calls: known.calls + caller.calls } : caller);
  }
  return [...once.values()];
}

/** What a livepatch of the function does about a caller. */
type Need = 'replaced' | 'stuck' | 'none' | 'init';

const NEEDS: readonly Need[] = ['replaced', 'stuck', 'none', 'init'];

const STYLES: Readonly<Record<Need, Style>> = {
  replaced: 'green',
  stuck: 'magenta',
  none: 'bold',
  init: 'dim',
};

function needOf({ member, inPatchSet }: Caller): Need {
  if (member.class === 'init') return 'init';
  if (!inPatchSet) return 'none';
  return member.class === 'patch' ? 'replaced' : 'stuck';
}

function needText(need: Need, count: number): string {
  switch (need) {
    case 'replaced':
      return `${functions(count)} ${plural(count, 'calls', 'call')} it and ${plural(count, 'is', 'are')} replaced`;
    case 'stuck':
      return `${functions(count)} ${plural(count, 'calls', 'call')} it and cannot be redirected`;
    case 'none':
      return `${functions(count)} ${plural(count, 'calls', 'call')} it and ${plural(count, 'needs', 'need')} no change`;
    case 'init':
      return `${functions(count)} of init code called it`;
  }
}

/** Callers that are no functions of units, over all units of the function. */
interface Others {
  /** Code without a dump, in words. */
  readonly nodump: readonly string[];
  readonly known: boolean;
}

function* calledSection(all: readonly Caller[], { nodump, known }: Others, told: Telling): Generator<string> {
  yield* heading(calledText(all, { nodump, known }), told);
  if (!known) yield* told.page.prose('not all calls were read: there may be others', 2, 'yellow');
}

function calledText(all: readonly Caller[], { nodump, known }: Others): string {
  if (all.length === 0 && nodump.length > 0) return 'called by code without a dump';
  if (all.length === 0) return known ? 'no function calls it after optimisation' : 'no call of it was found';
  const calls = all.reduce((sum, caller) => sum + caller.calls, 0);
  return `called by ${functions(all.length)} after optimisation, in ${counting(calls, 'place')}`;
}

function* nodumpSection(nodump: readonly string[], told: Telling): Generator<string> {
  if (nodump.length === 0) return;
  const text = `${counting(nodump.length, 'place')} of code without a dump ${plural(nodump.length, 'calls', 'call')} it`;
  yield* heading(text, told, 'magenta');
  for (const place of nodump) yield* told.page.row([{ text: place }], [2], 2);
}

function* callersSection(need: Need, list: readonly Caller[], told: Telling): Generator<string> {
  if (list.length === 0) return;
  yield* heading(needText(need, list.length), told, STYLES[need]);
  const legend = new Legend(need === 'stuck' ? list.map(({ member }) => stuckText(member)) : []);
  yield* legend.before(told);
  const rowsOf = (caller: Caller) => callerRows(caller, legend, STYLES[need], told);
  yield* table(sortForPatch(list), rowsOf, 3, told);
  yield* legend.after(told);
}

function callerRows(caller: Caller, legend: Legend, style: Style, told: Telling): Row[] {
  const { member, calls } = caller;
  return placeCells(member, style).map((cells) => ({
    member,
    cells: [
      { text: legend.letter(stuckText(member)), style: 'dim' },
      { text: calls === 0 ? '' : `${counted(calls)}x`, style: 'dim' },
      ...cells,
    ],
    notes: insteadNotes(caller, told),
  }));
}

function insteadNotes({ member, standIns, inPatchSet }: Caller, told: Telling): string[] {
  if (!inPatchSet || member.stuck === null) return [];
  if (member.deadEnd) return ['keeps the old code: see below'];
  return standIns.length === 0 ? [] : [`instead: ${nameList(standIns.map(nameOf), told)}`];
}

function nameOf({ name }: Member): string {
  return name;
}
