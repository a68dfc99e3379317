import type { InstructionSet, TransferKind } from './instruction-set.js';
import { LineSplitter } from './line-splitter.js';

/** An instruction that hands control on. */
export interface Transfer {
  readonly kind: TransferKind;
  /** Where it is in its section, in bytes. */
  readonly offset: number;
  /** Where it goes: by a relocation, an offset in the section, or unknown (indirect). */
  readonly symbol: string | undefined;
  /** What the relocation adds to the symbol, without the displacement's bias. */
  readonly addend: number;
  readonly target: number | undefined;
}

/** Where a disassembly's contents go. */
export interface DisassemblySink {
  /** The transfers that follow are in this section. */
  section(name: string): void;
  transfer(transfer: Transfer): void;
}

const SECTION = 'Disassembly of section ';
/** The last operand of a direct transfer: an address, objdump's name for it, and perhaps a comment. */
const OPERAND = /[\s,](?:0x)?([0-9a-f]+)(?: <[^>]*>)?(?:\s+(?:#|\/\/).*)?\s*$/;
const RELOCATION = /^\s+([0-9a-f]+):\s+(R_\w+)\s+(\S.*?)(?:([+-])0x([0-9a-f]+))?\s*$/;

/**
 * Reads what `objdump -d -r --no-show-raw-insn` prints, as it comes. Knows no symbols: it says what each transfer's
 * operand and relocation say.
 */
export class DisassemblyParser {
  readonly #lines = new LineSplitter((text, start, end) => this.#line(text, start, end));
  #pending: { kind: TransferKind; offset: number; text: string } | undefined;
  #symbol: string | undefined;
  #addend = 0;

  constructor(
    readonly set: InstructionSet,
    readonly sink: DisassemblySink,
  ) {}

  push(chunk: string): void {
    this.#lines.push(chunk);
  }

  end(): void {
    this.#lines.end();
    this.#flush();
  }

  #line(text: string, at: number, end: number): void {
    const first = text.charCodeAt(at);
    if (first === 0x09) {
      if (this.#pending !== undefined) this.#relocation(text.slice(at, end));
      return;
    }
    if (end === at) return;
    this.#flush();
    if (first === 0x44 && text.startsWith(SECTION, at)) {
      this.sink.section(text.slice(at + SECTION.length, text.charCodeAt(end - 1) === 0x3a ? end - 1 : end));
      return;
    }
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end || text.charCodeAt(colon + 1) !== 0x09) return;
    const start = colon + 2;
    // No architecture's transfers begin with any other letter: nine lines of ten end here.
    switch (text.charCodeAt(start)) {
      case 0x6d: // m
      case 0x73: // s
      case 0x61: // a
      case 0x70: // p
      case 0x6f: // o
      case 0x75: // u
      case 0x78: // x
        return;
    }
    const code = text.slice(start, end);
    const kind = this.set.transfer(code);
    if (kind === undefined) return;
    this.#pending = { kind, offset: Number.parseInt(text.slice(at, colon), 16), text: code };
  }

  /** A line of a relocation of the instruction before. */
  #relocation(line: string): void {
    const match = RELOCATION.exec(line);
    if (match === null) return;
    const [, at, type, symbol, sign, addend] = match;
    const { kind, text } = this.#pending!;
    const direct = kind === 'call' || kind === 'jump';
    const wanted = direct ? this.set.relocation : this.set.relocationOfIndirect;
    if (!wanted?.test(type!)) return;
    const size = addend === undefined ? 0 : Number.parseInt(addend, 16);
    this.#symbol = symbol!;
    this.#addend = (sign === '-' ? -size : size) + this.set.bias(type!);
    // The operand is the end of the instruction, which is 4 behind the field, plus what stands in the field.
    if (this.set.inPlace) this.#addend += operandOf(text) - Number.parseInt(at!, 16);
  }

  #flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const { offset, text } = pending;
    let { kind } = pending;
    const symbol = this.#symbol;
    this.#symbol = undefined;
    if (symbol !== undefined) {
      if (kind === 'indirect call') kind = 'call';
      else if (kind === 'indirect jump') kind = 'jump';
      this.sink.transfer({ kind, offset, symbol, addend: this.#addend, target: undefined });
      return;
    }
    if (kind !== 'call' && kind !== 'jump') {
      this.sink.transfer({ kind, offset, symbol, addend: 0, target: undefined });
      return;
    }
    const target = operandOf(text);
    if (!Number.isNaN(target)) this.sink.transfer({ kind, offset, symbol, addend: 0, target });
  }
}

/** The address that the last operand of a direct transfer is; NaN where there is none. */
export function operandOf(text: string): number {
  return Number.parseInt(OPERAND.exec(text)?.[1] ?? '', 16);
}
