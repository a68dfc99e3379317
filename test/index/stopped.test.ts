import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { IngestProgress } from '../../src/index/ingest.js';
import { klpReach, start } from '../helpers/command.js';
import { copyDemo } from '../helpers/demo.js';
import { dump } from '../helpers/dump-text.js';
import { faults } from '../helpers/index-rows.js';
import { ingest } from '../helpers/library.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const UNITS = 60;
const RECORDS = 700;

function bigBuild(state: string): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: UNITS }, (_, unit) => {
      const records = Array.from(
        { length: RECORDS },
        (_, i) => `${state}_${unit}_${i}@x.h > host_${unit}_${i}`,
      );
      return [
        `u${unit}.c.000i.ipa-clones`,
        dump([`shared@x.h > ${state}_${unit}`, ...records].join('\n'), `u${unit}.c`),
      ];
    }),
  );
}

const build = buildDir(bigBuild('old'));
const oldIndex = newIndex();
let oldAnswer = '';
let duration = 0;

async function answer(db: string): Promise<string> {
  const ran = await klpReach(['affected', 'shared', '--db', db, '--format', 'json']);
  expect(ran, ran.err).toMatchObject({ code: 0, err: '' });
  return ran.out;
}

beforeAll(async () => {
  const before = Date.now();
  expect(await klpReach(['index', build, '--db', oldIndex])).toMatchObject({ code: 0 });
  duration = Date.now() - before;
  oldAnswer = await answer(oldIndex);
  put(build, bigBuild('new'));
}, 120_000);

/** As soon as something is written, or at a share of the time that an indexing takes: how busy a machine is changes. */
type Moment = 'begun' | number;

async function until(child: ChildProcess, db: string, moment: Moment): Promise<void> {
  if (moment !== 'begun') return sleep(duration * moment);
  const first = existsSync(db) ? `${db}-journal` : db;
  while (!existsSync(first) && child.exitCode === null) await sleep(5);
}

/** Stops `index` at a moment, and tells how it ended and what it left. */
async function stopped(db: string, moment: Moment, signal: NodeJS.Signals = 'SIGINT') {
  const scratch = buildDir();
  const child = start(['index', build, '--db', db], { env: { TMPDIR: scratch } });
  let err = '';
  child.stderr!.on('data', (text: Buffer) => {
    err += text.toString();
  });
  const ended = once(child, 'close');
  await until(child, db, moment);
  child.kill(signal);
  const [code] = (await ended) as [number | null];
  return { code, err, scratch: readdirSync(scratch), beside: readdirSync(dirname(db)) };
}

describe('^C while it indexes', () => {
  test('where there was no index, leaves nothing', { timeout: 120_000 }, async () => {
    const codes = new Set<number | null>();
    for (const moment of ['begun', 0.6, 0.8, 0.9] as const) {
      const db = newIndex();
      const { code, err, scratch, beside } = await stopped(db, moment);
      codes.add(code);
      expect(scratch).toEqual([]);
      if (code === 0) continue;
      if (err.includes('written before')) continue;
      expect({ code, err }).toEqual({
        code: 130,
        err: `klp-reach: stopped: ${db}: the index is as it was\n`,
      });
      expect(beside).toEqual([]);
    }
    expect(codes).toContain(130);
  });

  test('where there was one, leaves that', { timeout: 120_000 }, async () => {
    const codes = new Set<number | null>();
    for (const moment of ['begun', 0.6, 0.8, 0.9] as const) {
      const db = newIndex();
      copyFileSync(oldIndex, db);
      const { code, err, scratch, beside } = await stopped(db, moment);
      codes.add(code);
      expect(scratch).toEqual([]);
      expect(beside).toEqual(['index.db']);
      expect(faults(db)).toEqual([]);
      if (!err.includes('as it was')) continue;
      expect(code).toBe(130);
      expect(await answer(db)).toBe(oldAnswer);
      expect(await klpReach(['info', '--verify', '--db', db])).toMatchObject({ code: 0 });
    }
    expect(codes).toContain(130);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s does the same', async (signal, expected) => {
    const db = newIndex();
    const { code, beside, scratch } = await stopped(db, 'begun', signal);
    expect(code).toBe(expected);
    expect({ beside, scratch }).toEqual({ beside: [], scratch: [] });
  });
});

test('the progress rises from the first phase to the last', async () => {
  const demo = buildDir();
  copyDemo(demo);
  const told: IngestProgress[] = [];
  await ingest([demo], { db: newIndex(), build: 'b', onProgress: (progress) => told.push(progress) });
  const parts = told.map(({ part }) => part);
  expect([...parts].sort((a, b) => a - b)).toEqual(parts);
  expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
    'looking for files',
    'reading units',
    'writing units',
    'reading linked objects',
    'linking units',
    'writing the index',
  ]);
  expect(parts[0]).toBe(0);
  expect(parts.at(-1)).toBeGreaterThan(0.9);
});

test('nothing of it is left beside the index otherwise', async () => {
  const db = newIndex();
  const scratch = buildDir();
  expect(await klpReach(['index', build, '--db', db], { env: { TMPDIR: scratch } })).toMatchObject({
    code: 0,
  });
  expect(readdirSync(scratch)).toEqual([]);
  expect(existsSync(join(dirname(db), 'index.db-journal'))).toBe(false);
});
