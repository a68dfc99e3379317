import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND, cleanEnvironment, klpReach } from '../helpers/command.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const LENGTH = 100_000;
const MINUTE = 60_000;
const db = newIndex();

beforeAll(async () => {
  const chain = Array.from(
    { length: LENGTH - 1 },
    (_, i) => `Callgraph clone;f${i};${i};a.c;${i + 1};1;f${i + 1};${i + 1};a.c;${i + 2};1;inlining to\n`,
  );
  const build = buildDir({ 'a.c.000i.ipa-clones': chain.join('') });
  expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
}, MINUTE);

describe('a chain of 100,000 inlinings', () => {
  const asked = (...args: string[]) => klpReach([...args, '--db', db]);

  test('reaches its end, from both ends', { timeout: MINUTE }, async () => {
    for (const question of [
      ['affected', 'f0'],
      ['inlined', `f${LENGTH - 1}`],
      ['affected', 'f0', '--conservative'],
    ]) {
      const ran = await asked(...question);
      expect(ran).toMatchObject({ code: 0, err: '' });
      const said = new Set(ran.out.match(/\bf\d+\b/g));
      expect(said.size).toBe(LENGTH);
    }
    const ran = await asked('affected', 'f0', '-f', 'json');
    expect(JSON.parse(ran.out).answers[0].units[0].members).toHaveLength(LENGTH);
  });

  test('has chains that a person can read, and a table', { timeout: 2 * MINUTE }, async () => {
    for (const how of [['--why'], ['-f', 'csv']]) {
      const ran = await asked('affected', 'f0', ...how);
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(ran.out.split('\n').filter((line) => line.length > 2000)).toEqual([]);
      // In text what is over stands on lines that are further to the right.
      const whole = ran.out.replaceAll(/\n {10}/g, ' ');
      expect(whole).toMatch(new RegExp(`f0 .*\\.\\.\\..* f${LENGTH - 1}\\b`));
    }
  });

  test('a reader that has seen enough is no failure', { timeout: MINUTE }, () => {
    const line = `'${process.execPath}' '${COMMAND}' affected f0 --db '${db}' -f json | head -n 1`;
    const { stdout, stderr, status } = spawnSync('bash', ['-o', 'pipefail', '-c', line], {
      encoding: 'utf8',
      env: cleanEnvironment(),
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.split('\n')).toHaveLength(2);
  });
});
