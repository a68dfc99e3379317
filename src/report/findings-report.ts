import type { Judged } from '../audit/accept.js';
import { demands } from '../audit/coverage.js';
import type { ChangedFunction, Reference, Required } from '../audit/facts.js';
import type { Finding, Rule, Severity } from '../audit/finding.js';
import { symposOf } from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';
import { AnswerView } from './answer-view.js';
import type { Provenance } from './provenance.js';

/** What is printed for `audit` and `check`, in every format. */
export interface FindingsReport {
  readonly command: 'audit' | 'check';
  readonly build: string;
  readonly provenance: Provenance;
  /** The rules that were applied: SARIF names them all. */
  readonly rules: readonly Rule[];
  readonly judged: Judged;
  /** What the fix changes, with what that reaches. */
  readonly changed: readonly ChangedFunction[];
  /** The union of their patch sets. */
  readonly required: readonly Required[];
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

/** What has to be patched and can be, in each linked object that has it. */
export function toPatch(report: Pick<FindingsReport, 'required'>): ToPatch[] {
  return demands(report).map(({ required: { member, why }, object }) => {
    const place = member.places.find((one) => one.object === object);
    return {
      object,
      function: member.name,
      sympos: place ? symposOf(place) : null,
      source: member.unit.source,
      why,
    };
  });
}

/** What a change of one function comes to: a function of several files is several. */
export interface ChangedVerdict {
  readonly function: string;
  readonly file: string;
  /** Null for one that the index does not have. */
  readonly verdict: Verdict | null;
  /** Functions to replace, and stuck ones that keep the old code. */
  readonly patch: number;
  readonly deadEnds: number;
}

/** Whether a changed function is in a source that is built, and nothing of that mentions it. */
export function hasUnmentioned({ changed }: FindingsReport): boolean {
  return changed.some(({ unmentionedBy }) => unmentionedBy.length > 0);
}

/** What is said of a changed function that the index does not have. */
export const NO_VERDICT = 'not known: no record, call or symbol of the build has it';

/** In the order of the fix; a function that it names twice stands once. */
export function verdictsOf({ changed }: FindingsReport): ChangedVerdict[] {
  const verdicts = new Map<string, ChangedVerdict>();
  for (const { name, file, answers } of changed) {
    const none = { function: name, file, verdict: null, patch: 0, deadEnds: 0 };
    const all = answers.length === 0 ? [none] : answers.map((answer) => verdictOf(new AnswerView(answer)));
    for (const one of all) verdicts.set(`${one.function} ${one.file}`, one);
  }
  return [...verdicts.values()];
}

function verdictOf(view: AnswerView): ChangedVerdict {
  const { name, file } = view.answer.definition;
  return {
    function: name,
    file,
    verdict: view.verdict,
    patch: view.count('patch'),
    deadEnds: view.deadEnds.length,
  };
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
