import { EM_386, EM_AARCH64, EM_PPC64, EM_S390, EM_X86_64 } from '../elf/index.js';

export type TransferKind = 'call' | 'jump' | 'indirect call' | 'indirect jump';

/** What is particular to an architecture about reading calls off its machine code. */
export interface InstructionSet {
  /** binutils' name of the cross tools: `NAME-linux-gnu-objdump`. */
  readonly target: string;
  /** The kernel's name, which process.arch does not use. */
  readonly name: string;
  /**
   * Whether an instruction hands control on, and how. Returns are none. An indirect jump may be a call at the
   * function's end or a switch, which the instruction alone does not tell.
   *
   * @param text mnemonic and operands, as objdump writes them
   */
  transfer(text: string): TransferKind | undefined;
  /** Relocations that say where a transfer goes; those of an indirect one make it a direct one. */
  readonly relocation: RegExp;
  readonly relocationOfIndirect: RegExp | undefined;
  /** What to add to a relocation's addend for the target's offset: displacements count from another place. */
  bias(relocation: string): number;
  /** Whether the addends stand in the instructions, so that objdump shows them in the operands (SHT_REL). */
  readonly inPlace: boolean;
  /** How far behind a function's symbol a caller may enter it: ppc64le's local entry is behind the set-up of r2. */
  readonly entrySize: number;
  /** Functions that call or jump to where a register points. */
  readonly thunk: RegExp | undefined;
  /** Functions that return for others. */
  readonly returnThunk: RegExp | undefined;
}

const PREFIXES = /^(?:(?:bnd|notrack|data16|addr32|rex(?:\.[WRXB]+)?|repn?z?|[c-gs]s) +)+/;

const X86_64: InstructionSet = {
  target: 'x86_64',
  name: 'x86_64',
  transfer(text) {
    let code = text;
    switch (text.charCodeAt(0)) {
      case 0x6a: // j
      case 0x6c: // l
        break;
      case 0x63: // c: compares are many
        if (text.charCodeAt(1) === 0x6d) return undefined;
        code = text.replace(PREFIXES, '');
        break;
      case 0x6d: // m: moves are most
        return undefined;
      default:
        code = text.replace(PREFIXES, '');
        // GCC marks a jump through a table so, and a jump to a function never (-fcf-protection).
        if (code !== text && text.includes('notrack') && code.startsWith('jmp')) return undefined;
    }
    if (code.startsWith('call')) return code.includes('*') ? 'indirect call' : 'call';
    if (code.startsWith('j')) {
      return code.includes('*') ? 'indirect jump' : 'jump';
    }
    return code.startsWith('loop') ? 'jump' : undefined;
  },
  relocation: /^R_X86_64_(?:PLT32|PC32|PC8|PLT32_BND|PC32_BND|GOTPCREL)$/,
  // `call *f@GOTPCREL(%rip)`, as -fno-plt has it.
  relocationOfIndirect: /^R_X86_64_(?:REX_|CODE_4_)?GOTPCRELX?$/,
  // The displacement is the last field of a call or jump, and counts from its end.
  bias: (relocation) => (relocation === 'R_X86_64_PC8' ? 1 : 4),
  inPlace: false,
  entrySize: 0,
  thunk: /^__x86_indirect_(?:(?:call|jump)_)?thunk_/,
  returnThunk: /^__x86_return_thunk$/,
};

/** The 32-bit parts of an x86_64 kernel: the compatible vDSO, boot and realmode. */
const I386: InstructionSet = {
  ...X86_64,
  target: 'i686',
  name: 'i386',
  relocation: /^R_386_(?:PLT32|PC32|PC8)$/,
  relocationOfIndirect: undefined,
  bias: () => 0,
  inPlace: true,
};

const AARCH64: InstructionSet = {
  target: 'aarch64',
  name: 'arm64',
  transfer(text) {
    const mnemonic = firstWord(text);
    switch (mnemonic) {
      case 'b':
      case 'cbz':
      case 'cbnz':
      case 'tbz':
      case 'tbnz':
        return 'jump';
      case 'bl':
        return 'call';
    }
    if (mnemonic.startsWith('b.') || mnemonic.startsWith('bc.')) return 'jump';
    if (/^blra?[ab]?z?$/.test(mnemonic)) return 'indirect call';
    return /^bra?[ab]?z?$/.test(mnemonic) ? 'indirect jump' : undefined;
  },
  relocation: /^R_AARCH64_(?:CALL26|JUMP26|CONDBR19|TSTBR14)$/,
  relocationOfIndirect: undefined,
  bias: () => 0,
  inPlace: false,
  entrySize: 0,
  thunk: undefined,
  returnThunk: undefined,
};

