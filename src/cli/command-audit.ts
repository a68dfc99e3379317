import { type Command, Option } from 'commander';
import { AUDIT_RULES } from '../audit/audit-rules.js';
import type { Changes } from '../audit/changes.js';
import { gatherFacts, onlyBuild } from '../audit/gather.js';
import { InputError } from '../errors.js';
import type { IndexReader } from '../index/reader.js';
import { Reach } from '../reach/affected.js';
import type { FindingsReport } from '../report/findings-report.js';
import { EXIT_FINDINGS } from './exit.js';
import {
  type FindingsOptions,
  findingsOf,
  isPlanFormat,
  PLAN_FORMATS,
  type PlanFormat,
  readChanges,
  withFindings,
} from './fix-options.js';
import { readLivepatchFiles } from './livepatch-files.js';
import { printFindings, setFindingsExit } from './print-findings.js';
import { refuseTwice } from './standard-input.js';
import { withIndexAsync } from './with-index.js';
import { writeOut } from './write-out.js';

interface AuditOptions extends FindingsOptions {
  readonly livepatch?: string[];
  readonly against?: string;
}

export function register(program: Command): void {
  withFindings(program.command('audit'), PLAN_FORMATS)
    .description('tell whether a livepatch covers a fix: every inlined and cloned copy of what it changes')
    .argument('[fix...]', 'the fix, unified diffs; - for stdin')
    .option(
      '-l, --livepatch <file...>',
      'the livepatch: a module, C sources, patched_funcs.csv or a list; - for stdin; none: what one has to patch',
    )
    .addOption(
      new Option(
        '--against <build>',
        'show the decisions about the changed functions that differ from this build',
      ),
    )
    .action(run);
}

async function run(fixes: string[], options: AuditOptions): Promise<void> {
  refuseUnasked(fixes, options);
  const livepatch = options.livepatch && (await readLivepatchFiles(options.livepatch));
  await withIndexAsync(options, async (index) => {
    const build = options.build ?? onlyBuild(index, options.db);
    const changes = await readChanges(fixes, options, index, build);
    for (const note of changes.notes) process.stderr.write(`klp-reach: ${note}\n`);
    const reach = new Reach(index);
    const facts = gatherFacts(reach, {
      build,
      mode: options.conservative ? 'conservative' : 'ordered',
      changed: changes.changed,
      untraceable: changes.untraceable,
      ...livepatch,
    });
    if (options.against !== undefined) await printDifference(index, build, options.against, changes);
    const report = findingsOf('audit', AUDIT_RULES, reach, facts, options);
    const { format, pager } = options;
    if (isPlanFormat(format)) await printPlan(report, format);
    else await printFindings(report, { format, pager });
    setFindingsExit(report, options.strict === true);
  });
}

/** @throws InputError for a question without an answer */
function refuseUnasked(fixes: readonly string[], { changed, livepatch, format }: AuditOptions): void {
  if (fixes.length === 0 && changed === undefined) {
    throw new InputError('', 'there is nothing to audit', 'give a fix, or name functions with --changed');
  }
  if (livepatch !== undefined && isPlanFormat(format)) {
    throw new InputError(
      '',
      `${format} is what a livepatch has to patch, and has no room for findings`,
      'leave out --livepatch, or choose another --format',
    );
  }
  refuseTwice([...fixes, ...(livepatch ?? [])]);
}

/** What a livepatch for the fix has to patch; what has no room there goes to standard error. */
async function printPlan(report: FindingsReport, format: PlanFormat): Promise<void> {
  const { planExport } = await import('../report/plan.js');
  const { text, notes, leftOut } = planExport(report, format);
  for (const note of notes) process.stderr.write(`klp-reach: ${note}\n`);
  if (text) await writeOut(text);
  if (leftOut) process.exitCode = EXIT_FINDINGS;
}

async function printDifference(
  index: IndexReader,
  build: string,
  against: string,
  { changed }: Changes,
): Promise<void> {
  if (!index.builds().some(({ name }) => name === against)) {
    throw new InputError('', `there is no build "${against}"`, 'klp-reach info lists them');
  }
  const { compareBuilds } = await import('../reach/compare-builds.js');
  const { comparisonText } = await import('../report/comparison.js');
  const specs = changed.map(({ name }) => ({ text: name, name }));
  const comparison = compareBuilds({ index, build }, { index, build: against }, specs);
  process.stderr.write(comparisonText({ before: build, after: against, ...comparison }));
}
