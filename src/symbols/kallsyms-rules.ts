/**
 * Which symbols kallsyms keeps. That decides sympos: kernel/livepatch/core.c (klp_find_object_symbol) counts what
 * kallsyms has, functions and data alike, and nothing else.
 */
import {
  type ElfSection,
  SHF_ALLOC,
  SHN_ABS,
  SHN_COMMON,
  SHN_UNDEF,
  STB_GNU_UNIQUE,
  STT_FILE,
  STT_SECTION,
  type SymbolTable,
} from '../elf/index.js';
import { moduleSectionLifetime } from './section-lifetime.js';

/** KSYM_NAME_LEN of include/linux/kallsyms.h since 6.1; scripts/kallsyms.c drops names that do not fit (128 before). */
const KSYM_NAME_LEN = 512;

/** The few absolute symbols that is_ignored_symbol of scripts/kallsyms.c lets pass. */
const KEPT_ABSOLUTE = new Set([
  '__kernel_syscall_via_break',
  '__kernel_syscall_via_epc',
  '__kernel_sigtramp',
  '__gp',
]);

/**
 * What scripts/kallsyms.c (is_ignored_symbol, until 6.2) and scripts/mksysmap (since) leave out by name. The list grew
 * over the years; the newest is used for every kernel, as no entry of it can be the name of a function of C.
 */
const IGNORED_START =
  /^(?:\$|\.L|__crc_|__kstrtab_|__kstrtabns_|__efistub_|__(?:kvm_nvhe_|pi_)(?:\$|\.L|__kcfi_typeid_)|__kcfi_typeid_|__(?:AArch64ADRP|ARMV5PILong|ARMV7PILong|ThumbV7PILong|LA25|microLA25)Thunk_)/;
const IGNORED_END = /(?:_from_arm|_from_thumb|_veneer)$/;
const IGNORED_WHOLE =
  /^(?:L0|_SDA2?_BASE_|kallsyms_(?:addresses|offsets|relative_base|num_syms|names|markers|token_table|token_index|seqs_of_names))$/;

/** Whether kallsyms leaves a symbol of vmlinux out because of its name. */
export function isIgnoredName(name: string): boolean {
  // Most names are none of these, and one look at the first and the last letter says so: half of the whole cost.
  const first = name.charCodeAt(0);
  if (first === 0x24 || first === 0x2e || first === 0x5f || first === 0x6b || first === 0x4c) {
    if (IGNORED_START.test(name) || IGNORED_WHOLE.test(name)) return true;
  }
  const last = name.charCodeAt(name.length - 1);
  if ((last === 0x6d || last === 0x62 || last === 0x72) && IGNORED_END.test(name)) return true;
  if (name.length >= KSYM_NAME_LEN) return true;
  return name.includes('.long_branch.') || name.includes('.plt_branch.');
}

/**
 * Whether kallsyms keeps a symbol of vmlinux, apart from its name. With CONFIG_KALLSYMS_ALL, which CONFIG_LIVEPATCH
 * depends on, data stays as well as text. What `nm` calls U, w (undefined), N, n (not loaded), u (unique) and C goes,
 * and nm does not even print the symbols of sections and files.
 *
 * @param section the symbol's section, undefined where its index is a reserved one
 */
export function isInVmlinuxKallsyms(
  symbols: SymbolTable,
  i: number,
  section: ElfSection | undefined,
): boolean {
  const type = symbols.type(i);
  if (type === STT_SECTION || type === STT_FILE || symbols.bind(i) === STB_GNU_UNIQUE) return false;
  if (section === undefined)
    return symbols.rawSectionIndex(i) === SHN_ABS && KEPT_ABSOLUTE.has(symbols.name(i));
  return section.index !== SHN_UNDEF && (section.flags & SHF_ALLOC) !== 0;
}

/**
 * Sections that are marked to be loaded, but which the module loader reads and does not keep: rewrite_section_headers
 * and setup_load_info of kernel/module/main.c.
 */
const NOT_KEPT = new Set(['.modinfo', '__versions', '__version_ext_crcs', '__version_ext_names']);

/**
 * Whether kallsyms keeps the symbols of a section of a loaded module: is_core_symbol of kernel/module/kallsyms.c with
 * CONFIG_KALLSYMS_ALL. Symbols that have no section (absolute ones) are never kept.
 */
export function isCoreModuleSection(section: ElfSection): boolean {
  return (
    section.index !== SHN_UNDEF &&
    (section.flags & SHF_ALLOC) !== 0 &&
    moduleSectionLifetime(section.name) !== 'init' &&
    !NOT_KEPT.has(section.name)
  );
}

/** Whether a symbol is defined at all: what a module's full symbol table counts while its init function has not run. */
export function isDefined(symbols: SymbolTable, i: number): boolean {
  const raw = symbols.rawSectionIndex(i);
  return raw !== SHN_UNDEF && raw !== SHN_COMMON;
}
