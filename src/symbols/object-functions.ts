import {
  type Elf,
  ElfError,
  EM_PPC64,
  ET_REL,
  openElf,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_SECTION,
  type SymbolTable,
} from '../elf/index.js';
import { objectSites } from './ftrace-sites.js';
import { nameDecoder } from './name-decoder.js';
import { markTraceable } from './traceable.js';

/**
 * The functions that a unit's object defines, as columns: function i is names[i], section[i], ... Plain arrays without
 * methods, so that a worker can post them; all typed ones are views of one buffer (`value.buffer`), to be transferred.
 */
export interface ObjectFunctions {
  readonly file: string;
  /** EM_... */
  readonly machine: number;
  /**
   * Whether the object has a table of ftrace sites at all. Without one, no function is traceable, and the cause may
   * be that its directory is built without tracing.
   */
  readonly hasSites: boolean;
  /** In the order of the symbol table. A local name may occur twice. */
  readonly names: readonly string[];
  /** The names of the sections that hold functions; sectionName counts in it. */
  readonly sections: readonly string[];
  readonly sectionName: Uint32Array;
  /** The ELF section index. Two functions with the same section and value are aliases of one code. */
  readonly section: Uint32Array;
  /** Offset in the section, in bytes. */
  readonly value: Float64Array;
  /** In bytes; 0 where assembler code does not say. */
  readonly size: Float64Array;
  /** STB_LOCAL, STB_GLOBAL, STB_WEAK or STB_GNU_UNIQUE. */
  readonly binding: Uint8Array;
  /** 1 for a STT_GNU_IFUNC: the code is not the function's, but chooses it when it is linked. */
  readonly indirect: Uint8Array;
  /** 1 where ftrace, and so livepatch, can redirect the function (see traceable.ts). */
  readonly traceable: Uint8Array;
  /**
   * Symbols that a linked module does not show any more: those of `.discard.*` sections, which its linker script drops
   * (scripts/module.lds.S), and `__this_module`, which is undefined until modpost's part is linked to it.
   */
  readonly lostInModule: readonly string[];
}

/**
 * Every defined function symbol (STT_FUNC, STT_GNU_IFUNC) of an ET_REL file.
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @throws ElfError where the file is no object, is stripped, or damaged
 */
export function readObjectFunctions(bytes: Uint8Array, file: string): ObjectFunctions {
  return objectFunctions(openElf(bytes, file));
}

/** The same of a file that is open. */
export function objectFunctions(elf: Elf): ObjectFunctions {
  const { file } = elf;
  if (elf.type !== ET_REL) throw new ElfError(file, 'is a linked image, not an object', '');
  const symbols = elf.symbols();

  const found = functionSymbols(symbols);
  const count = found.length;
  const buffer = new ArrayBuffer(count * 27);
  const value = new Float64Array(buffer, 0, count);
  const size = new Float64Array(buffer, count * 8, count);
  const section = new Uint32Array(buffer, count * 16, count);
  const sectionName = new Uint32Array(buffer, count * 20, count);
  const binding = new Uint8Array(buffer, count * 24, count);
  const traceable = new Uint8Array(buffer, count * 25, count);
  const indirect = new Uint8Array(buffer, count * 26, count);
  const names: string[] = [];
  const sections = new Map<string, number>();
  const nameOf = nameDecoder(symbols, file);
  let lastSection = -1;
  let lastName = -1;
  for (let i = 0; i < count; i++) {
    const symbol = found[i]!;
    names.push(nameOf(symbol));
    value[i] = symbols.offsetValue(symbol);
    size[i] = symbols.size(symbol);
    binding[i] = symbols.bind(symbol);
    indirect[i] = symbols.type(symbol) === STT_GNU_IFUNC ? 1 : 0;
    const index = symbols.sectionIndex(symbol);
    section[i] = index;
    if (index !== lastSection) {
      lastSection = index;
      lastName = sectionNumber(sections, elf, index);
    }
    sectionName[i] = lastName;
  }
  const sites = objectSites(elf, symbols);
  markTraceable({ section, offset: value, size }, sites, traceable);
  return {
    file,
    machine: elf.machine,
    hasSites: sites.present,
    names,
    sections: [...sections.keys()],
    sectionName,
    section,
    value,
    size,
    binding,
    indirect,
    traceable,
    lostInModule: lostInModule(elf, symbols, nameOf),
  };
}

function lostInModule(elf: Elf, symbols: SymbolTable, nameOf: (symbol: number) => string): string[] {
  const dropped = new Set(
    elf.sections.filter(({ name }) => name.startsWith('.discard.')).map(({ index }) => index),
  );
  const lost: string[] = [];
  for (let i = 1; i < symbols.count; i++) {
    const section = symbols.sectionIndex(i);
    const isLost = section === 0 ? symbols.name(i) === '__this_module' : dropped.has(section);
    if (!isLost || symbols.type(i) === STT_SECTION) continue;
    const name = nameOf(i);
    if (name !== '') lost.push(name);
  }
  return lost;
}

/** Whether a symbol's type is a function's. */
export function isFunctionType(type: number): boolean {
  return type === STT_FUNC || type === STT_GNU_IFUNC;
}

function functionSymbols(symbols: SymbolTable): number[] {
  const found: number[] = [];
  for (let i = 1; i < symbols.count; i++) {
    if (isFunctionType(symbols.type(i)) && symbols.sectionIndex(i) > 0) found.push(i);
  }
  return found;
}

function sectionNumber(numbers: Map<string, number>, elf: Elf, index: number): number {
  const { name } = elf.sections[index]!;
  // ELFv1 symbols are of descriptors in .opd, not of code. Livepatch came to ppc64 with ELFv2 only.
  if (elf.machine === EM_PPC64 && name === '.opd') {
    throw new ElfError(
      elf.file,
      'has the function descriptors of the ppc64 ELFv1 ABI',
      'livepatch needs ELFv2',
    );
  }
  const known = numbers.get(name) ?? numbers.size;
  numbers.set(name, known);
  return known;
}
