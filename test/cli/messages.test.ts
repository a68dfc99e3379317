import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { checkSeal } from '../../src/index/seal.js';
import { klpReach } from '../helpers/command.js';
import { copyDemo } from '../helpers/demo.js';
import { dump } from '../helpers/dump-text.js';
import { buildElf } from '../helpers/elf-builder.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

/** One line that says what it is and what to do. */
async function refusal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const ran = await klpReach(args, { env });
  expect(ran.code, ran.err).toBe(2);
  expect(ran.out).toBe('');
  expect(ran.err).toMatch(/^klp-reach: [^\n]+; [^\n]+\n$/);
  return ran.err;
}

async function demoIndex(): Promise<string> {
  const build = buildDir();
  copyDemo(build);
  const db = newIndex();
  expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
  return db;
}

test('bytes of an index that flipped while its time stayed', async () => {
  const db = await demoIndex();
  const { atime, mtime } = statSync(db);
  const whole = readFileSync(db);
  const said = new Set<string>();
  for (let page = 1; page * 4096 < whole.length - 4096; page++) {
    const bytes = Buffer.from(whole);
    bytes.fill(0xff, page * 4096, page * 4096 + 16);
    writeFileSync(db, bytes);
    utimesSync(db, atime, mtime);
    for (const question of [['info'], ['affected', 'record_fits']]) {
      const ran = await klpReach([...question, '--db', db]);
      if (ran.code === 2) said.add(ran.err);
      else expect(ran.code, ran.err).toBeLessThan(2);
    }
    if (page > 12) break;
  }
  expect([...said]).toEqual([
    `klp-reach: ${db}: the index is damaged; delete it and index the build again\n`,
  ]);
});

test('an index that is deleted while it is opened', async () => {
  const db = await demoIndex();
  rmSync(db);
  expect(() => checkSeal(db, false)).toThrow(
    `${db}: the index was deleted or moved meanwhile; index the build again, or name another index with --db`,
  );
});

describe('a file that is not there', () => {
  test.each([
    ['a fix', ['audit', 'gone.patch']],
    ['a list of symbols', ['affected', '@gone']],
    ['an acceptance file', ['audit', '--changed', 'ring_append', '--accept', 'gone']],
  ])('%s', async (_, args) => {
    expect(await refusal([...args, '--db', await demoIndex()])).toMatch(
      /^klp-reach: gone(?:\.patch)?: no such file or directory; check the path/,
    );
  });

  test('any more while the build is indexed', async () => {
    const build = buildDir();
    copyDemo(build);
    const db = newIndex();
    // Deletes a dump when the first one is read.
    const hook = join(buildDir({ 'hook.cjs': HOOK }), 'hook.cjs');
    const env = { NODE_OPTIONS: `--require=${hook}`, DELETED: join(build, 'init/main.c.000i.ipa-clones') };
    expect(await refusal(['index', build, '--db', db], env)).toBe(
      `klp-reach: ${env.DELETED}: cannot be read (no such file or directory); check the file and index again\n`,
    );
    expect(existsSync(db)).toBe(false);
  });
});

const HOOK = `
const fs = require('node:fs');
const { threadId } = require('node:worker_threads');
// The first thread indexes, its threads read units.
if (threadId > 1) fs.rmSync(process.env.DELETED, { force: true });
`;

describe('an input without dumps', () => {
  const comment = (text: string) =>
    buildElf({ sections: [{ name: '.comment', data: Buffer.from(`\0${text}\0`) }] });
  test.each<[string, Record<string, string | Uint8Array>, string]>([
    ['of GCC', { 'a.o': comment('GCC: 12') }, 'holds no dumps; build with KCFLAGS=-fdump-ipa-clones'],
    [
      'of Clang, by an object',
      { 'a.o': comment('Ubuntu clang version 19.1.0') },
      'holds no dumps: it was built with Clang',
    ],
    [
      'of Clang, by its .config',
      { '.config': 'CONFIG_CC_IS_CLANG=y\n' },
      'holds no dumps: it was built with Clang',
    ],
    [
      'but compressed ones',
      { 'a.c.000i.ipa-clones.lz4': 'x' },
      '.lz4 is compressed in a form that klp-reach does not know',
    ],
    [
      'but an archive',
      { 'dumps.tar.gz': gzipSync('x') },
      'dumps.tar.gz, name that file instead of its folder',
    ],
  ])('%s', async (_, files, what) => {
    const build = buildDir(files);
    expect(await refusal(['index', build, '--db', newIndex()])).toContain(what);
  });

  test('but gzipped ones has dumps', async () => {
    const build = buildDir({ 'a.c.000i.ipa-clones.gz': gzipSync(dump('f > g')) });
    expect(await klpReach(['index', build, '--db', newIndex()])).toMatchObject({ code: 0 });
  });
});

describe('SQLite’s machine code', () => {
  const hooked = (body: string) => {
    const hook = `const Module = require('node:module');\nModule._extensions['.node'] = (_, file) => { ${body} };\n`;
    return { NODE_OPTIONS: `--require=${join(buildDir({ 'hook.cjs': hook }), 'hook.cjs')}` };
  };
  test.each([
    [
      'is missing',
      "throw Object.assign(new Error('Cannot find module ' + file), { code: 'MODULE_NOT_FOUND' });",
    ],
    [
      'is of another Node',
      "throw Object.assign(new Error('The module was compiled against NODE_MODULE_VERSION 1\\n another'), { code: 'ERR_DLOPEN_FAILED' });",
    ],
  ])('%s', async (_, body) => {
    const build = buildDir({ 'a.c.000i.ipa-clones': dump('f > g') });
    const db = newIndex();
    for (const args of [['index', build], ['info']]) {
      if (args[0] === 'info') cpSync(await demoIndex(), db);
      const said = await refusal([...args, '--db', db], hooked(body));
      expect(said).toContain(`SQLite cannot be loaded into Node ${process.version}`);
      expect(said).toContain('npm rebuild better-sqlite3');
    }
    expect(readdirSync(build)).toEqual(['a.c.000i.ipa-clones']);
  });
});
