import { ElfError, type SymbolTable } from '../elf/index.js';

/** Linkers let a name be the end of another one, which doubles the sum at most in practice. */
const OVERLAP = 16;

/**
 * Decodes names of a table, each symbol's once, within a budget that is a multiple of the string table: in a crafted
 * file all symbols may point into one long name, which would need a memory of many times the file's size.
 */
export function nameDecoder(symbols: SymbolTable, file: string): (i: number) => string {
  let left = symbols.namesSize * OVERLAP + 0x10000;
  return (i) => {
    const name = symbols.name(i);
    left -= name.length;
    if (left < 0) throw new ElfError(file, 'has symbol names that lie on top of each other');
    return name;
  };
}
