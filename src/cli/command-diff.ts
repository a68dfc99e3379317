import type { Command } from 'commander';
import { compareBuilds } from '../reach/compare-builds.js';
import { parseSymbolSpec } from '../reach/symbol-spec.js';
import type { ComparisonReport } from '../report/comparison.js';
import type { Provenance } from '../report/provenance.js';
import { EXIT_FINDINGS } from './exit.js';
import { provenanceOf } from './provenance.js';
import { type AskOptions, withDb, withFormat } from './shared-options.js';
import { withIndex } from './with-index.js';
import { writeOut } from './write-out.js';

interface DiffOptions extends AskOptions {
  readonly otherDb?: string;
  readonly exitCode?: boolean;
}

export function register(program: Command): void {
  withFormat(withDb(program.command('diff')), ['text', 'json', 'csv'])
    .description('tell which inlining and cloning decisions differ between two builds')
    .argument('<build-a>', 'a build of the index')
    .argument('<build-b>', 'another one, of the same index or of --other-db')
    .argument('[symbol...]', 'only decisions about these functions')
    .option('--other-db <file>', 'the index that has the second build')
    .option('--exit-code', 'exit with 1 if decisions differ')
    .action(run);
}

async function run(a: string, b: string, symbols: string[], options: DiffOptions): Promise<void> {
  const specs = symbols.map(parseSymbolSpec);
  const second = { ...options, db: options.otherDb ?? options.db, build: b };
  const report: ComparisonReport = withIndex({ ...options, build: a }, (first) =>
    withIndex(second, (other) => ({
      provenance: both(provenanceOf(first, a), provenanceOf(other, b)),
      before: a,
      after: b,
      ...compareBuilds({ index: first, build: a }, { index: other, build: b }, specs),
    })),
  );
  const { comparisonText, comparisonJson, comparisonCsv } = await import('../report/comparison.js');
  const render = { text: comparisonText, json: comparisonJson, csv: comparisonCsv }[options.format];
  await writeOut(render(report));
  if (options.exitCode && report.changes.length > 0) process.exitCode = EXIT_FINDINGS;
}

function both({ version, builds }: Provenance, other: Provenance): Provenance {
  return { version, builds: [...builds, ...other.builds] };
}
