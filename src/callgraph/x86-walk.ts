/**
 * Where the instructions of x86 code begin, without a disassembler: their lengths follow from prefixes, opcode, ModRM and
 * SIB (Intel SDM volume 2, chapter 2 and appendix A). Integer instructions are known. Code with any other one (x87, SSE,
 * VEX, undefined) is not walked: who wants to know has to ask a disassembler.
 */

/**
 * What comes with an opcode, a letter for each: `.` nothing; `b`, `w`, `e` an immediate of one, two, three bytes; `z` of
 * four, or two with the prefix 66; `v` the same, or eight with REX.W; `o` an address; `j` a distance of four bytes; `m`
 * ModRM, `B` and `Z` ModRM and then `b` and `z`; `c` ModRM whose operands are registers; `p` a prefix; `r` REX, which in
 * 32-bit code is an instruction; `x` the second table; `?` unknown.
 */
const ONE_BYTE = [
  'mmmmbz??mmmmbz?x', // 00: add, or
  'mmmmbz??mmmmbz??', // 10: adc, sbb
  'mmmmbzp?mmmmbzp?', // 20: and, sub
  'mmmmbzp?mmmmbzp?', // 30: xor, cmp
  'rrrrrrrrrrrrrrrr', // 40
  '................', // 50: push, pop
  '???mppppzZbB....', // 60
  'bbbbbbbbbbbbbbbb', // 70: jcc
  'BZ?Bmmmmmmmmmmmm', // 80
  '..........??....', // 90
  'oooo....bz......', // a0
  'bbbbbbbbvvvvvvvv', // b0: mov
  'BBw.??BZe.w..b?.', // c0
  'mmmm???.????????', // d0: shifts, xlat
  'bbbbbbbbjj?b....', // e0
  'p.pp..mm......mm', // f0
].join('');

/** The same for the opcodes behind 0f. */
const TWO_BYTE = [
  'mmmm?.....?.?m??', // 00
  '????????mmmmmmmm', // 10: hints
  'cccc????????????', // 20: control and debug registers
  '......??????????', // 30: model-specific registers
  'mmmmmmmmmmmmmmmm', // 40: cmovcc
  '????????????????', // 50
  '????????????????', // 60
  '????????????????', // 70
  'jjjjjjjjjjjjjjjj', // 80: jcc
  'mmmmmmmmmmmmmmmm', // 90: setcc
  '...mBm??...mBmmm', // a0
  'mmmmmmmm??Bmmmmm', // b0
  'mm?m???m........', // c0: xadd, movnti, cmpxchg8b, bswap
  '????????????????', // d0
  '????????????????', // e0
  '????????????????', // f0
].join('');

/** A place among the letters, the second table behind the first -> the operations (ModRM.reg) that are known, a bit each. */
const OPERATIONS: ReadonlyMap<number, number> = new Map([
  [0x8f, 0x01], // pop; others are XOP
  [0xc6, 0x01],
  [0xc7, 0x01],
  [0xfe, 0x03],
  [0xff, 0x7f],
  [0x100, 0x3f],
  [0x1ba, 0xf0],
  [0x1c7, 0xfa],
]);

/** No instruction is longer, in bytes. */
const LONGEST = 15;

/**
 * Walks code from the start to the end of a range of bytes.
 *
 * @param is64 whether it is 64-bit code
 * @returns 1 for each byte of the range that an instruction's opcode begins at, behind its prefixes; undefined where the
 *   code is not known, or its last instruction does not end where the range does
 */
export function opcodesOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  is64: boolean,
): Uint8Array | undefined {
  if (end > bytes.length) return undefined;
  const opcodes = new Uint8Array(end - start);
  const instruction = { opcode: 0, end: start };
  while (instruction.end < end) {
    if (!decode(bytes, instruction.end, is64, instruction)) return undefined;
    // Where the end is passed, the mark is lost with all others.
    opcodes[instruction.opcode - start] = 1;
  }
  return instruction.end === end ? opcodes : undefined;
}

/** Finds where an instruction's opcode is and where it ends; false where it is not known. */
function decode(
  bytes: Uint8Array,
  start: number,
  is64: boolean,
  found: { opcode: number; end: number },
): boolean {
  let at = start;
  let isShort = false;
  let isAddressShort = false;
  let letter = ONE_BYTE[bytes[at]!];
  for (; letter === 'p'; letter = ONE_BYTE[bytes[++at]!]) {
    if (bytes[at] === 0x66) isShort = true;
    else if (bytes[at] === 0x67) isAddressShort = true;
  }
  let isWide = false;
  if (letter === 'r' && is64) {
    isWide = (bytes[at]! & 8) !== 0;
    letter = ONE_BYTE[bytes[++at]!];
    // A prefix behind REX takes its meaning.
    if (letter === 'r' || letter === 'p') return false;
  }
  found.opcode = at;
  let place = bytes[at++]!;
  if (letter === 'x') {
    place = 0x100 + bytes[at]!;
    letter = TWO_BYTE[bytes[at++]!];
  }
  // Addresses of 16 bits are laid out differently.
  if (letter === undefined || (isAddressShort && (!is64 || letter === 'o'))) return false;
  const size = isShort && !isWide ? 2 : 4;
  if ('mBZ'.includes(letter)) {
    const operations = OPERATIONS.get(place);
    const operation = (bytes[at]! >> 3) & 7;
    if (operations !== undefined && ((operations >> operation) & 1) === 0) return false;
    at += modrmLength(bytes, at);
    // test, the only operations of these opcodes with an immediate.
    if (operation < 2 && place === 0xf6) at++;
    else if (operation < 2 && place === 0xf7) at += size;
  }
  const length = immediateLength(letter, size, isWide, is64);
  found.end = at + length;
  return length >= 0 && found.end <= bytes.length && found.end - start <= LONGEST;
}

/** How many bytes follow an opcode and its ModRM; negative where that is not known. */
function immediateLength(letter: string, size: number, isWide: boolean, is64: boolean): number {
  switch (letter) {
    case '.':
    case 'm':
    case 'r':
      return 0;
    case 'b':
    case 'B':
    case 'c':
      return 1;
    case 'w':
      return 2;
    case 'e':
      return 3;
    case 'z':
    case 'Z':
      return size;
    case 'v':
      return isWide ? 8 : size;
    case 'o':
      return is64 ? 8 : 4;
    case 'j':
      // Processors disagree on the size of a distance with the prefix 66.
      return size === 4 ? 4 : -1;
    default:
      return -1;
  }
}

/** ModRM, SIB and displacement, of 32-bit and 64-bit addresses. */
function modrmLength(bytes: Uint8Array, at: number): number {
  const mode = bytes[at]! >> 6;
  const base = bytes[at]! & 7;
  if (mode === 3) return 1;
  const hasSib = base === 4;
  const displacement = mode === 1 ? 1 : mode === 2 ? 4 : (hasSib ? bytes[at + 1]! & 7 : base) === 5 ? 4 : 0;
  return 1 + (hasSib ? 1 : 0) + displacement;
}
