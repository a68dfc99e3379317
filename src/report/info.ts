import { stringify } from 'csv-stringify/sync';
import type { BuildInfo } from '../reach/build-info.js';
import { colours } from './colours.js';

export interface InfoReport {
  readonly db: string;
  readonly builds: readonly BuildInfo[];
}

export function infoText({ db, builds }: InfoReport): string {
  const paint = colours();
  const lines = [db];
  for (const { name, root, indexedAt, counts, kinds, problems } of builds) {
    lines.push('', `build ${paint.bold(name)}  ${paint.dim(`${root}, indexed ${indexedAt}`)}`);
    const rows = [
      ...Object.entries(counts),
      ...kinds.map(({ kind, count }): [string, number] => [`edges of kind ${kind}`, count]),
    ];
    const width = Math.max(...rows.map(([what]) => what.length));
    for (const [what, count] of rows)
      lines.push(`  ${what.padEnd(width)}  ${String(count ?? 0).padStart(9)}`);
    for (const { file, line, what } of problems) {
      lines.push(`  ${paint.red('problem')}  ${line === null ? file : `${file}:${line}`}: ${what}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

export function infoJson({ db, builds }: InfoReport): string {
  return `${JSON.stringify({ format: 'klp-reach/info', version: 1, db, builds }, null, 2)}\n`;
}

export function infoCsv({ builds }: InfoReport): string {
  const rows = builds.flatMap(({ name, counts, kinds }) => [
    ...Object.entries(counts).map(([what, count]) => ({ build: name, what, count: count ?? 0 })),
    ...kinds.map(({ kind, count }) => ({ build: name, what: `edges of kind ${kind}`, count })),
  ]);
  return stringify(rows, { header: true });
}
