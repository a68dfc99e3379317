/**
 * What the architectures' relocations say of the symbols they name: which are references at all, which are the operands
 * of calls and jumps, and how the addend has to be read. The numbers are those of the psABIs (x86-64 and i386: "Relocation
 * Types"; z/Architecture ELF ABI; AAELF64; AAELF32; Power ELFv2; RISC-V ELF psABI; MIPS psABI and binutils'
 * include/elf/mips.h).
 */
import {
  type Elf,
  ElfError,
  type ElfSection,
  EM_386,
  EM_AARCH64,
  EM_ARM,
  EM_MIPS,
  EM_PPC64,
  EM_RISCV,
  EM_S390,
  EM_X86_64,
  type RelocationTable,
} from '../elf/index.js';

/** What an instruction does with the place that its relocated field names. */
export type Transfer = 'call' | 'jump' | undefined;

/** The bytes of a relocated section, in the file's byte order. */
export interface Code {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
}

export interface RelocationRules {
  /** Whether a relocation of this type refers to its symbol: not R_..._NONE, hints for the linker, and the like. */
  refers(type: number): boolean;
  /**
   * Whether it does so only where it names a function itself: R_RISCV_ADD32 and R_RISCV_SUB32 together are a
   * difference, `.long f - .` or the distance of two labels.
   */
  refersToFunctionsOnly(type: number): boolean;
  /** What the instruction around the field at `at` does. */
  transfer(type: number, code: Code, at: number): Transfer;
  /** What to add to the addend of a field of an instruction: displacements count from elsewhere than the field. */
  bias(type: number): number;
  /** How far behind a function's symbol a call may enter it: Power's local entry is behind the set-up of r2. */
  readonly entrySize: number;
}

/** What stands before a section, and behind it. */
const NOTHING = 0;

/** Whether a number is one of these, all below 256: a set that is quick to ask. */
function oneOf(numbers: readonly number[]): (number: number) => boolean {
  const table = new Uint8Array(256);
  for (const number of numbers) table[number] = 1;
  return (number) => table[number] === 1;
}

/** The same of a map of small numbers; 0 for what is not in it. */
function numbered(numbers: ReadonlyMap<number, number>): (number: number) => number {
  const table = new Uint8Array(256);
  for (const [number, value] of numbers) table[number] = value;
  return (number) => table[number] ?? 0;
}

const X86_CALL = 0xe8;
const X86_JUMP = 0xe9;

/** @param got types of slots in the global offset table, which `call *` and `jmp *` may go through */
function x86(
  none: readonly number[],
  widths: ReadonlyMap<number, 1 | 2 | 4>,
  got: readonly number[],
): RelocationRules {
  const isNone = oneOf(none);
  const isSlot = oneOf(got);
  const widthOf = numbered(widths);
  return {
    refers: (type) => !isNone(type),
    refersToFunctionsOnly: () => false,
    transfer(type, { bytes }, at) {
      const before = bytes[at - 2] ?? NOTHING;
      const last = bytes[at - 1] ?? NOTHING;
      if (isSlot(type)) return x86Slot(before, last);
      const width = widthOf(type);
      if (width === 0) return undefined;
      if (width === 1) return x86Short(last);
      if (last === X86_CALL) return 'call';
      return last === X86_JUMP || (before === 0x0f && (last & 0xf0) === 0x80) ? 'jump' : undefined;
    },
    // The field ends a call, a jump and a `lea`, and displacements count from the instruction's end.
    bias: widthOf,
    entrySize: 0,
  };
}

/** `call *f@GOTPCREL(%rip)` (ff 15), `jmp *f@GOT(%ebx)` (ff a3): -fno-plt. */
function x86Slot(opcode: number, modrm: number): Transfer {
  if (opcode !== 0xff) return undefined;
  const operation = (modrm >> 3) & 7;
  if (operation === 2) return 'call';
  return operation === 4 ? 'jump' : undefined;
}

/** jmp, jcc, loop and jcxz with displacements of one byte. */
function x86Short(opcode: number): Transfer {
  return opcode === 0xeb || (opcode & 0xf0) === 0x70 || (opcode & 0xfc) === 0xe0 ? 'jump' : undefined;
}

