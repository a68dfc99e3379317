import { CALL, type Member, type UnitAnswer } from '../reach/answer.js';
import { AnswerView } from './answer-view.js';
import { stepWord } from './chain-text.js';
import { whereCells } from './member-rows.js';
import type { Cell, Style } from './page.js';
import type { ReachReport } from './reach-report.js';
import { verdictSection } from './reach-text.js';
import { unknownSection } from './rest-text.js';
import { joined, type Section, type Telling, type TextOptions, tellAnswers, telling } from './telling.js';

const STEP = 2;

/** A member on its way to be printed. */
interface Branch {
  readonly place: number;
  /** `inlined`, a clone's kind, `called by`; '' for the function that was asked for. */
  readonly kind: string;
  readonly depth: number;
}

/** For a person: how answers came about. */
export function treeText(report: ReachReport, options: TextOptions): Iterable<string> {
  const told = telling(report.direction, report.why, options);
  return tellAnswers(
    report,
    told,
    (answer) => answer,
    (answer, asked) => treeSections(new AnswerView(answer), told, asked),
  );
}

function* treeSections(view: AnswerView, told: Telling, asked: readonly string[]): Generator<Section> {
  yield joined(asked, verdictSection(view, told));
  for (const unit of view.answer.units) yield unitTree(unit, told);
  yield unknownSection(view, told);
}

/** A unit's walk: each member once, below what led to it first, and told to stand above where it comes again. */
function* unitTree({ unit, members }: UnitAnswer, told: Telling): Generator<string> {
  yield* told.page.prose(unit.source, 0, 'dim');
  const children = childrenOf(members);
  const printed = new Uint8Array(members.length);
  const open: Branch[] = members.flatMap((member, place) =>
    member.step ? [] : [{ place, kind: '', depth: 1 }],
  );
  open.reverse();
  while (open.length > 0) {
    const branch = open.pop()!;
    const below = printed[branch.place] === 1 ? [] : children[branch.place]!;
    yield* branchLines(branch, members[branch.place]!, printed[branch.place] === 1, told);
    printed[branch.place] = 1;
    for (let at = below.length - 1; at >= 0; at--) open.push({ ...below[at]!, depth: branch.depth + 1 });
  }
}

function childrenOf(members: readonly Member[]): Omit<Branch, 'depth'>[][] {
  const children: Omit<Branch, 'depth'>[][] = members.map(({ calledBy }) =>
    calledBy.map((place) => ({ place, kind: stepWord(CALL) })),
  );
  for (const [place, { step }] of members.entries()) {
    if (step && step.kind !== CALL) children[step.from]!.push({ place, kind: stepWord(step.kind) });
  }
  return children;
}

const STYLES: Readonly<Record<Member['class'], Style>> = {
  patch: 'green',
  clone: 'magenta',
  blocked: 'red',
  init: 'dim',
  discarded: 'dim',
  unverified: 'yellow',
  gone: 'dim',
};

/** A branch that is too deep for the line says how deep it is. */
function* branchLines(
  { kind, depth }: Branch,
  member: Member,
  again: boolean,
  { page }: Telling,
): Generator<string> {
  const most = Math.floor(page.width / 3 / STEP);
  const indent = STEP * Math.min(depth, most);
  const cells: Cell[] = [
    { text: depth > most ? `[${depth}]` : '', style: 'dim' },
    { text: kind === '' ? member.name : `${kind}: ${member.name}` },
    { text: member.deadEnd ? 'keeps the old code' : member.class, style: STYLES[member.class] },
    ...(again ? [{ text: '(see above)', style: 'dim' as const }] : whereCells(member)),
  ];
  yield* page.row(cells, [indent, indent], indent + 2 * STEP);
}
