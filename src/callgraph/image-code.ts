/**
 * What machine code of a linked image refers to, where the image keeps no relocations: calls and jumps by their operands,
 * addresses by constants that are one. objdump reads it, from a small file made of just the code that is asked about;
 * s390x needs none.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Elf, EM_S390 } from '../elf/index.js';
import { InputError } from '../errors.js';
import { operandOf } from './disassembly.js';
import { type InstructionSet, instructionSetOf } from './instruction-set.js';
import { LineSplitter, type TakeLine } from './line-splitter.js';
import { objdumpFor } from './objdump.js';

/** Code of an image, by addresses. */
export interface CodeSpan {
  readonly start: bigint;
  readonly bytes: Uint8Array;
  /** Where functions and other labels begin, ascending: a disassembly starts anew there. */
  readonly labels: readonly bigint[];
}

/** @param how a call or jump to the target, or a constant that is its address */
export type TakeReference = (how: 'call' | 'address', from: bigint, target: bigint) => void;

/**
 * Disassembles code.
 *
 * @param isEntry whether an address is that of a function: other constants are no references
 * @throws InputError if objdump cannot be run, or the machine is not one that can be read
 */
export async function readCode(
  elf: Elf,
  spans: readonly CodeSpan[],
  isEntry: (address: bigint) => boolean,
  take: TakeReference,
  objdump?: string,
): Promise<void> {
  if (elf.machine === EM_S390) {
    for (const span of spans) readS390(span, isEntry, take);
    return;
  }
  const set = instructionSetOf(elf.machine);
  if (set === undefined) {
    throw new InputError(
      elf.file,
      `is for a machine whose code cannot be read (e_machine ${elf.machine})`,
      '',
    );
  }
  const [first] = spans;
  if (!first) return;
  let base = first.start;
  for (const { start } of spans) if (start < base) base = start;
  await disassembleSpans(elf, spans, base, lineReader(set, base, isEntry, take), objdump);
}

/**
 * Runs objdump over spans; addresses in its output count from `base`.
 *
 * @throws InputError if objdump cannot be run, or the machine is not one that can be read
 */
