import { describe, expect, it } from 'vitest';
import { changedFunctions, parseFix } from '../../src/fix/index.js';
import { diffOf, report, tree } from './sources.js';

const OLD = `// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>

#define LIMIT 10
#define TWICE (2 * LIMIT)

struct pool {
	int size;
};

static int limit = LIMIT;

static const struct file_operations pool_fops = {
	.open = pool_open,
};

/* Comment. */
static int small(struct pool *p)
{
	return p->size < TWICE;
}

static __always_inline bool
full(struct pool *p)
{
	if (small(p))
		return false;
	return p->size > limit;
}

SYSCALL_DEFINE2(pool, int, fd, const char __user *, name)
{
	return full(NULL);
}
`;

const change = (from: string, to: string) => report(OLD, OLD.replace(from, to));
const names = (list: readonly { name?: string }[]) => list.map(({ name }) => name);

describe('changedFunctions with the source', () => {
  it('names the function whose body changes, where it is declared', async () => {
    expect(await change('return false;', 'return true;')).toEqual({
      functions: [
        {
          name: 'full',
          file: 'mm/a.c',
          line: 24,
          how: 'parsed',
          signatureChanged: false,
          becameInline: false,
          becameNoinline: false,
          removed: false,
          cosmetic: false,
        },
      ],
      added: [],
      untraceable: [],
      notes: [],
    });
  });

  it('does not take context for a change', async () => {
    const { functions } = await change('	return p->size < TWICE;\n', '	return p->size < TWICE + 1;\n');
    expect(names(functions)).toEqual(['small']);
  });

  it('knows what the compiler calls a system call’s body', async () => {
    const { functions } = await change('full(NULL)', 'full(p)');
    expect(functions).toMatchObject([{ name: '__do_sys_pool', line: 31, how: 'recovered' }]);
  });

  it('lists a new function apart, also where the diff begins at a brace', async () => {
    const { functions, added } = await change(
      'static __always_inline bool\n',
      'static int other(struct pool *p)\n{\n	return p->size < 1;\n}\n\nstatic __always_inline bool\n',
    );
    expect(functions).toEqual([]);
    expect(added).toEqual([{ name: 'other', file: 'mm/a.c', line: 23 }]);
  });

  it('marks comments and white space as cosmetic', async () => {
    const { functions } = await change(
      '	return p->size < TWICE;',
      '	/* why */\n	return p->size  < TWICE;',
    );
    expect(functions).toMatchObject([{ name: 'small', cosmetic: true }]);
    expect((await change('/* Comment. */', '/* Another. */')).untraceable).toEqual([]);
  });

  it('sees signatures, inlining and removal', async () => {
    expect((await change('small(struct pool *p)', 'small(struct pool *p, int n)')).functions).toMatchObject([
      { name: 'small', signatureChanged: true, becameInline: false },
    ]);
    expect((await change('static int small', 'static inline int small')).functions).toMatchObject([
      { name: 'small', signatureChanged: false, becameInline: true },
    ]);
    expect((await change('static int small', 'static noinline int small')).functions).toMatchObject([
      { name: 'small', becameInline: false, becameNoinline: true },
    ]);
    // An attribute on a line of its own, above the old function.
    expect(
      (await change('static int small', '__attribute__((noinline))\nstatic int small')).functions,
    ).toMatchObject([{ name: 'small', signatureChanged: false }]);
    expect((await change('static int small', 'static int tiny')).functions).toMatchObject([
      { name: 'small', signatureChanged: true, removed: false },
    ]);
    const gone = OLD.replace(/\/\* Comment[^}]*}\n\n/, '');
    expect((await report(OLD, gone)).functions).toMatchObject([{ name: 'small', line: 18, removed: true }]);
  });

  it('names what no function holds, and who uses it', async () => {
    const of = async (from: string, to: string) => (await change(from, to)).untraceable;
    const at = { file: 'mm/a.c' };
    expect(await of('LIMIT 10', 'LIMIT 20')).toEqual([
      { ...at, line: 4, kind: 'macro', name: 'LIMIT', users: ['small'] },
    ]);
    expect(await of('int size', 'long size')).toEqual([
      { ...at, line: 7, kind: 'struct', name: 'pool', users: ['small', 'full'] },
    ]);
    expect(await of('limit = LIMIT', 'limit = 3')).toEqual([
      { ...at, line: 11, kind: 'variable', name: 'limit', users: ['full'] },
    ]);
    expect(await of('pool_open', 'simple_open')).toEqual([
      { ...at, line: 13, kind: 'initialiser', name: 'pool_fops', users: [] },
    ]);
    expect(await of('linux/mm.h', 'linux/fs.h')).toMatchObject([
      { kind: 'include', name: '<linux/mm.h>' },
      { kind: 'include', name: '<linux/fs.h>' },
    ]);
    expect(await of('#define TWICE', 'enum e { A, B };\n\n#define TWICE')).toMatchObject([
      { kind: 'enum', name: 'e', line: 5 },
    ]);
    expect(await of('#define TWICE', 'int hook(int);\n#define TWICE')).toMatchObject([
      { kind: 'declaration', name: 'hook' },
    ]);
    expect(await of('#define TWICE', 'typedef int (*fn)(int);\n#define TWICE')).toMatchObject([
      { kind: 'typedef', name: 'fn' },
    ]);
    expect(await of('#define TWICE', 'static DEFINE_PER_CPU(int, hits);\n#define TWICE')).toMatchObject([
      { kind: 'variable', name: 'hits' },
    ]);
  });

  it('reports functions that a macro call makes where the dumps have them', async () => {
    const old =
      'PAGEFLAG(Lru, lru, PF_HEAD)\nPAGEFLAG(Dirty, dirty, PF_HEAD)\n\nint f(void)\n{\n	return 1;\n}\n';
    const declared = [
      { name: 'PageDirty', line: 2 },
      { name: 'SetPageDirty', line: 2 },
    ];
    const { functions } = await report(
      old,
      old.replace('dirty, PF_HEAD', 'dirty, PF_ANY'),
      'include/x.h',
      () => declared,
    );
    const fake = old.replaceAll(')\n', ');\n').replace('(void);', '(void)');
    const ended = await report(
      fake,
      fake.replace('dirty, PF_HEAD', 'dirty, PF_ANY'),
      'include/x.h',
      () => declared,
    );
    expect(ended.functions).toMatchObject([
      { name: 'PageDirty', line: 2, how: 'guessed' },
      { name: 'SetPageDirty', line: 2, how: 'guessed' },
    ]);
    expect(names(functions)).not.toContain('f');
  });

  it('reads the shapes of functions that the kernel has', async () => {
    const shapes: readonly (readonly [string, string, string])[] = [
      ['asmlinkage __visible void __init start(void)\n{\n	X;\n}\n', 'start', 'parsed'],
      ['COMPAT_SYSCALL_DEFINE1(f, int, a)\n{\n	X;\n}\n', '__do_compat_sys_f', 'recovered'],
      ['BPF_CALL_2(bpf_f, int, a, int, b)\n{\n	X;\n}\n', '____bpf_f', 'recovered'],
      ['DEFINE_IDTENTRY(exc_f)\n{\n	X;\n}\n', '__exc_f', 'recovered'],
      ['DEFINE_IDTENTRY_RAW(exc_f)\n{\n	X;\n}\n', 'exc_f', 'recovered'],
      ['MAKE_OP(f)\n{\n	X;\n}\n', 'f', 'guessed'],
      ['static int f(a, b)\nint a;\nchar *b;\n{\n	X;\n}\n', 'f', 'parsed'],
      ['void (*f(int a, void (*b)(int)))(int)\n{\n	X;\n}\n', 'f', 'parsed'],
      ['__printf(1, 2)\nvoid f(const char *a, ...)\n{\n	X;\n}\n', 'f', 'parsed'],
      ['static void f(void)\n	__releases(lock)\n{\n	X;\n}\n', 'f', 'parsed'],
      ['EXPORT_SYMBOL(y)\nstatic void f(void) {\n	X; }\n', 'f', 'parsed'],
      [
        'int f(void)\n{\n	char *s = "}\\"{", c = \'{\'; /* } */\n#ifdef A\n	if (s) {\n#else\n	{\n#endif\n	X;\n	}\n}\n',
        'f',
        'recovered',
      ],
    ];
    for (const [text, name, how] of shapes) {
      const old = `int before;\n\n${text}\nint after(void)\n{\n	return 0;\n}\n`;
      const { functions, untraceable } = await report(old, old.replace('X;', 'Y;'));
      expect({ text, functions, untraceable }).toMatchObject({
        text,
        functions: [{ name, how }],
        untraceable: [],
      });
      expect(functions).toHaveLength(1);
    }
  });

  it('names both heads of a body that two branches share', async () => {
    const old = '#ifdef A\nint f(int a)\n{\n#else\nint g(long a)\n{\n#endif\n	X;\n}\n';
    expect(names((await report(old, old.replace('X;', 'Y;'))).functions).sort()).toEqual(['f', 'g']);
    const whole = '#ifdef A\nint f(int a)\n{\n	X;\n}\n#else\nint f(int a)\n{\n	Z;\n}\n#endif\n';
    expect((await report(whole, whole.replace('Z;', 'Y;'))).functions).toMatchObject([
      { name: 'f', line: 7 },
    ]);
  });

  it('gives other files their kind', async () => {
    const patch = ['arch/x86/entry.S', 'mm/Kconfig', 'mm/Makefile', 'rust/a.rs', 'Documentation/a.rst']
      .map((path) => diffOf(path, 'a\n', 'b\n'))
      .join('');
    const binary = 'diff --git a/fw.bin b/fw.bin\nBinary files a/fw.bin and b/fw.bin differ\n';
    const { untraceable } = await changedFunctions(parseFix(patch + binary, 'p'));
    expect(untraceable.map(({ kind }) => kind)).toEqual([
      'assembly',
      'kconfig',
      'makefile',
      'other',
      'documentation',
      'binary',
    ]);
  });

  it('strips as many directories as the source needs', async () => {
    const text = diffOf('mm/a.c', OLD, OLD.replace('TWICE;', '1;'));
    for (const [from, to] of [
      ['a/', ''],
      ['a/', 'x/y/'],
    ] as const) {
      const patch = text.replace(`--- ${from}`, `--- ${to}`).replace('+++ b/', `+++ ${to}`);
      const { functions } = await changedFunctions(parseFix(patch, 'p'), { source: tree({ 'mm/a.c': OLD }) });
      expect(functions).toMatchObject([{ name: 'small', file: 'mm/a.c' }]);
    }
  });

  it('finds hunks that lie elsewhere, and says so', async () => {
    const patch = diffOf('mm/a.c', OLD, OLD.replace('TWICE;', '1;'));
    const { functions, notes } = await changedFunctions(parseFix(patch, 'p'), {
      source: tree({ 'mm/a.c': `\n\n${OLD}` }),
    });
    expect(functions).toMatchObject([{ name: 'small', line: 20 }]);
    expect(notes).toEqual(['mm/a.c: hunks fit 2 lines later than they say']);
  });

  it('refuses a source that the fix is not for', async () => {
    const other = OLD.replace('TWICE;', '1;');
    const fix = parseFix(diffOf('mm/a.c', OLD, other), 'fix.patch');
    const run = (text: string | undefined) =>
      changedFunctions(fix, { source: tree(text === undefined ? {} : { 'mm/a.c': text }) });
    await expect(run(other)).rejects.toThrow(
      'fix.patch:4: the patch is already applied to this source (linux)',
    );
    await expect(run(OLD.replace('TWICE;', '7;'))).rejects.toThrow(
      'fix.patch:4: the hunk does not match mm/a.c:17 of linux',
    );
    await expect(run(undefined)).rejects.toThrow('fix.patch:2: mm/a.c is not in linux');
    await expect(run(`\n${OLD}${OLD}`)).rejects.toThrow('matches at several other places');
  });

  it('lays a series of patches one after the other', async () => {
    const [one, two] = [OLD.replace('TWICE;', '1;'), OLD.replace('TWICE;', '2;')];
    const three = `${two}\nint fresh(void)\n{\n	return 1;\n}\n`;
    const four = three.replace('return 1;\n}\n', 'return 2;\n}\n');
    const patch = [
      [OLD, one],
      [one, two],
      [two, three],
      [three, four],
    ].map(([a, b]) => diffOf('mm/a.c', a!, b!));
    const result = await changedFunctions(parseFix(patch.join(''), 'p'), { source: tree({ 'mm/a.c': OLD }) });
    expect(names(result.functions)).toEqual(['small']);
    expect(names(result.added)).toEqual(['fresh']);
  });

  it('follows renames, and takes new and deleted files for what they are', async () => {
    const patch = `diff --git a/mm/a.c b/mm/b.c
similarity index 90%
rename from mm/a.c
rename to mm/b.c
${diffOf('mm/a.c', OLD, OLD.replace('TWICE;', '1;')).replace(/^=+\n/, '').replace('+++ b/mm/a.c', '+++ b/mm/b.c')}diff --git a/mm/c.c b/mm/c.c
new file mode 100644
--- /dev/null
+++ b/mm/c.c
@@ -0,0 +1,3 @@
+int c(void) {
+	return 1;
+}
diff --git a/mm/d.c b/mm/d.c
deleted file mode 100644
--- a/mm/d.c
+++ /dev/null
@@ -1,3 +0,0 @@
-int d(void) {
-	return 1;
-}
`;
    const source = tree({ 'mm/a.c': OLD, 'mm/d.c': 'int d(void) {\n	return 1;\n}\n' });
    const { functions, added } = await changedFunctions(parseFix(patch, 'p'), { source });
    expect(functions).toMatchObject([
      { name: 'small', file: 'mm/a.c', removed: false },
      { name: 'd', file: 'mm/d.c', removed: true },
    ]);
    expect(added).toEqual([{ name: 'c', file: 'mm/c.c', line: 1 }]);
  });
});

