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
import type { Reach } from '../reach/affected.js';
import { findDefinitions } from '../reach/definitions.js';
import type { SymbolSpec } from '../reach/symbol-spec.js';
import type { FindingsReport } from '../report/findings-report.js';
import { visible } from '../report/visible.js';
import { FINDINGS_FORMATS, type FindingsFormat } from './print-findings.js';
import { provenanceOf } from './provenance.js';
import { type DbOptions, withDb, withFormat, withPager } from './shared-options.js';
import { nameOf, readInput } from './standard-input.js';
import { askEach } from './symbol-arguments.js';

/** How a command that looks for mistakes is asked. */
export interface FindingsOptions extends DbOptions {
  readonly format: FindingsFormat | PlanFormat;
  readonly build?: string;
  readonly changed?: string[];
  readonly source?: string;
  readonly accept?: string;
  readonly conservative?: boolean;
  readonly strict?: boolean;
  readonly pager: boolean;
}

/** Formats that hold what to patch, and no findings. */
export const PLAN_FORMATS = ['klp', 'patched-funcs'] as const;

export type PlanFormat = (typeof PLAN_FORMATS)[number];

export function isPlanFormat(format: FindingsOptions['format']): format is PlanFormat {
  return (PLAN_FORMATS as readonly string[]).includes(format);
}

export function withFindings(command: Command, more: readonly PlanFormat[] = []): Command {
  return withPager(withFormat(withDb(command), [...FINDINGS_FORMATS, ...more]))
    .option('--changed <symbol...>', 'functions that the fix changes, besides or instead of a diff')
    .option('-s, --source <dir>', 'the old sources (default: the build directory, if it has them)')
    .option('--accept <file>', 'findings that are accepted, with reasons: lines RULE SUBJECT[@OBJECT] REASON')
    .option('-b, --build <name>', 'the build to ask')
    .option('--conservative', 'ignore the order of decisions: a superset')
    .option('--strict', 'exit with 1 for any finding that is not accepted');
}

/**
 * What the fixes and `--changed` say is changed.
 *
 * @throws InputError for a name that somebody gives and the index does not have; others are said before
 */
export async function readChanges(
  fixes: readonly string[],
  options: FindingsOptions,
  index: IndexReader,
  build: string,
): Promise<Changes> {
  refuseUnknown(options.changed ?? [], index, build);
  const source = sourcesOf(options, index, build);
  const parts: Changes[] = [];
  for (const fix of fixes) {
    const text = readInput(fix).toString('utf8');
    parts.push(await changesOfFix(text, nameOf(fix), source, (path) => index.declarations(build, path)));
  }
  return {
    changed: [...parts.flatMap(({ changed }) => changed), ...namedChanges(options.changed ?? [])],
    untraceable: parts.flatMap(({ untraceable }) => untraceable),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

function refuseUnknown(texts: readonly string[], index: IndexReader, build: string): void {
  const filter = { build };
  const ask = (spec: SymbolSpec) => findDefinitions(index, spec, filter);
  const { unknown } = askEach(texts, { index, filter, file: undefined, ask });
  const last = unknown.at(-1);
  for (const { message } of unknown.slice(0, -1)) process.stderr.write(`klp-reach: ${visible(message)}\n`);
  if (last) throw last;
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
  { index }: Reach,
  facts: AuditFacts,
  { accept }: FindingsOptions,
): FindingsReport {
  const { build, changed, required, references, targets } = facts;
  const judged = judge(applyRules(rules, facts), acceptances(accept));
  const provenance = provenanceOf(index, build);
  return {
    command,
    build,
    provenance,
    rules,
    judged,
    changed,
    required,
    references,
    livepatch: targets !== undefined,
  };
}
