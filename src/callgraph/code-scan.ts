/**
 * All that the code of a linked x86_64 image refers to, where the image keeps no relocations: calls and jumps by their
 * operands, and every constant that is an address in the image. Of a whole vmlinux these are five million lines, so
 * lines are not taken apart further than needed (measured: half of the time is objdump's own).
 */
import { type Elf, EM_X86_64, SHF_ALLOC, SHF_EXECINSTR } from '../elf/index.js';
import { InputError } from '../errors.js';
import { type CodeSpan, disassembleSpans } from './image-code.js';

export interface CodeScan {
  /** A direct call or jump; places are addresses that count from the base. */
  transfer(kind: 'call' | 'jump', from: number, to: number): void;
  /** A constant that may be an address. */
  constant(from: number, address: number): void;
}

/** Whether code of a machine can be scanned. */
export function canScan(machine: number): boolean {
  return machine === EM_X86_64;
}

/**
 * @param labels where functions and other labels begin, ascending: a disassembly starts anew there
 * @param base an address from which others are exact as doubles
 * @throws InputError if objdump cannot be run, or the machine is not one that can be scanned
 */
export async function scanCode(
  elf: Elf,
  labels: readonly bigint[],
  base: bigint,
  scan: CodeScan,
  objdump?: string,
): Promise<void> {
  if (!canScan(elf.machine)) {
    throw new InputError(elf.file, `is for a machine whose code is not read (e_machine ${elf.machine})`, '');
  }
  const spans: CodeSpan[] = [];
  for (const section of elf.sections) {
    const isCode = (section.flags & SHF_EXECINSTR) !== 0 && (section.flags & SHF_ALLOC) !== 0;
    if (!isCode || !section.hasData || section.address < base) continue;
    const end = section.address + BigInt(section.size);
    spans.push({
      start: section.address,
      bytes: elf.sectionBytes(section),
      labels: labels.filter((label) => label >= section.address && label < end),
    });
  }
  const reader = new ScanReader(base, scan);
  const take = (text: string, start: number, end: number) => reader.line(text, start, end);
  await disassembleSpans(elf, spans, base, take, objdump);
}

/** No image is linked so low that its addresses have fewer. */
const LOW_DIGITS = 4;

const DIGITS = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit++) DIGITS[digit.toString(16).charCodeAt(0)] = digit;

const [TAB, SPACE, HASH, STAR, MINUS, ZERO, COLON, X] = [0x09, 0x20, 0x23, 0x2a, 0x2d, 0x30, 0x3a, 0x78];

class ScanReader {
  readonly #scan: CodeScan;
  readonly #high: number;
  readonly #low: number;
  /** Where the number ends that was read last. */
  #after = 0;

  constructor(base: bigint, scan: CodeScan) {
    this.#scan = scan;
    this.#high = Number(base >> 32n);
    this.#low = Number(base & 0xffff_ffffn);
  }

  line(text: string, start: number, end: number): void {
    let at = start;
    while (text.charCodeAt(at) === SPACE) at++;
    const from = this.#hex(text, at, end);
    at = this.#after;
    if (text.charCodeAt(at) !== COLON || text.charCodeAt(at + 1) !== TAB) return;
    const code = at + 2;
    const kind = transferAt(text, code, end);
    if (kind !== undefined) this.#transfer(kind, from, text, code, end);
    else this.#constants(from, text, code, end);
  }

  #transfer(kind: 'call' | 'jump', from: number, text: string, code: number, end: number): void {
    // `call   1234 <f+0x10>`: an indirect one has a star, and what it reads may be told behind a hash.
    let at = code;
    while (at < end && text.charCodeAt(at) !== SPACE) at++;
    while (at < end && text.charCodeAt(at) === SPACE) at++;
    if (text.charCodeAt(at) === STAR) {
      this.#constants(from, text, at, end);
      return;
    }
    const to = this.#hex(text, at, end);
    if (this.#after > at) this.#scan.transfer(kind, from, to);
  }

  #constants(from: number, text: string, code: number, end: number): void {
    for (let at = code; at < end; at++) {
      const char = text.charCodeAt(at);
      if (char === HASH) {
        this.#near(from, text, at + 2, end);
        return;
      }
      if (char !== ZERO || text.charCodeAt(at + 1) !== X) continue;
      const first = at + 2;
      at = first;
      while (at < end && (DIGITS[text.charCodeAt(at)] ?? -1) >= 0) at++;
      if (at - first === 16) this.#absolute(from, text.slice(first, at));
      // An image that is linked low has short addresses.
      else if (this.#high === 0 && at - first >= LOW_DIGITS && text.charCodeAt(first - 3) !== MINUS)
        this.#absolute(from, text.slice(first, at).padStart(16, '0'));
      // A displacement of 32 bits, which counts from the end of the address space.
      else if (at - first === 8 && text.charCodeAt(first - 3) === MINUS)
        this.#displacement(from, text.slice(first, at));
    }
  }

  /** What objdump works out of a displacement that counts from here. */
  #near(from: number, text: string, first: number, end: number): void {
    const address = this.#hex(text, first, end);
    const digits = this.#after - first;
    if (digits > 0 && digits < 14) this.#scan.constant(from, address);
  }

  #hex(text: string, first: number, end: number): number {
    let value = 0;
    let at = first;
    for (; at < end; at++) {
      const digit = DIGITS[text.charCodeAt(at)] ?? -1;
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    this.#after = at;
    return value;
  }

  #absolute(from: number, digits: string): void {
    const high = Number.parseInt(digits.slice(0, 8), 16) - this.#high;
    const low = Number.parseInt(digits.slice(8), 16) - this.#low;
    this.#scan.constant(from, high * 2 ** 32 + low);
  }

  #displacement(from: number, digits: string): void {
    const low = 2 ** 32 - Number.parseInt(digits, 16) - this.#low;
    this.#scan.constant(from, (0xffff_ffff - this.#high) * 2 ** 32 + low);
  }
}

/** Prefixes that objdump writes before a transfer. */
const PREFIXED = /^(?:(?:bnd|notrack|data16|addr32|rex(?:\.[WRXB]+)?|repn?z?|[c-gs]s) +)+(?=call|j|loop)/;

function transferAt(text: string, code: number, end: number): 'call' | 'jump' | undefined {
  const first = text.charCodeAt(code);
  if (first === 0x6a) return 'jump'; // j
  if (first === 0x63 && text.startsWith('call', code)) return 'call';
  if (first === 0x6c && text.startsWith('loop', code)) return 'jump';
  if (first === 0x78 && text.startsWith('xbegin', code)) return 'jump';
  const isPrefix = first === 0x62 || first === 0x6e || first === 0x64 || first === 0x72 || first === 0x63;
  if (!isPrefix && first !== 0x65 && first !== 0x66 && first !== 0x67 && first !== 0x73 && first !== 0x61)
    return undefined;
  const line = text.slice(code, Math.min(end, code + 40));
  const prefix = PREFIXED.exec(line);
  if (prefix === null) return undefined;
  return line.startsWith('call', prefix[0].length) ? 'call' : 'jump';
}
