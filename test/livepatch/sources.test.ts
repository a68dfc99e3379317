import { describe, expect, test } from 'vitest';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';

/** Reads C sources and lists, named a.c, b.c, ...; shows entries as `OBJECT FUNCTION,SYMPOS REPLACEMENT [CONDITION] WHERE`. */
function read(...texts: readonly string[]) {
  const files = texts.map((text, i) => ({ path: `${'abc'[i]}.c`, bytes: Buffer.from(text) }));
  const { kind, patched, warnings } = readLivepatch(files);
  return {
    kind,
    patched: patched.map(
      (p) =>
        `${p.object} ${p.function},${p.sympos} ${p.replacement ?? '-'}${p.condition ? ` [${p.condition}]` : ''} ${p.where}`,
    ),
    warnings: warnings.map(({ where, what }) => `${where}: ${what}`),
  };
}

const OBJECTS = (...entries: readonly string[]) =>
  `static struct klp_object objs[] = { ${entries.join(', ')}, { } };\n`;

describe('C sources', () => {
  test('arrays that objects refer to', () => {
    const source = `#include <linux/livepatch.h>
/* { .old_name = "comment" } */
static int f(struct klp_func *func, struct klp_object *obj); // struct klp_func x[] = {
static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "meminfo_proc_show", .new_func = lp_show, },
	{
		.new_func = (void *)&lp_state,
		.old_sympos = 0x2UL,
		.old_name = "state_" "show",
	},
	{ }
};
static struct klp_func __initdata nfs[3] __aligned(8) = { { "nfs_a", klpp_nfs_a, 1 }, { "nfs_b", klpp_nfs_b }, { NULL, NULL, 0 } };
${OBJECTS('{ .funcs = vmlinux_funcs }', '{ .name = "nfs", .funcs = &nfs[0] }')}
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };`;
    expect(read(source)).toEqual({
      kind: 'source',
      patched: [
        'vmlinux meminfo_proc_show,0 lp_show a.c:5',
        'vmlinux state_show,2 lp_state a.c:9',
        'nfs nfs_a,1 klpp_nfs_a a.c:13',
        'nfs nfs_b,0 klpp_nfs_b a.c:13',
      ],
      warnings: [],
    });
  });

  test('compound literals, the patch in another file than the arrays, and old designators', () => {
    const a = `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = (struct klp_object[]) {
		{ NULL, (struct klp_func[]) { { old_name: "one", new_func: new_one }, {} } },
		{ .name = "xfs", .funcs = xfs_funcs, .callbacks = { .pre_patch = pre, .post_patch = post } },
		{}
	},
};`;
    const b = 'struct klp_func xfs_funcs[] = {\n{ .old_name = "two", .new_func = new_two },\n{}\n};';
    expect(read(a, b)).toEqual({
      kind: 'source',
      patched: ['vmlinux one,0 new_one a.c:5', 'xfs two,0 new_two b.c:2'],
      warnings: [],
    });
    expect(read(b, a).patched).toHaveLength(2);
  });

  test('conditions', () => {
    const source = `#ifndef GUARD
#define GUARD
#define NAME "from_macro"
#define POSITION (3)
static struct klp_func funcs[] = {
#if 0
	{ .old_name = "don't", .new_func = x },
#elif IS_ENABLED(CONFIG_A)	/* why */
	{ .old_name = "a", .new_func = lp_a },
#else
	{ .old_name = "not_a", .new_func = lp_not_a },
#endif
#ifdef CONFIG_B
# if CONFIG_C > 2 && \\
     CONFIG_D
	{ .old_name = "bcd", .new_func = lp_bcd },
# elif 1
	{ .old_name = "b", .new_func = lp_b },
# else
	{ .old_name = "never", .new_func = lp_b },
# endif
#endif
	{
#ifdef CONFIG_X86_64
		.old_name = "__x64_sys_f",
#else
		.old_name = "sys_f",
#endif
		.new_func = lp_f,
		.old_sympos = POSITION
	},
	{ .old_name = NAME, .new_func = lp_m },
	{ .old_name = __stringify(spelled), .new_func = lp_s },
	{ }
};
${OBJECTS('{ .funcs = funcs }')}
#endif`;
    expect(read(source)).toEqual({
      kind: 'source',
      patched: [
        'vmlinux a,0 lp_a [IS_ENABLED(CONFIG_A)] a.c:9',
        'vmlinux not_a,0 lp_not_a [!IS_ENABLED(CONFIG_A)] a.c:11',
        'vmlinux bcd,0 lp_bcd [defined(CONFIG_B) && CONFIG_C > 2 && CONFIG_D] a.c:16',
        'vmlinux b,0 lp_b [defined(CONFIG_B) && !(CONFIG_C > 2 && CONFIG_D)] a.c:18',
        'vmlinux __x64_sys_f,3 lp_f [defined(CONFIG_X86_64)] a.c:25',
        'vmlinux sys_f,3 lp_f [!defined(CONFIG_X86_64)] a.c:27',
        'vmlinux from_macro,0 lp_m a.c:32',
        'vmlinux spelled,0 lp_s a.c:33',
      ],
      warnings: [],
    });
  });

  test('the condition of an object is the condition of its functions', () => {
    const source = `static struct klp_func f[] = { { "a", b }, {} };
static struct klp_object objs[] = {
#if IS_ENABLED(CONFIG_NFS)
	{ .name = "nfs", .funcs = f },
#endif
	{}
};`;
    expect(read(source).patched).toEqual(['nfs a,0 b [IS_ENABLED(CONFIG_NFS)] a.c:1']);
  });

  test('what cannot be told, or is wrong, is a warning', () => {
    const source = `static struct klp_func used[] = {
	KLP_FUNC(foo),
	{ .old_name = SYSCALL(x), .new_func = f },
	{ .old_name = "no_code" },
	{ .old_name = "far", .new_func = SYM(f), .old_sympos = A + 1 },
	{ },
	{ "late", f }
};
static struct klp_func lonely[] = { { "alone", f } };
${OBJECTS('{ .funcs = used, .name = KBUILD_MODNAME }', '{ .name = "vmlinux", .funcs = elsewhere }', '{ .name = "x" }')}`;
    expect(read(source)).toEqual({
      kind: 'source',
      patched: ['? no_code,0 - a.c:4', '? far,0 - a.c:5', '? alone,0 f a.c:9'],
      warnings: [
        'a.c:10: has an object whose name is not a string: it is unknown',
        'a.c:2: has `KLP_FUNC(foo)` as an entry, which is not expanded',
        'a.c:3: has an old_name that is not a name in quotes: the function is unknown',
        'a.c:4: gives `no_code` no new_func: the kernel refuses it',
        'a.c:5: has an old_sympos that is not a number: it is taken as 0',
        'a.c:7: has an entry behind the empty one: the kernel does not see it',
        'a.c:10: names the object `vmlinux`: the kernel waits for a module of that name; its own name is NULL',
        'a.c:10: has an object with functions `elsewhere`, which no source here defines',
        'a.c:10: has an object without functions',
        'a.c:9: has functions (`lonely`) that no klp_object refers to: their object is unknown',
        'a.c:9: has an array without an empty entry at its end: the kernel reads on',
      ],
    });
  });

  test.each([
    ['int x; /* the end', 'a.c:1: has a comment without an end; is the file cut off?'],
    ['struct klp_func f[] = {\n{ "a', 'a.c:2: has a string without an end; is the file cut off?'],
    ['#if A\nint x;', 'a.c:1: has an #if without #endif; is the file cut off?'],
    ['int x;\n#endif', 'a.c:2: has an #else or #endif without #if; is it a whole file?'],
    [
      'struct klp_func f[] = {\n{ "a", b },',
      'a.c:2: ends inside of an initialiser; is it the whole C file, as the compiler reads it?',
    ],
    [
      'struct klp_func f[] = { { .old_name } };',
      'a.c:1: has a designator without a value; is it the whole C file, as the compiler reads it?',
    ],
    [
      `struct klp_func f[] = ${'{'.repeat(70)}${'}'.repeat(70)};`,
      'a.c:1: has an initialiser that is too deep; is it the whole C file, as the compiler reads it?',
    ],
    [
      'int x;',
      'a.c: has no `struct klp_func` or `struct klp_object`; give the source that registers the livepatch too',
    ],
  ])('%j is refused', (source, message) => {
    expect(() => read(source)).toThrow(message);
  });
});

