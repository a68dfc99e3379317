import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Acceptance, judge, parseAcceptances } from '../audit/accept.js';
import { applyRules } from '../audit/apply-rules.js';
import { AUDIT_RULES } from '../audit/audit-rules.js';
import { type Changes, changesOfFix, namedChanges, sourceTree } from '../audit/changes.js';
import type { AuditFacts } from '../audit/facts.js';
import type { Rule } from '../audit/finding.js';
import { InputError } from '../errors.js';
import type { SourceTree } from '../fix/index.js';
import type { IndexReader } from '../index/reader.js';
import type { FindingsReport } from '../report/findings-report.js';
import { FINDINGS_FORMATS, type FindingsFormat } from './print-findings.js';
import { type DbOptions, withDb, withFormat } from './shared-options.js';

/** How a command that looks for mistakes is asked. */
export interface FindingsOptions extends DbOptions {
  readonly format: FindingsFormat;
  readonly build?: string;
  readonly changed?: string[];
  readonly source?: string;
  readonly accept?: string;
  readonly conservative?: boolean;
  readonly strict?: boolean;
}

export function withFindings(command: Command): Command {
  return withFormat(withDb(command), FINDINGS_FORMATS)
    .option('--changed <symbol...>', 'functions that the fix changes, besides or instead of a diff')
    .option('-s, --source <dir>', 'the old sources (default: the build directory, if it has them)')
    .option('--accept <file>', 'findings that are accepted, with reasons: lines RULE SUBJECT[@OBJECT] REASON')
    .option('-b, --build <name>', 'the build to ask')
    .option('--conservative', 'ignore the order of decisions: a superset')
    .option('--strict', 'exit with 1 for any finding that is not accepted');
}

/** What the fixes and `--changed` say is changed. */
export async function readChanges(
  fixes: readonly string[],
  options: FindingsOptions,
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
function sourcesOf({ source }: FindingsOptions, index: IndexReader, build: string): SourceTree | undefined {
  if (source !== undefined) {
    if (!existsSync(source))
      throw new InputError(source, 'there is no such folder', 'name the old sources with --source');
    return sourceTree(source);
  }
  const root = index.builds().find(({ name }) => name === build)!.root;
  const isTree = existsSync(join(root, 'Kbuild')) || existsSync(join(root, 'MAINTAINERS'));
  return isTree ? sourceTree(root) : undefined;
}

function acceptances(file: string | undefined): Acceptance[] {
  if (file === undefined) return [];
  return parseAcceptances(readFileSync(file, 'utf8'), file, new Set(AUDIT_RULES.map(({ id }) => id)));
}

/** What the rules of a command find, less what is accepted. */
export function findingsOf(
  command: FindingsReport['command'],
  rules: readonly Rule[],
  facts: AuditFacts,
  { accept }: FindingsOptions,
): FindingsReport {
  const { build, required, standIns, references, targets } = facts;
  const judged = judge(applyRules(rules, facts), acceptances(accept));
  return { command, build, rules, judged, required, standIns, references, livepatch: targets !== undefined };
}
