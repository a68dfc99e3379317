import type { Assembled, Place } from './assemble.js';
import { buildElf, type SectionSpec, type SymbolSpec } from './elf-builder.js';

/**
 * A vmlinux as x86's is linked: with --emit-relocs, code that start-up needs between `__init_begin` and `__init_end`,
 * and the tables of ftrace sites and of initcalls behind it.
 */
export interface LinkOptions {
  /** Names that the linker script gives to functions: `ftrace_ops_list_func = arch_ftrace_ops_list_func`. */
  readonly script?: Readonly<Record<string, string>>;
  /** False leaves the relocations out, as a link without --emit-relocs does. */
  readonly relocations?: boolean;
}

const X86_64 = 62;
const [SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR] = [1, 2, 4];
const [STT_NOTYPE, STT_FUNC, STT_SECTION, STT_FILE] = [0, 2, 3, 4];
const [LOCAL, GLOBAL, WEAK] = [0, 1, 2];
const R_64 = 1;
const BASE = 0xffffffff81000000n;
/** Room for each section of the image. */
const STRIDE = 0x10000n;

const INIT_CODE = /^\.(?:init|exit)\.text$/;
const INIT_TABLE = /^\.initcall/;

interface Output {
  readonly name: string;
  readonly flags: number;
  readonly bytes: number[];
}

/** Where a piece of a file is in the image. */
interface Moved {
  readonly output: number;
  readonly offset: number;
}

export function linkVmlinux(files: readonly Assembled[], options: LinkOptions = {}): Uint8Array {
  return new Linker(files, options).link();
}

class Linker {
  readonly #files: readonly Assembled[];
  readonly #options: LinkOptions;
  readonly #outputs: Output[] = [];
  /** File, section -> place. */
  readonly #moved: Moved[][] = [];
  readonly #symbols: SymbolSpec[] = [];
  readonly #globals = new Map<string, number>();

  constructor(files: readonly Assembled[], options: LinkOptions) {
    this.#files = files;
    this.#options = options;
  }