const POOL_H = `#ifndef _LINUX_POOL_H
#define _LINUX_POOL_H

struct pool {
	int size;
};

int pool_grow(struct pool *p, int by);

static inline bool pool_full(const struct pool *p)
{
	return p->size > 10;
}

#endif
`;

const POOL_C = `#include <linux/pool.h>

static int check(struct pool *p, int by)
{
	if (by < 0)
		return -EINVAL;
	return 0;
}

#ifdef CONFIG_POOL
int pool_grow(struct pool *p, int by)
{
	int ret;

	ret = check(p, by);
	if (ret)
		goto out;
	p->size += by;
out:
	return ret;
}
EXPORT_SYMBOL_GPL(pool_grow);
#endif

COMPAT_SYSCALL_DEFINE1(pool, int, by)
{
	return pool_grow(NULL, by);
}
`;

const MAIL = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A Developer <a@example.org>
Date: Mon, 1 Jan 2024 00:00:00 +0000
Subject: [PATCH] mm/pool: do not overflow

A pool of INT_MAX overflows:

  @@ is no hunk, indented

Fixes: 012345678901 ("mm/pool: add")
---
 include/linux/pool.h | 3 ++-
 mm/Kconfig           | 1 +
 mm/pool.c            | 8 +++++---
 3 files changed, 8 insertions(+), 4 deletions(-)

