/** The symbols that a livepatch refers to, and that the kernel's module loader cannot resolve by itself. */
import type { LivepatchWarning } from './livepatch.js';

/** How a livepatch says where a symbol is. */
export type ReferenceForm =
  /** Full klp-convert: `KLP_SYMPOS` in a `KLP_MODULE_RELOC(OBJECT)` array. */
  | 'annotated-full'
  /** Minimal klp-convert: the undefined symbol `.klp.sym.rela.LP_OBJECT.SYM_OBJECT.NAME.POS`. */
  | 'annotated-minimal'
  /** As the kernel reads it: the symbol `.klp.sym.OBJECT.NAME,POS`. */
  | 'converted'
  /** A plain undefined symbol: an export, or one that full klp-convert is to look up. */
  | 'undefined';

/** A section whose relocations use a symbol. */
export interface ReferenceUse {
  /** The relocated section: `.text`. */
  readonly section: string;
  /** The section of the relocations: `.rela.text`, `.klp.rela.vmlinux..text`. */
  readonly relocations: string;
  /** Of a `.klp.rela.` section: the object whose loading applies the relocation. */
  readonly livepatchObject?: string;
  /** How many. */
  readonly count: number;
  /** Whether the kernel applies the section's content early: see isEarlySection. */
  readonly early: boolean;
}

export interface ReferenceTarget {
  readonly how: ReferenceForm;
  /** The symbol's raw name: `.klp.sym.vmlinux.state_show,2`. */
  readonly raw: string;
  readonly name: string;
  /** The object that has the symbol: `vmlinux`, or a module; undefined for a plain undefined symbol. */
  readonly symbolObject?: string;
  /** The patched object that the reference is for, where the annotation says so. */
  readonly livepatchObject?: string;
  /** Of the symbol among equals of the object: 0 where it is to be the only one. */
  readonly position: number;
  /** Whether a relocation of something in memory uses it; undefined for C source. */
  readonly used?: boolean;
  readonly uses: readonly ReferenceUse[];
  /** Whether the symbol has the section index SHN_LIVEPATCH, which the kernel insists on; only where converted. */
  readonly marked?: boolean;
  /** Whether the symbol is weak: only of undefined ones. */
  readonly weak?: boolean;
  /** Why the raw name cannot be read back by who has to. */
  readonly problem?: string;
  /** The preprocessor's condition that it is under. */
  readonly condition?: string;
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
}

/** What a module says of the kernel that it is for. */
export interface ModuleKernel {
  /** Undefined for an object that modpost has not made a module of yet. */
  readonly vermagic?: string;
  /** Machine, class and byte order: `62-64-le`. */
  readonly abi: string;
}

/** A section of relocations that livepatch applies. */
export interface KlpRelaSection {
  readonly name: string;
  /** As the kernel reads it out of the name; undefined where it cannot. */
  readonly object?: string;
  /** The relocated section as the name has it (minimal klp-convert leaves its dot out), and as sh_info has it. */
  readonly base: string;
  readonly infoSection?: string;
  /** sh_flags: SHF_RELA_LIVEPATCH and SHF_ALLOC are needed. */
  readonly flags: number;
  readonly livepatchFlag: boolean;
  readonly allocated: boolean;
  readonly relocations: number;
  /** Symbols in it that are not marked SHN_LIVEPATCH: the kernel refuses the module. */
  readonly unmarked: readonly string[];
  readonly early: boolean;
}

/** A name that its reader refuses, or reads as something else. */
export interface MalformedName {
  readonly what: 'symbol' | 'section';
  readonly raw: string;
  readonly problem: string;
  readonly where: string;
}

export interface References {
  readonly kind: 'module' | 'source';
  readonly file: string;
  /** Of a module. */
  readonly kernel?: ModuleKernel;
  /** Annotated and converted ones, by symbol table or line; in a module, each symbol and annotation once. */
  readonly targets: readonly ReferenceTarget[];
  /** Symbols left to the module loader: exports, or a mistake; how `undefined`. Empty for C source. */
  readonly undefinedSymbols: readonly ReferenceTarget[];
  readonly relaSections: readonly KlpRelaSection[];
  readonly malformed: readonly MalformedName[];
  /** Sections of the module that the kernel applies before livepatch's relocations. */
  readonly earlySections: readonly string[];
  readonly warnings: readonly LivepatchWarning[];
}

const EARLY = new Set([
  '__jump_table',
  '__bug_table',
  '__ex_table',
  '__ftr_fixup',
  '__lwsync_fixup',
  '__mmu_ftr_fixup',
  '__fw_ftr_fixup',
  '__mcount_loc',
  '__patchable_function_entries',
  '__tracepoints_ptrs',
  '.altinstructions',
  '.altinstr_replacement',
  '.call_sites',
  '.cfi_sites',
  '.ibt_endbr_seal',
  '.kcfi_traps',
  '.nospec_call_table',
  '.nospec_return_table',
  '.parainstructions',
  '.retpoline_sites',
  '.return_sites',
  '.s390_indirect_branches',
  '.smp_locks',
  '.static_call_sites',
]);

/**
 * Sections that module_finalize (arch/.../kernel/module.c), jump labels, static calls, ftrace, unwinders and bug tables
 * read when the module is loaded. What is relocated in them only when the patched object comes is too late; Linux 5.8
 * and newer apply those of vmlinux early enough.
 */
export function isEarlySection(name: string): boolean {
  return EARLY.has(name) || name.startsWith('.orc_unwind') || name.startsWith('.s390_return');
}
