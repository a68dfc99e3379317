/**
 * What keeps a unit or a build from being complete: input that could not be read, that is missing, or that does not fit
 * the rest (DOMAIN 4a). Codes with data; the sentences are made in report/sentences.ts.
 */
export type ProblemCode =
  // Of a dump.
  | 'incomplete-dump'
  | 'dump-lto'
  | 'dump-placeholder'
  | 'clone-unrecorded'
  | 'removed-emitted'
  | 'code-unaccounted'
  | 'copy-unrecorded'
  // Of an object.
  | 'object-missing'
  | 'object-corrupt'
  | 'object-lto'
  | 'object-other-source'
  | 'object-other-machine'
  | 'object-not-linked'
  // Of a call graph.
  | 'calls-missing'
  | 'calls-corrupt'
  | 'calls-other-source'
  | 'calls-other-place'
  | 'calls-unknown-function'
  | 'calls-lack-call'
  // Of a build.
  | 'no-dump'
  | 'input-unread'
  | 'image-unread'
  | 'image-other-kernel'
  | 'debug-other-build'
  | 'module-missing'
  | 'function-without-unit';

/** Something that is wrong with a file, and with how many more things of the kind. */
export interface Problem {
  readonly code: ProblemCode;
  /** The file at fault, as far as one file can be named. */
  readonly file: string;
  /** Counted from 1; null for a whole file. */
  readonly line: number | null;
  /** The file that it does not fit; null where it is unfit by itself. */
  readonly other: string | null;
  /** What the code is about: a function, a source, why something cannot be read. */
  readonly what: string;
  /** How many more of the kind the file has. */
  readonly more: number;
}

/** A problem, its unit's dump (null for one of the build) and its build. */
export interface ProblemRow extends Problem {
  readonly unit: string | null;
  readonly build: string;
}

/** One problem for all that are of one kind: it names the first. */
export function problemOf(
  code: ProblemCode,
  file: string,
  other: string | null,
  found: readonly string[],
): Problem[] {
  const [what] = found;
  return what === undefined ? [] : [{ code, file, line: null, other, what, more: found.length - 1 }];
}
