/**
 * Branches and addresses by distance, of machines whose instructions begin at known places: what the assembler settles
 * itself where the target is a local symbol of the same section. The forms are those of the architectures' manuals (Arm
 * ARM C4.1; z/Architecture Principles of Operation, RI, RIE, RIL; Power ISA 2.4). RISC-V and LoongArch relocate all
 * branches, as linking moves code.
 */
import { EM_AARCH64, EM_ARM, EM_PPC64, EM_S390 } from '../elf/index.js';

/** What an instruction refers to, as an offset in its section, and where its relocated field would be. */
export interface NearTarget {
  readonly target: number;
  readonly field: number;
  readonly isAddress: boolean;
}

export interface BranchReader {
  /** The length of the instruction at an offset, in bytes; at least 2. */
  length(view: DataView, at: number): number;
  /** What it refers to by distance; the whole instruction is in the view. */
  targetOf(view: DataView, at: number): NearTarget | undefined;
}

/** @returns undefined for a machine that is not one of these */
export function branchReaderOf(machine: number, littleEndian: boolean): BranchReader | undefined {
  switch (machine) {
    case EM_AARCH64:
      return words((view, at) => arm64(view.getUint32(at, true), at));
    case EM_ARM:
      return words((view, at) => arm(view.getUint32(at, littleEndian), at));
    case EM_PPC64:
      return words((view, at) => ppc64(view.getUint32(at, littleEndian), at));
    case EM_S390:
      return { length: s390Length, targetOf: s390 };
    default:
      return undefined;
  }
}

function words(targetOf: BranchReader['targetOf']): BranchReader {
  return { length: () => 4, targetOf };
}

/** A field of a word as a signed number. */
function signed(word: number, lowest: number, bits: number): number {
  return (word << (32 - lowest - bits)) >> (32 - bits);
}

function arm64(word: number, at: number): NearTarget | undefined {
  const branch = (distance: number) => ({ target: at + distance * 4, field: at, isAddress: false });
  if ((word & 0x7c00_0000) === 0x1400_0000) return branch(signed(word, 0, 26)); // b, bl
  if ((word & 0xff00_0000) >>> 0 === 0x5400_0000) return branch(signed(word, 5, 19)); // b.cond
  if ((word & 0x7e00_0000) === 0x3400_0000) return branch(signed(word, 5, 19)); // cbz, cbnz
  if ((word & 0x7e00_0000) === 0x3600_0000) return branch(signed(word, 5, 14)); // tbz, tbnz
  if ((word & 0x9f00_0000) === 0x1000_0000) {
    const distance = signed(word, 5, 19) * 4 + ((word >>> 29) & 3); // adr
    return { target: at + distance, field: at, isAddress: true };
  }
  return undefined;
}

/** A32: the program counter is two instructions ahead. */
function arm(word: number, at: number): NearTarget | undefined {
  if ((word & 0x0e00_0000) === 0x0a00_0000) {
    return { target: at + 8 + signed(word, 0, 24) * 4, field: at, isAddress: false }; // b, bl, blx
  }
  const add = (word & 0x0fff_0000) === 0x028f_0000;
  const subtract = (word & 0x0fff_0000) === 0x024f_0000;
  if (!add && !subtract) return undefined;
  const turn = ((word >>> 8) & 15) * 2;
  const value = word & 0xff;
  const distance = turn === 0 ? value : ((value >>> turn) | (value << (32 - turn))) >>> 0;
  return { target: at + 8 + (add ? distance : -distance), field: at, isAddress: true };
}

function ppc64(word: number, at: number): NearTarget | undefined {
  const isAbsolute = (word & 2) !== 0;
  const opcode = word >>> 26;
  if (isAbsolute || (opcode !== 18 && opcode !== 16)) return undefined;
  const distance = opcode === 18 ? signed(word, 2, 24) * 4 : signed(word, 2, 14) * 4; // b, bc
  return { target: at + distance, field: at, isAddress: false };
}

function s390Length(view: DataView, at: number): number {
  const top = view.getUint8(at) >> 6;
  return top === 0 ? 2 : top === 3 ? 6 : 4;
}

/** Operations of 16 bits of distance behind a7, and of 32 bits behind c0, by the second byte's lower half. */
const S390_A7 = new Set([0x4, 0x5, 0x6, 0x7]); // brc, bras, brct, brctg
const S390_C0 = new Set([0x4, 0x5]); // brcl, brasl
/** Compare and branch, and branch on index, behind ec: by the last byte. */
const S390_EC = new Set([0x44, 0x45, 0x64, 0x65, 0x76, 0x77, 0x7c, 0x7d, 0x7e, 0x7f]);

function s390(view: DataView, at: number): NearTarget | undefined {
  const opcode = view.getUint8(at);
  const lower = view.getUint8(at + 1) & 15;
  const short = () => ({ target: at + view.getInt16(at + 2) * 2, field: at + 2, isAddress: false });
  if (opcode === 0xa7) return S390_A7.has(lower) ? short() : undefined;
  if (opcode === 0x84 || opcode === 0x85) return short(); // brxh, brxle
  if (opcode === 0xec) return S390_EC.has(view.getUint8(at + 5)) ? short() : undefined;
  const isAddress = lower === 0; // larl
  if (opcode !== 0xc0 || (!isAddress && !S390_C0.has(lower))) return undefined;
  return { target: at + view.getInt32(at + 2) * 2, field: at + 2, isAddress };
}
