import type { Elf, SymbolTable } from '../elf/index.js';
import {
  EM_PPC64,
  NO_SECTION,
  SHT_RELA,
  STB_GLOBAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
} from '../elf/index.js';
import { nameDecoder } from '../symbols/name-decoder.js';

/** Code that has a name. */
export interface CodeRange {
  readonly name: string;
  /** The ELF section index. */
  readonly section: number;
  /** Offsets in the section; `end` is behind the last byte. */
  readonly start: number;
  readonly end: number;
  /** Where callers of the same unit enter on ppc64le, behind the set-up of r2; elsewhere `start`. */
  readonly localEntry: number;
  /** Other names of the same code. */
  readonly aliases: readonly string[];
  /** What the code belongs to: itself, or the function that a `.cold` part was split off. */
  readonly owner: CodeRange;
}
