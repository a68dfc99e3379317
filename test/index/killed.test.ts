import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { klpReach, start } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { faults } from '../helpers/index-rows.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const UNITS = 40;
const RECORDS = 600;
/** Where the kills are tried, as parts of the time that a whole run takes. */
const MOMENTS = [0.2, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 1];

/** Units whose answers differ between two states of the build, in many places of the index. */
function bigBuild(state: string): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: UNITS }, (_, unit) => {
      const records = Array.from(
        { length: RECORDS },
        (_, i) => `${state}_${unit}_${i}@${state}.h > host_${unit}_${i}`,
      );
      const text = dump([`shared@x.h > ${state}_${unit}`, ...records].join('\n'), `u${unit}.c`);
      return [`u${unit}.c.000i.ipa-clones`, text];
    }),
  );
}

const ask = ['affected', 'shared', '--format', 'json'];
const build = buildDir(bigBuild('old'));
const oldIndex = newIndex();
let oldAnswer = '';
let newAnswer = '';
let duration = 0;

async function answer(db: string): Promise<string> {
  const ran = await klpReach([...ask, '--db', db]);
  expect(ran).toMatchObject({ code: 0, err: '' });
  return ran.out;
}

beforeAll(async () => {
  expect((await klpReach(['index', build, '--db', oldIndex])).code).toBe(0);
  oldAnswer = await answer(oldIndex);
  put(build, bigBuild('new'));
  for (let unit = 0; unit < UNITS; unit++) utimesSync(join(build, `u${unit}.c.000i.ipa-clones`), 2000, 2000);
  const db = newIndex();
  copyFileSync(oldIndex, db);
  const before = Date.now();
  expect((await klpReach(['index', build, '--db', db])).code).toBe(0);
  duration = Date.now() - before;
  newAnswer = await answer(db);
  expect(newAnswer).not.toBe(oldAnswer);
}, 120_000);

test('killed while it replaces an index: the old one or the new one, whole', {
  timeout: 120_000,
}, async () => {
  const ends = new Set<string>();
  for (const moment of MOMENTS) {
    const db = newIndex();
    copyFileSync(oldIndex, db);
    const child = start(['index', build, '--db', db]);
    const ended = once(child, 'close');
    await sleep(duration * moment);
    child.kill('SIGKILL');
    await ended;
    const said = await answer(db);
    expect([oldAnswer, newAnswer]).toContain(said);
    ends.add(said);
    expect(faults(db)).toEqual([]);
  }
  expect(ends).toContain(oldAnswer);
});

test('killed before there is a first index: the next indexing works', { timeout: 120_000 }, async () => {
  for (const moment of [0.5, 0.8, 0.95]) {
    const db = newIndex();
    const child = start(['index', build, '--db', db]);
    const ended = once(child, 'close');
    await sleep(duration * moment);
    child.kill('SIGKILL');
    await ended;
    if (existsSync(db)) {
      const ran = await klpReach([...ask, '--db', db]);
      if (ran.code === 0) expect(ran.out).toBe(newAnswer);
      else expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('empty') });
    }
    expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
    expect(await answer(db)).toBe(newAnswer);
    expect(faults(db)).toEqual([]);
  }
});

test('killed in the middle of writing pages: the question itself mends the file', async () => {
  const db = newIndex();
  copyFileSync(oldIndex, db);
  const before = readFileSync(db);
  const sqlite = createRequire(import.meta.url).resolve('better-sqlite3');
  // A cache of a few pages makes SQLite write to the file long before the transaction ends.
  const script = `
    const db = new (require(${JSON.stringify(sqlite)}))(${JSON.stringify(db)});
    db.pragma('cache_size = 5');
    db.pragma('foreign_keys = OFF');
    db.exec("BEGIN; UPDATE name SET text = text || ' half done'; DELETE FROM node WHERE unit > 3");
    process.kill(process.pid, 'SIGKILL');`;
  expect(spawnSync(process.execPath, ['-e', script]).signal).toBe('SIGKILL');
  expect(existsSync(`${db}-journal`)).toBe(true);
  expect(readFileSync(db).equals(before)).toBe(false);
  expect(await answer(db)).toBe(oldAnswer);
  expect(faults(db)).toEqual([]);
});
