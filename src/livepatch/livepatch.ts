/** What a livepatch patches, as it says itself. */

/** The object of a function array that no `struct klp_object` refers to. */
export const UNKNOWN_OBJECT = '?';

/** A function that a livepatch replaces. */
export interface PatchedFunction {
  /** `vmlinux`, a module's name as it is written, or UNKNOWN_OBJECT. */
  readonly object: string;
  /** The symbol: `klp_func.old_name`. */
  readonly function: string;
  /** `klp_func.old_sympos`: 0 where nothing is said, which the kernel takes as "the only one of that name". */
  readonly sympos: number;
  /** The new function's symbol, where it is said. */
  readonly replacement?: string;
  /** The preprocessor's condition that it is patched under: `IS_ENABLED(CONFIG_X)`. */
  readonly condition?: string;
  /** `FILE`, or `FILE:LINE` in a text. */
  readonly where: string;
}

/** Where it is said. */
export type LivepatchKind =
  /** C sources with `struct klp_func` initialisers. */
  | 'source'
  /** A module with arrays of `struct klp_func`. */
  | 'module'
  /** kpatch's `.kpatch.funcs`. */
  | 'kpatch'
  /** objtool's `.init.klp_objects` (Linux 6.19). */
  | 'objtool'
  /** patched_funcs.csv or a list of names. */
  | 'list';

/** Something that may make the answer incomplete, or that the kernel would stumble over. */
export interface LivepatchWarning {
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
  readonly what: string;
}

export interface Livepatch {
  /** `mixed` where several inputs were of different kinds. */
  readonly kind: LivepatchKind | 'mixed';
  /** In the order of the files and of their entries. */
  readonly patched: readonly PatchedFunction[];
  readonly warnings: readonly LivepatchWarning[];
}

/** A file that was read (and decompressed). */
export interface LivepatchFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What one reader found. */
export interface PatchedPart {
  readonly kind: LivepatchKind;
  readonly patched: readonly PatchedFunction[];
  readonly warnings: readonly LivepatchWarning[];
}
