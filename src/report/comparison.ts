import { stringify } from 'csv-stringify/sync';
import type { BuildComparison, DecisionChange } from '../reach/compare-builds.js';
import { colours } from './colours.js';

export interface ComparisonReport extends BuildComparison {
  readonly before: string;
  readonly after: string;
}

export function comparisonText(report: ComparisonReport): string {
  const paint = colours();
  const { before, after, changes, onlyBefore, onlyAfter, sameDecisions } = report;
  const lines = [`${paint.red(`- ${before}`)}  ${paint.green(`+ ${after}`)}`];
  let unit: string | undefined;
  for (const change of changes) {
    if (change.unit !== unit) lines.push('', `  ${change.unit}`);
    unit = change.unit;
    const text = decisionText(change);
    if (change.after === 0) lines.push(paint.red(`    - ${text}`));
    else if (change.before === 0) lines.push(paint.green(`    + ${text}`));
    else lines.push(`    ~ ${text}  ${change.before} times, now ${change.after}`);
  }
  if (changes.length > 0) lines.push('');
  for (const path of onlyBefore) lines.push(paint.red(`  - unit ${path}`));
  for (const path of onlyAfter) lines.push(paint.green(`  + unit ${path}`));
  lines.push(`${changes.length} decisions differ, ${sameDecisions} are the same`);
  return `${lines.join('\n')}\n`;
}

function decisionText({ original, file, target, kind }: DecisionChange): string {
  return kind === 'inlining to'
    ? `${original} (${file}) inlined into ${target}`
    : `${original} (${file}) cloned as ${target}`;
}

export function comparisonJson(report: ComparisonReport): string {
  return `${JSON.stringify({ format: 'klp-reach/diff', version: 1, ...report }, null, 2)}\n`;
}

export function comparisonCsv({ changes }: ComparisonReport): string {
  const columns = ['unit', 'original', 'file', 'target', 'kind', 'before', 'after'];
  return stringify(changes as DecisionChange[], { header: true, columns });
}
