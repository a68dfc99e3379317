import { describe, expect, it } from 'vitest';
import { ANSWERERS } from './answerers.js';
import { type Compiler, CROSS, installed, NATIVE, VARIANTS } from './compilers.js';
import { allKinds, table, totals } from './figures.js';
import { type Result, runAll, seriousMistakes } from './run.js';

/**
 * The whole matrix: all seeds with every installed compiler and every way to compile. It takes long, so it runs only when
 * asked for: KLP_REACH_MATRIX=1, or how many seeds. It prints tables for the documentation.
 */
const wanted = Number(process.env['KLP_REACH_MATRIX'] ?? 0);
const SEEDS = wanted > 1 ? wanted : 40;
const HOUR = 3_600_000;

describe.runIf(wanted > 0)('the whole matrix', () => {
  const all = new Map<Compiler, readonly Result[]>();

  it.each(installed([...NATIVE, ...CROSS]))('$command', { timeout: HOUR }, async (compiler) => {
    const jobs = VARIANTS.flatMap((flags) =>
      Array.from({ length: SEEDS }, (_, seed) => ({ seed, build: { compiler, flags } })),
    );
    const results = await runAll(jobs);
    all.set(compiler, results);
    // At once: a run of hours may not come to its end.
    for (const answerer of Object.keys(ANSWERERS))
      console.log(answerTable(new Map([[compiler, results]]), answerer));
    for (const answerer of Object.keys(ANSWERERS)) expect(seriousMistakes(results, answerer)).toEqual([]);
  });

  it('has figures', () => {
    for (const answerer of Object.keys(ANSWERERS))
      console.log(`${answerer}\n\n${answerTable(all, answerer)}\n`);
    console.log(kindTable(all));
  });
});

function answerTable(all: ReadonlyMap<Compiler, readonly Result[]>, answerer: string): string {
  const rows = [...all].map(([{ command }, results]) => {
    const { questions, holders, found, members, proved, deleted, wrappers, mistakes } = totals(
      results,
      answerer,
    );
    return [command, results.length, questions, holders, found, members, proved, deleted, wrappers, mistakes];
  });
  const head = ['compiler', 'programs', 'questions', 'holders', 'found'];
  return table([...head, 'members', 'proved', 'deleted', 'wrappers', 'mistakes'], rows);
}

function kindTable(all: ReadonlyMap<Compiler, readonly Result[]>): string {
  const counts = [...all].map(([compiler, results]) => ({ compiler, kinds: allKinds(results) }));
  const kinds = [...new Set(counts.flatMap((one) => [...one.kinds.keys()]))].sort();
  const rows = kinds.map((kind) => [kind, ...counts.map((one) => one.kinds.get(kind) ?? 0)]);
  return table(['record', ...counts.map(({ compiler }) => compiler.command)], rows);
}
