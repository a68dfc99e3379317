import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyRules } from '../../src/audit/apply-rules.js';
import { CHECK_RULES } from '../../src/audit/audit-rules.js';
import type { Finding } from '../../src/audit/finding.js';
import { gatherFacts } from '../../src/audit/gather.js';
import { readLivepatchFiles } from '../../src/cli/livepatch-files.js';
import { openForReading } from '../../src/index/database.js';
import { IndexReader } from '../../src/index/reader.js';
import { Reach } from '../../src/reach/affected.js';
import { klpReach } from '../helpers/command.js';
import { buildElf, type ElfSpec } from '../helpers/elf-builder.js';
import {
  COMPILERS,
  hasCompiler,
  KERNEL_ERAS,
  livepatchSource,
  moduleOf,
} from '../helpers/livepatch-module.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

/**
 * A kernel of two objects: samples/demo (two state_show, isra and constprop clones, functions that are gone, init code)
 * and a module `ring_extra` beside it.
 */
const DEMO = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
const MODULE = `
extern int printf(const char *, ...);
int extra_state = 1;
__attribute__((noinline)) int extra_sum(int a) { return a + extra_state; }
__attribute__((section(".init.text"))) int extra_start(void) { return 1; }
__attribute__((section(".init.data"))) int extra_once = 3;
`;
const EXPORTS = ['klp_enable_patch', 'ring_append', 'printf', '__this_module']
  .map((name) => `0x00000000\t${name}\tvmlinux\tEXPORT_SYMBOL\t\n`)
  .join('');

const compiled = hasCompiler(COMPILERS.x86_64);
const db = newIndex();
let index: IndexReader;
let reach: Reach;

beforeAll(async () => {
  const build = buildDir();
  cpSync(DEMO, build, { recursive: true });
  put(build, { 'Module.symvers': EXPORTS });
  if (compiled) put(build, { 'ring-extra.ko': moduleOf(MODULE), 'ring-extra.mod': '' });
  const ran = await klpReach(['index', build, '--db', db]);
  expect(ran, ran.err).toMatchObject({ code: 0 });
  index = new IndexReader(openForReading(db, 0));
  reach = new Reach(index);
});
afterAll(() => index.close());

async function check(
  files: Readonly<Record<string, string | Uint8Array>>,
  changed: readonly string[] = [],
): Promise<readonly Finding[]> {
  const directory = buildDir(files);
  const livepatch = await readLivepatchFiles(Object.keys(files).map((name) => join(directory, name)));
  const facts = gatherFacts(reach, {
    build: 'default',
    mode: 'ordered',
    changed: changed.map((text) => {
      const [name = '', file = ''] = text.split('@');
      return { name, file, line: 0, how: 'named', notes: [] };
    }),
    untraceable: [],
    ...livepatch,
  });
  // The sample is no whole kernel: that is told with every answer, and is no rule of references.
  return applyRules(CHECK_RULES, facts).filter(({ rule }) => rule !== 'incomplete-data');
}

const told = (findings: readonly Finding[]) =>
  findings.map(({ severity, rule, subject }) => `${severity} ${rule} ${subject}`).sort();

const MACROS = `
#define KLP_RELOC_SYMBOL_POS(LP, OBJ, NAME, POS) asm("\\".klp.sym.rela." #LP "." #OBJ "." #NAME "." #POS "\\"")
struct klp_module_reloc { void *sym; unsigned int sympos; } __attribute__((packed));
#define KLP_MODULE_RELOC(obj) struct klp_module_reloc __attribute__((section(".klp.module_relocs." #obj), aligned(4)))
#define KLP_SYMPOS(symbol, pos) { &symbol, pos }
`;

/** A livepatch of a function of core/state.c, with this text in it: as C source, or as the module that becomes of it. */
function livepatch(text: string, target = 'put_number'): string {
  return livepatchSource(
    KERNEL_ERAS[5]!,
    `${MACROS}${text}
static long new_function(char *buf) { return buf[0]; }
static struct klp_func funcs[] = { { .old_name = "${target}", .new_func = new_function }, {} };
static struct klp_object objs[] = { { .funcs = funcs }, {} };
static struct klp_patch patch = { THIS_MODULE, objs };
int init_module(void) { return klp_enable_patch(&patch); }`,
  );
}

/** A symbol in the dialect of minimal klp-convert, and a use of it. */
const minimal = (name: string, position: number, object = 'vmlinux', patched = object) => `
extern int ref_${name}(void) KLP_RELOC_SYMBOL_POS(${patched}, ${object}, ${name}, ${position});
void *use_${name}(void) { return (void *)&ref_${name}; }`;

/** The same for full klp-convert. */
const full = (name: string, position: number, object = 'vmlinux') => `
extern int ${name}(void);
KLP_MODULE_RELOC(${object}) relocs_${name}[] = { KLP_SYMPOS(${name}, ${position}) };
void *use_${name}(void) { return (void *)&${name}; }`;

