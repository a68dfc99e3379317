/**
 * Compares two names as their UTF-8 bytes would compare (`LC_ALL=C sort`). JavaScript's own order differs only where
 * a surrogate pair meets a character above it, so only such names pay for the encoding.
 */
export function bytewise(a: string, b: string): number {
  if (HIGH.test(a) && HIGH.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const HIGH = /[\ud800-\uffff]/;

/** Joins with one slash, whether or not `directory` ends in one. '' is the place itself. */
export function joinName(directory: string, name: string): string {
  if (directory === '') return name;
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'is a directory',
  ELOOP: 'symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk reports a read error',
  ESTALE: 'the network file system lost it',
  EMFILE: 'too many files are open',
  ENOSPC: 'no space left on device',
};

/** Why the system refused, in words: without the path and the system call that Node puts in its messages. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code !== undefined && REASONS[code] !== undefined) return REASONS[code];
  return error instanceof Error ? error.message : String(error);
}

/** Something that could not be read and was left out: the answer may miss what it holds. */
export interface InputWarning {
  /** The path, or `ARCHIVE: MEMBER`. */
  readonly where: string;
  readonly what: string;
}
