import type { BuildComparison, DecisionChange } from '../reach/compare-builds.js';
import { cellsOf, csvLines } from './csv.js';
import { each, jsonDocument, jsonRows } from './json-stream.js';
import { PROVENANCE_COLUMNS, type Provenance, provenanceCells } from './provenance.js';
import { colours } from './terminal.js';
import { visible } from './visible.js';

/** The version of the JSON shape that docs/json.md describes and docs/schema declares. */
const DIFF_JSON_VERSION = 2;

export interface ComparisonReport extends BuildComparison {
  readonly provenance: Provenance;
  readonly before: string;
  readonly after: string;
}

export function comparisonText(report: Omit<ComparisonReport, 'provenance'>): string {
  const paint = colours();
  const { before, after, changes, onlyBefore, onlyAfter, sameDecisions } = report;
  const lines = [`${paint.red(`- ${visible(before)}`)}  ${paint.green(`+ ${visible(after)}`)}`];
  let unit: string | undefined;
  for (const change of changes) {
    if (change.unit !== unit) lines.push('', `  ${visible(change.unit)}`);
    unit = change.unit;
    const text = decisionText(change);
    if (change.after === 0) lines.push(paint.red(`    - ${text}`));
    else if (change.before === 0) lines.push(paint.green(`    + ${text}`));
    else lines.push(`    ~ ${text}  ${change.before} times, now ${change.after}`);
  }
  if (changes.length > 0) lines.push('');
  for (const path of onlyBefore) lines.push(paint.red(`  - unit ${visible(path)}`));
  for (const path of onlyAfter) lines.push(paint.green(`  + unit ${visible(path)}`));
  lines.push(`${changes.length} decisions differ, ${sameDecisions} are the same`);
  return `${lines.join('\n')}\n`;
}

function decisionText({ original, file, target, kind }: DecisionChange): string {
  const what = `${original} (${file}) ${kind === 'inlining to' ? 'inlined into' : 'cloned as'} ${target}`;
  return visible(what);
}

/** `diff` as docs/schema/diff.schema.json has it. */
export function comparisonJson(report: ComparisonReport): Iterable<string> {
  const { provenance, before, after, changes, onlyBefore, onlyAfter, sameDecisions } = report;
  return jsonDocument({
    format: 'klp-reach/diff',
    version: DIFF_JSON_VERSION,
    provenance,
    before,
    after,
    changes: jsonRows(each(changes, changeRow)),
    onlyBefore: jsonRows(onlyBefore),
    onlyAfter: jsonRows(onlyAfter),
    sameDecisions,
  });
}

const COLUMNS = ['unit', 'original', 'file', 'target', 'kind', 'before', 'after'] as const;

/** A row a decision that differs; one without a decision where none does. */
export function comparisonCsv({ changes, provenance }: ComparisonReport): Iterable<string> {
  const rows = cellsOf<(typeof COLUMNS)[number]>(COLUMNS, changes, provenanceCells(provenance));
  return csvLines([...COLUMNS, ...PROVENANCE_COLUMNS], rows);
}

function changeRow({ unit, original, file, target, kind, before, after }: DecisionChange) {
  return { unit, original, file, target, kind, before, after };
}
