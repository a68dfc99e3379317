import { isComplete, type ReachAnswer } from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';
import { AnswerView, groupBy } from './answer-view.js';
import { bigSummary, MOST_REPLACED, MOST_UNCOUNTED } from './big-summary.js';
import { heading, patchRows, sortForPatch, table } from './member-rows.js';
import type { Style } from './page.js';
import type { ReachReport } from './reach-report.js';
import { restSections, unknownSection } from './rest-text.js';
import { counted, counting, functions, verdictText, verdictWord } from './sentences.js';
import { deadEndSection, stuckSection } from './stuck-text.js';
import {
  joined,
  nameList,
  type Section,
  type Telling,
  type TextOptions,
  tellAnswers,
  telling,
} from './telling.js';

/** For a person: what to replace first, then what cannot be, then what needs no work, then what is not known. */
export function reachText(report: ReachReport, options: TextOptions): Iterable<string> {
  const told = telling(report.direction, report.why, options);
  return tellAnswers(
    report,
    told,
    (answer) => answer,
    (answer, asked) => patchSetSections(new AnswerView(answer), told, asked),
  );
}

/**
 * The patch set: the same wherever it is told.
 *
 * @param asked lines that stand before the verdict
 */
export function* patchSetSections(
  view: AnswerView,
  told: Telling,
  asked: readonly string[] = [],
): Generator<Section> {
  yield joined(asked, verdictSection(view, told));
  yield deadEndSection(view, told);
  if (told.lists('patch')) yield patchSection(view, told);
  yield stuckSection(view, told);
  yield* restSections(view, told);
  yield unknownSection(view, told, view.deadEnds);
}

const STYLES: Partial<Record<Verdict, Style>> = {
  patch: 'green',
  partial: 'yellow',
  unverified: 'yellow',
  unpatchable: 'red',
};

/** What to do, in a line, and what has to be known of it. */
export function* verdictSection(view: AnswerView, told: Telling): Generator<string> {
  const { answer, verdict } = view;
  const patch = view.count('patch');
  yield* heading(
    `${verdictText(verdict, { patch, deadEnds: view.deadEnds.length })}${besides(view)}`,
    told,
    verdict === 'patch' && !isComplete(answer) ? 'yellow' : (STYLES[verdict] ?? 'bold'),
  );
  if (patch > MOST_REPLACED) {
    yield* told.page.prose(
      `replacing ${functions(patch)} is no livepatch that anybody writes: find out which of them lead to the fault, and replace those`,
      2,
      'yellow',
    );
  }
  yield* unitsText(answer, told);
  if (patch > MOST_UNCOUNTED && !isComplete(answer)) {
    yield* told.page.prose('the answer is incomplete: what is not known stands at its end', 2, 'red');
  }
}

/** What has to be known of a verdict at once. */
function besides({ answer, verdict, deadEnds }: AnswerView): string {
  const alone = answer.units.every(({ members }) => members.length === 1);
  if (verdict === 'patch' && alone) return '; its code is nowhere else';
  const unread = deadEnds.every(({ member }) =>
    member.open.some(({ reason }) => reason === 'callers-unknown'),
  );
  return deadEnds.length > 0 && unread ? ', as far as calls were read' : '';
}

/** In the order to count units in: what asks for attention after what is settled. */
const ORDINARY: readonly Verdict[] = ['patch', 'init-only', 'unused', 'discarded', 'gone-everywhere'];
const ALARMING: readonly Verdict[] = ['partial', 'unpatchable', 'unverified'];

function* unitsText({ units }: ReachAnswer, told: Telling): Generator<string> {
  if (units.length === 1) return;
  const byVerdict = groupBy(units, ({ verdict }) => verdict);
  const counts = [...ORDINARY, ...ALARMING].flatMap((verdict) => {
    const count = byVerdict.get(verdict)?.length ?? 0;
    return count === 0 ? [] : [`${counted(count)} ${verdictWord(verdict)}`];
  });
  const words = counts.map((count, at) => (at === counts.length - 1 ? count : `${count},`));
  yield* told.page.prose([`${counting(units.length, 'unit')}:`, ...words], 2, undefined, 4);
  for (const verdict of ALARMING) {
    const those = byVerdict.get(verdict);
    if (!those) continue;
    const sources = those.map(({ unit }) => unit.source);
    yield* told.page.prose(`${verdictWord(verdict)}: ${nameList(sources, told)}`, 4, undefined, 6);
  }
}

function* patchSection(view: AnswerView, told: Telling): Generator<string> {
  const list = view.of('patch');
  if (list.length === 0) return;
  if (list.length > MOST_UNCOUNTED) {
    yield* bigSummary(list, told);
    yield '';
  }
  yield* table(sortForPatch(list), patchRows, 1, told);
}
