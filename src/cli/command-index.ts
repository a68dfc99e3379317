import type { Command } from 'commander';
import type { IngestReport } from '../index/ingest.js';
import type { Progress } from './progress.js';
import { type DbOptions, withDb } from './shared-options.js';

interface IndexOptions extends DbOptions {
  readonly build: string;
  readonly objects: string | boolean;
  readonly keepGoing?: boolean;
  readonly replace?: boolean;
}

export function register(program: Command): void {
  withDb(program.command('index'))
    .description('read dumps and what lies beside them into the index')
    .argument(
      '<path...>',
      'build directories, dumps, archives (.tar[.gz|.xz|.zst]), lists of dumps (@FILE, - for stdin)',
    )
    .option('-b, --build <name>', 'the name to keep them under', 'default')
    .option('--objects <dir>', 'where the objects are, if not beside the dumps')
    .option('--no-objects', 'leave the objects unread: every function is unverified then')
    .option(
      '--keep-going',
      'keep the good records of dumps that hold bad ones, and mark those units incomplete',
    )
    .option('--replace', 'let the build lose every unit that it had')
    .action(run);
}

async function run(paths: string[], options: IndexOptions): Promise<void> {
  const { ingest } = await import('../index/ingest.js');
  const { startProgress } = await import('./progress.js');
  const progress: Progress = await startProgress('indexing');
  let report: IngestReport;
  try {
    report = await ingest(paths, {
      db: options.db,
      wait: options.wait,
      build: options.build,
      ...(typeof options.objects === 'string' && { objects: options.objects }),
      readObjects: options.objects !== false,
      keepGoing: options.keepGoing === true,
      replace: options.replace === true,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
  for (const { where, what } of report.warnings)
    process.stderr.write(`klp-reach: warning: ${where}: ${what}\n`);
  process.stderr.write(summary(report, options.db));
}

function summary(report: IngestReport, db: string): string {
  const { read, missing, corrupt } = report.objects;
  const objects =
    read + missing + corrupt === 0 ? '' : `; objects: ${read} read, ${missing} missing, ${corrupt} corrupt`;
  const incomplete = report.incomplete.length === 0 ? '' : `; ${report.incomplete.length} incomplete`;
  return (
    `${db}: build "${report.build}" has ${count(report.units, 'unit')}: ${report.added} added, ` +
    `${report.changed} changed, ${report.unchanged} unchanged, ${report.dropped} dropped${incomplete}${objects}\n`
  );
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