diff --git a/include/linux/pool.h b/include/linux/pool.h
index 1111111..2222222 100644
--- a/include/linux/pool.h
+++ b/include/linux/pool.h
@@ -3,6 +3,7 @@
 
 struct pool {
 	int size;
+	int limit;
 };
 
 int pool_grow(struct pool *p, int by);
@@ -10,5 +11,5 @@ int pool_grow(struct pool *p, int by);
 static inline bool pool_full(const struct pool *p)
 {
-	return p->size > 10;
+	return p->size > p->limit;
 }
 
diff --git a/mm/Kconfig b/mm/Kconfig
index 1111111..2222222 100644
--- a/mm/Kconfig
+++ b/mm/Kconfig
@@ -1,2 +1,3 @@
 config POOL
 	bool "Pools"
+	depends on MMU
diff --git a/mm/pool.c b/mm/pool.c
index 1111111..2222222 100644
--- a/mm/pool.c
+++ b/mm/pool.c
@@ -2,6 +2,8 @@
 
 static int check(struct pool *p, int by)
 {
+	if (by > INT_MAX - p->size)
+		return -EOVERFLOW;
 	if (by < 0)
 		return -EINVAL;
 	return 0;
@@ -24,5 +26,5 @@ EXPORT_SYMBOL_GPL(pool_grow);
 
 COMPAT_SYSCALL_DEFINE1(pool, int, by)
 {
-	return pool_grow(NULL, by);
+	return pool_grow(current->pool, by);
 }
-- 
2.39.2

`;

describe('a fix of several files, as mailed', () => {
  const files = {
    'include/linux/pool.h': POOL_H,
    'mm/Kconfig': 'config POOL\n	bool "Pools"\n',
    'mm/pool.c': POOL_C,
  };
  const summary = (list: readonly { name?: string; file: string; line: number }[]) =>
    list.map(({ name, file, line }) => `${file}:${line} ${name ?? ''}`);

  it('is read with the source', async () => {
    const { functions, added, untraceable, notes } = await changedFunctions(parseFix(MAIL, 'p'), {
      source: tree(files),
    });
    expect(summary(functions)).toEqual([
      'include/linux/pool.h:10 pool_full',
      'mm/pool.c:3 check',
      'mm/pool.c:25 __do_compat_sys_pool',
    ]);
    expect(untraceable).toEqual([
      { file: 'include/linux/pool.h', line: 4, kind: 'struct', name: 'pool', users: ['pool_full'] },
      { file: 'mm/Kconfig', line: 3, kind: 'kconfig', users: [] },
    ]);
    expect([added, notes]).toEqual([[], []]);
  });

  it('is guessed to be the same without', async () => {
    const { functions, untraceable } = await changedFunctions(parseFix(MAIL, 'p'));
    expect(names(functions)).toEqual(['pool_full', 'check', '__do_compat_sys_pool']);
    expect(untraceable.map(({ kind, name }) => [kind, name])).toEqual([
      ['struct', 'pool'],
      ['kconfig', undefined],
    ]);
  });
});

describe('heads in the branches of an #if', () => {
  it('are one function where name and body are one', async () => {
    const old =
      '#ifdef A\nSYSCALL_DEFINE1(f, int, a)\n#elif B\nSYSCALL_DEFINE1(f, long, a)\n#else\nSYSCALL_DEFINE1(f, char, a)\n#endif\n{\n	X;\n}\n';
    expect(names((await report(old, old.replace('X;', 'Y;'))).functions)).toEqual(['__do_sys_f']);
    expect((await report(old, old.replace('int, a', 'int, b'))).functions).toMatchObject([
      { name: '__do_sys_f', signatureChanged: true, cosmetic: false },
    ]);
  });
});
