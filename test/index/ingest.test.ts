import { readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dump } from '../helpers/dump-text.js';
import { column, faults, logical, query } from '../helpers/index-rows.js';
import { IndexReader, InputError, ingest, openForReading } from '../helpers/library.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const BUILD = 'default';
const A = 'mm/a.c.000i.ipa-clones';
const B = 'mm/b.c.000i.ipa-clones';

const indexed = (build: string, db: string, options: { build?: string; replace?: boolean } = {}) =>
  ingest([build], { db, build: BUILD, ...options });

async function functionNames(db: string): Promise<string[]> {
  const index = new IndexReader(openForReading(db));
  const names = index.functionNames();
  index.close();
  return names.sort();
}

/** Sets a file's time, since two writes can fall into one tick of the clock. */
function touch(path: string, second: number): void {
  utimesSync(path, second, second);
}

describe('the file', () => {
  const build = buildDir({
    [A]: dump('f > g\nf > g\ng > h\nf > f.isra.0 isra\nf > g\n- f'),
    [B]: dump('f@./include/f.h > k\n- f@./include/f.h', 'b.c'),
    'empty.c.000i.ipa-clones': '',
    'mm/a.o': objectWith('g', 'h', 'f.isra.0'),
  });
  const db = newIndex();

  test('is an SQLite database that says what it is', async () => {
    const report = await indexed(build, db);
    expect(report).toMatchObject({ units: 3, added: 3, changed: 0, unchanged: 0, dropped: 0 });
    expect(readFileSync(db).subarray(0, 15).toString()).toBe('SQLite format 3');
    expect(column(db, 'PRAGMA application_id')).toEqual([0x6b6c7072]);
    expect(column(db, 'PRAGMA user_version')).toEqual([expect.any(Number)]);
    expect(faults(db)).toEqual([]);
  });

  test('has strict tables only, which keep their references', () => {
    const tables = query(
      db,
      "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'",
    );
    const own = tables.filter(({ name }) => !String(name).startsWith('sqlite_'));
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter(({ strict }) => strict !== 1)).toEqual([]);
    const references = column(db, 'SELECT count(*) FROM sqlite_schema t, pragma_foreign_key_list(t.name) f');
    expect(references[0]).toBeGreaterThan(5);
  });

  test('holds each word and each function once', () => {
    for (const sql of [
      'SELECT text FROM name GROUP BY text HAVING count(*) > 1',
      'SELECT text FROM path GROUP BY text HAVING count(*) > 1',
      'SELECT text FROM kind GROUP BY text HAVING count(*) > 1',
      'SELECT 1 FROM function GROUP BY name, path, line, col HAVING count(*) > 1',
    ]) {
      expect(query(db, sql)).toEqual([]);
    }
    expect(column(db, "SELECT count(*) FROM name WHERE text = 'f'")).toEqual([1]);
    expect(column(db, 'SELECT text FROM path ORDER BY text')).toEqual(['./include/f.h', 'a.c', 'b.c']);
  });

  test('has views in words', () => {
    expect(query(db, 'SELECT build, path, object, complete FROM units ORDER BY path')).toEqual([
      { build: BUILD, path: 'empty.c.000i.ipa-clones', object: 'missing', complete: 1 },
      { build: BUILD, path: A, object: 'read', complete: 1 },
      { build: BUILD, path: B, object: 'missing', complete: 1 },
    ]);
    expect(
      query(db, `SELECT seq, original, target, kind FROM records WHERE unit = '${A}' ORDER BY seq`),
    ).toEqual([
      { seq: 1, original: 'f', target: 'g', kind: 'inlining to' },
      { seq: 2, original: 'f', target: 'g', kind: 'inlining to' },
      { seq: 3, original: 'g', target: 'h', kind: 'inlining to' },
      { seq: 4, original: 'f', target: 'f.isra.0', kind: 'isra' },
      { seq: 5, original: 'f', target: 'g', kind: 'inlining to' },
    ]);
    expect(column(db, `SELECT name FROM symbols WHERE unit = '${A}' ORDER BY name`)).toEqual([
      'f.isra.0',
      'g',
      'h',
    ]);
    expect(query(db, `SELECT name, file, removed FROM nodes WHERE unit = '${B}' ORDER BY name`)).toEqual([
      { name: 'f', file: 'include/f.h', removed: 1 },
      { name: 'k', file: 'b.c', removed: 0 },
    ]);
  });

  test('counts repeated edges, with their first and last place in the order', () => {
    const sql = `SELECT original, target, kind, count, first_seq, last_seq FROM edges WHERE unit = '${A}'
      ORDER BY first_seq`;
    expect(query(db, sql)).toEqual([
      { original: 'f', target: 'g', kind: 'inlining to', count: 3, first_seq: 1, last_seq: 5 },
      { original: 'g', target: 'h', kind: 'inlining to', count: 1, first_seq: 3, last_seq: 3 },
      { original: 'f', target: 'f.isra.0', kind: 'isra', count: 1, first_seq: 4, last_seq: 4 },
    ]);
  });

  test('tells what was emitted beside what was removed, as far as an object says so', () => {
    expect(query(db, 'SELECT unit, name, removed, emitted FROM emission ORDER BY unit, name')).toEqual([
      { unit: A, name: 'f', removed: 1, emitted: 0 },
      { unit: A, name: 'f.isra.0', removed: 0, emitted: 1 },
      { unit: A, name: 'g', removed: 0, emitted: 1 },
      { unit: A, name: 'h', removed: 0, emitted: 1 },
      { unit: B, name: 'f', removed: 1, emitted: null },
      { unit: B, name: 'k', removed: 0, emitted: null },
    ]);
  });
});