const X86_64_RULES = x86(
  [0, 26, 29, 32, 33], // NONE; GOTPC32, GOTPC64: the table itself; SIZE32, SIZE64
  new Map([
    [2, 4], // PC32
    [4, 4], // PLT32
    [9, 4], // GOTPCREL
    [13, 2], // PC16
    [15, 1], // PC8
    [39, 4], // PC32_BND
    [40, 4], // PLT32_BND
    [41, 4], // GOTPCRELX
    [42, 4], // REX_GOTPCRELX
    [43, 4], // CODE_4_GOTPCRELX
  ]),
  [9, 41, 42],
);

const I386_RULES = x86(
  [0, 10, 38], // NONE, GOTPC, SIZE32
  new Map([
    [2, 4], // PC32
    [4, 4], // PLT32
    [21, 2], // PC16
    [23, 1], // PC8
  ]),
  [3, 43], // GOT32, GOT32X
);

/** Where the instruction begins, counted back from the field; only instructions have these types. */
const S390_FIELD = numbered(
  new Map([
    [17, 2], // PC16DBL
    [18, 2], // PLT16DBL
    [19, 2], // PC32DBL
    [20, 2], // PLT32DBL
    [21, 2], // GOTPCDBL
    [26, 2], // GOTENT
    [33, 2], // GOTPLTENT
    [62, 1], // PC12DBL
    [63, 1], // PLT12DBL
    [64, 3], // PC24DBL
    [65, 3], // PLT24DBL
  ]),
);

/** The last byte of instructions that begin with ec and branch: brxhg, brxlg, and compare and branch relative. */
const S390_COMPARE_AND_BRANCH = oneOf([0x44, 0x45, 0x64, 0x65, 0x76, 0x77, 0x7c, 0x7d, 0x7e, 0x7f]);

const S390_RULES: RelocationRules = {
  refers: (type) => type !== 0 && type !== 14 && type !== 21, // NONE; GOTPC, GOTPCDBL: the table itself
  refersToFunctionsOnly: () => false,
  transfer(type, { bytes }, at) {
    if (S390_FIELD(type) !== 2) return undefined;
    const second = (bytes[at - 1] ?? NOTHING) & 0xf;
    switch (bytes[at - 2]) {
      case 0xc0: // brasl, brcl
        if (second === 5) return 'call';
        return second === 4 ? 'jump' : undefined;
      case 0xa7: // bras, brc; brct, brctg
        if (second === 5) return 'call';
        return second === 4 || second === 6 || second === 7 ? 'jump' : undefined;
      case 0xcc: // brcth
        return second === 6 ? 'jump' : undefined;
      case 0x84: // brxh
      case 0x85: // brxle
        return 'jump';
      case 0xec:
        return S390_COMPARE_AND_BRANCH(bytes[at + 3] ?? NOTHING) ? 'jump' : undefined;
      default:
        return undefined;
    }
  },
  bias: (type) => -S390_FIELD(type),
  entrySize: 0,
};

const AARCH64_BRANCHES = new Map<number, Transfer>([
  [279, 'jump'], // TSTBR14
  [280, 'jump'], // CONDBR19
  [282, 'jump'], // JUMP26
  [283, 'call'], // CALL26
]);

const AARCH64_RULES: RelocationRules = {
  refers: (type) => type !== 0 && type !== 256, // NONE, and NONE of older ABIs
  refersToFunctionsOnly: () => false,
  transfer: (type) => AARCH64_BRANCHES.get(type),
  bias: () => 0,
  entrySize: 0,
};

/**
 * What is no reference on Power: PLT16_*, PLTSEQ and PLT_PCREL34 fetch what the PLTCALL behind them calls; TOC names no
 * symbol; ENTRY, PCREL_OPT, TOCSAVE, TLSGD and TLSLD are marks; GNU_VTINHERIT and GNU_VTENTRY are for the linker.
 */
const POWER_NONE = oneOf([0, 29, 30, 31, 51, 60, 107, 108, 109, 118, 119, 121, 123, 134, 135, 253, 254]);
const POWER_BRANCHES = oneOf([
  2, // ADDR24
  7, // ADDR14, and its two with hints
  8,
  9,
  10, // REL24
  11, // REL14, and its two with hints
  12,
  13,
  116, // REL24_NOTOC
  120, // PLTCALL: the bctrl of an inline PLT call
  122, // PLTCALL_NOTOC
  124, // REL24_P9NOTOC
]);

