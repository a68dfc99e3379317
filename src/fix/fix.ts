/** What a fix says, as its unified diff has it. */
export interface Fix {
  /** As the user named it: the `FILE` of every message. */
  readonly name: string;
  /** In the diff's order; a file comes as often as the diff has it (several patches in one file). */
  readonly files: readonly FixFile[];
}

export type FileChange = 'modified' | 'added' | 'deleted' | 'renamed' | 'mode';

export interface FixFile {
  /** Without the prefix (`a/`, `linux-6.1.orig/`); undefined for an added file. */
  readonly oldPath?: string;
  /** Without the prefix; undefined for a deleted file. */
  readonly newPath?: string;
  /** The old path, or the new one of an added file. */
  readonly path: string;
  /** The paths as the diff has them, for a reader who knows better how many directories to strip. */
  readonly written: { readonly old?: string; readonly new?: string };
  readonly change: FileChange;
  readonly binary: boolean;
  readonly hunks: readonly Hunk[];
  /** `FILE:LINE` of the file's first line in the diff. */
  readonly where: string;
}

export interface Hunk {
  /** Counted from 1; with no old lines, the line after which the new ones go (0: at the top). */
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  /** What follows the second `@@`: git's function context, '' where there is none. */
  readonly header: string;
  readonly lines: readonly HunkLine[];
  /** `FILE:LINE` of the hunk in the diff. */
  readonly where: string;
}

export interface HunkLine {
  readonly type: ' ' | '-' | '+';
  /** Without the first column and the line end. */
  readonly text: string;
  /** Undefined for an added line. */
  readonly oldLine?: number;
  /** Undefined for a removed line. */
  readonly newLine?: number;
}

/** The tree that a fix is for, before the fix. */
export interface SourceTree {
  /** For messages. */
  readonly root: string;
  /** The text of a file, undefined where the tree has none of that path. */
  read(path: string): string | undefined;
}

/** The declaration lines of a file's functions, as the dumps have them, in any order. */
export type Declarations = (path: string) => readonly { readonly name: string; readonly line: number }[];

/**
 * `parsed`: tree-sitter reads the function as klp-reach does; `recovered`: it does not (macros), and the extent
 * comes from klp-reach's own reading; `guessed`: from hunk headers, from the dumps, or from a macro nobody knows.
 */
export type How = 'parsed' | 'recovered' | 'guessed';

/** A function of the old source that the fix changes. */
export interface FixedFunction {
  readonly name: string;
  /** The old path. */
  readonly file: string;
  /** Of the declaration, counted from 1; 0 where it is not known. */
  readonly line: number;
  readonly how: How;
  /** Return type, name or parameters are written otherwise; attributes do not count. */
  readonly signatureChanged: boolean;
  readonly becameInline: boolean;
  readonly becameNoinline: boolean;
  /** The new source has it no more. */
  readonly removed: boolean;
  /** Comments and white space only. */
  readonly cosmetic: boolean;
}

/** A function that only the new source has. */
export interface AddedFunction {
  readonly name: string;
  readonly file: string;
  /** In the new file. */
  readonly line: number;
}

export type UntraceableKind =
  | 'macro'
  | 'struct'
  | 'union'
  | 'enum'
  | 'typedef'
  | 'variable'
  | 'initialiser'
  | 'declaration'
  | 'include'
  | 'assembly'
  | 'kconfig'
  | 'makefile'
  | 'documentation'
  | 'binary'
  | 'other';

/** A part of the fix that no function holds. */
export interface Untraceable {
  readonly file: string;
  /** In the old file; where the part is new, in the new one. */
  readonly line: number;
  readonly kind: UntraceableKind;
  readonly name?: string;
  /** Functions of the same old file that use the name, directly or through the file's macros and typedefs. */
  readonly users: readonly string[];
}

export interface FixReport {
  readonly functions: readonly FixedFunction[];
  readonly added: readonly AddedFunction[];
  readonly untraceable: readonly Untraceable[];
  /** What is good to know about how the fix was laid on the source (offsets). */
  readonly notes: readonly string[];
}
