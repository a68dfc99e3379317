/**
 * How long the code of a section stays in memory, from the section's name:
 * - `init`: freed after boot, or after the module's init function;
 * - `exit`: run when a module goes; in vmlinux it is dropped, at link time or after boot;
 * - `core`: stays, so a livepatch may patch it.
 */
export type SectionLifetime = 'core' | 'init' | 'exit';

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
