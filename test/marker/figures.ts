import type { Comparison } from './compare.js';
import type { CompiledUnit } from './compile.js';
import type { Result } from './run.js';

/** How often each kind of record, and each kind of folding, occurs. */
export function recordKinds(units: readonly CompiledUnit[]): Map<string, number> {
  const kinds = new Map<string, number>();
  const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  for (const { dump, folding } of units) {
    for (const line of dump.split('\n')) {
      if (line.startsWith('Callgraph clone;')) count(line.slice(line.lastIndexOf(';') + 1));
      else if (line.startsWith('Callgraph removal;')) count('removal');
    }
    for (const [, how] of folding.matchAll(/^Unified; (\w+ \w+)/gm)) count(`folded: ${how!.toLowerCase()}`);
  }
  return kinds;
}

export function allKinds(results: readonly Result[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { kinds } of results) {
    for (const [kind, number] of kinds) all.set(kind, (all.get(kind) ?? 0) + number);
  }
  return all;
}

export type Totals = Omit<Comparison, 'mistakes'> & {
  readonly mistakes: number;
  readonly incomplete: number;
};

/** `incomplete` are the mistakes whose answers say that they may lack something. */
export function totals(results: readonly Result[], answerer: string): Totals {
  const sum = {
    questions: 0,
    holders: 0,
    found: 0,
    members: 0,
    proved: 0,
    deleted: 0,
    wrappers: 0,
    mistakes: 0,
    incomplete: 0,
  };
  for (const { comparisons } of results) {
    const { mistakes, ...numbers } = comparisons[answerer]!;
    for (const [name, number] of Object.entries(numbers)) sum[name as keyof typeof numbers] += number;
    sum.mistakes += mistakes.length;
    sum.incomplete += mistakes.filter(({ complete }) => !complete).length;
  }
  return sum;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
