/**
 * How long the code of a section stays in memory, from the section's name:
 * - `init`: freed after boot, or after the module's init function;
 * - `exit`: run when a module goes; in vmlinux it is dropped, at link time or after boot;
 * - `core`: stays, so a livepatch may patch it.
 */
export type SectionLifetime = 'core' | 'init' | 'exit';

/**
 * `body.lifetime` of the index: whether the code is there when a livepatch comes. Of a function that a linked image may
 * have from this unit or from another one it is `undecided`.
 */
export const Lifetime = { core: 0, init: 1, exit: 2, discarded: 3, undecided: 4 } as const;

/**
 * What the linker puts into vmlinux's .init.text and .exit.text: INIT_TEXT and EXIT_TEXT of
 * include/asm-generic/vmlinux.lds.h. The `mem` sections go there only without CONFIG_MEMORY_HOTPLUG, which an object
 * does not tell: where the linked image is there, ask the section that its symbol has in the image. `devinit` and
 * `cpuinit` are those of kernels before 3.10, which knew no livepatch but are still what old trees are built to.
 */
const INIT_TEXT = /^\.(?:init\.text(?:\..*)?|text\.startup|(?:mem|dev|cpu)init\.text)$/;
const EXIT_TEXT = /^\.(?:exit\.text(?:\..*)?|text\.exit|(?:mem|dev|cpu)exit\.text)$/;

/** The lifetime of a function's section in a unit's object, or in vmlinux. */
export function sectionLifetime(section: string): SectionLifetime {
  if (INIT_TEXT.test(section)) return 'init';
  if (EXIT_TEXT.test(section)) return 'exit';
  return 'core';
}

/**
 * The lifetime of a section of a module, which the module loader decides by the name's beginning: module_init_section
 * and module_exit_section of kernel/module/main.c. Exit code stays where CONFIG_MODULE_UNLOAD is on.
 */
export function moduleSectionLifetime(section: string): SectionLifetime {
  if (section.startsWith('.init')) return 'init';
  if (section.startsWith('.exit')) return 'exit';
  return 'core';
}

/** The memory of vmlinux that free_initmem (init/main.c and its architectures' own) frees after start. */
export interface InitBounds {
  /** `__init_begin` and `__init_end`. */
  readonly start: bigint;
  readonly end: bigint;
}

/** Code or data, as far as anything tells where it is. */
export interface LinkedPlace {
  readonly inModule: boolean;
  /** Of the linked object, or where that does not tell of the unit's; null where nothing does. */
  readonly section: string | null;
  /** In vmlinux; null where nothing tells. */
  readonly address: bigint | null;
}

/**
 * Whether code or data is still there when a livepatch comes: the one test of it, for units' bodies and for symbols of
 * linked objects. `init` is freed; `exit` is a module's code that has not run yet, and which `__exit` keeps from ftrace.
 *
 * @param bounds those of the vmlinux that has it, where they are known: then the address decides
 */
export function lifetimeOf(
  { inModule, section, address }: LinkedPlace,
  bounds: InitBounds | undefined,
): SectionLifetime {
  const ofModule = moduleSectionLifetime(section ?? '');
  if (inModule) return ofModule;
  const isInit =
    bounds !== undefined && address !== null
      ? address >= bounds.start && address < bounds.end
      : ofModule !== 'core' || sectionLifetime(section ?? '') !== 'core';
  return isInit ? 'init' : 'core';
}
