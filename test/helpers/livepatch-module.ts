import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The structures of include/linux/livepatch.h, by the kernel that brought a change: the author's fields, then what the
 * kernel keeps in them.
 */
export interface KernelEra {
  readonly kernel: string;
  readonly func: string;
  readonly object: string;
  readonly patch: string;
}

const CALLBACKS =
  'struct { void *pre_patch, *post_patch, *pre_unpatch, *post_unpatch; _Bool enabled; } callbacks;';
const OLD_FUNC =
  'unsigned long old_addr; struct kobject kobj; struct list_head stack_node; unsigned long old_size, new_size;';
const NEW_FUNC =
  'void *old_func; struct kobject kobj; struct list_head node, stack_node; unsigned long old_size, new_size; _Bool nop, patched, transition;';
const NEW_OBJECT = `${CALLBACKS} struct kobject kobj; struct list_head func_list, node; void *mod; _Bool dynamic, patched;`;
const NEW_PATCH =
  '_Bool replace; struct list_head list; struct kobject kobj; struct list_head obj_list; _Bool enabled, forced; long work[4], finish[4];';

export const KERNEL_ERAS: readonly KernelEra[] = [
  {
    kernel: '4.4',
    func: 'unsigned long old_addr; struct kobject kobj; int state; struct list_head stack_node;',
    object: 'struct kobject kobj; void *mod; int state;',
    patch: 'struct list_head list; struct kobject kobj; int state;',
  },
  {
    kernel: '4.12',
    func: `_Bool immediate; ${OLD_FUNC} _Bool patched, transition;`,
    object: 'struct kobject kobj; void *mod; _Bool patched;',
    patch: '_Bool immediate; struct list_head list; struct kobject kobj; _Bool enabled; long finish[4];',
  },
  {
    kernel: '4.15',
    func: `_Bool immediate; ${OLD_FUNC} _Bool patched, transition;`,
    object: `${CALLBACKS} struct kobject kobj; void *mod; _Bool patched;`,
    patch: '_Bool immediate; struct list_head list; struct kobject kobj; _Bool enabled; long finish[4];',
  },
  {
    kernel: '4.19',
    func: `${OLD_FUNC} _Bool patched, transition;`,
    object: `${CALLBACKS} struct kobject kobj; void *mod; _Bool patched;`,
    patch: 'struct list_head list; struct kobject kobj; _Bool enabled; long finish[4];',
  },
  { kernel: '5.1', func: NEW_FUNC, object: NEW_OBJECT, patch: NEW_PATCH },
  // The states of 5.5; the same in 5.10, 6.1, 6.6, 6.12 and 6.19.
  { kernel: '5.10', func: NEW_FUNC, object: NEW_OBJECT, patch: `void *states; ${NEW_PATCH}` },
  // A kobject with CONFIG_DEBUG_KOBJECT_RELEASE, and a distribution's reserve.
  {
    kernel: '5.14 with DEBUG_KOBJECT_RELEASE',
    func: `${NEW_FUNC} long release[11], reserved[2];`,
    object: `${NEW_OBJECT} long release[11];`,
    patch: `void *states; ${NEW_PATCH} long release[11];`,
  },
];

/** A C file with the era's structures and this text behind them. */
export function livepatchSource({ func, object, patch }: KernelEra, text: string): string {
  return `
typedef unsigned long size_t;
struct list_head { struct list_head *next, *prev; };
struct kobject {
  const char *name; struct list_head entry; void *parent, *kset, *ktype, *sd; int kref; unsigned int state_initialized : 1;
};
struct klp_func { const char *old_name; void *new_func; unsigned long old_sympos; ${func} };
struct klp_object { const char *name; struct klp_func *funcs; ${object} };
struct klp_patch { void *mod; struct klp_object *objs; ${patch} };
extern char __this_module[];
extern int klp_enable_patch(struct klp_patch *);
#define THIS_MODULE __this_module
#define NULL ((void *)0)
${text}
`;
}

/** Machines for which a compiler may be here. */
export const COMPILERS = {
  x86_64: 'x86_64-linux-gnu-gcc',
  arm64: 'aarch64-linux-gnu-gcc',
  ppc64le: 'powerpc64le-linux-gnu-gcc',
  s390x: 's390x-linux-gnu-gcc',
} as const;

export function hasCompiler(compiler: string): boolean {
  try {
    execFileSync(compiler, ['-dumpmachine'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Compiles and links as Kbuild links a module: `ld -r`. */
export function moduleOf(
  source: string,
  compiler: string = COMPILERS.x86_64,
  flags: readonly string[] = [],
): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-lp-'));
  try {
    writeFileSync(join(directory, 'lp.c'), source);
    const run = (...args: string[]) => execFileSync(compiler, args, { cwd: directory });
    run('-O2', '-w', '-fno-pie', '-ffreestanding', ...flags, '-c', 'lp.c', '-o', 'lp.o');
    run('-r', '-nostdlib', 'lp.o', '-o', 'lp.ko');
    return readFileSync(join(directory, 'lp.ko'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The module without the symbols of its static functions and variables. */
export function stripped(module: Uint8Array): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-lp-'));
  try {
    const file = join(directory, 'lp.ko');
    writeFileSync(file, module);
    execFileSync('strip', ['--discard-all', file]);
    return readFileSync(file);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
