import type { SectionLifetime } from '../symbols/section-lifetime.js';

/** A function as dumps declare it: the same name in another file is another function. */
export interface FunctionRow {
  readonly id: number;
  /** The file as the compiler saw it. */
  readonly path: string;
  /** The same in the form that compares. */
  readonly file: string;
  readonly line: number;
}

export interface UnitRow {
  readonly id: number;
  readonly build: string;
  /** The dump, relative to the build's root. */
  readonly path: string;
  /** The source it was compiled from, as far as the dump's name tells. */
  readonly source: string;
  readonly complete: boolean;
  readonly object: 'read' | 'image' | 'missing' | 'corrupt' | 'not asked';
  readonly calls: 'ci' | 'objdump' | 'image' | 'missing' | 'corrupt' | 'not asked';
  /** Whether what GCC says of identical code folding was read. */
  readonly folding: 'read' | 'missing';
  /** `vmlinux` and modules by their names: none where it is not known, or the unit is in neither. */
  readonly images: readonly string[];
  /** The first of them, or null. */
  readonly image: string | null;
  /** Whether the build's linked objects were read from ELF files, so that a unit in none of them is in none. */
  readonly imagesKnown: boolean;
}

/** The source of what stands for functions of a linked object that are of one of several units: no unit of the build. */
export const UNDECIDED_SOURCE = '?';

/** Whether it is known which functions of a unit were emitted: by its object, or by the image that it is part of. */
export function hasEmitted({ object }: Pick<UnitRow, 'object'>): boolean {
  return object === 'read' || object === 'image';
}

/** Whether a unit's calls were read. */
export function hasCalls({ calls }: Pick<UnitRow, 'calls'>): boolean {
  return calls === 'ci' || calls === 'objdump' || calls === 'image';
}

export interface NodeRow {
  readonly id: number;
  readonly function: number;
  readonly nameId: number;
  readonly name: string;
  readonly order: number | null;
  readonly file: string;
  readonly line: number;
  readonly removed: boolean;
}

export interface SymbolRow {
  readonly section: string;
  /** The ELF section index. */
  readonly sectionIndex: number;
  readonly value: number;
  readonly size: number;
  readonly binding: 'local' | 'global' | 'weak' | 'unique';
  readonly traceable: boolean;
}

/** Where a function is in its linked object, and which of the symbols of its name it is. */
export interface PlaceRow {
  readonly object: string;
  /** 16 hexadecimal digits; in a module the offset in its section. */
  readonly address: string;
  /** In bytes. */
  readonly size: number;
  /** Counted from 1 as livepatch counts sympos. */
  readonly position: number;
  /** How many symbols of the object have the name. */
  readonly total: number;
  /** The section of the linked object; null where a table of names is all there is. */
  readonly section: string | null;
  /** Null where a table of names is all there is. */
  readonly traceable: boolean | null;
}

/** A symbol of a linked object, of any type: what livepatch and the module loader see. */
export interface ImageSymbolRow {
  readonly object: string;
  readonly name: string;
  /** 16 hexadecimal digits, or null where only its name is known. */
  readonly address: string | null;
  readonly size: number | null;
  readonly type: string;
  readonly binding: string | null;
  readonly section: string | null;
  /** The base name of the source before it in the symbol table. */
  readonly file: string | null;
  /** Counted from 1 as livepatch counts; 0 for a symbol that it does not see, or whose place is unknown. */
  readonly position: number;
  readonly total: number;
  readonly traceable: boolean | null;
  /** The unit it was compiled in. */
  readonly unit: number | null;
  /** That unit's source. */
  readonly source: string | null;
  /** Whether it is there when a livepatch comes. */
  readonly lifetime: SectionLifetime;
}

/** Code that was copied somewhere, however often, in the words of the dump. */
export interface Decision {
  /** The unit's source. */
  readonly unit: string;
  readonly original: string;
  /** Where the original is declared; normal. */
  readonly file: string;
  readonly target: string;
  readonly kind: string;
  readonly count: number;
}

export interface CallerRow {
  readonly unit: number;
  readonly nameId: number;
  readonly name: string;
  readonly count: number;
}

/** A unit's edges in columns, in the order of their sequence. */
export interface EdgeList {
  /** The dump's line number; strictly rising. */
  readonly seq: Int32Array;
  readonly src: Int32Array;
  readonly dst: Int32Array;
}

/** A unit's edges with their kinds. */
export interface UnitEdges extends EdgeList {
  /** Edge -> kind id. */
  readonly kind: Int32Array;
}

/** Which units a question is about; nothing said means all. */
export interface UnitFilter {
  readonly build?: string;
  /** The unit's dump or source, or the end of its path. */
  readonly unit?: string;
}