test('the same build makes the same rows, however it is read', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [
      `d/u${i}.c.000i.ipa-clones`,
      dump(`h@x.h > f${i}\nf${i} > g${i % 7}@y.h`, `d/u${i}.c`),
    ]),
  );
  const build = buildDir(files);
  const [one, two] = [newIndex(), newIndex()];
  await indexed(build, one);
  await indexed(build, two);
  expect(query(two, 'SELECT * FROM node')).toEqual(query(one, 'SELECT * FROM node'));
  expect(query(two, 'SELECT * FROM name')).toEqual(query(one, 'SELECT * FROM name'));
});

test('partitions of a link-time optimisation are units', async () => {
  const db = newIndex();
  const build = buildDir({
    'vmlinux.o.ltrans0.ltrans.000i.ipa-clones': dump('f@a.c > g@b.c'),
    'vmlinux.o.wpa.000i.ipa-clones': dump('g@b.c > h@c.c'),
    'vmlinux.o.ltrans0.ltrans.o': objectWith('g'),
  });
  await indexed(build, db);
  expect(query(db, 'SELECT source, object FROM units ORDER BY path')).toEqual([
    { source: 'vmlinux.o.ltrans0.ltrans', object: 'read' },
    { source: 'vmlinux.o.wpa', object: 'missing' },
  ]);
});

