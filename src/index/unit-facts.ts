import type { DumpFacts } from '../dump/parse.js';
import type { NewWords } from './dictionary.js';
import type { Problem } from './problems.js';

/** Where one unit's files are. */
export interface UnitJob {
  /** The dump's path relative to the build's root: how the unit is known. */
  readonly name: string;
  /** Where to open the dump. */
  readonly dump: string;
  /** Where to open its object, or why there is none. */
  readonly object: { readonly path: string } | 'missing' | 'not asked';
  /** Where its calls are read, or why they are not. */
  readonly calls: CallSource | 'missing' | 'not asked';
  /** Where to read what GCC says of folding; none where nothing was kept. */
  readonly folding: readonly string[];
  /** The objdump to run where something has to be made sure of. */
  readonly objdump?: string;
}

/** A `.ci` file, or an object's machine code through objdump: the one that is named, or the machine's own. */
export type CallSource =
  | { readonly from: 'ci'; readonly path: string }
  | { readonly from: 'objdump'; readonly path: string; readonly program?: string };

/** A unit's bodies (places where function symbols stand) in columns; words are ids of the reader's tables. */
export interface BodyColumns {
  readonly section: Int32Array;
  /** The ELF section index. */
  readonly sectionIndex: Uint32Array;
  /** Offset in the section, in bytes. */
  readonly value: Float64Array;
  /** In bytes: the largest of its symbols' sizes. */
  readonly size: Float64Array;
  readonly traceable: Uint8Array;
  /** The body that it is a part of: itself, or of a fragment (`foo.cold`) its function's. */
  readonly owner: Int32Array;
}

/** A unit's function symbols in columns; words are ids of the reader's tables. */
export interface SymbolColumns {
  readonly name: Int32Array;
  /** Place among the bodies. */
  readonly body: Int32Array;
  /** STB_LOCAL, STB_GLOBAL, STB_WEAK or STB_GNU_UNIQUE. */
  readonly binding: Uint8Array;
  /** A `Role` of symbols/bodies.ts; which names are clones' is the dump's to say. */
  readonly role: Uint8Array;
  readonly bodies: BodyColumns;
  /** Names of symbols that a linked module does not show any more. */
  readonly lostInModule: Int32Array;
}

/** Names by which only the dump and the call graph know a symbol (symbols/compiler-names.ts): name, symbol. */
export interface CompilerNameColumns {
  readonly name: Int32Array;
  readonly symbol: Int32Array;
}

/** What an object's relocations say of functions, in columns; words are ids of the reader's tables, -1 for none. */
export interface ReferenceColumns {
  readonly caller: Int32Array;
  readonly callee: Int32Array;
  readonly count: Int32Array;
  /** References that are no calls by a function: `ReferenceKind` of graph/open-ends.ts. */
  readonly target: Int32Array;
  readonly by: Int32Array;
  readonly section: Int32Array;
  readonly kind: Uint8Array;
  /** Calls by code that no function holds, and the sections of that code. */
  readonly namelessCallee: Int32Array;
  readonly namelessSection: Int32Array;
}

export type ObjectFacts =
  | { readonly state: 'missing' | 'not asked' }
  | { readonly state: 'corrupt'; readonly file: string; readonly what: string }
  | {
      readonly state: 'read';
      readonly file: string;
      /** Machine, class and byte order, as symbols/object-evidence.ts has them. */
      readonly abi: string;
      readonly symbols: SymbolColumns;
      readonly references: ReferenceColumns;
    };

/** Calls after optimisation in columns; words are ids of the reader's tables. */
export type CallFacts =
  | { readonly state: 'missing' | 'not asked' }
  | { readonly state: 'corrupt'; readonly file: string; readonly what: string }
  | {
      readonly state: 'ci' | 'objdump';
      readonly file: string;
      /** Functions that the unit defines. */
      readonly functions: Int32Array;
      readonly caller: Int32Array;
      readonly callee: Int32Array;
      readonly count: Int32Array;
      /** 1 for calls that the compiler made (callgraph/facts.ts). */
      readonly placeless: Uint8Array;
      /** Calls by code that no function holds, and the sections of that code. */
      readonly namelessCallee: Int32Array;
      readonly namelessSection: Int32Array;
    };

/** Functions that were folded into others (symbols/folds.ts): names. */
export interface FoldColumns {
  /** Whether what GCC says of it was read. */
  readonly told: boolean;
  readonly folded: Int32Array;
  readonly kept: Int32Array;
}

/** What a unit's files say. */
export interface UnitFacts {
  readonly name: string;
  /** Where the dump was opened, for messages. */
  readonly file: string;
  readonly dump: DumpFacts;
  readonly object: ObjectFacts;
  readonly calls: CallFacts;
  readonly compilerNames: CompilerNameColumns;
  readonly folds: FoldColumns;
  /** What speaks against its files, besides lines of the dump that could not be read. */
  readonly problems: readonly Problem[];
  /** A hash of the contents of its files. */
  readonly contents: string;
}

/** Some units, and the words that are new since the same reader's batch before. */
export interface UnitBatch {
  readonly units: readonly UnitFacts[];
  readonly words: NewWords;
}
