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
      if (!range.isFunction) continue;
      for (const name of [range.name, ...range.aliases]) {
        this.#facts.addFunction(this.#facts.name(name), '', 0, 0);
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
    if (transfer.kind === 'indirect call' || transfer.kind === 'indirect jump') return;
    const caller = this.#map.ownerAt({ section: this.#section, offset: transfer.offset });
    const callees = this.#targets(transfer).flatMap(
      (target) => this.#calleeOf(caller, transfer, target) ?? [],
    );
    for (const callee of new Set(callees)) this.#addCall(caller, callee);
  }

  finish(): CallFacts {
    return this.#facts.finish();
  }

  /** A place in this object, or the name of what is elsewhere; several where the name is that of several places. */
  #targets({ symbol, addend, target }: Transfer): (Place | string)[] {
    if (symbol === undefined) return [{ section: this.#section, offset: target! }];
    const places = [
      ...this.#map.named(symbol).map(({ section, start }) => ({ section, offset: start + addend })),
      ...this.#map.sectionsNamed(symbol).map((section) => ({ section, offset: addend })),
    ];
    if (places.length > 0) return places;
    const label = this.#map.label(symbol);
    return [label === undefined ? symbol : { section: label.section, offset: label.offset + addend }];
  }

  #addCall(caller: CodeRange | undefined, callee: string): void {
    const name = this.#facts.name(callee);
    if (caller === undefined) this.#facts.addNamelessCall(name, this.#facts.name(this.#sectionName));
    else this.#facts.addCall(this.#facts.name(caller.name), name);
  }

  /** What a transfer calls, if it is a call. */
  #calleeOf(caller: CodeRange | undefined, { kind }: Transfer, target: Place | string): string | undefined {
    if (typeof target === 'string') {
      return this.#isNoCall(target) || target === '*ABS*' || this.set.thunk?.test(target)
        ? undefined
        : target;
    }
    const code = this.#map.at(target);
    // Code without a name is the function's own, out of line (.fixup, .altinstr_aux).
    if (code === undefined) return undefined;
    const { owner } = code;
    const atEntry = owner === code && target.offset - code.start <= this.set.entrySize;
    // And from there, a jump into the middle of a function is the way back.
    if (caller === undefined && kind === 'jump' && !atEntry) return undefined;
    if (owner === caller && (kind === 'jump' || !atEntry)) return undefined;
    return this.#isNoCall(code.name) || this.set.thunk?.test(code.name) ? undefined : owner.name;
  }

  #isNoCall(callee: string): boolean {
    return TRACER.test(callee) || this.set.returnThunk?.test(callee) === true;
  }
}
