import type { Binding, Code, CodeReference } from './code-text.js';
import { buildElf, type SectionSpec, type SymbolSpec } from './elf-builder.js';

/** What an assembler makes of code, before it is written: places, and what refers to what. */
export interface Assembled {
  /** The source's base name. */
  readonly file: string;
  readonly sections: readonly AssembledSection[];
  readonly symbols: readonly AssembledSymbol[];
  readonly relocations: readonly AssembledRelocation[];
  /** Entries that ftrace can redirect. */
  readonly sites: readonly Place[];
}

interface AssembledSection {
  readonly name: string;
  readonly isCode: boolean;
  readonly bytes: readonly number[];
}

export interface Place {
  /** A place in the list of sections. */
  readonly section: number;
  readonly offset: number;
}

interface AssembledSymbol extends Place {
  readonly name: string;
  readonly binding: Binding;
  readonly size: number;
}

interface AssembledRelocation {
  readonly at: Place;
  readonly target: string;
  readonly type: number;
  readonly addend: number;
}

const X86_64 = 62;
const [R_64, R_PLT32, R_32S] = [1, 4, 11];
const NOP = 0x90;
const ALIGN = 16;
const BIND: Readonly<Record<Binding, number>> = { local: 0, global: 1, weak: 2 };

/** Instructions with a field at their end, by what they do. */
const INSTRUCTIONS: Readonly<
  Record<CodeReference['how'], { bytes: number[]; type: number; addend: number }>
> = {
  calls: { bytes: [0xe8], type: R_PLT32, addend: -4 },
  jumps: { bytes: [0xe9], type: R_PLT32, addend: -4 },
  // mov $f,%rax
  takes: { bytes: [0x48, 0xc7, 0xc0], type: R_32S, addend: 0 },
};

export function assemble({ functions, loose }: Code, file: string): Assembled {
  const sections: { name: string; isCode: boolean; bytes: number[] }[] = [];
  const relocations: AssembledRelocation[] = [];
  const symbols: AssembledSymbol[] = [];
  const sites: Place[] = [];
  const sectionNamed = (name: string, isCode: boolean) => {
    const known = sections.findIndex((section) => section.name === name);
    return known >= 0 ? known : sections.push({ name, isCode, bytes: [] }) - 1;
  };
  const instruction = (section: number, { how, target }: CodeReference) => {
    const { bytes } = sections[section]!;
    const { bytes: opcode, type, addend } = INSTRUCTIONS[how];
    bytes.push(...opcode);
    relocations.push({ at: { section, offset: bytes.length }, target, type, addend });
    bytes.push(0, 0, 0, 0);
  };
  for (const { section: name, traced, names, references } of functions) {
    const section = sectionNamed(name, true);
    const { bytes } = sections[section]!;
    fill(bytes, ALIGN);
    const offset = bytes.length;
    // The call of ftrace, which takes the place of five bytes.
    bytes.push(NOP, NOP, NOP, NOP, NOP);
    for (const reference of references) instruction(section, reference);
    fill(bytes, ALIGN);
    const size = bytes.length - offset;
    for (const { name: own, binding } of names) symbols.push({ name: own, binding, section, offset, size });
    if (traced) sites.push({ section, offset });
  }
  for (const { section: name, reference } of loose) {
    const section = sectionNamed(name, reference.how !== 'takes');
    if (sections[section]!.isCode) instruction(section, reference);
    else {
      const { bytes } = sections[section]!;
      relocations.push({
        at: { section, offset: bytes.length },
        target: reference.target,
        type: R_64,
        addend: 0,
      });
      bytes.push(0, 0, 0, 0, 0, 0, 0, 0);
    }
  }
  return { file, sections, symbols, relocations, sites };
}

function fill(bytes: number[], to: number): void {
  while (bytes.length % to !== 0) bytes.push(NOP);
}

/** The object file: one file's code, or that of several, as `ld -r` joins them. */
export function objectOf(parts: readonly Assembled[]): Uint8Array {
  return new ObjectWriter(joined(parts)).write();
}

interface JoinedSymbol extends AssembledSymbol {
  readonly file: string;
}

interface Joined {
  readonly sections: readonly AssembledSection[];
  readonly files: readonly string[];
  readonly symbols: readonly JoinedSymbol[];
  readonly relocations: readonly (AssembledRelocation & { readonly file: string })[];
  readonly sites: readonly Place[];
}