export async function disassembleSpans(
  elf: Elf,
  spans: readonly CodeSpan[],
  base: bigint,
  take: TakeLine,
  objdump?: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'klp-reach-'));
  try {
    const file = join(folder, 'code.o');
    await writeFile(file, elfOf(elf, spans, base));
    await disassembleTo(objdump ?? objdumpFor(instructionSetOf(elf.machine)!), file, elf.file, take);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * z/Architecture tells an instruction's length by its first two bits, and its relative branches and LARL are few: no
 * disassembler is needed (Principles of Operation, "Instruction Formats": RI, RIL).
 */
function readS390(
  { start, bytes, labels }: CodeSpan,
  isEntry: (address: bigint) => boolean,
  take: TakeReference,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const resync = labels.map((label) => Number(label - start));
  let next = 0;
  for (let at = 0; at + 2 <= bytes.length; ) {
    while (next < resync.length && resync[next]! <= at) next++;
    const first = bytes[at]!;
    const length = first < 0x40 ? 2 : first < 0xc0 ? 4 : 6;
    const low = bytes[at + 1]! & 0xf;
    const target = (halfwords: number) => start + BigInt(at) + BigInt(halfwords) * 2n;
    if (at + length <= bytes.length) {
      if (first === 0xc0 && (low === 4 || low === 5))
        take('call', start + BigInt(at), target(view.getInt32(at + 2)));
      else if (first === 0xa7 && (low === 4 || low === 5))
        take('call', start + BigInt(at), target(view.getInt16(at + 2)));
      else if (first === 0xc0 && low === 0 && isEntry(target(view.getInt32(at + 2)))) {
        take('address', start + BigInt(at), target(view.getInt32(at + 2)));
      }
    }
    const end = at + length;
    // A label within what looked like an instruction: the bytes before it were data.
    at = next < resync.length && resync[next]! < end ? resync[next]! : end;
  }
}

/** Reads objdump's lines; addresses in them count from `base`, so that they are exact numbers. */
function lineReader(
  set: InstructionSet,
  base: bigint,
  isEntry: (address: bigint) => boolean,
  take: TakeReference,
): TakeLine {
  return (whole, start, end) => {
    const line = whole.slice(start, end);
    const colon = line.indexOf(':\t');
    if (colon < 0) return;
    const at = Number.parseInt(line.slice(0, colon), 16);
    if (Number.isNaN(at)) return;
    const from = base + BigInt(at);
    const text = line.slice(colon + 2);
    const kind = set.transfer(text);
    if (kind === 'call' || kind === 'jump') {
      const target = operandOf(text);
      if (!Number.isNaN(target)) take('call', from, base + BigInt(target));
      return;
    }
    for (const address of constantsIn(text, base)) if (isEntry(address)) take('address', from, address);
  };
}

/** Immediate values, which are whole addresses, and what objdump works out of an offset from here. */
function* constantsIn(text: string, base: bigint): Iterable<bigint> {
  for (const [, digits] of text.matchAll(/\$?0x([0-9a-f]{6,16})\b/g)) yield BigInt(`0x${digits}`);
  const near = /(?:#|,)\s*(?:0x)?([0-9a-f]+) <[^>]*>\s*$/.exec(text);
  if (near) yield base + BigInt(`0x${near[1]}`);
}

async function disassembleTo(program: string, file: string, image: string, take: TakeLine): Promise<void> {
  const child = spawn(program, ['-d', '--no-show-raw-insn', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const closed = new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  closed.catch(() => {}); // It may fail before it is awaited below.
  const lines = new LineSplitter(take);
  for await (const chunk of child.stdout.setEncoding('utf8')) lines.push(chunk as string);
  lines.end();
  let status: number | null;
  try {
    status = await closed;
  } catch {
    throw new InputError(
      image,
      `${program} cannot be run to read its code`,
      'install binutils, or say --objdump PATH',
    );
  }
  if (status !== 0)
    throw new InputError(image, `${program} cannot read its code`, 'give another one with --objdump PATH');
}

const HEADER = 64;
const SECTION = 64;
const SYMBOL = 24;
const [SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB] = [1, 2, 3];

/** An ELF file of these spans as sections, with a symbol at each label. */
function elfOf(elf: Elf, spans: readonly CodeSpan[], base: bigint): Buffer {
  const little = elf.littleEndian;
  const labels = spans.flatMap((span, at) => span.labels.map((label) => ({ label, section: at + 1 })));
  const strings = Buffer.from('\0.text\0f\0', 'latin1');
  const code = Buffer.concat(spans.map(({ bytes }) => bytes));
  const symbols = Buffer.alloc((labels.length + 1) * SYMBOL);
  const view = (buffer: Buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  labels.forEach(({ label, section }, at) => {
    const symbol = view(symbols.subarray((at + 1) * SYMBOL));
    symbol.setUint32(0, 7, little);
    symbol.setUint8(4, 0x12); // STB_GLOBAL, STT_FUNC
    symbol.setUint16(6, section, little);
    symbol.setBigUint64(8, label - base, little);
  });
  const count = spans.length + 3;
  const tableAt = HEADER;
  const codeAt = tableAt + count * SECTION;
  const symbolsAt = codeAt + code.length;
  const stringsAt = symbolsAt + symbols.length;
  const head = Buffer.alloc(codeAt);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  const header = view(head);
  header.setUint16(16, 2, little); // ET_EXEC
  header.setUint16(18, elf.machine, little);
  header.setUint32(20, 1, little);
  header.setBigUint64(40, BigInt(tableAt), little);
  header.setUint32(48, elf.flags, little);
  header.setUint16(52, HEADER, little);
  header.setUint16(58, SECTION, little);
  header.setUint16(60, count, little);
  header.setUint16(62, count - 1, little);
  const section = (
    at: number,
    type: number,
    flags: number,
    address: bigint,
    offset: number,
    size: number,
  ) => {
    const entry = view(head.subarray(tableAt + at * SECTION, tableAt + (at + 1) * SECTION));
    entry.setUint32(0, type === SHT_PROGBITS ? 1 : 0, little);
    entry.setUint32(4, type, little);
    entry.setBigUint64(8, BigInt(flags), little);
    entry.setBigUint64(16, address, little);
    entry.setBigUint64(24, BigInt(offset), little);
    entry.setBigUint64(32, BigInt(size), little);
    return entry;
  };
  let at = codeAt;
  spans.forEach(({ start, bytes }, nth) => {
    section(nth + 1, SHT_PROGBITS, 6, start - base, at, bytes.length);
    at += bytes.length;
  });
  const table = section(count - 2, SHT_SYMTAB, 0, 0n, symbolsAt, symbols.length);
  table.setUint32(40, count - 1, little);
  table.setUint32(44, 1, little);
  table.setBigUint64(56, BigInt(SYMBOL), little);
  section(count - 1, SHT_STRTAB, 0, 0n, stringsAt, strings.length);
  return Buffer.concat([head, code, symbols, strings]);
}
