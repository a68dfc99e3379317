import { beforeAll, describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { buildDir, newIndex } from '../helpers/workplace.js';
import { readCsv } from './csv.js';

const [db, otherDb] = [newIndex(), newIndex()];
const OLD = {
  'mm/a.c.000i.ipa-clones': dump('f > one\nf > two\ng > one\ng > g.isra.0 isra\nsame > one', 'mm/a.c'),
  'mm/gone.c.000i.ipa-clones': dump('f > away', 'mm/gone.c'),
  'fs/b.c.000i.ipa-clones': dump('f > b_host\nsame > b_host', 'fs/b.c'),
};
const NEW = {
  // Another order of the same decisions, other node numbers, and a clone with another number.
  'mm/a.c.000i.ipa-clones': dump(
    'same > one\nf > three\nf > two\nf > two\ng > g.isra.7 isra\ng > one',
    'mm/a.c',
  ),
  'fs/b.c.000i.ipa-clones': dump('same > b_host', 'fs/b.c'),
  'fs/new.c.000i.ipa-clones': dump('f > fresh', 'fs/new.c'),
};
const EXPECTED = ['fs/b.c f b_host 1 0', 'mm/a.c f one 1 0', 'mm/a.c f three 0 1', 'mm/a.c f two 1 2'];

beforeAll(async () => {
  const builds = { old: buildDir(OLD), new: buildDir(NEW) };
  for (const [build, directory] of Object.entries(builds))
    expect((await klpReach(['index', directory, '--db', db, '--build', build])).code).toBe(0);
  expect((await klpReach(['index', builds.new, '--db', otherDb, '--build', 'new'])).code).toBe(0);
});

interface Change {
  readonly unit: string;
  readonly original: string;
  readonly target: string;
  readonly before: number;
  readonly after: number;
}

const diff = (...args: string[]) => klpReach(['diff', ...args, '--db', db]);
async function json(...args: string[]) {
  const ran = await diff(...args, '-f', 'json');
  expect(ran).toMatchObject({ code: 0, err: '' });
  return JSON.parse(ran.out);
}
const words = ({ changes }: { changes: readonly Change[] }) =>
  changes.map(({ unit, original, target, before, after }) =>
    [unit, original, target, before, after].join(' '),
  );

describe('diff', () => {
  test('tells the decisions that differ, of units that both builds have', async () => {
    const said = await json('old', 'new');
    expect(words(said)).toEqual(EXPECTED);
    expect(said).toMatchObject({
      format: 'klp-reach/diff',
      version: 2,
      provenance: { builds: [{ name: 'old' }, { name: 'new' }] },
      before: 'old',
      after: 'new',
      onlyBefore: ['mm/gone.c'],
      onlyAfter: ['fs/new.c'],
    });
    // same > one, g > one and g > g.isra in mm/a.c; same > b_host in fs/b.c.
    expect(said.sameDecisions).toBe(4);
  });

  test('is the other way round with the builds so', async () => {
    const said = await json('new', 'old');
    expect(words(said).sort()).toEqual(EXPECTED.map((line) => line.replace(/(\d) (\d)$/, '$2 $1')).sort());
    expect(said).toMatchObject({ onlyBefore: ['fs/new.c'], onlyAfter: ['mm/gone.c'] });
  });

  test('a build does not differ from itself', async () => {
    expect(await json('old', 'old')).toMatchObject({ changes: [], onlyBefore: [], onlyAfter: [] });
  });

  test('only of the functions that are named, as original or target', async () => {
    expect(words(await json('old', 'new', 'one'))).toEqual(['mm/a.c f one 1 0']);
    expect(words(await json('old', 'new', 'g', 'same'))).toEqual([]);
    expect(words(await json('old', 'new', 'f@fs/b.c'))).toEqual(['fs/b.c f b_host 1 0']);
    expect(words(await json('old', 'new', 'f', 'three'))).toEqual(EXPECTED);
  });

  test('the second build may be of another index', async () => {
    expect(words(await json('old', 'new', '--other-db', otherDb))).toEqual(EXPECTED);
    expect((await diff('old', 'old', '--other-db', otherDb)).code).toBe(2);
  });

  test('csv and text have every change', async () => {
    const rows = readCsv((await diff('old', 'new', '-f', 'csv')).out);
    expect(
      rows.map((row) => [row['unit'], row['original'], row['target'], row['before'], row['after']].join(' ')),
    ).toEqual(EXPECTED);
    const { version, builds } = (await json('old', 'new')).provenance;
    const identity = builds.map((build: { identity: string }) => build.identity).join(' ');
    for (const row of rows) expect(row).toMatchObject({ version, identity });
    expect(readCsv((await diff('old', 'old', '-f', 'csv')).out)).toMatchObject([{ unit: '', version }]);
    const { out } = await diff('old', 'new');
    expect(
      out
        .split('\n')
        .filter((line) => /^ +[-+~] /.test(line))
        .map((line) => line.trim()),
    ).toEqual([
      '- f (fs/b.c) inlined into b_host',
      '- f (mm/a.c) inlined into one',
      '+ f (mm/a.c) inlined into three',
      '~ f (mm/a.c) inlined into two  1 times, now 2',
      '- unit mm/gone.c',
      '+ unit fs/new.c',
    ]);
    expect(out).toMatch(/\n4 decisions differ, 4 are the same\n$/);
  });

  test('--exit-code tells whether decisions differ', async () => {
    expect((await diff('old', 'new', '--exit-code')).code).toBe(1);
    expect((await diff('old', 'new', 'same', '--exit-code')).code).toBe(0);
    expect((await diff('old', 'old', '--exit-code')).code).toBe(0);
    expect((await diff('old', 'new')).code).toBe(0);
  });

  test.each([['old', 'none'], ['none', 'old'], ['old', 'new', '--other-db', '/nonexistent.db'], ['old']])(
    'refuses %s %s %s %s',
    async (...args) => {
      const ran = await diff(...args);
      expect(ran).toMatchObject({ code: 2, out: '' });
      expect(ran.err).toMatch(/^klp-reach: /);
    },
  );
});
