import { type Command, Option } from 'commander';
import type { ImageOptions } from '../index/image-files.js';
import type { IngestReport } from '../index/ingest.js';
import type { Stopped } from '../index/run-index.js';
import { visible } from '../report/visible.js';
import { StoppedError } from './exit.js';
import type { Progress } from './progress.js';
import { type DbOptions, withDb } from './shared-options.js';
import { readInput, STANDARD_INPUT } from './standard-input.js';

interface IndexOptions extends DbOptions {
  readonly build: string;
  readonly calls: 'ci' | 'objdump' | 'none';
  readonly objdump?: string;
  readonly vmlinux?: string;
  readonly modules?: string[];
  readonly systemMap?: string;
  readonly symvers?: string;
  readonly symbolsKlp?: string;
  readonly objects: string | boolean;
  readonly keepGoing?: boolean;
  readonly verify?: boolean;
  readonly replace?: boolean;
}

/** More than a screenful nobody reads. */
const MOST_PROBLEMS = 40;

export function register(program: Command): void {
  withDb(program.command('index'))
    .description('read dumps and what lies beside them into the index')
    .argument(
      '<path...>',
      'build directories, dumps, archives (.tar[.gz|.xz|.zst|.bz2]), packages (.rpm, .deb), lists of dumps (@FILE, - for stdin)',
    )
    .option('-b, --build <name>', 'the name to keep them under', 'default')
    .option('--objects <dir>', 'where the objects are, if not beside the dumps')
    .option('--no-objects', 'leave the objects unread: every function is unverified then')
    .addOption(
      new Option(
        '--calls <source>',
        'where calls come from: .ci files, or objdump too for objects without one',
      )
        .choices(['ci', 'objdump', 'none'])
        .default('ci'),
    )
    .option('--objdump <path>', 'the objdump to run (default: objdump)')
    .option('--vmlinux <file>', 'the linked kernel, if not in the build directory; may be compressed')
    .option('--modules <path...>', 'modules or folders of them, if not in the build directory')
    .option('--system-map <file>', 'System.map, where no vmlinux is at hand')
    .option('--symvers <file>', 'Module.symvers: what is exported')
    .option('--symbols-klp <file>', 'symbols.klp, where no vmlinux or modules are at hand')
    .option(
      '--keep-going',
      'keep the good records of dumps that hold bad ones, and mark those units incomplete',
    )
    .option('--verify', 'read the files again whose size and time are as before: their contents may differ')
    .option('--replace', 'let the build lose every unit that it had')
    .action(run);
}

async function run(paths: string[], options: IndexOptions): Promise<void> {
  const { runIndex, Stopped } = await import('../index/run-index.js');
  const { startProgress } = await import('./progress.js');
  const progress: Progress = await startProgress('indexing');
  let report: IngestReport;
  const list = paths.includes(STANDARD_INPUT) ? readInput(STANDARD_INPUT).toString('utf8') : undefined;
  try {
    const told = {
      db: options.db,
      wait: options.wait,
      build: options.build,
      ...(typeof options.objects === 'string' && { objects: options.objects }),
      readObjects: options.objects !== false,
      calls: options.calls,
      ...(options.objdump !== undefined && { objdump: options.objdump }),
      images: imageOptions(options),
      keepGoing: options.keepGoing === true,
      verify: options.verify === true,
      replace: options.replace === true,
    };
    const task = { paths, options: told, ...(list !== undefined && { list }) };
    report = await runIndex(task, progress.update);
  } catch (error) {
    throw error instanceof Stopped ? stoppedError(error, options.db) : error;
  } finally {
    progress.stop();
  }
  const { problemText } = await import('../report/sentences.js');
  for (const problem of report.problems.slice(0, MOST_PROBLEMS)) {
    process.stderr.write(`klp-reach: warning: ${visible(problemText(problem))}\n`);
  }
  const more = report.problems.length - MOST_PROBLEMS;
  if (more > 0) process.stderr.write(`klp-reach: warning: and ${more} more: klp-reach info lists them\n`);
  process.stdout.write(summary(report, options.db));
}

/** 128 and the signal's number, as a shell tells it. */
const EXIT_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

function stoppedError({ signal, isWritten }: Stopped, db: string): StoppedError {
  const state = isWritten ? 'the index was written before' : 'the index is as it was';
  return new StoppedError(`stopped: ${db}: ${state}`, EXIT_BY[signal]);
}

function imageOptions({ vmlinux, modules, systemMap, symvers, symbolsKlp }: IndexOptions): ImageOptions {
  return {
    ...(vmlinux !== undefined && { vmlinux }),
    ...(modules !== undefined && { modules }),
    ...(systemMap !== undefined && { systemMap }),
    ...(symvers !== undefined && { symvers }),
    ...(symbolsKlp !== undefined && { symbolsKlp }),
  };
}

function summary(report: IngestReport, db: string): string {
  const incomplete = report.incomplete.length === 0 ? '' : `; ${report.incomplete.length} incomplete`;
  return (
    `${db}: build "${report.build}" has ${count(report.units, 'unit')}: ${report.added} added, ` +
    `${report.changed} changed, ${report.unchanged} unchanged, ${report.dropped} dropped${incomplete}` +
    `${readText('objects', report.objects)}${readText('call graphs', report.calls)}; ${count(report.images, 'linked object')}\n`
  );
}

function readText(what: string, { read, missing, corrupt }: IngestReport['objects']): string {
  return read + missing + corrupt === 0
    ? ''
    : `; ${what}: ${read} read, ${missing} missing, ${corrupt} corrupt`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
