import type { Elf } from '../elf/index.js';
import { CodeMap, type CodeRange, type Place } from './code-map.js';
import type { DisassemblySink, Transfer } from './disassembly.js';
import { type CallFacts, CallFactsBuilder } from './facts.js';
import type { InstructionSet } from './instruction-set.js';

/** Calls of the tracer (gcc -pg, -mfentry): no calls of the program. */
const TRACER = /^\.?(?:__fentry__|_*mcount|__gnu_mcount_nc)$/;

/**
 * Makes calls of an object's transfers.
 *
 * A call is a call instruction, or a jump to another function, which calls it in the place of returning. Within one
 * function (its `.cold` part included) jumps are no calls, and a call only where it goes to the entry.
 */
export class MachineCalls implements DisassemblySink {
  readonly #map: CodeMap;
  readonly #facts = new CallFactsBuilder();
  readonly #seen = new Map<string, number>();
  /** The ELF index of the section that is being read, and its name. */
  #section = 0;
  #sectionName = '';
  #sections = 0;

  /** @param elf an ET_REL file */
  constructor(
    elf: Elf,
    readonly set: InstructionSet,
  ) {
    this.#map = new CodeMap(elf);
    for (const range of this.#map.ranges()) {
      if (range.owner !== range) continue;
      const name = this.#facts.name(range.name);
      this.#facts.own(name);
      if (range.isFunction) this.#facts.addFunction(name, '', 0, 0);
      for (const alias of range.aliases) {
        const other = this.#facts.name(alias);
        if (range.isFunction) this.#facts.addFunction(other, '', 0, 0);
        this.#facts.addAlias(other, name);
      }
    }
  }

  /** How many sections of code the disassembly did not show. */
  get sectionsMissing(): number {
    return this.#map.codeSections.size - this.#sections;
  }

  section(name: string): void {
    // objdump goes by section index, and its output tells sections of one name apart by nothing else.
    const nth = this.#seen.get(name) ?? 0;
    this.#seen.set(name, nth + 1);
    this.#sectionName = name;
    this.#section = this.#map.sectionsNamed(name)[nth] ?? -1;
    if (this.#section >= 0) this.#sections++;
  }

  transfer(transfer: Transfer): void {
    const caller = this.#map.ownerAt({ section: this.#section, offset: transfer.offset });
    if (transfer.kind === 'indirect call' || transfer.kind === 'indirect jump') {
      if (caller !== undefined) this.#facts.addIndirect(this.#facts.name(caller.name));
      return;
    }
    const target = this.#target(transfer);
    if (typeof target === 'string') this.#external(caller, transfer, target);
    else if (target !== undefined) this.#internal(caller, transfer, target);
  }

  finish(): CallFacts {
    return this.#facts.finish();
  }

  /** A place in this object, or the name of what is elsewhere. */
  #target({ offset, symbol, addend, target }: Transfer): Place | string | undefined {
    if (symbol === undefined) return { section: this.#section, offset: target! };
    const ranges = this.#map.named(symbol);
    const sections = this.#map.sectionsNamed(symbol);
    if (ranges.length + sections.length > 1) {
      this.#facts.addUnplaced('several callees have that name', this.#sectionName, offset, symbol);
      return undefined;
    }
    if (ranges.length === 1) return { section: ranges[0]!.section, offset: ranges[0]!.start + addend };
    if (sections.length === 1) return { section: sections[0]!, offset: addend };
    const label = this.#map.label(symbol);
    return label === undefined ? symbol : { section: label.section, offset: label.offset + addend };
  }

  #external(caller: CodeRange | undefined, { offset }: Transfer, callee: string): void {
    if (this.#isNoCall(callee)) return;
    if (callee === '*ABS*') {
      this.#facts.addUnplaced('the callee is no function', this.#sectionName, offset, callee);
    } else if (caller === undefined) {
      this.#facts.addUnplaced('no function holds the code', this.#sectionName, offset, callee);
    } else if (this.set.thunk?.test(callee)) this.#facts.addIndirect(this.#facts.name(caller.name));
    else this.#facts.addCall(this.#facts.name(caller.name), this.#facts.name(callee));
  }

  #internal(caller: CodeRange | undefined, { kind, offset }: Transfer, target: Place): void {
    const code = this.#map.at(target);
    if (code === undefined) {
      // A jump to code without a name is one to the function's own, out of line (.fixup, .altinstr_aux).
      if (kind === 'jump') return;
      const callee = `${this.#sectionName}+0x${target.offset.toString(16)}`;
      this.#facts.addUnplaced('the callee is no function', this.#sectionName, offset, callee);
      return;
    }
    const { owner } = code;
    const atEntry = owner === code && target.offset - code.start <= this.set.entrySize;
    if (caller === undefined) {
      // And out of line, a jump into the middle of a function is the way back.
      if (kind === 'jump' && !atEntry) return;
      this.#facts.addUnplaced('no function holds the code', this.#sectionName, offset, owner.name);
      return;
    }
    if (owner === caller && (kind === 'jump' || !atEntry)) return;
    if (this.#isNoCall(code.name)) return;
    const from = this.#facts.name(caller.name);
    if (this.set.thunk?.test(code.name)) {
      this.#facts.addIndirect(from);
      return;
    }
    this.#facts.addCall(from, this.#facts.name(owner.name));
    // A call of code with several names is a call of each: a caller is found by whichever name one asks for.
    for (const alias of owner.aliases) this.#facts.addCall(from, this.#facts.name(alias));
  }

  #isNoCall(callee: string): boolean {
    return TRACER.test(callee) || this.set.returnThunk?.test(callee) === true;
  }
}
