/**
 * What the code of a linked object refers to: calls and addresses of functions, and, of data, what only one source's code
 * can name. Modules keep their relocations, and lack only calls within a section; a vmlinux without them is disassembled.
 */
import { type Elf, type ElfSection, ET_REL, SHF_ALLOC, STT_NOTYPE } from '../elf/index.js';
import type { CodeMap, CodeRange, Place } from './code-map.js';
import { scanCode } from './code-scan.js';
import type { DisassemblySink, Transfer } from './disassembly.js';
import { type InstructionSet, instructionSetOf } from './instruction-set.js';
import { disassembleObject } from './objdump.js';
import { type ReferenceTarget, readReferences } from './references.js';

export interface ImageReferenceSink {
  /** A function's code calls another function, or takes its address; the target may be one's own entry. */
  reference(kind: 'call' | 'address', by: CodeRange, section: ElfSection, target: ReferenceTarget): void;
  /** A function's code has the address of data: of a linked image, counted from its base. */
  data(by: CodeRange, address: number): void;
}

/** @throws InputError if objdump cannot be run, or the machine is not one whose code can be read */
export async function readImageReferences(
  elf: Elf,
  map: CodeMap,
  base: bigint,
  sink: ImageReferenceSink,
  objdump?: string,
): Promise<void> {
  const set = instructionSetOf(elf.machine)!;
  if (elf.type !== ET_REL) {
    await scanCode(elf, labelsOf(elf, map), base, new LinkedScan(elf, map, base, set, sink), objdump);
    return;
  }
  readReferences(
    elf,
    {
      reference(kind, section, _offset, by, target) {
        if (by === undefined || kind === 'init') return;
        sink.reference(kind, by, section, target);
      },
    },
    map,
  );
  if (map.codeSections.size === 0) return;
  await disassembleObject(elf, set, new NearCalls(elf, map, set, sink), objdump);
}

/** The addresses of functions and labels in code, ascending. */
function labelsOf(elf: Elf, map: CodeMap): bigint[] {
  const labels = new Set<bigint>();
  const symbols = elf.symbols();
  for (let i = 1; i < symbols.count; i++) {
    const section = symbols.sectionIndex(i);
    const isLabel = symbols.type(i) === STT_NOTYPE && map.codeSections.has(section);
    if (isLabel) labels.add(symbols.value(i));
  }
  for (const { section, start } of map.ranges()) labels.add(elf.sections[section]!.address + BigInt(start));
  return [...labels].sort((a, b) => (a < b ? -1 : 1));
}

/** Calls of the tracer (gcc -pg, -mfentry): no calls of the program. */
const TRACER = /^\.?(?:__fentry__|_*mcount|__gnu_mcount_nc)$/;

/** What both ways of reading have in common: what a transfer to a place calls. */
class Calls {
  readonly #map: CodeMap;
  readonly #set: InstructionSet;
  readonly #targets = new Map<CodeRange, ReferenceTarget | null>();

  constructor(map: CodeMap, set: InstructionSet) {
    this.#map = map;
    this.#set = set;
  }

  /** A call goes to a function's entry, or to a `.cold` part of another one's. */
  calledAt(by: CodeRange, kind: 'call' | 'jump', place: Place): ReferenceTarget | undefined {
    const code = this.#map.startingAt(place);
    if (code === undefined) return undefined;
    const { owner } = code;
    if (owner === by && (kind === 'jump' || owner !== code)) return undefined;
    return this.#targetOf(owner);
  }

  entryAt(place: Place): ReferenceTarget | undefined {
    const code = this.#map.startingAt(place);
    return code?.isFunction === true && !code.isFragment ? this.#targetOf(code) : undefined;
  }

  #targetOf(code: CodeRange): ReferenceTarget | undefined {
    let target = this.#targets.get(code);
    if (target === undefined) {
      const { name } = code;
      const isNobody =
        TRACER.test(name) ||
        this.#set.thunk?.test(name) === true ||
        this.#set.returnThunk?.test(name) === true;
      target = isNobody ? null : { name, code };
      this.#targets.set(code, target);
    }
    return target ?? undefined;
  }
}