const POWER_RULES: RelocationRules = {
  refers: (type) => !POWER_NONE(type),
  refersToFunctionsOnly: () => false,
  // The lowest bit of a branch, LK, keeps the return address (Power ISA, "Branch Instructions").
  transfer(type, code, at) {
    if (!POWER_BRANCHES(type)) return undefined;
    return (word(code, at) & 1) === 1 ? 'call' : 'jump';
  },
  bias: () => 0,
  entrySize: 16,
};

/**
 * What is no reference on RISC-V: PCREL_LO12_I and _S name the label of an auipc; ADD8, ADD16, SUB*, SET* and *_ULEB128
 * are sizes and distances; TPREL_ADD, ALIGN and RELAX are marks.
 */
const RISCV_NONE = oneOf([0, 24, 25, 32, 33, 34, 37, 38, 39, 40, 43, 51, 52, 53, 54, 55, 56, 60, 61]);
const RISCV_ADD32 = 35;
const RISCV_ADD64 = 36;
const RISCV_JAL = 17;
const RISCV_BRANCHES = new Map<number, Transfer>([
  [16, 'jump'], // BRANCH
  [18, 'call'], // CALL: also of a tail call
  [19, 'call'], // CALL_PLT
  [44, 'jump'], // RVC_BRANCH
  [45, 'jump'], // RVC_JUMP
]);

const RISCV_RULES: RelocationRules = {
  refers: (type) => !RISCV_NONE(type),
  refersToFunctionsOnly: (type) => type === RISCV_ADD32 || type === RISCV_ADD64,
  transfer(type, code, at) {
    // `j` is `jal` that keeps the return address in x0.
    if (type === RISCV_JAL) return ((word(code, at) >>> 7) & 0x1f) === 0 ? 'jump' : 'call';
    return RISCV_BRANCHES.get(type);
  },
  bias: () => 0,
  entrySize: 0,
};

/** NONE, GOTPC, BASE_ABS; V4BX marks a `bx`; GNU_VTENTRY and GNU_VTINHERIT. */
const ARM_NONE = oneOf([0, 25, 31, 40, 100, 101]);
const ARM_THUMB_CALL = 10;
const ARM_REL32 = 3;
const ARM_PREL31 = 42;
const ARM_CALL = 28;
/** PC24, PLT32 and JUMP24 may be of `b` or, with a condition, of `bl`. */
const ARM_BRANCHES = oneOf([1, 27, 29]);
/** THM_JUMP24, JUMP19, JUMP6, JUMP11, JUMP8. */
const ARM_THUMB_JUMPS = oneOf([30, 51, 52, 102, 103]);

const ARM_RULES: RelocationRules = {
  refers: (type) => !ARM_NONE(type),
  refersToFunctionsOnly: () => false,
  transfer(type, code, at) {
    if (type === ARM_CALL || type === ARM_THUMB_CALL) return 'call';
    if (ARM_THUMB_JUMPS(type)) return 'jump';
    if (!ARM_BRANCHES(type)) return undefined;
    const instruction = word(code, at);
    return instruction >>> 28 === 0xf || ((instruction >>> 24) & 1) === 1 ? 'call' : 'jump';
  },
  // The program counter is two instructions ahead.
  bias(type) {
    if (type === ARM_CALL || ARM_BRANCHES(type)) return 8;
    return type === ARM_THUMB_CALL || ARM_THUMB_JUMPS(type) ? 4 : 0;
  },
  entrySize: 0,
};

/** NONE, SUB; JALR marks the jump of a call that CALL16 is of already; GNU_VTINHERIT and GNU_VTENTRY. */
const MIPS_SUB = 24;
const MIPS_NONE = oneOf([0, MIPS_SUB, 37, 253, 254]);
const MIPS_26 = 4;
const MIPS_HI16 = 5;
const MIPS_LO16 = 6;
const MIPS_GOT16 = 9;
const MIPS_PC16 = 10;
const MIPS_PC21 = 60;
const MIPS_PC26 = 61;
const MIPS_PC32 = 248;
/** CALL16, CALL_HI16, CALL_LO16: what is fetched is only called. */
const MIPS_CALLS = oneOf([11, 30, 31]);