interface Case {
  readonly what: string;
  readonly text: string;
  readonly expected: readonly string[];
  readonly changed?: readonly string[];
  /** A C source does not say it. */
  readonly onlyModule?: boolean;
}

const ok = (what: string, text: string, more: Partial<Case> = {}): Case => ({
  what,
  text,
  expected: [],
  ...more,
});
const bad = (rule: string, subject: string, text: string, more: Partial<Case> = {}): Case => ({
  what: `${rule} ${subject}`,
  text,
  expected: [`error ${rule} ${subject}`],
  ...more,
});

const CASES: readonly Case[] = [
  bad('reference-gone', 'record_fits', minimal('record_fits', 0)),
  bad('reference-gone', 'rotate', full('rotate', 0)),
  ok('a function that is there', minimal('ring_space_left', 0)),
  ok('a variable that is there', minimal('the_ring', 0)),
  bad('reference-only-clones', 'record_verify', minimal('record_verify', 0)),
  bad('reference-only-clones', 'checksum_text', full('checksum_text', 1)),
  bad('reference-absent', 'no_such_thing', minimal('no_such_thing', 0)),
  bad('reference-wrong-object', 'extra_sum', minimal('extra_sum', 0)),
  bad('reference-wrong-object', 'index_count', minimal('index_count', 0, 'ring_extra')),
  ok('a module’s symbol', minimal('extra_sum', 1, 'ring_extra')),
  ok('an object that the index does not have', minimal('ext4_fsblk_t', 0, 'ext4')),
  bad('reference-ambiguous', 'state_show', minimal('state_show', 0)),
  bad('reference-ambiguous', 'state_show', full('state_show', 0)),
  ok('the first of two, in the file that is patched', minimal('state_show', 1)),
  bad('reference-position', 'state_show', minimal('state_show', 3)),
  bad('reference-position', 'lost_show', full('lost_show', 2)),
  ok('position 1 of one', full('lost_show', 1)),
  bad('reference-other-file', 'state_show', minimal('state_show', 2)),
  bad('reference-other-file', 'state_show', minimal('state_show', 1), { changed: ['put_flag@fs/file.c'] }),
  bad('reference-affected', 'state_show', minimal('state_show', 2), { changed: ['put_flag@fs/file.c'] }),
  bad('reference-in-init', 'ringlog_init', minimal('ringlog_init', 0)),
  bad('reference-in-init', 'extra_start', minimal('extra_start', 0, 'ring_extra')),
  bad('reference-in-init', 'extra_once', minimal('extra_once', 0, 'ring_extra')),
  ok('data that stays', minimal('extra_state', 0, 'ring_extra')),
  bad('reference-affected', 'ring_append', minimal('ring_append', 0), {
    changed: ['record_fits'],
    expected: ['error reference-affected ring_append', 'warning reference-exported ring_append'],
  }),
  bad('reference-affected', 'ring_read', full('ring_read', 0), { changed: ['record_fits'] }),
  ok('a function that the fix does not reach', full('ring_select', 0), { changed: ['record_fits'] }),
  {
    what: 'reference-exported',
    text: minimal('ring_append', 0),
    expected: ['warning reference-exported ring_append'],
  },
  {
    what: 'reference-conflict: two positions for one symbol',
    text: `extern int state_show(void);
KLP_MODULE_RELOC(vmlinux) relocs[] = { KLP_SYMPOS(state_show, 1), KLP_SYMPOS(state_show, 9) };
void *use(void) { return (void *)&state_show; }`,
    expected: ['error reference-conflict state_show', 'error reference-position state_show'],
  },
  ok(
    'one position twice',
    `extern int state_show(void);
KLP_MODULE_RELOC(vmlinux) relocs[] = { KLP_SYMPOS(state_show, 1), KLP_SYMPOS(state_show, 1) };
void *use(void) { return (void *)&state_show; }`,
  ),
  {
    what: 'reference-unused: an annotation without a use',
    text: `extern int lost_show(void);
KLP_MODULE_RELOC(vmlinux) relocs[] = { KLP_SYMPOS(lost_show, 0) };`,
    expected: ['warning reference-unused lost_show'],
    onlyModule: true,
  },
  {
    what: 'reference-unreadable: a name with a dot for minimal klp-convert',
    text: `extern int clone(void) asm("\\".klp.sym.rela.vmlinux.vmlinux.record_verify.isra.0.1\\"");
int use(void) { return clone(); }`,
    expected: ['error reference-unreadable .klp.sym.rela.vmlinux.vmlinux.record_verify.isra.0.1'],
  },
  {
    what: 'reference-unreadable: a name without a position',
    text: `extern int none(void) asm("\\".klp.sym.rela.vmlinux.vmlinux.lost_show\\"");
int use(void) { return none(); }`,
    expected: ['error reference-unreadable .klp.sym.rela.vmlinux.vmlinux.lost_show'],
  },
  bad(
    'reference-unannotated',
    'state_show',
    'extern int state_show(void); int use(void) { return state_show(); }',
    {
      onlyModule: true,
    },
  ),
  bad('reference-unannotated', 'nowhere', 'extern int nowhere(void); int use(void) { return nowhere(); }', {
    onlyModule: true,
  }),
  bad(
    'reference-unannotated',
    'ring_space_left',
    `${minimal('lost_show', 0)} extern int ring_space_left(void); int use(void) { return ring_space_left(); }`,
    { onlyModule: true, what: 'reference-unannotated: minimal klp-convert looks nothing up by itself' },
  ),
  ok(
    'full klp-convert finds the only symbol of a name by itself',
    `${full('lost_show', 0)} extern int ring_space_left(void); int use(void) { return ring_space_left(); }`,
  ),
  ok('an export', 'extern int ring_append(void); int use(void) { return ring_append(); }'),
  ok(
    'a weak symbol',
    'extern int nowhere(void) __attribute__((weak)); int use(void) { return nowhere ? nowhere() : 0; }',
  ),
];

