import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { klpReach, type Ran } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { faults } from '../helpers/index-rows.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

// Many commands a test, each a process of its own.
vi.setConfig({ testTimeout: 60_000 });

const build = buildDir({ 'a.c.000i.ipa-clones': dump('f > g') });
const QUESTIONS = [['affected', 'f'], ['inlined', 'g'], ['info']] as const;

function refusal(ran: Ran): string {
  expect(ran.out).toBe('');
  expect(ran.err).toMatch(/^klp-reach: /);
  expect(ran.err).not.toMatch(/\n\s+at /);
  expect(ran.code).toBe(2);
  return ran.err;
}

/** What every command says to a file, which has to stay as it is. */
async function refusals(file: string, commands: readonly (readonly string[])[]): Promise<string[]> {
  const bytes = () => (statSync(file).isFile() ? readFileSync(file) : undefined);
  const before = bytes();
  const said: string[] = [];
  for (const command of commands) {
    said.push(refusal(await klpReach([...command, '--db', file])));
    expect(bytes()).toEqual(before);
    expect(existsSync(`${file}-journal`)).toBe(false);
  }
  return said;
}

const every = [...QUESTIONS, ['index', build]];

test('no index at all', async () => {
  const db = newIndex();
  for (const command of QUESTIONS) {
    expect(refusal(await klpReach([...command, '--db', db]))).toContain('klp-reach index');
    expect(existsSync(db)).toBe(false);
  }
});

test('a file that is no database', async () => {
  const file = join(buildDir({ text: 'int main(void) { return 0; }\n'.repeat(200) }), 'text');
  for (const said of await refusals(file, every)) expect(said).toContain('is no klp-reach index');
});

test('a short file that is no database', async () => {
  const file = join(buildDir({ text: 'x' }), 'text');
  for (const said of await refusals(file, every)) expect(said).toContain('is no klp-reach index');
});

test.each(['delete', 'wal'])('the database of another application, journal mode %s', async (mode) => {
  const file = newIndex();
  const other = new Database(file);
  other.pragma(`journal_mode = ${mode}`);
  other.exec('CREATE TABLE bookmarks (url TEXT)');
  other.close();
  for (const said of await refusals(file, every)) expect(said).toContain('is no klp-reach index');
});

test('a database that another application marked as its own', async () => {
  const file = newIndex();
  const other = new Database(file);
  other.pragma('application_id = 1234567');
  other.exec('VACUUM');
  other.close();
  for (const said of await refusals(file, every)) expect(said).toContain('is no klp-reach index');
});

test('an index of a later klp-reach', async () => {
  const file = newIndex();
  expect((await klpReach(['index', build, '--db', file])).code).toBe(0);
  const db = new Database(file);
  db.pragma('user_version = 1000');
  db.close();
  for (const said of await refusals(file, every)) {
    expect(said).toContain('1000');
    expect(said).toContain('newer klp-reach');
  }
});

test('an index of an earlier klp-reach', async () => {
  const file = newIndex();
  expect((await klpReach(['index', build, '--db', file])).code).toBe(0);
  const db = new Database(file);
  db.pragma('user_version = 1');
  db.close();
  for (const said of await refusals(file, every)) expect(said).toContain('index the build again');
});

test('an empty file answers nothing, and can be filled', async () => {
  const file = join(buildDir({ empty: '' }), 'empty');
  for (const said of await refusals(file, QUESTIONS)) expect(said).toContain('empty');
  expect((await klpReach(['index', build, '--db', file])).code).toBe(0);
  expect((await klpReach(['affected', 'f', '--db', file])).code).toBe(0);
});

test('a directory, and a place where no file can be', async () => {
  const folder = buildDir();
  for (const said of await refusals(folder, every)) expect(said).toContain('is no klp-reach index');
  expect(refusal(await klpReach(['index', build, '--db', join(folder, 'no/such/folder.db')]))).toContain(
    '--db',
  );
  refusal(await klpReach(['index', build, '--db', '']));
});

test('an index that was cut short', async () => {
  const whole = newIndex();
  await klpReach(['index', build, '--db', whole]);
  const bytes = readFileSync(whole);
  for (const part of [100, 5000, bytes.length >> 1]) {
    const file = join(buildDir({ cut: bytes.subarray(0, part) }), 'cut');
    for (const command of QUESTIONS) {
      const ran = await klpReach([...command, '--db', file]);
      expect(ran.err).not.toMatch(/\n\s+at /);
      expect(ran.code).toBe(2);
    }
  }
});

describe('a locked index', () => {
  const db = newIndex();
  let holder: ChildProcess | undefined;
  beforeAll(async () => {
    await klpReach(['index', build, '--db', db]);
  });
  afterEach(() => {
    holder?.kill('SIGKILL');
    holder = undefined;
  });

  /** Another process that begins an exclusive transaction, and ends it when it is told anything. */
  async function hold(file: string): Promise<ChildProcess> {
    const sqlite = createRequire(import.meta.url).resolve('better-sqlite3');
    const script = `
      const db = new (require(${JSON.stringify(sqlite)}))(${JSON.stringify(file)});
      db.exec('BEGIN EXCLUSIVE');
      process.stdin.once('data', () => { db.exec('COMMIT'); process.exit(); });
      console.log('held');`;
    holder = spawn(process.execPath, ['-e', script]);
    await once(holder.stdout!, 'data');
    return holder;
  }

  test.each([
    ['a question', ['affected', 'f']],
    ['an indexing', ['index', build]],
  ])('is waited for by %s, which then says who has it', async (_, command) => {
    const { pid } = await hold(db);
    const said = refusal(await klpReach([...command, '--db', db, '--wait', '0.2']));
    expect(said).toContain('locked');
    if (process.platform === 'linux') expect(said).toContain(`pid ${pid}`);
  });

  test.each([
    ['a question', ['affected', 'f']],
    ['an indexing', ['index', build]],
  ])('is used by %s as soon as it is free', async (_, command) => {
    const holding = await hold(db);
    const waiting = klpReach([...command, '--db', db, '--wait', '60']);
    setTimeout(() => holding.stdin!.write('free\n'), 500);
    expect(await waiting).toMatchObject({ code: 0 });
  });

  test('where there was no index, somebody else’s stays', async () => {
    const fresh = newIndex();
    await hold(fresh);
    expect(refusal(await klpReach(['index', build, '--db', fresh, '--wait', '0.2']))).toContain('locked');
    expect(existsSync(fresh)).toBe(true);
  });
});

test('several first indexings of one file at once: each works or says that it is locked', async () => {
  for (const wait of ['0', '60']) {
    const db = newIndex();
    const runs = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        klpReach(['index', build, '--db', db, '--wait', wait, '-b', `b${i}`]),
      ),
    );
    const done = runs.flatMap(({ code }, i) => (code === 0 ? [`b${i}`] : []));
    for (const ran of runs) if (ran.code !== 0) expect(refusal(ran)).toContain('locked');
    expect(done.length).toBeGreaterThan(0);
    if (wait !== '0') expect(done).toHaveLength(runs.length);
    const info = JSON.parse((await klpReach(['info', '--db', db, '-f', 'json'])).out);
    expect(info.builds.map(({ name }: { name: string }) => name).sort()).toEqual(done);
    expect(faults(db)).toEqual([]);
  }
}, 60_000);