interface Loaded {
  readonly section: ElfSection;
  readonly start: number;
  readonly end: number;
  readonly isCode: boolean;
}

/** Code of an image by addresses that count from a base. */
class LinkedScan {
  readonly #map: CodeMap;
  readonly #calls: Calls;
  readonly #sink: ImageReferenceSink;
  readonly #loaded: readonly Loaded[];
  #last: Loaded | undefined;

  constructor(elf: Elf, map: CodeMap, base: bigint, set: InstructionSet, sink: ImageReferenceSink) {
    this.#map = map;
    this.#calls = new Calls(map, set);
    this.#sink = sink;
    this.#loaded = elf.sections
      .filter(({ flags, size, address }) => (flags & SHF_ALLOC) !== 0 && size > 0 && address >= base)
      .map((section) => {
        const start = Number(section.address - base);
        const isCode = map.codeSections.has(section.index);
        return { section, start, end: start + section.size, isCode };
      });
  }

  transfer(kind: 'call' | 'jump', from: number, to: number): void {
    const holder = this.#at(from);
    const by = holder && this.#map.ownerAt(placeIn(holder, from));
    if (!holder || by?.isFunction !== true) return;
    // Most jumps stay within their function.
    if (kind === 'jump' && holder.section.index === by.section && isWithin(by, to - holder.start)) return;
    const other = this.#at(to);
    const target = other?.isCode === true && this.#calls.calledAt(by, kind, placeIn(other, to));
    if (target) this.#sink.reference('call', by, holder.section, target);
  }

  constant(from: number, address: number): void {
    const to = this.#at(address);
    if (to === undefined) return;
    const holder = this.#at(from);
    const by = holder && this.#map.ownerAt(placeIn(holder, from));
    if (!holder || by?.isFunction !== true) return;
    if (!to.isCode) {
      this.#sink.data(by, address);
      return;
    }
    const target = this.#calls.entryAt(placeIn(to, address));
    if (target) this.#sink.reference('address', by, holder.section, target);
  }

  #at(address: number): Loaded | undefined {
    const last = this.#last;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    const found = this.#loaded.find(({ start, end }) => address >= start && address < end);
    if (found?.isCode === true) this.#last = found;
    return found;
  }
}

function placeIn({ section, start }: Loaded, address: number): Place {
  return { section: section.index, offset: address - start };
}

function isWithin({ start, end }: CodeRange, offset: number): boolean {
  return offset > start && offset < end;
}

/** Calls within a section, which the assembler resolved itself. */
class NearCalls implements DisassemblySink {
  readonly #elf: Elf;
  readonly #map: CodeMap;
  readonly #calls: Calls;
  readonly #sink: ImageReferenceSink;
  readonly #seen = new Map<string, number>();
  #section = -1;

  constructor(elf: Elf, map: CodeMap, set: InstructionSet, sink: ImageReferenceSink) {
    this.#elf = elf;
    this.#map = map;
    this.#calls = new Calls(map, set);
    this.#sink = sink;
  }

  section(name: string): void {
    // objdump goes by section index, and its output tells sections of one name apart by nothing else.
    const nth = this.#seen.get(name) ?? 0;
    this.#seen.set(name, nth + 1);
    this.#section = this.#map.sectionsNamed(name)[nth] ?? -1;
  }

  transfer({ kind, symbol, offset, target }: Transfer): void {
    if (symbol !== undefined || target === undefined || this.#section < 0) return;
    if (kind !== 'call' && kind !== 'jump') return;
    const by = this.#map.ownerAt({ section: this.#section, offset });
    if (by?.isFunction !== true) return;
    const called = this.#calls.calledAt(by, kind, { section: this.#section, offset: target });
    if (called) this.#sink.reference('call', by, this.#elf.sections[this.#section]!, called);
  }
}