/** Sections of one name one after the other. */
function joined(parts: readonly Assembled[]): Joined {
  const sections: { name: string; isCode: boolean; bytes: number[] }[] = [];
  const symbols: JoinedSymbol[] = [];
  const relocations: (AssembledRelocation & { file: string })[] = [];
  const sites: Place[] = [];
  for (const { file, ...part } of parts) {
    const moved = part.sections.map(({ name, isCode, bytes }) => {
      let section = sections.findIndex((known) => known.name === name);
      if (section < 0) section = sections.push({ name, isCode, bytes: [] }) - 1;
      const into = sections[section]!.bytes;
      fill(into, ALIGN);
      const offset = into.length;
      into.push(...bytes);
      return { section, offset };
    });
    const move = <P extends Place>(place: P): P => {
      const { section, offset } = moved[place.section]!;
      return { ...place, section, offset: offset + place.offset };
    };
    symbols.push(...part.symbols.map((symbol) => ({ ...move(symbol), file })));
    relocations.push(...part.relocations.map((each) => ({ ...each, at: move(each.at), file })));
    sites.push(...part.sites.map(move));
  }
  return { sections, files: parts.map(({ file }) => file), symbols, relocations, sites };
}

const [SHF_ALLOC, SHF_EXECINSTR] = [2, 4];

class ObjectWriter {
  readonly #code: Joined;
  readonly #symbols: SymbolSpec[] = [];
  /** Global name -> number of its symbol. */
  readonly #globals = new Map<string, number>();

  constructor(code: Joined) {
    this.#code = code;
  }

  write(): Uint8Array {
    const { sections, files, symbols, sites } = this.#code;
    sections.forEach((_, at) => {
      this.#symbols.push({ name: '', type: 3, section: at + 1 });
    });
    for (const file of files) {
      this.#symbols.push({ name: file, type: 4, section: 'abs' });
      for (const symbol of symbols) if (symbol.file === file && symbol.binding === 'local') this.#add(symbol);
    }
    for (const symbol of symbols)
      if (symbol.binding !== 'local') this.#globals.set(symbol.name, this.#add(symbol));
    const relocations = sections.map((_, at) => this.#relocationsOf(at));
    const written: SectionSpec[] = sections.map(({ name, isCode, bytes }) => ({
      name,
      flags: SHF_ALLOC | (isCode ? SHF_EXECINSTR : 1),
      data: Uint8Array.from(bytes),
    }));
    sections.forEach(({ name }, at) => {
      if (relocations[at]!.length > 0) {
        written.push({ name: `.rela${name}`, info: at + 1, relocations: relocations[at]! });
      }
    });
    if (sites.length > 0) {
      written.push({ name: '__mcount_loc', flags: SHF_ALLOC, data: new Uint8Array(sites.length * 8) });
      written.push({
        name: '.rela__mcount_loc',
        info: written.length,
        relocations: sites.map(({ section, offset }, i) => ({
          offset: i * 8,
          symbol: section + 1,
          type: R_64,
          addend: offset,
        })),
      });
    }
    return buildElf({ machine: X86_64, sections: written, symbols: this.#symbols });
  }

  #add({ name, binding, size, section, offset }: AssembledSymbol): number {
    return this.#symbols.push({
      name,
      bind: BIND[binding],
      type: 2,
      size,
      section: section + 1,
      value: offset,
    });
  }

  #relocationsOf(at: number): NonNullable<SectionSpec['relocations']> {
    return this.#code.relocations
      .filter(({ at: place }) => place.section === at)
      .map(({ at: { offset }, target, type, addend, file }) => {
        const own = this.#code.symbols.find(
          (symbol) => symbol.name === target && symbol.binding === 'local' && symbol.file === file,
        );
        // Of a static function only its place is named, as assemblers do.
        if (own) return { offset, type, symbol: own.section + 1, addend: own.offset + addend };
        return { offset, type, symbol: this.#global(target), addend };
      });
  }

  #global(name: string): number {
    let symbol = this.#globals.get(name);
    if (symbol === undefined) {
      symbol = this.#symbols.push({ name, bind: BIND.global });
      this.#globals.set(name, symbol);
    }
    return symbol;
  }
}
