import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, cleanEnvironment, klpReach, start } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const db = newIndex();
const hosts = Array.from({ length: 3000 }, (_, i) => `host_${i}`);

beforeAll(async () => {
  const build = buildDir({
    'a.c.000i.ipa-clones': dump(hosts.map((host) => `f > ${host}`).join('\n')),
    'a.o': objectWith(...hosts),
  });
  expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
});

/** Runs klp-reach in a shell, with its output as the shell's line says. */
function shell(line: string, env: Readonly<Record<string, string>> = {}) {
  const { status, stderr, stdout } = spawnSync('bash', ['-c', line], {
    encoding: 'utf8',
    env: { ...cleanEnvironment(), KLP: `${process.execPath} ${COMMAND}`, DB: db, ...env },
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  test.each([
    'affected f --format json',
    'affected f --format csv',
    'affected f --format text',
    'callers f --format json',
    'info',
    '--help',
    'index --help',
  ])('%s > /dev/full says so in a line', (line) => {
    const db = line.includes('--help') ? '' : '--db $DB';
    expect(shell(`$KLP ${line} ${db} > /dev/full`)).toEqual({
      code: 2,
      out: '',
      err: 'klp-reach: standard output: no space left on device\n',
    });
  });

  test('of standard error, too', () => {
    expect(shell('$KLP affected no_such_function --db $DB 2> /dev/full').code).toBe(2);
  });
});

test.each(['json', 'csv', 'text'])('a reader of %s that has seen enough is no failure', (format) => {
  const ran = shell(`$KLP affected f --db $DB --format ${format} | head -n 1; echo "\${PIPESTATUS[0]}"`);
  expect(ran.err).toBe('');
  expect(ran.out.split('\n').at(-2)).toBe('0');
});

describe('a fault of klp-reach', () => {
  /** Has the command throw where nobody catches. */
  const faulty = (code: string) => ({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
  });
  const whenPrinting = (code: string) => `process.stdout.write = () => { setTimeout(${code}); return true; }`;
  const THROWN = {
    callback: whenPrinting('() => { throw new TypeError("x is\\nnot"); }'),
    promise: whenPrinting('async () => { throw new TypeError("x is\\nnot"); }'),
  };

  test.each(Object.entries(THROWN))('in a %s is 3, and one line', async (_, code) => {
    const ran = await klpReach(['info', '--db', db], { env: faulty(code) });
    expect(ran.code).toBe(3);
    expect(ran.err).toBe('klp-reach: fault: x is not; please report it\n');
  });

  test('with its stack if that is asked for', async () => {
    const env = { ...faulty(THROWN.callback), KLP_REACH_DEBUG: '1' };
    const ran = await klpReach(['info', '--db', db], { env });
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/^klp-reach: fault: .*\n[\s\S]*\n\s+at /);
  });

  test('and what is thrown in a command is the same', async () => {
    const code = 'Object.defineProperty(JSON, "stringify", { value() { throw new Error("broken") } })';
    const ran = await klpReach(['affected', 'f', '--db', db, '--format', 'json'], { env: faulty(code) });
    expect(ran).toMatchObject({ code: 3, err: 'klp-reach: fault: broken; please report it\n' });
  });
});

test('^C ends it at once, as the signal does', async () => {
  const child = start(['affected', '-', '--db', db]);
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  // Long enough to wait for its standard input.
  setTimeout(() => child.kill('SIGINT'), 500);
  expect(await ended).toEqual({ code: null, signal: 'SIGINT' });
});

describe('a question', () => {
  test.each<[number, string[]]>([
    [0, ['affected', 'f']],
    [1, ['affected', 'f', '--strict']],
    [1, ['affected', 'f', '--format', 'klp']],
    [1, ['affected', 'f', '--format', 'patched-funcs']],
    [2, ['affected', 'no_such_function']],
    [2, ['affected', 'f', 'no_such_function']],
  ])('is %i: %j', async (code, args) => {
    const ran = await klpReach([...args, '--db', db]);
    expect(ran.code, ran.err).toBe(code);
  });
});
