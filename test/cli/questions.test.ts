import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { COMMAND, cleanEnvironment, klpReach, type RunOptions } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { kernelFiles } from '../helpers/small-kernel.js';
import { buildDir, newIndex } from '../helpers/workplace.js';
import { readCsv } from './csv.js';

// Several runs of a command a test.
vi.setConfig({ testTimeout: 30_000 });

const ESCAPE = '\u001b';
const db = newIndex();
const build = buildDir(
  kernelFiles({
    units: {
      'mm/a.c': {
        dump: 'show > a_host\nf@x.h > f.isra.0@x.h isra\nf@x.h > "odd,name"\n- "odd,name"\nlonely > lonely',
        object: 'a_host\nf.isra.0\nlonely\nshow\n.data takes lonely',
        calls: 'a_host -> f.isra.0',
      },
      // Its object and its call graph are missing.
      'fs/b.c': { dump: 'show > b_host\nf@./x.h > b_host\n- f@./x.h', calls: null },
    },
  }),
);

beforeAll(async () => {
  const ran = await klpReach(['index', build, '--db', db]);
  expect(ran.code).toBe(0);
  expect(ran.out + ran.err).toContain('2 added');
});

const asked = (args: readonly string[], options?: RunOptions) => klpReach([...args, '--db', db], options);
async function answer(...args: string[]): Promise<string> {
  const ran = await asked(args);
  expect(ran).toMatchObject({ code: 0, err: '' });
  return ran.out;
}

interface Json {
  readonly complete: boolean;
  readonly answers: readonly {
    readonly name: string;
    readonly file: string;
    readonly units: readonly {
      readonly unit: string;
      readonly objectFile: string;
      readonly members: readonly {
        readonly unit: string;
        readonly name: string;
        readonly class: string;
        readonly verified: boolean;
      }[];
    }[];
  }[];
}
const json = async (...args: string[]): Promise<Json> =>
  JSON.parse(await answer(...args, '--format', 'json'));
const names = ({ answers }: Json) =>
  answers.flatMap(({ units }) => units.flatMap(({ members }) => members.map((f) => f.name))).sort();

describe('affected', () => {
  test('says the same in every format', async () => {
    const said = await json('affected', 'f');
    const rows = readCsv(await answer('affected', 'f', '--format', 'csv'));
    const text = await answer('affected', 'f', '--all');
    const flat = said.answers.flatMap(({ units }) =>
      units.flatMap(({ members }) => members.map((f) => `${f.unit} ${f.class} ${f.name}`)),
    );
    expect(rows.map((row) => `${row['unit']} ${row['class']} ${row['function']}`).sort()).toEqual(
      flat.sort(),
    );
    expect(flat).toContain('mm/a.c.000i.ipa-clones clone f.isra.0');
    expect(flat).toContain('mm/a.c.000i.ipa-clones gone "odd,name"');
    for (const name of names(said)) expect(text).toContain(name);
    expect(names(said)).toContain('a_host');
  });

  test('says where the object was missing', async () => {
    const text = await answer('affected', 'f');
    expect(text).toContain('unverified: fs/b.c\n');
    expect(text).toMatch(/incomplete: .*\n {2}fs\/b\.c: no object/);
    const unit = (await json('affected', 'f')).answers[0]!.units.find((u) => u.unit.startsWith('fs/'))!;
    expect(unit.objectFile).toBe('missing');
    expect(unit.members.every(({ verified }) => !verified)).toBe(true);
    const rows = readCsv(await answer('affected', 'f', '-f', 'csv'));
    expect(rows.filter((row) => row['unit']!.startsWith('fs/')).every((row) => row['verified'] === '0')).toBe(
      true,
    );
  });

  test('--why gives the chain', async () => {
    expect(await answer('affected', 'f', '--why')).toMatch(/f .*isra.* f\.isra\.0/);
    expect(readCsv(await answer('affected', 'f', '-f', 'csv')).map((row) => row['why'])).toContainEqual(
      expect.stringMatching(/^f .*isra.* f\.isra\.0$/),
    );
  });

  test('functions of one name are kept apart, with a hint how to ask for one', async () => {
    expect((await json('affected', 'show')).answers.map(({ file }) => file)).toEqual(['fs/b.c', 'mm/a.c']);
    expect(await answer('affected', 'show')).toMatch(/show@(fs\/b|mm\/a)\.c/);
    for (const one of [
      ['show@a.c'],
      ['mm/a.c:show'],
      ['show', '--file', 'a.c'],
      ['show', '--unit', 'mm/a.c'],
    ]) {
      expect((await json('affected', ...one)).answers.map(({ file }) => file)).toEqual(['mm/a.c']);
      expect(await answer('affected', ...one)).not.toMatch(/show@/);
    }
  });

  test('a known function that reaches nothing says so', async () => {
    expect(await answer('affected', 'lonely')).toContain('nowhere else');
    expect(names(await json('affected', 'lonely'))).toEqual(['lonely']);
  });

  test('several functions are several answers', async () => {
    expect((await json('affected', 'f', 'lonely')).answers.map(({ name }) => name)).toEqual(['f', 'lonely']);
  });

  test('an unknown name is refused, with near ones', async () => {
    for (const command of ['affected', 'inlined']) {
      const ran = await asked([command, 'a_hots']);
      expect(ran).toMatchObject({ code: 2, out: '' });
      expect(ran.err).toMatch(/did you mean .*a_host/);
    }
  });
});

test('inlined tells whose code is in a function', async () => {
  expect(names(await json('inlined', 'b_host'))).toEqual(['b_host', 'f', 'show']);
  expect(await answer('inlined', 'a_host')).toContain('show');
  expect(readCsv(await answer('inlined', 'a_host', '-f', 'csv')).map((row) => row['function'])).toContain(
    'show',
  );
});

