import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';
import { readReferences } from '../../src/livepatch/read-references.js';
import {
  COMPILERS,
  hasCompiler,
  KERNEL_ERAS,
  livepatchSource,
  moduleOf,
} from '../helpers/livepatch-module.js';

/** Anything but an InputError is a bug, and so are more functions than the file can hold. */
function survives(path: string, bytes: Uint8Array): boolean {
  let whole = true;
  for (const read of [
    () => readLivepatch([{ path, bytes }]).patched.length,
    () => readReferences(path, bytes).targets.length,
  ]) {
    try {
      expect(read()).toBeLessThanOrEqual(bytes.length / 2);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      whole = false;
    }
  }
  return whole;
}

const victims: [name: string, bytes: Uint8Array][] = [];
const { KLP_REACH_CORPUS = '../shared/corpus' } = process.env;
const directory = resolve(KLP_REACH_CORPUS, 'livepatches');
const corpus = existsSync(directory) ? readdirSync(directory) : [];
for (const name of corpus.filter((one) => /good.*ko$|^lp_bad_target_clone\.ko$/.test(one))) {
  victims.push([name, readFileSync(join(directory, name))]);
}
const SOURCE = `
#if IS_ENABLED(CONFIG_X) && \\
  Y /* comment */
#define NAME "x" "y"
static struct klp_func f[] = { { .old_name = NAME, .new_func = &g, .old_sympos = (2) }, { "a", b, 0x1 }, { } };
#else
extern int r KLP_RELOC_SYMBOL_POS(vmlinux, ext4, name, 3);
#endif
static struct klp_object objs[] = { { .funcs = f }, { .name = "nfs", .funcs = (struct klp_func[]) { { "c", d }, { } } }, { } };
KLP_MODULE_RELOC(vmlinux) m[] = { KLP_SYMPOS(s, 2), { &t, 1 } };
`;
victims.push(['a source', Buffer.from(SOURCE)]);
if (hasCompiler(COMPILERS.s390x)) {
  const text = `
static int one(void) { return 1; }
static struct klp_func a[] = { { "a", one }, { "b", one, 2 }, {} };
static struct klp_func b[] = { { "c", one }, {} };
static struct klp_object objs[] = { { .funcs = a }, { "nfs", b }, {} };
static struct klp_patch patch = { THIS_MODULE, objs };
int init_module(void) { return klp_enable_patch(&patch); }
extern int s(void); struct { void *p; int n; } __attribute__((packed, section(".klp.module_relocs.vmlinux"))) relocs[] = { { s, 1 } };`;
  victims.push(['a big endian module', moduleOf(livepatchSource(KERNEL_ERAS[5]!, text), COMPILERS.s390x)]);
}
if (hasCompiler(COMPILERS.x86_64)) {
  const text = `
int one(void) { return 1; }
__attribute__((section(".init.klp_funcs"))) struct { char *n; void *f; long p; } funcs[] = { { "a", one }, { "b", one } };
__attribute__((section(".init.klp_objects"))) struct { char *n; void *f; void *c[5]; int count; } objs[] = { { 0, funcs, {}, 2 } };`;
  victims.push(['a module of objtool', moduleOf(text)]);
  const kpatch = `
int one(void) { return 1; }
__attribute__((section(".kpatch.funcs"))) struct { void *n; long s, o, os, p; char *f, *obj; } funcs[] = { { one, 1, 2, 3, 4, "f", "vmlinux" } };`;
  victims.push(['a module of kpatch', moduleOf(kpatch)]);
}

describe.each(victims)('%s', (name, bytes) => {
  test('is whole', () => {
    expect(survives(name, bytes)).toBe(true);
  });

  test('cut off anywhere is read or refused', () => {
    const step = Math.max(1, Math.floor(bytes.length / 1000));
    for (let length = 0; length < bytes.length; length += step) {
      const whole = survives(name, bytes.subarray(0, length));
      if (name !== 'a source') expect(whole).toBe(false);
    }
  });

  test('with changes is read or refused', () => {
    const change = fc.record({
      at: fc.nat({ max: bytes.length - 1 }),
      value: fc.constantFrom(0, 1, 2, 8, 0x22, 0x28, 0x2c, 0x3b, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xfe, 0xff),
      run: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const { at, value, run } of changes) changed.fill(value, at, at + run);
        survives(name, changed);
      }),
      { numRuns: 1500 },
    );
  });
});

test('a text of C marks is read or refused', () => {
  const part = fc.constantFrom(
    ...'struct klp_func klp_object ( ) { } [ ] = , ; . * & " \' # \\ \n if endif define else 0 1 NULL a "x" .old_name .funcs /* */ // KLP_MODULE_RELOC KLP_SYMPOS KLP_RELOC_SYMBOL'.split(
      ' ',
    ),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const text = `struct klp_func a[] = { {} };\n${parts.join(' ')}`;
      survives('a.c', Buffer.from(text));
    }),
    { numRuns: 3000 },
  );
});

test('large inputs are read in a moment', () => {
  const entries = Array.from(
    { length: 20_000 },
    (_, i) => `\t{ .old_name = "f${i}", .new_func = g${i} },\n`,
  ).join('');
  const source = `static struct klp_func f[] = {\n${entries}\t{ }\n};\nstatic struct klp_object o = { .funcs = f };\n`;
  const start = performance.now();
  expect(readLivepatch([{ path: 'a.c', bytes: Buffer.from(source) }]).patched).toHaveLength(20_000);
  survives('a.c', Buffer.from(`int a = ${'('.repeat(200_000)};`));
  survives('a.c', Buffer.from(`struct klp_func a[] = { { ${'(a)'.repeat(20_000)} } };`));
  survives('a.c', Buffer.from(`// ${'\\\n'.repeat(200_000)}`));
  survives('a.c', Buffer.from('#if A\n'.repeat(20_000)));
  survives('a.c', Buffer.from('struct klp_func (struct klp_func['.repeat(20_000)));
  expect(performance.now() - start).toBeLessThan(5000);
});
