/** The numbers of the ELF specification (and of the kernel's uses of it) that klp-reach has to know, by their names there. */

export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;

export const EM_386 = 3;
export const EM_MIPS = 8;
export const EM_PPC64 = 21;
export const EM_S390 = 22;
export const EM_ARM = 40;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const EM_RISCV = 243;
export const EM_LOONGARCH = 258;

export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
/** Livepatch's own: the kernel resolves the symbol when the patched object is there (include/uapi/linux/elf.h). */
export const SHN_LIVEPATCH = 0xff20;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
/** "The section index does not fit here": it is in the SHT_SYMTAB_SHNDX section, or in section 0's header. */
export const SHN_XINDEX = 0xffff;

export const SHT_NULL = 0;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_SYMTAB_SHNDX = 18;

export const SHF_ALLOC = 0x2;
export const SHF_EXECINSTR = 0x4;
/** A relocation section that livepatch applies, not the module loader (include/uapi/linux/elf.h). */
export const SHF_RELA_LIVEPATCH = 0x00100000;

export const STB_LOCAL = 0;
export const STB_GLOBAL = 1;
export const STB_WEAK = 2;
export const STB_GNU_UNIQUE = 10;

export const STT_NOTYPE = 0;
export const STT_OBJECT = 1;
export const STT_FUNC = 2;
export const STT_SECTION = 3;
export const STT_FILE = 4;
export const STT_GNU_IFUNC = 10;
