import { type Command, Option } from 'commander';
import { AUDIT_RULES } from '../audit/audit-rules.js';
import type { Changes } from '../audit/changes.js';
import { gatherFacts, onlyBuild } from '../audit/gather.js';
import { InputError } from '../errors.js';
import type { IndexReader } from '../index/reader.js';
import { type FindingsOptions, findingsOf, readChanges, withFindings } from './fix-options.js';
import { readLivepatchFiles } from './livepatch-files.js';
import { printFindings, setFindingsExit } from './print-findings.js';
import { withIndexAsync } from './with-index.js';

interface AuditOptions extends FindingsOptions {
  readonly livepatch?: string[];
  readonly against?: string;
}

export function register(program: Command): void {
  withFindings(program.command('audit'))
    .description('tell whether a livepatch covers a fix: every inlined and cloned copy of what it changes')
    .argument('[fix...]', 'the fix, unified diffs; - for stdin')
    .option(
      '-l, --livepatch <file...>',
      'the livepatch: a module, C sources, patched_funcs.csv or a list; none: what one has to patch',
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
  if (fixes.length === 0 && options.changed === undefined) {
    throw new InputError('', 'there is nothing to audit', 'give a fix, or name functions with --changed');
  }
  const livepatch = options.livepatch && (await readLivepatchFiles(options.livepatch));
  const report = await withIndexAsync(options, async (index) => {
    const build = options.build ?? onlyBuild(index, options.db);
    const changes = await readChanges(fixes, options, index, build);
    for (const note of changes.notes) process.stderr.write(`klp-reach: ${note}\n`);
    const facts = gatherFacts(index, {
      build,
      mode: options.conservative ? 'conservative' : 'ordered',
      changed: changes.changed,
      untraceable: changes.untraceable,
      ...livepatch,
    });
    if (options.against !== undefined) await printDifference(index, build, options.against, changes);
    return findingsOf('audit', AUDIT_RULES, facts, options);
  });
  await printFindings(report, options.format);
  setFindingsExit(report, options.strict === true);
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
