import { isComplete, type MemberClass, type ReachAnswer } from '../reach/answer.js';
import { AnswerView } from './answer-view.js';
import { sortForPatch } from './member-rows.js';
import type { ReachReport } from './reach-report.js';
import { verdictText } from './sentences.js';
import { visible } from './visible.js';

/** Bare names for a pipe: a line a body, each once however many answers have it. */
export function* namesText(
  answers: readonly ReachAnswer[],
  classes: readonly MemberClass[],
): Generator<string> {
  const seen = new Set<string>();
  for (const answer of answers) {
    const view = new AnswerView(answer);
    for (const { member } of sortForPatch(classes.flatMap((of) => [...view.of(of)]))) {
      const key = `${member.unit.id} ${member.name}`;
      if (!seen.has(key)) yield `${visible(member.name)}\n`;
      seen.add(key);
    }
  }
}

/** What names alone do not say: answers that are more, or less, than the functions to replace. */
export function* namesNotes({ answers, direction }: ReachReport): Generator<string> {
  for (const answer of answers) {
    const view = new AnswerView(answer);
    const counts = { patch: view.count('patch'), deadEnds: view.deadEnds.length };
    if (direction === 'affected' && view.verdict !== 'patch') {
      yield visible(`${answer.spec.text}: ${verdictText(view.verdict, counts)}`);
    }
    if (!isComplete(answer)) yield visible(`${answer.spec.text}: the answer is incomplete`);
  }
}
