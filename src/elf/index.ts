export * from './constants.js';
export { Elf, openElf } from './elf.js';
export { ElfError } from './elf-error.js';
export type { RelocationTable } from './relocation-table.js';
export type { ElfSection } from './section.js';
export { NO_SECTION, type SymbolTable } from './symbol-table.js';
