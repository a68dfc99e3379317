import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  changedFunctions,
  type Declarations,
  type FixedFunction,
  type FixReport,
  parseFix,
  type SourceTree,
} from '../fix/index.js';
import { parseSymbolSpec } from '../reach/symbol-spec.js';
import type { UntraceableChange } from './facts.js';
import type { ChangeToAsk } from './gather.js';

/** What a fix changes, in the terms of the audit. */
export interface Changes {
  readonly changed: readonly ChangeToAsk[];
  readonly untraceable: readonly UntraceableChange[];
  readonly notes: readonly string[];
}

/**
 * @param text a unified diff
 * @param name its file, for messages
 * @param source the old sources; without them the functions are guessed
 */
export async function changesOfFix(
  text: string,
  name: string,
  source: SourceTree | undefined,
  declarations: Declarations,
): Promise<Changes> {
  const known = { declarations, ...(source && { source }) };
  const report: FixReport = await changedFunctions(parseFix(text, name), known);
  const added = report.added.map(({ name: fn, file }) => `${fn} of ${file} is new: no target`);
  return {
    changed: report.functions
      .filter(({ cosmetic }) => !cosmetic)
      .map((f) => ({ name: f.name, file: f.file, line: f.line, how: f.how, notes: notesOf(f) })),
    untraceable: report.untraceable,
    notes: [
      ...report.notes,
      ...added,
      ...report.functions
        .filter(({ cosmetic }) => cosmetic)
        .map(({ name: fn, file }) => `${fn} of ${file}: only comments and white space change`),
    ],
  };
}

/** Functions that somebody names with `--changed`. */
export function namedChanges(symbols: readonly string[]): ChangeToAsk[] {
  return symbols.map((text) => {
    const { name, file } = parseSymbolSpec(text);
    return { name, file: file ?? '', line: 0, how: 'named', notes: [] };
  });
}

/** A folder of sources. */
export function sourceTree(root: string): SourceTree {
  return {
    root,
    read(path) {
      try {
        return readFileSync(join(root, path), 'utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function notesOf({ signatureChanged, becameInline, becameNoinline, removed }: FixedFunction): string[] {
  return [
    ...(signatureChanged ? ['the fix changes its signature, so that old callers call it otherwise'] : []),
    ...(becameInline ? ['the fix makes it inline'] : []),
    ...(becameNoinline ? ['the fix makes it noinline'] : []),
    ...(removed ? ['the fix removes it'] : []),
  ];
}
