import { InputError } from '../errors.js';
import type { Finding } from './finding.js';

/** A finding that somebody has looked at and taken responsibility for. */
export interface Acceptance {
  readonly rule: string;
  readonly subject: string;
  readonly object?: string;
  readonly reason: string;
  /** `FILE:LINE`. */
  readonly where: string;
}

/** What is left to act on, and what was accepted. */
export interface Judged {
  readonly open: readonly Finding[];
  readonly accepted: readonly { readonly finding: Finding; readonly acceptance: Acceptance }[];
  /** Acceptances that no finding needs any more. */
  readonly unused: readonly Acceptance[];
}

/**
 * Reads a file of accepted findings: lines `RULE SUBJECT[@OBJECT] REASON...`; blank lines and `#` lines are skipped.
 *
 * @throws InputError for a line without a reason or of an unknown rule
 */
export function parseAcceptances(text: string, file: string, rules: ReadonlySet<string>): Acceptance[] {
  const acceptances: Acceptance[] = [];
  text.split(/\r?\n/).forEach((line, at) => {
    const where = `${file}:${at + 1}`;
    const said = line.trim();
    if (said === '' || said.startsWith('#')) return;
    const [, rule, about, reason] = /^(\S+)\s+(\S+)\s+(\S.*)$/.exec(said) ?? [];
    if (rule === undefined || about === undefined || reason === undefined) {
      throw new InputError(
        where,
        'an acceptance needs RULE SUBJECT REASON',
        'say why the finding is accepted',
      );
    }
    if (!rules.has(rule)) {
      throw new InputError(where, `there is no rule ${rule}`, `the rules are ${[...rules].join(', ')}`);
    }
    const split = about.lastIndexOf('@');
    const [subject, object] = split > 0 ? [about.slice(0, split), about.slice(split + 1)] : [about];
    acceptances.push({ rule, subject, ...(object !== undefined && { object }), reason, where });
  });
  return acceptances;
}

export function judge(findings: readonly Finding[], acceptances: readonly Acceptance[]): Judged {
  const used = new Set<Acceptance>();
  const open: Finding[] = [];
  const accepted: { finding: Finding; acceptance: Acceptance }[] = [];
  for (const finding of findings) {
    const acceptance = acceptances.find(
      ({ rule, subject, object }) =>
        rule === finding.rule &&
        subject === finding.subject &&
        (object === undefined || object === finding.object),
    );
    if (!acceptance) {
      open.push(finding);
      continue;
    }
    used.add(acceptance);
    accepted.push({ finding, acceptance });
  }
  return { open, accepted, unused: acceptances.filter((acceptance) => !used.has(acceptance)) };
}