const MIPS_RULES: RelocationRules = {
  refers: (type) => !MIPS_NONE(type),
  refersToFunctionsOnly: () => false,
  transfer(type, code, at) {
    if (MIPS_CALLS(type)) return 'call';
    if (type === MIPS_PC21) return 'jump';
    if (type !== MIPS_26 && type !== MIPS_PC16 && type !== MIPS_PC26) return undefined;
    const instruction = word(code, at);
    const opcode = instruction >>> 26;
    if (type === MIPS_26) return opcode === 2 ? 'jump' : 'call'; // j; jal, jalx
    if (type === MIPS_PC26) return opcode === 0x3a ? 'call' : 'jump'; // balc; bc
    return opcode === 1 && ((instruction >>> 20) & 1) === 1 ? 'call' : 'jump'; // bltzal, bgezal (bal)
  },
  // Branches count from the instruction behind them.
  bias: (type) => (type === MIPS_PC16 || type === MIPS_PC21 || type === MIPS_PC26 ? 4 : 0),
  entrySize: 0,
};

const UNKNOWN_RULES: RelocationRules = {
  refers: (type) => type !== 0,
  refersToFunctionsOnly: () => false,
  transfer: () => undefined,
  bias: () => 0,
  entrySize: 0,
};

const RULES = new Map<number, RelocationRules>([
  [EM_X86_64, X86_64_RULES],
  [EM_386, I386_RULES],
  [EM_S390, S390_RULES],
  [EM_AARCH64, AARCH64_RULES],
  [EM_PPC64, POWER_RULES],
  [EM_RISCV, RISCV_RULES],
  [EM_ARM, ARM_RULES],
  [EM_MIPS, MIPS_RULES],
]);

/** Whether a machine's calls can be told from addresses. @param machine e_machine */
export function knowsBranches(machine: number): boolean {
  return RULES.has(machine);
}

/** Of a machine that is not known, every relocation but that of type 0 is a reference, and none is a call's. */
export function relocationRulesOf(machine: number): RelocationRules {
  return RULES.get(machine) ?? UNKNOWN_RULES;
}

/** Symbol and type of relocations. */
export interface RelocationInfo {
  symbol(i: number): number;
  type(i: number): number;
}

/**
 * What r_info says. MIPS64 has its own: a 32-bit symbol in the file's byte order, a byte that is no matter here, and
 * three types, the first one last, which work on one another's results (MIPS64 ELF ABI, "Relocation"). The distance
 * from a function to $gp, which the function sets up with (GPREL16, SUB, HI16), is no reference to it.
 */
export function relocationInfo(elf: Elf, table: RelocationTable, section: ElfSection): RelocationInfo {
  if (elf.machine !== EM_MIPS || elf.class === 32) return table;
  const { entsize } = section;
  const code = { bytes: elf.sectionBytes(section), littleEndian: elf.littleEndian };
  const symbols = elf.symbols().count;
  return {
    symbol(i) {
      const symbol = word(code, i * entsize + 8);
      if (symbol < symbols) return symbol;
      throw new ElfError(elf.file, `has an impossible relocation ${i} in section ${section.label}`);
    },
    type(i) {
      const second = code.bytes[i * entsize + 14]!;
      return second === MIPS_SUB ? MIPS_SUB : code.bytes[i * entsize + 15]!;
    },
  };
}

/**
 * The addends of SHT_REL relocations, which stand in the fields of one section. In a linked image the fields have what
 * was made of them instead: an address, or the distance of one.
 */
export class ImplicitAddends {
  readonly #machine: number;
  readonly #code: Code;
  /** By symbol: the upper half of an address, which the lower one's sign has to be added to. */
  readonly #upper = new Map<number, number>();

  /** @param code the relocated section's */
  constructor(machine: number, code: Code) {
    this.#machine = machine;
    this.#code = code;
  }