test('info tells what is there', async () => {
  expect(await answer('info')).toMatch(/default[\s\S]*units\s+2/);
  const { builds } = JSON.parse(await answer('info', '-f', 'json'));
  expect(builds).toMatchObject([{ name: 'default', counts: { units: 2 } }]);
  expect(readCsv(await answer('info', '-f', 'csv'))).toContainEqual({
    build: 'default',
    what: 'units',
    count: '2',
    version: expect.stringMatching(/^\d/),
    identity: expect.stringMatching(/^[0-9a-f]+$/),
  });
});

test('a build that is not there is refused, with those that are', async () => {
  for (const command of [['affected', 'f'], ['info']]) {
    const ran = await asked([...command, '--build', 'other']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(/other.*default/);
  }
  expect(names(await json('affected', 'f', '--build', 'default'))).toContain('b_host');
});

test('the index may be named in the environment', async () => {
  const ran = await klpReach(['info', '-f', 'json'], { env: { KLP_REACH_DB: db } });
  expect(JSON.parse(ran.out).builds).toHaveLength(1);
});

describe('colours', () => {
  const commands = [['affected', 'f', '--why'], ['inlined', 'b_host'], ['info']];

  test('none in a pipe, some where they are forced, none where NO_COLOR says so', async () => {
    for (const command of commands) {
      expect((await asked(command)).out).not.toContain(ESCAPE);
      expect((await asked(command, { env: { FORCE_COLOR: '1' } })).out).toContain(ESCAPE);
      expect((await asked(command, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).out).not.toContain(ESCAPE);
    }
  });

  test('never in what a program reads', async () => {
    for (const format of ['json', 'csv']) {
      const ran = await asked(['affected', 'f', '-f', format], { env: { FORCE_COLOR: '1' } });
      expect(ran.out).not.toContain(ESCAPE);
    }
  });

  const terminal = 'script';
  const hasScript = spawnSync(terminal, ['--version']).status === 0;
  test.skipIf(!hasScript)('on a terminal', () => {
    const line = [process.execPath, COMMAND, 'affected', 'f', '--db', db]
      .map((word) => `'${word}'`)
      .join(' ');
    const on = (env: Record<string, string>) =>
      spawnSync(terminal, ['-qec', line, '/dev/null'], {
        encoding: 'utf8',
        env: { ...cleanEnvironment(), KLP_REACH_PAGER: 'cat', ...env },
      });
    expect(on({ TERM: 'xterm' }).stdout).toContain(ESCAPE);
    expect(on({ TERM: 'xterm', NO_COLOR: '1' }).stdout).not.toContain(ESCAPE);
  });
});

describe('a dump that lost records', () => {
  const lost = newIndex();
  const damaged = buildDir({
    'a.c.000i.ipa-clones': dump('f > g'),
    'b.c.000i.ipa-clones': `${dump('k > l', 'b.c')}Callgraph clone;f;1;a.c`,
  });

  test('is refused with its place, unless asked to keep going', async () => {
    const refused = await klpReach(['index', damaged, '--db', lost]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/b\.c\.000i\.ipa-clones:2: .*--keep-going/);
    const kept = await klpReach(['index', damaged, '--db', lost, '--keep-going']);
    expect(kept.code).toBe(0);
    expect(kept.err).toMatch(/warning: .*b\.c\.000i\.ipa-clones:2: /);
    expect(kept.out + kept.err).toContain('1 incomplete');
  });

  test.each([
    ['affected', 'f'],
    ['inlined', 'g'],
  ])('is named by %s in every format', async (...command) => {
    const on = async (format: string) => (await klpReach([...command, '--db', lost, '-f', format])).out;
    expect(await on('text')).toMatch(/incomplete[\s\S]*b\.c\.000i\.ipa-clones:2/);
    const said = JSON.parse(await on('json'));
    expect(said.complete).toBe(false);
    expect(JSON.stringify(said)).toMatch(/b\.c\.000i\.ipa-clones","line":2/);
    const rows = readCsv(await on('csv'));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row['unknowns']).toContain('incomplete-dump');
  });

  test('is named by info', async () => {
    expect((await klpReach(['info', '--db', lost])).out).toContain('b.c.000i.ipa-clones:2');
  });

  test('a whole build says that it is whole', async () => {
    expect((await json('affected', 'lonely')).complete).toBe(true);
    expect(await answer('affected', 'lonely')).not.toContain('lost records');
    const rows = readCsv(await answer('affected', 'lonely', '-f', 'csv'));
    expect(rows.map((row) => row['unknowns'])).toEqual(['']);
  });
});

describe('a command line that cannot be run', () => {
  test.each([
    [[]],
    [['nonsense']],
    [['affected']],
    [['affected', 'f', '--nonsense']],
    [['affected', 'f', '--format', 'xml']],
    [['affected', 'two words']],
    [['affected', 'f', '--wait', 'soon']],
    [['affected', 'f', '--wait', '-1']],
    [['index']],
    [['index', '/no/such/folder']],
    [['index', '']],
    [['info', 'more']],
  ])('%j', async (args) => {
    const ran = await klpReach(args, { env: { KLP_REACH_DB: db } });
    expect(ran.code).toBe(2);
    expect(ran.out).toBe('');
    expect(ran.err).not.toBe('');
    expect(ran.err).not.toMatch(/\n\s+at /);
  });

  test('help and version are answers', async () => {
    for (const args of [['--help'], ['affected', '--help'], ['--version']]) {
      expect(await klpReach(args)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/./) });
    }
  });
});