/** b, ba, bl, bla, bc..., beq, bnel, bdnz, ...; a hint (`bne+`) may follow. */
const POWER_BRANCH = /^b(?:c|dn?z|dn?z[tf]|eq|ne|l[te]|g[te]|n[lgsu]|so|un|[tf])?(l?)a?[+-]?$/;
/** The same to the count register, and to the link register with a new link: `bctr`, `beqctrl`, `blrl`. */
const POWER_REGISTER = /^b[a-z]*(?:ctr(l?)|lr(l))[+-]?$/;

const POWER: InstructionSet = {
  target: 'powerpc64le',
  name: 'ppc64le',
  transfer(text) {
    if (text.charCodeAt(0) !== 0x62) return undefined;
    const mnemonic = firstWord(text);
    const register = POWER_REGISTER.exec(mnemonic);
    if (register !== null) return register[1] === '' ? 'indirect jump' : 'indirect call';
    const branch = POWER_BRANCH.exec(mnemonic);
    // `bcl 20,31,.+4` only reads the program counter (Power ISA, "Branch Conditional").
    if (branch === null || /^bcl\s+20,/.test(text)) return undefined;
    return branch[1] === 'l' ? 'call' : 'jump';
  },
  relocation: /^R_PPC64_(?:REL24(?:_NOTOC|_P9NOTOC)?|REL14(?:_BR(?:N)?TAKEN)?|ADDR24|ADDR14)$/,
  // `bctrl` as the end of an inline PLT call.
  relocationOfIndirect: /^R_PPC64_PLTCALL(?:_NOTOC)?$/,
  bias: () => 0,
  inPlace: false,
  entrySize: 16,
  thunk: undefined,
  returnThunk: undefined,
};

/** j, jg, je, jgnle, brc, brcl, brct, brctg, brxle, ...: relative; and compare-and-branch: crj, cgije, clgrjh, ... */
const S390_JUMP = /^(?:j(?!as)[a-z]*|br(?:c|cl|ct|ctg|cth|x[hl]e?g?|xh|xhg|xlg)|cl?g?[ir]j[a-z]*)$/;
const S390_REGISTER = /^(?:bi?|bi?c|b(?:o|h|nle|l|nhe|lh|ne|e|nlh|he|nl|le|nh|no|p|m|z|np|nm|nz)r?|br|bcr)$/;

const S390: InstructionSet = {
  target: 's390x',
  name: 's390x',
  transfer(text) {
    const first = text.charCodeAt(0);
    if (first !== 0x62 && first !== 0x6a && first !== 0x63) return undefined; // b, j, c
    const mnemonic = firstWord(text);
    switch (mnemonic) {
      case 'brasl':
      case 'jasl':
      case 'bras':
      case 'jas':
        return 'call';
      case 'basr':
      case 'balr':
      case 'bas':
      case 'bal':
        // Without a second register there is no branch: `basr %r13,0` loads the address.
        return /,\s*(?:%r0|0)$/.test(text.trimEnd()) ? undefined : 'indirect call';
    }
    if (S390_JUMP.test(mnemonic)) return mnemonic.startsWith('jnop') ? undefined : 'jump';
    if (!S390_REGISTER.test(mnemonic)) return undefined;
    // %r14 is the return address (z/Architecture ELF ABI), and a branch on mask 0 or to %r0 is none.
    if (/%r14$|%r0$|^bcr?\s+0,/.test(text.trimEnd())) return undefined;
    return 'indirect jump';
  },
  relocation: /^R_390_(?:PLT|PC)(?:12DBL|16DBL|24DBL|32DBL)$/,
  relocationOfIndirect: undefined,
  // The displacement counts from the instruction, 2 bytes before its field.
  bias: () => -2,
  inPlace: false,
  entrySize: 0,
  thunk: /^__s390_indirect_jump_/,
  returnThunk: /^__s390_indirect_jump_r14(?:use|$)/,
};

const SETS = new Map<number, InstructionSet>([
  [EM_X86_64, X86_64],
  [EM_386, I386],
  [EM_AARCH64, AARCH64],
  [EM_PPC64, POWER],
  [EM_S390, S390],
]);

/** @param machine e_machine */
export function instructionSetOf(machine: number): InstructionSet | undefined {
  return SETS.get(machine);
}

function firstWord(text: string): string {
  let end = 0;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x20 || code === 0x09) break;
  }
  return text.slice(0, end);
}