describe.skipIf(!compiled)('what an author writes', () => {
  test.each(CASES)('the module: $what', async ({ text, expected, changed }) => {
    expect(told(await check({ 'lp.ko': moduleOf(livepatch(text)) }, changed))).toEqual(expected);
  });

  test.each(CASES)('the C source: $what', async ({ text, expected, changed, onlyModule }) => {
    expect(told(await check({ 'lp.c': livepatch(text) }, changed))).toEqual(onlyModule ? [] : expected);
  });
});

const FLAGS = 0x100002;

/** A converted module with one relocation in .text by this symbol. */
function converted(name: string, more: Partial<ElfSpec> = {}): Uint8Array {
  return buildElf({
    sections: [
      { name: '.text', flags: 6, data: new Uint8Array(64) },
      { name: '__jump_table', flags: 3, data: new Uint8Array(16) },
      { name: '.klp.rela.vmlinux..text', info: 1, flags: FLAGS, relocations: [{ offset: 0, symbol: 1 }] },
    ],
    symbols: [{ name, bind: 1, section: 'livepatch' }],
    ...more,
  });
}

describe('what conversion makes', () => {
  const symbol = '.klp.sym.vmlinux.lost_show,0';
  const one = (section: Partial<NonNullable<ElfSpec['sections']>[number]>) =>
    converted(symbol, {
      sections: [
        { name: '.text', flags: 6, data: new Uint8Array(64) },
        { name: '__jump_table', flags: 3, data: new Uint8Array(16) },
        {
          name: '.klp.rela.vmlinux..text',
          info: 1,
          flags: FLAGS,
          relocations: [{ offset: 0, symbol: 1 }],
          ...section,
        },
      ],
    });
  const rela = (name = '.klp.rela.vmlinux..text') => [`error rela-section ${name}`];
  const unreadable = (raw: string) => [`error reference-unreadable ${raw}`];
  const long = 'o'.repeat(56);

  test.each<[what: string, module: Uint8Array, expected: readonly string[]]>([
    ['nothing wrong', converted(symbol), []],
    ['a name with a dot, which the kernel reads', converted('.klp.sym.vmlinux.record_verify.isra.0,1'), []],
    [
      'a section name without its dot, as minimal klp-convert writes it',
      one({ name: '.klp.rela.vmlinux.text' }),
      [],
    ],
    ['the second of two', converted('.klp.sym.vmlinux.state_show,2'), []],
    ['no position', converted('.klp.sym.vmlinux.state_show,0'), ['error reference-ambiguous state_show']],
    [
      'a position past the last',
      converted('.klp.sym.vmlinux.state_show,3'),
      ['error reference-position state_show'],
    ],
    ['gone', converted('.klp.sym.vmlinux.record_fits,0'), ['error reference-gone record_fits']],
    [
      'only clones',
      converted('.klp.sym.vmlinux.record_verify,0'),
      ['error reference-only-clones record_verify'],
    ],
    ['absent', converted('.klp.sym.vmlinux.no_such_thing,0'), ['error reference-absent no_such_thing']],
    ['init', converted('.klp.sym.vmlinux.ringlog_init,0'), ['error reference-in-init ringlog_init']],
    ['exported', converted('.klp.sym.vmlinux.ring_append,0'), ['warning reference-exported ring_append']],
    [
      'two positions of one name are two symbols of a converted module',
      converted('', {
        symbols: [
          { name: '.klp.sym.vmlinux.state_show,1', bind: 1, section: 'livepatch' },
          { name: '.klp.sym.vmlinux.state_show,2', bind: 1, section: 'livepatch' },
        ],
        sections: [
          { name: '.text', flags: 6, data: new Uint8Array(64) },
          {
            name: '.klp.rela.vmlinux..text',
            info: 1,
            flags: FLAGS,
            relocations: [
              { offset: 0, symbol: 1 },
              { offset: 8, symbol: 2 },
            ],
          },
        ],
      }),
      [],
    ],
    [
      'a symbol that is not marked',
      converted(symbol, { symbols: [{ name: symbol, bind: 1 }] }),
      ['error rela-section .klp.rela.vmlinux..text', 'error reference-unmarked lost_show'],
    ],
    [
      'a symbol that nothing uses',
      converted(symbol, {
        sections: [
          { name: '.text', flags: 6, data: new Uint8Array(64) },
          { name: '.klp.rela.vmlinux..text', info: 1, flags: FLAGS, relocations: [] },
        ],
      }),
      ['warning reference-unused lost_show'],
    ],
    ['no object', converted('.klp.sym.lost_show,0'), unreadable('.klp.sym.lost_show,0')],
    ['no position at all', converted('.klp.sym.vmlinux.lost_show'), unreadable('.klp.sym.vmlinux.lost_show')],
    [
      'an object name that is too long',
      converted(`.klp.sym.${long}.lost_show,0`),
      unreadable(`.klp.sym.${long}.lost_show,0`),
    ],
    ['an object name that is just not too long', converted(`.klp.sym.${long.slice(1)}.lost_show,0`), []],
    [
      'a symbol name that is too long',
      converted(`.klp.sym.vmlinux.${'n'.repeat(512)},0`),
      unreadable(`.klp.sym.vmlinux.${'n'.repeat(512)},0`),
    ],
    ['no SHF_RELA_LIVEPATCH', one({ flags: 2 }), rela()],
    ['no SHF_ALLOC', one({ flags: 0x100000 }), rela()],
    ['another base', one({ name: '.klp.rela.vmlinux..data' }), rela('.klp.rela.vmlinux..data')],
    [
      'no object in the section’s name',
      one({ name: '.klp.rela.' }),
      [...rela('.klp.rela.'), ...unreadable('.klp.rela.')].sort(),
    ],
    [
      'an early section of a module',
      one({ name: '.klp.rela.ring_extra.__jump_table', info: 2 }),
      ['error rela-early-section __jump_table'],
    ],
    ['the same of vmlinux', one({ name: '.klp.rela.vmlinux.__jump_table', info: 2 }), []],
  ])('%s', async (_, module, expected) => {
    expect(told(await check({ 'lp.klp.ko': module }))).toEqual([...expected].sort());
  });

  test('a plain relocation with a converted symbol, as objcopy makes it', async () => {
    expect(told(await check({ 'lp.klp.ko': one({ name: '.rela.text', flags: 0 }) }))).toEqual(
      rela('.rela.text'),
    );
  });
});