  link(): Uint8Array {
    // Init code last but for the tables, so that all of it lies between the bounds.
    for (const name of ['.text', '.data', '.init.text', '.init.data', '.mcount']) this.#output(name);
    for (const file of this.#files) this.#moved.push(file.sections.map((section) => this.#place(section)));
    this.#fillSites();
    this.#outputs.forEach((_, at) => {
      this.#symbols.push({ name: '', type: STT_SECTION, section: at + 1, value: this.#address(at) });
    });
    this.#addLocals();
    this.#addGlobals();
    this.#addBounds();
    const relocations = this.#options.relocations === false ? [] : this.#relocations();
    const sections: SectionSpec[] = this.#outputs.map(({ name, flags, bytes }, at) => ({
      name,
      flags,
      address: this.#address(at),
      data: Uint8Array.from(bytes),
    }));
    return buildElf({
      type: 2,
      machine: X86_64,
      sections: [...sections, ...relocations],
      symbols: this.#symbols,
    });
  }

  #output(name: string): number {
    const known = this.#outputs.findIndex((output) => output.name === name);
    if (known >= 0) return known;
    const isCode = name === '.text' || name === '.init.text';
    const flags = SHF_ALLOC | (isCode ? SHF_EXECINSTR : SHF_WRITE);
    return this.#outputs.push({ name, flags, bytes: [] }) - 1;
  }

  #address(output: number): bigint {
    return BASE + BigInt(output) * STRIDE;
  }

  #place({ name, isCode, bytes }: Assembled['sections'][number]): Moved {
    const into = isCode
      ? INIT_CODE.test(name)
        ? '.init.text'
        : '.text'
      : INIT_TABLE.test(name)
        ? '.init.data'
        : name;
    const output = this.#output(into);
    const { bytes: all } = this.#outputs[output]!;
    while (all.length % 16 !== 0) all.push(0);
    const offset = all.length;
    all.push(...bytes);
    return { output, offset };
  }

  #move(file: number, { section, offset }: Place): Moved & { address: bigint } {
    const { output, offset: start } = this.#moved[file]![section]!;
    return { output, offset: start + offset, address: this.#address(output) + BigInt(start + offset) };
  }

  #fillSites(): void {
    const { bytes } = this.#outputs[this.#output('.mcount')]!;
    this.#files.forEach(({ sites }, file) => {
      for (const site of sites) {
        const pointer = Buffer.alloc(8);
        pointer.writeBigUInt64LE(this.#move(file, site).address);
        bytes.push(...pointer);
      }
    });
  }

  #addLocals(): void {
    this.#files.forEach(({ file: name, symbols }, file) => {
      this.#symbols.push({ name, type: STT_FILE, section: 'abs' });
      for (const symbol of symbols) if (symbol.binding === 'local') this.#addFunction(file, symbol, LOCAL);
    });
  }

  /** The strong definition of a name, or else the first weak one. */
  #addGlobals(): void {
    for (const wanted of ['global', 'weak'] as const) {
      this.#files.forEach(({ symbols }, file) => {
        for (const symbol of symbols) {
          if (symbol.binding !== wanted || this.#globals.has(symbol.name)) continue;
          const number = this.#addFunction(file, symbol, wanted === 'weak' ? WEAK : GLOBAL);
          this.#globals.set(symbol.name, number);
        }
      });
    }
    for (const [name, of] of Object.entries(this.#options.script ?? {})) {
      const target = this.#symbols[this.#globals.get(of)! - 1]!;
      this.#globals.set(name, this.#symbols.push({ ...target, name, bind: GLOBAL }));
    }
  }

  #addFunction(file: number, symbol: Assembled['symbols'][number], bind: number): number {
    const { output, address } = this.#move(file, symbol);
    const { name, size } = symbol;
    return this.#symbols.push({ name, bind, type: STT_FUNC, size, section: output + 1, value: address });
  }

  #addBounds(): void {
    const label = (name: string, section: string, end: boolean) => {
      const output = this.#output(section);
      const value = this.#address(output) + BigInt(end ? this.#outputs[output]!.bytes.length : 0);
      this.#symbols.push({ name, bind: GLOBAL, type: STT_NOTYPE, section: output + 1, value });
    };
    label('__init_begin', '.init.text', false);
    label('__initcall_start', '.init.data', false);
    label('__initcall_end', '.init.data', true);
    label('__init_end', '.init.data', true);
    label('__start_mcount_loc', '.mcount', false);
    label('__stop_mcount_loc', '.mcount', true);
  }

  #relocations(): SectionSpec[] {
    const bySection = this.#outputs.map((): NonNullable<SectionSpec['relocations']>[number][] => []);
    this.#files.forEach(({ relocations, symbols }, file) => {
      for (const { at, target, type, addend } of relocations) {
        const { output, address } = this.#move(file, at);
        const own = symbols.find(({ name, binding }) => name === target && binding === 'local');
        if (own) {
          const moved = this.#move(file, own);
          const reloc = { offset: address, type, symbol: moved.output + 1, addend: moved.offset + addend };
          bySection[output]!.push(reloc);
        } else {
          const symbol = this.#globals.get(target);
          if (symbol === undefined) throw new Error(`undefined reference to ${target}`);
          bySection[output]!.push({ offset: address, type, symbol, addend });
        }
      }
    });
    this.#addSiteRelocations(bySection[this.#output('.mcount')]!);
    return bySection.flatMap((relocations, at) =>
      relocations.length === 0
        ? []
        : [{ name: `.rela${this.#outputs[at]!.name}`, info: at + 1, relocations }],
    );
  }

  #addSiteRelocations(into: NonNullable<SectionSpec['relocations']>[number][]): void {
    const table = this.#address(this.#output('.mcount'));
    let nth = 0;
    this.#files.forEach(({ sites }, file) => {
      for (const site of sites) {
        const { output, offset } = this.#move(file, site);
        into.push({ offset: table + BigInt(nth++ * 8), type: R_64, symbol: output + 1, addend: offset });
      }
    });
  }
}
