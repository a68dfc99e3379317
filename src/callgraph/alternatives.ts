import { type Elf, type ElfSection, SHF_EXECINSTR } from '../elf/index.js';

/** Code, and what is patched over it: addresses. */
export interface Alternative {
  readonly original: bigint;
  readonly replacement: bigint;
}

/**
 * Sizes of x86's `struct alt_instr` (arch/x86/include/asm/alternative.h), packed: two places counted from their own
 * fields, then what is needed of the processor and the lengths. 12 since 5.13, 13 before, 14 since 6.3.
 */
const SIZES = [12, 13, 14];

/**
 * The alternatives of a linked x86 image, which keeps no relocations of them. Their size is the one by which every entry
 * names code.
 */
export function linkedAlternatives(elf: Elf, table: ElfSection): Alternative[] {
  const code = elf.sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
  const isCode = (address: bigint) =>
    code.some((section) => address >= section.address && address < section.address + BigInt(section.size));
  for (const size of SIZES) {
    if (table.size % size !== 0) continue;
    const found = entriesOf(elf, table, size);
    if (found.every(({ original }) => isCode(original))) return found;
  }
  return [];
}

function entriesOf(elf: Elf, table: ElfSection, size: number): Alternative[] {
  const bytes = elf.sectionBytes(table);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Alternative[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const place = (field: number) =>
      table.address + BigInt(at + field + view.getInt32(at + field, elf.littleEndian));
    found.push({ original: place(0), replacement: place(4) });
  }
  return found;
}