  /**
   * The addend; undefined for the upper half of an address, of which the relocation of the lower half tells.
   *
   * @param isLocal whether the symbol is STB_LOCAL
   * @param at where the field is, inside the section
   */
  of(type: number, symbol: number, isLocal: boolean, at: number): number | undefined {
    switch (this.#machine) {
      case EM_386:
        return i386Addend(type, this.#code, at);
      case EM_ARM:
        return armAddend(type, this.#code, at);
      case EM_MIPS:
        return this.#mips(type, symbol, isLocal, at);
      default:
        return word(this.#code, at) | 0;
    }
  }

  /** The address in a linked image's field. @param place the field's own address */
  linked(type: number, symbol: number, at: number, place: number): number | undefined {
    const field = this.of(type, symbol, true, at);
    if (field === undefined) return undefined;
    if (this.#machine === EM_MIPS && type === MIPS_26) return (place & 0xf0000000) | field;
    return isDistance(this.#machine, type) ? place + field : field;
  }

  #mips(type: number, symbol: number, isLocal: boolean, at: number): number | undefined {
    const field = word(this.#code, at);
    switch (type) {
      case MIPS_GOT16:
        if (!isLocal) return 0;
        this.#upper.set(symbol, field << 16);
        return undefined;
      case MIPS_HI16:
        this.#upper.set(symbol, field << 16);
        return undefined;
      case MIPS_LO16:
        return ((this.#upper.get(symbol) ?? 0) + signed(field, 16)) | 0;
      case MIPS_26:
        return (field & 0x3ffffff) << 2;
      case MIPS_PC16:
        return signed(field, 16) << 2;
      case MIPS_PC21:
        return signed(field, 21) << 2;
      case MIPS_PC26:
        return signed(field, 26) << 2;
      default:
        return MIPS_CALLS(type) ? 0 : field | 0;
    }
  }
}

/** Whether a field has the distance from itself. */
function isDistance(machine: number, type: number): boolean {
  if (machine === EM_ARM && (type === ARM_REL32 || type === ARM_PREL31)) return true;
  if (machine === EM_MIPS && type === MIPS_PC32) return true;
  return relocationRulesOf(machine).bias(type) !== 0;
}

function i386Addend(type: number, code: Code, at: number): number {
  switch (type) {
    case 20: // 16
    case 21: // PC16
      return signed(halfword(code, at), 16);
    case 22: // 8
    case 23: // PC8
      return signed(code.bytes[at] ?? 0, 8);
    default:
      return word(code, at) | 0;
  }
}

function armAddend(type: number, code: Code, at: number): number {
  if (type === ARM_CALL || ARM_BRANCHES(type)) return signed(word(code, at), 24) << 2;
  switch (type) {
    case ARM_THUMB_CALL:
    case 30: // THM_JUMP24
      return thumbBranch(halfword(code, at), halfword(code, at + 2));
    case ARM_PREL31:
      return signed(word(code, at), 31);
    case 43: // MOVW_ABS_NC
    case 44: // MOVT_ABS
    case 45: // MOVW_PREL_NC
    case 46: // MOVT_PREL
      return signed(((word(code, at) >>> 4) & 0xf000) | (word(code, at) & 0xfff), 16);
    case 47: // THM_MOVW_ABS_NC and so on: the assembler writes such fields with the symbol and 0 (gas, arm_fix_adjustable)
    case 48:
    case 49:
    case 50:
      return 0;
    default:
      return ARM_THUMB_JUMPS(type) ? -4 : word(code, at) | 0;
  }
}

/** The displacement of a Thumb `bl` or `b.w` (Arm ARM, encodings T1 and T4): S:I1:I2:imm10:imm11:0. */
function thumbBranch(first: number, second: number): number {
  const sign = (first >>> 10) & 1;
  const i1 = ~((second >>> 13) ^ sign) & 1;
  const i2 = ~((second >>> 11) ^ sign) & 1;
  const magnitude = (i1 << 23) | (i2 << 22) | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1);
  return sign === 1 ? magnitude - 0x1000000 : magnitude;
}

/** The instruction, or number, at a place; 0 where the section ends before. */
function word({ bytes, littleEndian }: Code, at: number): number {
  if (at + 4 > bytes.length) return 0;
  const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
  return (littleEndian ? a | (b << 8) | (c << 16) | (d << 24) : d | (c << 8) | (b << 16) | (a << 24)) >>> 0;
}

function halfword({ bytes, littleEndian }: Code, at: number): number {
  if (at + 2 > bytes.length) return 0;
  return littleEndian ? bytes[at]! | (bytes[at + 1]! << 8) : bytes[at + 1]! | (bytes[at]! << 8);
}

function signed(field: number, bits: number): number {
  return (field << (32 - bits)) >> (32 - bits);
}
