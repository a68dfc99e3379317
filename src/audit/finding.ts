import type { AuditFacts } from './facts.js';

/** `error`: the livepatch is wrong or leaves a hole; `warning`: that cannot be ruled out; `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** Something that a rule found. */
export interface Finding {
  /** The rule's id. */
  readonly rule: string;
  readonly severity: Severity;
  /** The function, symbol or file that it is about. */
  readonly subject: string;
  /** `vmlinux` or a module's name; undefined where none is meant or known. */
  readonly object?: string;
  readonly sympos?: number;
  /** One sentence: what is wrong. */
  readonly message: string;
  /** The chain that proves it. */
  readonly why?: string;
  /** What to do about it. */
  readonly remedy: string;
  /** The file that it is about, and the line where one is known (counted from 1). */
  readonly file?: string;
  readonly line?: number;
}

/** A check with a stable id; docs/rules.md has an example of each. */
export interface Rule {
  readonly id: string;
  readonly severity: Severity;
  /** What it looks for, in a sentence. */
  readonly summary: string;
  readonly check: (
    facts: AuditFacts,
  ) => Iterable<Omit<Finding, 'rule' | 'severity'> & { readonly severity?: Severity }>;
}
