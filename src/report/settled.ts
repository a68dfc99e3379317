import type { ReachAnswer } from '../reach/answer.js';

/**
 * Whether an answer is the whole of what has to be done, and it can be done: no unit of it is incomplete, `partial`,
 * `unpatchable` or `unverified`. What `--strict` asks for, and every export.
 */
export function isSettled({ units }: ReachAnswer): boolean {
  return units.every(
    ({ verdict, unknowns }) =>
      unknowns.length === 0 && verdict !== 'partial' && verdict !== 'unpatchable' && verdict !== 'unverified',
  );
}
