import { type Elf, STT_FILE } from '../elf/index.js';
import { nameDecoder } from './name-decoder.js';

/** What an object says of its own making. */
export interface ObjectEvidence {
  /** Base names of the sources that it was compiled from, as STT_FILE has them: one, unless it was linked of several. */
  readonly sources: readonly string[];
  /** As {@link abiOf} has it. */
  readonly abi: string;
  /** Whether it holds what link-time optimisation compiles again (gcc/lto-section-names.h). */
  readonly isLto: boolean;
}

/** Machine, class and byte order: `62-64-le`. */
export function abiOf({ machine, class: bits, littleEndian }: Elf): string {
  return `${machine}-${bits}-${littleEndian ? 'le' : 'be'}`;
}

export function objectEvidence(elf: Elf): ObjectEvidence {
  const symbols = elf.symbols();
  const nameOf = nameDecoder(symbols, elf.file);
  const sources: string[] = [];
  for (let i = 1; i < symbols.count; i++) {
    if (symbols.type(i) !== STT_FILE) continue;
    const name = nameOf(i);
    sources.push(name.slice(name.lastIndexOf('/') + 1));
  }
  return {
    sources,
    abi: abiOf(elf),
    isLto: elf.sections.some(({ name }) => name.startsWith('.gnu.lto_')),
  };
}