describe('symbols.klp', () => {
  const list = async () => (await klpReach(['symbols', '--klp', '--db', db])).out;

  test('of this build', async () => {
    expect(told(await check({ 'symbols.klp': await list() }))).toEqual([]);
  });

  test('with another name, and with one left out', async () => {
    const text = await list();
    for (const name of ['\nlost_shew\n', '\n']) {
      expect(told(await check({ 'symbols.klp': text.replace('\nlost_show\n', name) }))).toEqual([
        'error symbols-klp-stale vmlinux',
      ]);
    }
  });

  test('with an object that the index does not have', async () => {
    expect(told(await check({ 'symbols.klp': `${await list()}*ext4\next4_x\n` }))).toEqual([
      'warning symbols-klp-stale ext4',
    ]);
  });
});

describe.skipIf(!compiled)('what is to do', () => {
  const remedy = async (text: string, changed: readonly string[] = []) =>
    (await check({ 'lp.ko': moduleOf(livepatch(text)) }, changed)).map((finding) => finding.remedy).join();

  test('an annotation in the livepatch’s own dialect', async () => {
    const use = 'extern int ring_extra_x(void), extra_sum(void); int use(void) { return extra_sum(); }';
    expect(await remedy(`${minimal('lost_show', 0)}${use}`)).toBe(
      'annotate it: extern typeof(extra_sum) extra_sum KLP_RELOC_SYMBOL_POS(ring_extra, ring_extra, extra_sum, 0);',
    );
  });

  test('the position of the file that the livepatch or the fix is about', async () => {
    const use = 'extern int state_show(void); int use(void) { return state_show(); }';
    expect(await remedy(use)).toContain('{ KLP_SYMPOS(state_show, 1) };');
    expect(await remedy(use, ['put_flag@fs/file.c'])).toContain('{ KLP_SYMPOS(state_show, 2) };');
  });
});
