import type { Judged } from '../audit/accept.js';
import type { Reference, Required } from '../audit/facts.js';
import type { Finding, Rule, Severity } from '../audit/finding.js';
import { symposOf } from '../reach/unit-function.js';

/** What is printed for `audit` and `check`, in every format. */
export interface FindingsReport {
  readonly command: 'audit' | 'check';
  readonly build: string;
  /** The rules that were applied: SARIF names them all. */
  readonly rules: readonly Rule[];
  readonly judged: Judged;
  /** What the livepatch has to patch; empty where no fix was given. */
  readonly required: readonly Required[];
  /** Who has to be patched in the stead of functions that cannot be. */
  readonly standIns: readonly Required[];
  /** What the livepatch refers to. */
  readonly references: readonly Reference[];
  /** Whether there was a livepatch to hold against it. */
  readonly livepatch: boolean;
}

export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

export function countSeverities(findings: readonly Finding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** `2 errors, 1 note`, or `no findings`. */
export function countsText(findings: readonly Finding[]): string {
  const counts = countSeverities(findings);
  const said = SEVERITIES.filter((severity) => counts[severity] > 0).map(
    (severity) => `${counts[severity]} ${severity}${counts[severity] === 1 ? '' : 's'}`,
  );
  return said.length === 0 ? 'no findings' : said.join(', ');
}

/** A function to patch, in the terms of a livepatch. */
export interface ToPatch {
  readonly object: string | null;
  readonly function: string;
  readonly sympos: number | null;
  readonly source: string;
  readonly why: string;
}

export function toPatch(report: FindingsReport): ToPatch[] {
  const functions = new Map(
    [...report.required, ...report.standIns].map((one) => [`${one.unit.id} ${one.function.name}`, one]),
  );
  return [...functions.values()]
    .filter(({ function: f }) => f.class === 'patch' || (f.class === 'unverified' && !f.clone))
    .map(({ unit, function: f, why }) => ({
      object: unit.image,
      function: f.name,
      sympos: f.place ? symposOf(f.place) : null,
      source: unit.source,
      why,
    }));
}

/** `vmlinux:state_show,2`: a symbol as a livepatch names it. */
export function symbolText({ subject, object, sympos }: Finding): string {
  return `${object === undefined ? '' : `${object}:`}${subject}${sympos ? `,${sympos}` : ''}`;
}

/** A symbol that the livepatch refers to, and whose it is. */
export interface Referred {
  readonly name: string;
  readonly object: string | null;
  readonly position: number;
  readonly how: string;
  /** The source that has it; null where it is not known, or no symbol is meant. */
  readonly source: string | null;
  readonly address: string | null;
  readonly size: number | null;
}

/** Exports that the module loader resolves are none of livepatch's business. */
export function referred({ references }: FindingsReport): Referred[] {
  return references
    .filter(({ said, exporters }) => said.how !== 'undefined' || exporters.length === 0)
    .map(({ said, object, symbol }) => ({
      name: said.name,
      object: object ?? symbol?.object ?? null,
      position: said.position,
      how: said.how,
      source: symbol?.source ?? symbol?.file ?? null,
      address: symbol?.address ?? null,
      size: symbol?.size ?? null,
    }));
}
