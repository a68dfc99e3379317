import { createTwoFilesPatch } from 'diff';
import { changedFunctions, type Declarations, parseFix, type SourceTree } from '../../src/fix/index.js';

/** A source tree in a map. */
export function tree(files: Readonly<Record<string, string>>): SourceTree {
  return { root: 'linux', read: (path) => files[path] };
}

/** The diff of one file's two texts. */
export function diffOf(path: string, old: string, other: string, context = 3): string {
  return createTwoFilesPatch(`a/${path}`, `b/${path}`, old, other, '', '', { context });
}

/** What a change of one file's text is reported as. */
export async function report(old: string, other: string, path = 'mm/a.c', declarations?: Declarations) {
  const fix = parseFix(diffOf(path, old, other), 'fix.patch');
  return changedFunctions(fix, { source: tree({ [path]: old }), ...(declarations && { declarations }) });
}

/** The same without the source. */
export function guessed(patch: string, declared: readonly { name: string; line: number }[] = []) {
  return changedFunctions(parseFix(patch, 'fix.patch'), { declarations: () => declared });
}