describe('indexing again', () => {
  async function start() {
    const build = buildDir({ [A]: dump('f > g'), [B]: dump('only_in_b > k', 'b.c') });
    touch(join(build, A), 1000);
    touch(join(build, B), 1000);
    const db = newIndex();
    await indexed(build, db);
    return { build, db };
  }

  test('what did not change is not read again', async () => {
    const { build, db } = await start();
    const before = logical(db);
    const report = await indexed(build, db);
    expect(report).toMatchObject({ units: 2, added: 0, changed: 0, unchanged: 2, dropped: 0 });
    expect(logical(db)).toEqual(before);
    expect(faults(db)).toEqual([]);
  });

  test('a changed dump is replaced', async () => {
    const { build, db } = await start();
    put(build, { [A]: dump('f > other') });
    const report = await indexed(build, db);
    expect(report).toMatchObject({ units: 2, added: 0, changed: 1, unchanged: 1, dropped: 0 });
    expect(column(db, `SELECT target FROM records WHERE unit = '${A}'`)).toEqual(['other']);
    expect(await functionNames(db)).toEqual(['f', 'k', 'only_in_b', 'other']);
    expect(faults(db)).toEqual([]);
  });

  test('a dump of the same size and another time is read again', async () => {
    const { build, db } = await start();
    put(build, { [A]: dump('f > h') });
    touch(join(build, A), 2000);
    expect(await indexed(build, db)).toMatchObject({ changed: 1, unchanged: 1 });
    expect(column(db, `SELECT target FROM records WHERE unit = '${A}'`)).toEqual(['h']);
  });

  test('a vanished dump is dropped, with the names that only it had', async () => {
    const { build, db } = await start();
    rmSync(join(build, B));
    const report = await indexed(build, db);
    expect(report).toMatchObject({ units: 1, added: 0, changed: 0, unchanged: 1, dropped: 1 });
    expect(await functionNames(db)).toEqual(['f', 'g']);
    expect(faults(db)).toEqual([]);
  });

  test('a new dump is added', async () => {
    const { build, db } = await start();
    put(build, { 'c.c.000i.ipa-clones': dump('f@a.c > new', 'c.c') });
    expect(await indexed(build, db)).toMatchObject({
      units: 3,
      added: 1,
      changed: 0,
      unchanged: 2,
      dropped: 0,
    });
    expect(await functionNames(db)).toContain('new');
    expect(faults(db)).toEqual([]);
  });

  test('an object that appears, changes or goes makes its unit be read again', async () => {
    const { build, db } = await start();
    const object = join(build, 'mm/a.o');
    const state = () => column(db, `SELECT object FROM units WHERE path = '${A}'`)[0];
    const symbols = () => column(db, `SELECT name FROM symbols WHERE unit = '${A}' ORDER BY name`);

    put(build, { 'mm/a.o': objectWith('g') });
    touch(object, 1000);
    expect(await indexed(build, db)).toMatchObject({ changed: 1, unchanged: 1 });
    expect([state(), symbols()]).toEqual(['read', ['g']]);

    put(build, { 'mm/a.o': objectWith('h') });
    touch(object, 2000);
    expect(await indexed(build, db)).toMatchObject({ changed: 1, unchanged: 1 });
    expect([state(), symbols()]).toEqual(['read', ['h']]);

    put(build, { 'mm/a.o': 'no ELF at all' });
    expect(await indexed(build, db)).toMatchObject({ changed: 1, objects: { corrupt: 1 } });
    expect([state(), symbols()]).toEqual(['corrupt', []]);

    rmSync(object);
    expect(await indexed(build, db)).toMatchObject({ changed: 1, unchanged: 1 });
    expect([state(), symbols()]).toEqual(['missing', []]);
    expect(await functionNames(db)).toEqual(['f', 'g', 'k', 'only_in_b']);
    expect(faults(db)).toEqual([]);
  });
});

describe('several builds in one index', () => {
  test('are kept apart, and one is changed without the other', async () => {
    const db = newIndex();
    const old = buildDir({ [A]: dump('f > g') });
    const recent = buildDir({ [A]: dump('f > h'), [B]: dump('k > l', 'b.c') });
    await indexed(old, db, { build: '6.1' });
    expect(await indexed(recent, db, { build: '6.12' })).toMatchObject({ build: '6.12', units: 2, added: 2 });
    expect(query(db, 'SELECT build, original, target FROM records ORDER BY build, seq, original')).toEqual([
      { build: '6.1', original: 'f', target: 'g' },
      { build: '6.12', original: 'f', target: 'h' },
      { build: '6.12', original: 'k', target: 'l' },
    ]);

    rmSync(join(recent, A));
    expect(await indexed(recent, db, { build: '6.12' })).toMatchObject({ dropped: 1, unchanged: 1 });
    expect(column(db, "SELECT target FROM records WHERE build = '6.1'")).toEqual(['g']);
    expect(await functionNames(db)).toEqual(['f', 'g', 'k', 'l']);
    expect(faults(db)).toEqual([]);
  });

  test('another build’s dumps do not replace all of a build by mistake', async () => {
    const db = newIndex();
    await indexed(buildDir({ [A]: dump('f > g') }), db);
    const before = readFileSync(db);
    const other = buildDir({ 'fs/x.c.000i.ipa-clones': dump('x > y') });
    await expect(indexed(other, db)).rejects.toThrow(/--build NAME.*--replace/);
    expect(readFileSync(db).equals(before)).toBe(true);

    expect(await indexed(other, db, { replace: true })).toMatchObject({ units: 1, added: 1, dropped: 1 });
    expect(await functionNames(db)).toEqual(['x', 'y']);
  });
});

