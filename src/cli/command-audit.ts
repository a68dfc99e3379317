import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { judge, parseAcceptances } from '../audit/accept.js';
import { applyRules } from '../audit/apply-rules.js';
import { AUDIT_RULES } from '../audit/audit-rules.js';
import { type Changes, changesOfFix, namedChanges, sourceTree } from '../audit/changes.js';
import { gatherFacts, type NamedTarget, onlyBuild } from '../audit/gather.js';
import { InputError } from '../errors.js';
import type { SourceTree } from '../fix/index.js';
import type { IndexReader } from '../index/reader.js';
import type { FindingsReport } from '../report/findings-report.js';
import { FINDINGS_FORMATS, type FindingsFormat, printFindings, setFindingsExit } from './print-findings.js';
import { type DbOptions, withDb, withFormat } from './shared-options.js';
import { withIndexAsync } from './with-index.js';

interface AuditOptions extends DbOptions {
  readonly format: FindingsFormat;
  readonly build?: string;
  readonly livepatch?: string[];
  readonly changed?: string[];
  readonly source?: string;
  readonly accept?: string;
  readonly against?: string;
  readonly conservative?: boolean;
  readonly strict?: boolean;
}

export function register(program: Command): void {
  withFormat(withDb(program.command('audit')), FINDINGS_FORMATS)
    .description('tell whether a livepatch covers a fix: every inlined and cloned copy of what it changes')
    .argument('[fix...]', 'the fix, unified diffs; - for stdin')
    .option(
      '-l, --livepatch <file...>',
      'the livepatch: a module, C sources, patched_funcs.csv or a list; none: what one has to patch',
    )
    .option('--changed <symbol...>', 'functions that the fix changes, besides or instead of a diff')
    .option('-s, --source <dir>', 'the old sources (default: the build directory, if it has them)')
    .option('--accept <file>', 'findings that are accepted, with reasons: lines RULE SUBJECT[@OBJECT] REASON')
    .option('-b, --build <name>', 'the build to ask')
    .option('--conservative', 'ignore the order of decisions: a superset')
    .addOption(
      new Option(
        '--against <build>',
        'show the decisions about the changed functions that differ from this build',
      ),
    )
    .option('--strict', 'exit with 1 for any finding that is not accepted')
    .action(run);
}

async function run(fixes: string[], options: AuditOptions): Promise<void> {
  if (fixes.length === 0 && options.changed === undefined) {
    throw new InputError('', 'there is nothing to audit', 'give a fix, or name functions with --changed');
  }
  const targets = options.livepatch && (await readTargets(options.livepatch));
  const report = await withIndexAsync(options, async (index) => {
    const build = options.build ?? onlyBuild(index, options.db);
    const changes = await readChanges(fixes, options, index, build);
    for (const note of changes.notes) process.stderr.write(`klp-reach: ${note}\n`);
    const facts = gatherFacts(index, {
      build,
      mode: options.conservative ? 'conservative' : 'ordered',
      changed: changes.changed,
      untraceable: changes.untraceable,
      ...(targets && { targets }),
    });
    if (options.against !== undefined) await printDifference(index, build, options.against, changes);
    return {
      command: 'audit',
      build,
      rules: AUDIT_RULES,
      judged: judge(applyRules(AUDIT_RULES, facts), acceptances(options.accept)),
      required: facts.required,
      livepatch: targets !== undefined,
    } satisfies FindingsReport;
  });
  await printFindings(report, options.format);
  setFindingsExit(report, options.strict === true);
}

async function readTargets(paths: readonly string[]): Promise<NamedTarget[]> {
  const { readLivepatch } = await import('../livepatch/read-livepatch.js');
  const { readMaybeCompressed } = await import('../input/decompress.js');
  const files = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await readMaybeCompressed(path) })),
  );
  const livepatch = readLivepatch(files);
  for (const { where, what } of livepatch.warnings)
    process.stderr.write(`klp-reach: warning: ${where}: ${what}\n`);
  return livepatch.patched.map(({ object, function: name, sympos, where }) => ({
    object,
    name,
    sympos,
    where,
  }));
}

async function readChanges(
  fixes: readonly string[],
  options: AuditOptions,
  index: IndexReader,
  build: string,
): Promise<Changes> {
  const source = sourcesOf(options, index, build);
  const parts: Changes[] = [];
  for (const fix of fixes) {
    const text = readFileSync(fix === '-' ? 0 : fix, 'utf8');
    parts.push(
      await changesOfFix(text, fix === '-' ? '<stdin>' : fix, source, (path) =>
        index.declarations(build, path),
      ),
    );
  }
  return {
    changed: [...parts.flatMap(({ changed }) => changed), ...namedChanges(options.changed ?? [])],
    untraceable: parts.flatMap(({ untraceable }) => untraceable),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

/** The build directory serves where it is a source tree too. */
function sourcesOf({ source }: AuditOptions, index: IndexReader, build: string): SourceTree | undefined {
  if (source !== undefined) {
    if (!existsSync(source))
      throw new InputError(source, 'there is no such folder', 'name the old sources with --source');
    return sourceTree(source);
  }
  const root = index.builds().find(({ name }) => name === build)!.root;
  const isTree = existsSync(join(root, 'Kbuild')) || existsSync(join(root, 'MAINTAINERS'));
  return isTree ? sourceTree(root) : undefined;
}

function acceptances(file: string | undefined) {
  if (file === undefined) return [];
  return parseAcceptances(readFileSync(file, 'utf8'), file, new Set(AUDIT_RULES.map(({ id }) => id)));
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
