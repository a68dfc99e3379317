import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { klpReach, type RunOptions } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { logical } from '../helpers/index-rows.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const A = 'mm/a.c.000i.ipa-clones';
const B = 'fs/b c.c.000i.ipa-clones';
const build = buildDir({
  [A]: dump('f@x.h > a_host\nf@x.h > f.isra.0@x.h isra', 'mm/a.c'),
  'mm/a.o': objectWith('a_host', 'f.isra.0'),
  [B]: dump('f@./x.h > b_host\n- f@./x.h', 'fs/b c.c'),
});
const lists = buildDir({ 'dumps.list': `${A}\n./${B}\n` });
const question = ['affected', 'f', '-f', 'json'];

async function answerTo(paths: readonly string[], options: RunOptions = {}): Promise<string> {
  const db = newIndex();
  expect(await klpReach(['index', ...paths, '--db', db], options)).toMatchObject({ code: 0 });
  return (await klpReach([...question, '--db', db])).out;
}

/** Other files have another identity, also where they say the same. */
const withoutIdentity = (document: string) => document.replace(/"identity":"\w+"/, '"identity":""');

let expected = '';
beforeAll(async () => {
  expected = await answerTo([build]);
  const members = JSON.parse(expected).answers[0].units.flatMap((unit: { members: { name: string }[] }) =>
    unit.members.map(({ name }) => name),
  );
  expect(members.sort()).toEqual(['a_host', 'b_host', 'f', 'f', 'f.isra.0']);
});

test('dumps one by one', async () => {
  expect(await answerTo([A, B], { cwd: build })).toBe(expected);
});

test('a folder from inside, and part by part', async () => {
  expect(await answerTo(['.'], { cwd: build })).toBe(expected);
  expect(await answerTo(['mm', 'fs'], { cwd: build })).toBe(expected);
});

test('a list of dumps', async () => {
  const list = join(lists, 'dumps.list');
  expect(await answerTo([`@${list}`], { cwd: build })).toBe(expected);
  expect(await answerTo([list], { cwd: build })).toBe(expected);
});

test('a list on standard input', async () => {
  expect(await answerTo(['-'], { cwd: build, input: readFileSync(join(lists, 'dumps.list'), 'utf8') })).toBe(
    expected,
  );
});

test('a single dump answers for its unit', async () => {
  const said = JSON.parse(await answerTo([A], { cwd: build }));
  expect(said.answers[0].units).toEqual([expect.objectContaining({ unit: A, objectFile: 'read' })]);
});

const packers = [
  ['.tar', undefined],
  ['.tar.gz', 'gzip'],
  ['.tar.xz', 'xz'],
  ['.tar.zst', 'zstd'],
] as const;
test.each(packers)('an archive, %s', async (ending, packer) => {
  const needed = ['tar', ...(packer === undefined ? [] : [packer])];
  if (needed.some((command) => spawnSync(command, ['--version']).status !== 0)) {
    console.warn(`no ${needed.join(' or ')}: archives of kind ${ending} are not tried`);
    return;
  }
  const archive = join(buildDir(), `build${ending}`);
  const how = packer === undefined ? [] : ['-I', packer];
  execFileSync('tar', [...how, '-cf', archive, '-C', build, '.']);
  expect(withoutIdentity(await answerTo([archive]))).toBe(withoutIdentity(expected));
});

test('an archive again, packed anew at another time, is unchanged', async () => {
  const db = newIndex();
  const pack = () => {
    const archive = join(buildDir(), 'build.tar');
    execFileSync('tar', ['--mtime', `@${Math.floor(Math.random() * 1e9)}`, '-cf', archive, '-C', build, '.']);
    return archive;
  };
  const again = async () => {
    const { out, err } = await klpReach(['index', pack(), '--db', db]);
    return out + err;
  };
  expect(await again()).toContain('2 added');
  const before = logical(db);
  expect(await again()).toContain('2 unchanged');
  expect(logical(db)).toEqual(before);
});

test('a copy of the index elsewhere answers alike', async () => {
  const db = newIndex();
  await klpReach(['index', build, '--db', db]);
  const copy = newIndex();
  copyFileSync(db, copy);
  expect((await klpReach([...question, '--db', copy])).out).toBe(expected);
});

test('a dump listed that is not there, a list that names none', async () => {
  put(lists, { 'bad.list': `${A}\nmm/none.c.000i.ipa-clones\n`, 'empty.list': '\n' });
  for (const [list, said] of [
    ['bad.list', /bad\.list:2: .*none\.c/],
    ['empty.list', /empty\.list: .*no dump/],
  ] as const) {
    const ran = await klpReach(['index', `@${join(lists, list)}`, '--db', newIndex()], { cwd: build });
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(said);
  }
});