describe('what cannot be used leaves everything as it was', () => {
  const bad = 'Callgraph clone;f;1;a.c;3;1;g;2;a.c;9;1;isra\nCallgraph clone;f;1;a.c;3\n';

  test('a malformed line is an error with its place', async () => {
    const db = newIndex();
    const build = buildDir({ [A]: dump('f > g') });
    await indexed(build, db);
    const before = readFileSync(db);
    put(build, { [B]: bad });
    const failed = indexed(build, db);
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(/mm\/b\.c\.000i\.ipa-clones:2: /);
    expect(readFileSync(db).equals(before)).toBe(true);
  });

  test('so is a line that was cut off, and there is no index where there was none', async () => {
    const db = newIndex();
    const build = buildDir({ [A]: dump('f > g').slice(0, -20) });
    await expect(indexed(build, db)).rejects.toThrow(/a\.c\.000i\.ipa-clones:1: .*middle of a line/);
    expect(() => openForReading(db)).toThrow(InputError);
  });

  test('every malformed line is told', async () => {
    const build = buildDir({ [A]: 'x\n', [B]: 'y\n' });
    await expect(indexed(build, newIndex())).rejects.toThrow(/a\.c\S*:1: [\s\S]*b\.c\S*:1: /);
  });

  test('--keep-going keeps the good records and marks the unit', async () => {
    const db = newIndex();
    const build = buildDir({ [A]: dump('k > l'), [B]: bad });
    const report = await ingest([build], { db, build: BUILD, keepGoing: true });
    expect(report.incomplete).toEqual([B]);
    expect(report.warnings.map(({ where }) => where)).toEqual([expect.stringMatching(/b\.c\S*:2$/)]);
    expect(column(db, `SELECT target FROM records WHERE unit = '${B}'`)).toEqual(['g']);
    expect(query(db, 'SELECT path, complete FROM units ORDER BY path')).toEqual([
      { path: A, complete: 1 },
      { path: B, complete: 0 },
    ]);

    put(build, { [B]: dump('f > g') });
    expect(await indexed(build, db)).toMatchObject({ changed: 1, incomplete: [] });
    expect(column(db, 'SELECT min(complete) FROM units')).toEqual([1]);
    expect(faults(db)).toEqual([]);
  });

  test('a folder without dumps', async () => {
    const db = newIndex();
    await expect(indexed(buildDir({ 'a.txt': 'x' }), db)).rejects.toThrow(/holds no dumps/);
  });

  test('a folder of objects that does not exist', async () => {
    const build = buildDir({ [A]: dump('f > g') });
    const options = { db: newIndex(), build: BUILD, objects: join(build, 'no/such') };
    await expect(ingest([build], options)).rejects.toThrow(InputError);
  });
});

test('objects may lie below another folder', async () => {
  const db = newIndex();
  const build = buildDir({ [A]: dump('f > g') });
  const objects = buildDir({ 'mm/a.o': objectWith('g') });
  const report = await ingest([build], { db, build: BUILD, objects });
  expect(report.objects).toEqual({ read: 1, missing: 0, corrupt: 0 });
  expect(column(db, 'SELECT name FROM symbols')).toEqual(['g']);
});
