import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readLivepatchFiles } from '../../src/cli/livepatch-files.js';
import { InputError } from '../../src/errors.js';
import { COMMAND, cleanEnvironment, klpReach } from '../helpers/command.js';
import { buildElf, type SectionSpec, type SymbolSpec } from '../helpers/elf-builder.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const DEMO = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
const db = newIndex();
const directory = buildDir();
const file = join(directory, 'lp.klp.ko');

beforeAll(async () => {
  expect((await klpReach(['index', DEMO, '--db', db])).code).toBe(0);
});

const TEXT: SectionSpec = { name: '.text', flags: 6, data: new Uint8Array(64) };
const SYMBOLS: readonly SymbolSpec[] = [
  { name: '.klp.sym.vmlinux.state_show,2', bind: 1, section: 'livepatch' },
  { name: 'klp_enable_patch', bind: 1 },
];

/** A converted module. */
function module(
  sections: readonly SectionSpec[] = [TEXT],
  symbols: readonly SymbolSpec[] = SYMBOLS,
): Uint8Array {
  const text = 1 + sections.indexOf(TEXT);
  return buildElf({
    sections: [
      ...sections,
      {
        name: '.klp.rela.vmlinux..text',
        info: text,
        flags: 0x100002,
        relocations: [
          { offset: 0, symbol: 1 },
          { offset: 8, symbol: 1 },
        ],
      },
    ],
    symbols,
  });
}

/** A section header's place in the file, by the section's number. */
function headerAt(bytes: Uint8Array, number: number): number {
  return Number(new DataView(bytes.buffer).getBigUint64(40, true)) + 64 * number;
}

/** The module with other numbers in it: by place, 32-bit values. */
function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = module();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

async function check(bytes: Uint8Array) {
  put(directory, { 'lp.klp.ko': bytes });
  return klpReach(['check', '--db', db, file]);
}

test('the module itself is read', async () => {
  expect((await check(module())).out).toContain('vmlinux:state_show,2  fs/file.c');
});

// The sections: 1 .text, 2 .klp.rela.vmlinux..text, 3 .symtab, 4 .strtab, 5 .symtab_shndx, 6 .shstrtab.
describe('refused with a word on the file', () => {
  const symtab = (view: DataView, bytes: Uint8Array) =>
    Number(view.getBigUint64(headerAt(bytes, 3) + 24, true));
  test.each<[string, Uint8Array]>([
    ['empty', new Uint8Array()],
    ['only its magic', module().subarray(0, 4)],
    ['only its header', module().subarray(0, 64)],
    ['half of it', module().subarray(0, module().length / 2)],
    ['without its last byte', module().subarray(0, -1)],
    [
      'a symbol’s name outside of the string table',
      changed((v, b) => v.setUint32(symtab(v, b) + 24, 1 << 20, true)),
    ],
    ['a section’s name outside of its table', changed((v, b) => v.setUint32(headerAt(b, 1), 1 << 20, true))],
    ['a symbol table beyond the end', changed((v, b) => v.setUint32(headerAt(b, 3) + 24, 1 << 28, true))],
    ['a symbol table in odd pieces', changed((v, b) => v.setUint32(headerAt(b, 3) + 32, 71, true))],
    [
      'relocations of a section that is not there',
      changed((v, b) => v.setUint32(headerAt(b, 2) + 44, 999, true)),
    ],
    ['relocations in odd pieces', changed((v, b) => v.setUint32(headerAt(b, 2) + 32, 25, true))],
    ['relocations of no symbol table', changed((v, b) => v.setUint32(headerAt(b, 2) + 40, 1, true))],
    [
      'a symbol that is not there',
      changed((v, b) => {
        const at = Number(v.getBigUint64(headerAt(b, 2) + 24, true));
        v.setUint32(at + 12, 4_000_000, true);
      }),
    ],
    ['a linked file', changed((v) => v.setUint16(16, 2, true))],
    ['a table of section headers beyond the end', changed((v) => v.setUint32(40, 1 << 28, true))],
  ])('%s', async (_, bytes) => {
    const ran = await check(bytes);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/^klp-reach: [^\n]+\n$/);
    expect(ran.err).toContain(file);
  });
});

/** Anything but an InputError that names the file is a bug. */
async function survives(bytes: Uint8Array): Promise<boolean> {
  put(directory, { 'lp.klp.ko': bytes });
  try {
    await readLivepatchFiles([file]);
    return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toContain(file);
    return false;
  }
}

describe('read or refused', () => {
  test('cut off anywhere', async () => {
    const bytes = module();
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await survives(bytes.subarray(0, length))).toBe(false);
    }
  });

  test('with changes', async () => {
    const victim = module();
    const change = fc.record({
      at: fc.nat({ max: victim.length - 1 }),
      value: fc.nat({ max: 255 }),
      run: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Uint8Array.from(victim);
        for (const { at, value, run } of changes) bytes.fill(value, at, at + run);
        await survives(bytes);
      }),
      { numRuns: 1000 },
    );
  }, 60_000);

  test('sections that lie on top of each other', async () => {
    for (let one = 1; one <= 6; one++) {
      for (let other = 1; other <= 6; other++) {
        await survives(
          changed((view, bytes) => {
            const offset = view.getBigUint64(headerAt(bytes, other) + 24, true);
            view.setBigUint64(headerAt(bytes, one) + 24, offset, true);
          }),
        );
      }
    }
  });
});

describe('large modules', () => {
  test('70,000 sections', async () => {
    const many = Array.from({ length: 70_000 }, (_, i) => ({ name: `.text.f${i}`, flags: 6 }));
    // .text is the last: its number does not fit into 16 bits.
    const { code, out } = await check(module([...many, TEXT]));
    expect(out).toContain('vmlinux:state_show,2  fs/file.c');
    expect(out).not.toContain('rela-section');
    // klp_enable_patch, which the sample does not have.
    expect(code).toBe(1);
  }, 30_000);

  test('memory stays within four times the file', async () => {
    const main = new URL('../dist/cli/main.js', pathToFileURL(COMMAND)).href;
    const script = `
      process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS * 1024));
      const { main } = await import(${JSON.stringify(main)});
      await main(['node', 'klp-reach', 'check', '--db', ${JSON.stringify(db)}, ${JSON.stringify(file)}]);`;
    const peak = (bytes: Uint8Array) => {
      put(directory, { 'lp.klp.ko': bytes });
      const args = ['--input-type=module', '-e', script];
      const ran = spawnSync(process.execPath, args, { env: cleanEnvironment(), encoding: 'utf8' });
      expect(ran.stdout).toContain('vmlinux:state_show,2  fs/file.c');
      return Number(/peak (\d+)$/.exec(ran.stderr)![1]);
    };
    const own = Array.from({ length: 100_000 }, (_, i) => ({
      name: `own_function_${i}`,
      section: 1,
      bind: 1,
    }));
    const large = module(
      [
        TEXT,
        { name: '.data', flags: 3, data: new Uint8Array(35_000_000) },
        {
          name: '.rela.data',
          info: 2,
          relocations: Array.from({ length: 300_000 }, (_, i) => ({
            offset: i * 8,
            symbol: 3 + (i % 100_000),
          })),
        },
      ],
      [...SYMBOLS, ...own],
    );
    expect(large.length).toBeGreaterThan(45_000_000);
    const used = peak(large) - peak(module());
    expect(used).toBeLessThan(4 * large.length);
  }, 60_000);
});
