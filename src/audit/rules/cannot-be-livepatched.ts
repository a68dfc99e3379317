import type { Member, OpenEnd } from '../../reach/answer.js';
import { endText, openText, stuckText } from '../../report/sentences.js';
import type { Required } from '../facts.js';
import type { Rule } from '../finding.js';
import { about, oldCode } from './demand.js';

/** A dead end: code that runs, that no livepatch can redirect, and that nothing it can redirect leads to. */
export const cannotBeLivepatched: Rule = {
  id: 'cannot-be-livepatched',
  severity: 'error',
  summary: 'A function keeps the old code, whatever a livepatch patches',
  *check({ required }) {
    for (const one of required) {
      const { member } = one;
      if (!member.deadEnd) continue;
      yield {
        ...about(one),
        message: `${member.name} keeps ${oldCode(one)}: ${stuckText(member)}; ${runText(one)}`,
        remedy: remedyOf(member),
      };
    }
  },
};

/** What runs it. */
function runText({ member, callers }: Required): string {
  const ends = callers.filter(({ deadEnd }) => deadEnd).map(({ name }) => name);
  const said = member.open.map(openText);
  if (ends.length > 0)
    said.push(`${some(ends)} ${ends.length === 1 ? 'calls' : 'call'} it, and cannot be redirected either`);
  return said.length === 0 ? endText(member) : said.join('; ');
}

function some(names: readonly string[]): string {
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${rest}`;
}

function remedyOf({ stuck, open }: Member): string {
  if (stuck === 'out-of-reach') return 'boot a fixed kernel: no livepatch reaches this code';
  if (stuck === 'module-exit') return 'keep the module loaded: its exit code runs when it is unloaded';
  if (open.some(isUnread)) return 'index the calls of every unit (docs/calls.md), then ask again';
  return 'look at what runs it; where the old code must not run, boot a fixed kernel';
}

function isUnread({ reason }: OpenEnd): boolean {
  return reason === 'callers-unknown';
}