describe('lists', () => {
  test('patched_funcs.csv, and plain names', () => {
    const list = `# what is patched
vmlinux do_x klpp_do_x
nfs nfs_y,2 klpp_nfs_y IS_ENABLED(CONFIG_NFS_FS)	&& IS_ENABLED(CONFIG_NFS_V4)

plain
placed,3 # four of them
ext4 ext4_z
xfs:xfs_w.isra.0,1\r
`;
    expect(read(list)).toEqual({
      kind: 'list',
      patched: [
        'vmlinux do_x,0 klpp_do_x a.c:2',
        'nfs nfs_y,2 klpp_nfs_y [IS_ENABLED(CONFIG_NFS_FS) && IS_ENABLED(CONFIG_NFS_V4)] a.c:3',
        'vmlinux plain,0 - a.c:5',
        'vmlinux placed,3 - a.c:6',
        'ext4 ext4_z,0 - a.c:7',
        'xfs xfs_w.isra.0,1 - a.c:8',
      ],
      warnings: [],
    });
  });

  test.each(['a b c,d', 'mm/slab.c:f', 'f,', 'f,x', 'a:b c', '1f', 'vmlinux f g,h IS_ENABLED(X)'])(
    '%j is refused',
    (line) => {
      expect(() => read(`fine\n${line}\n`)).toThrow(
        `a.c:2: cannot read \`${line}\`; the line should be OBJECT FUNCTION`,
      );
    },
  );

  test.each(['', '\n\n', '# nothing\n', ' # klp-reach 0.1.0, build "/*" (identity 0123)\n'])(
    '%j is one of nothing',
    (text) => {
      const bytes = Buffer.from(text);
      expect(readLivepatch([{ path: 'patched_funcs.csv', bytes }])).toEqual({
        kind: 'list',
        patched: [],
        warnings: [],
      });
    },
  );

  test('together with a source', () => {
    expect(
      read('f', 'struct klp_func f[] = { { "a", b }, {} }; struct klp_object o = { .funcs = f };'),
    ).toEqual({
      kind: 'mixed',
      patched: ['vmlinux a,0 b b.c:1', 'vmlinux f,0 - a.c:1'],
      warnings: [],
    });
  });

  test.each([
    ['', 'a.c: is empty; was it written to its end?'],
    ['\0binary', 'a.c: is neither a module nor a text; give C sources, a .ko or a list of functions'],
  ])('%j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
