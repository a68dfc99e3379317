import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { readArchive } from '../../src/input/archive.js';
import { filter, hasCommand, membersOf, type TarMember, tar, tree, zstdFrame } from './fixtures.js';

const DUMP = 'Callgraph removal;foo;1;a.c;1;5\n';
const BUILD: readonly TarMember[] = [
  { name: './mm/', type: 'directory' },
  { name: './mm/a.c.000i.ipa-clones', content: DUMP },
  { name: './mm/a.c', content: 'int a;' },
  { name: './mm/b.c.000i.ipa-clones' },
  { name: 'mm/a.o', content: Buffer.alloc(70_000, 7) },
];

async function refusal(path: string): Promise<string> {
  const error: unknown = await membersOf(path).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

const shapes: readonly (readonly [string, boolean, (bytes: Buffer) => Buffer])[] = [
  ['tar', true, (bytes) => bytes],
  ['tar.gz', true, (bytes) => gzipSync(bytes)],
  ['tar.xz', hasCommand('xz'), (bytes) => filter('xz', ['-c'], bytes)],
  ['tar.zst', hasCommand('zstd'), (bytes) => filter('zstd', ['-qc', '--long=27'], bytes)],
  ['tar.zst, stored', true, zstdFrame],
];

describe.each(shapes)('readArchive of .%s', (_name, present, compress) => {
  it.skipIf(!present)('hands out the members that have a role', async () => {
    const dir = tree({ archive: compress(await tar(BUILD)) });
    const members = await membersOf(join(dir, 'archive'));
    expect(members.map(({ bytes, ...member }) => ({ ...member, bytes: bytes.length }))).toEqual([
      {
        name: 'mm/a.c.000i.ipa-clones',
        role: 'dump',
        size: 32,
        mtimeNs: 1_700_000_000_000_000_000n,
        bytes: 32,
      },
      {
        name: 'mm/b.c.000i.ipa-clones',
        role: 'dump',
        size: 0,
        mtimeNs: 1_700_000_000_000_000_000n,
        bytes: 0,
      },
      { name: 'mm/a.o', role: 'object', size: 70_000, mtimeNs: 1_700_000_000_000_000_000n, bytes: 70_000 },
    ]);
    expect(members[0]?.bytes.toString()).toBe(DUMP);
    expect(members[2]?.bytes.equals(Buffer.alloc(70_000, 7))).toBe(true);
  });

  it.skipIf(!present)('refuses one that is cut off anywhere before its end mark', async () => {
    const plain = await tar([...BUILD.slice(0, 3), { name: 'b.o', content: 'x'.repeat(600) }]);
    const whole = compress(plain);
    const dir = tree();
    const path = join(dir, 'archive');
    const step = Math.max(1, Math.floor(whole.length / 150));
    const end = whole === plain ? whole.length - 512 : whole.length;
    for (let length = 512; length < end; length += step) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await refusal(path)).toMatch(/archive: is (cut off|damaged)/);
    }
    if (whole !== plain) {
      for (const length of [10, 100, whole.length - 1]) {
        writeFileSync(path, whole.subarray(0, length));
        expect(await refusal(path)).toMatch(/archive: is (cut off|damaged)/);
      }
    }
  });
});

describe('readArchive', () => {
  it('waits for each member to be done with', async () => {
    const dir = tree({
      'a.tar': await tar(Array.from({ length: 20 }, (_, i) => ({ name: `${i}.o`, content: 'x' }))),
    });
    const events: string[] = [];
    const summary = await readArchive(join(dir, 'a.tar'), async ({ name }) => {
      events.push(`begin ${name}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`end ${name}`);
    });
    expect(events).toEqual(Array.from({ length: 20 }, (_, i) => [`begin ${i}.o`, `end ${i}.o`]).flat());
    expect(summary).toEqual({ members: 20, warnings: [] });
  });

  it('lets through what the receiver throws', async () => {
    const dir = tree({ 'a.tar': await tar(BUILD) });
    const mistake = new TypeError('mine');
    const failing = readArchive(join(dir, 'a.tar'), () => {
      throw mistake;
    });
    await expect(failing).rejects.toBe(mistake);
  });

  it('leaves links out, and says so', async () => {
    const dir = tree({
      'a.tar': await tar([
        { name: 'a.o', content: 'x' },
        { name: 'b.o', type: 'link', linkname: 'a.o' },
        { name: 'c.o', type: 'symlink', linkname: '/etc/passwd' },
        { name: 'd.c', type: 'symlink', linkname: 'e.c' },
      ]),
    });
    const names: string[] = [];
    const { members, warnings } = await readArchive(join(dir, 'a.tar'), ({ name }) => void names.push(name));
    expect(names).toEqual(['a.o']);
    expect(members).toBe(1);
    expect(warnings).toEqual([
      { where: `${dir}/a.tar: b.o`, what: 'this hard link to a.o was left out' },
      { where: `${dir}/a.tar: c.o`, what: 'this symbolic link to /etc/passwd was left out' },
    ]);
  });

  it('keeps names that climb as the text they are, and writes nothing', async () => {
    const dir = tree();
    const path = join(dir, 'a.tar');
    writeFileSync(path, await tar([{ name: '../../x.o' }, { name: '/abs.o' }, { name: '././/y.o' }]));
    expect((await membersOf(path)).map(({ name }) => name)).toEqual(['../../x.o', '/abs.o', 'y.o']);
    expect(existsSync(join(dir, '../../x.o'))).toBe(false);
    expect(existsSync('/abs.o')).toBe(false);
  });

  it('takes long names and names in UTF-8', async () => {
    const long = `${'directory/'.repeat(30)}é\u{1f600}.c.000i.ipa-clones`;
    const dir = tree({ 'a.tar': await tar([{ name: long, content: DUMP }]) });
    expect((await membersOf(join(dir, 'a.tar'))).map(({ name }) => name)).toEqual([long]);
  });

  it('takes an archive without members', async () => {
    const dir = tree({ 'a.tar': await tar([]), 'a.tar.gz': gzipSync(Buffer.alloc(10240)) });
    expect(await membersOf(join(dir, 'a.tar'))).toEqual([]);
    expect(await membersOf(join(dir, 'a.tar.gz'))).toEqual([]);
  });

  it('decompresses compressed modules, inside a compressed archive too', async () => {
    const module = Buffer.from('module text'.repeat(100));
    const inner: TarMember[] = [
      { name: 'a.ko.gz', content: gzipSync(module) },
      { name: 'b.ko.zst', content: zstdFrame(module) },
      { name: 'c.ko', content: module },
    ];
    if (hasCommand('xz'))
      inner.push({ name: 'd.ko.xz', content: filter('xz', ['-c', '--check=crc32'], module) });
    const archive = await tar(inner);
    const dir = tree({ 'a.tar.zst': zstdFrame(archive) });
    const paths = [join(dir, 'a.tar.zst')];
    if (hasCommand('xz')) {
      writeFileSync(join(dir, 'a.tar.xz'), filter('xz', ['-c'], archive));
      paths.push(join(dir, 'a.tar.xz'));
    }
    for (const path of paths) {
      const members = await membersOf(path);
      expect(members).toHaveLength(inner.length);
      for (const { bytes } of members) expect(bytes.equals(module)).toBe(true);
    }
  });

  it('names the member that is damaged', async () => {
    const damaged = gzipSync(Buffer.alloc(5000, 'x'));
    damaged[30] = damaged[30]! ^ 0xff;
    const dir = tree({ 'a.tar': await tar([{ name: 'a.ko.gz', content: damaged }]) });
    expect(await refusal(join(dir, 'a.tar'))).toMatch(/a\.tar: a\.ko\.gz: is damaged/);
  });

  it('names the member at which an archive breaks off', async () => {
    const whole = await tar(BUILD);
    const dir = tree({ 'in.tar': whole.subarray(0, 10_000), 'between.tar': whole.subarray(0, 512 * 3) });
    expect(await refusal(join(dir, 'in.tar'))).toContain('is cut off (member mm/a.o)');
    expect(await refusal(join(dir, 'between.tar'))).toContain(
      'no end mark follows member mm/a.c.000i.ipa-clones',
    );
  });

  it('refuses a damaged header', async () => {
    const whole = await tar(BUILD);
    whole[512 + 3] = whole[512 + 3]! ^ 1;
    const dir = tree({ 'a.tar': whole });
    expect(await refusal(join(dir, 'a.tar'))).toMatch(
      /a\.tar: is damaged \(member mm\/\): Invalid tar header/,
    );
  });

  it('refuses a name that comes twice', async () => {
    const dir = tree({ 'a.tar': await tar([{ name: 'a.o' }, { name: './a.o' }]) });
    expect(await refusal(join(dir, 'a.tar'))).toContain('holds a.o twice');
  });

  it('refuses what is no archive', async () => {
    const dir = tree({
      text: 'hello',
      'text.gz': gzipSync('hello'),
      'long.gz': gzipSync('hello'.repeat(1000)),
      bz2: Buffer.from('425a68393141592653590000000000', 'hex'),
    });
    expect(await refusal(join(dir, 'text'))).toContain('is no tar archive');
    expect(await refusal(join(dir, 'text.gz'))).toContain(
      'is gzip data, but what it holds is no tar archive',
    );
    expect(await refusal(join(dir, 'long.gz'))).toContain('what it holds is no tar archive');
    expect(await refusal(join(dir, 'bz2'))).toMatch(
      /is damaged or cut off: bzip2 says|bzip2 reads, and that is not installed/,
    );
    expect(await refusal(dir)).toContain('is not a regular file');
    expect(await refusal(join(dir, 'gone'))).toContain('no such file or directory');
  });

  it('never fails otherwise, whatever byte is changed', async () => {
    const whole = await tar(BUILD.slice(0, 4));
    const path = join(tree(), 'a.tar');
    const change = fc.tuple(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = Buffer.from(whole);
        for (const [at, mask] of changes) damaged[at] = damaged[at]! ^ mask;
        writeFileSync(path, damaged);
        await membersOf(path).catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
      }),
      { numRuns: 300 },
    );
  });

  it('never hangs on a header that is valid but senseless', async () => {
    const header = (await tar([{ name: 'a.o', content: 'x' }])).subarray(0, 1024);
    for (const size of ['8000000000000000ffffffff', '81ffffffffffffffffffffff', 'ffffffffffffffffffffff00']) {
      const bad = Buffer.from(header);
      bad.write(size, 124, 'hex');
      bad.fill(' ', 148, 156);
      const sum = bad.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      bad.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      expect(await refusal(join(tree({ 'a.tar': bad }), 'a.tar'))).toMatch(/a\.tar: /);
    }
  });

  it.skipIf(!hasCommand('tar'))('reads what tar makes, in each of its formats', async () => {
    const dir = tree({ 'mm/a.c.000i.ipa-clones': DUMP, 'mm/b.o': 'x', 'mm/note': '' });
    linkSync(join(dir, 'mm/b.o'), join(dir, 'mm/z.o'));
    for (const format of ['v7', 'ustar', 'gnu', 'pax']) {
      execFileSync('tar', [`--format=${format}`, '-cf', 'a.tar', './mm'], { cwd: dir });
      expect((await membersOf(join(dir, 'a.tar'))).map(({ role }) => role).sort()).toEqual([
        'dump',
        'object',
      ]);
    }
    writeFileSync(join(dir, 'mm/b.o'), Buffer.concat([Buffer.alloc(2 ** 20), Buffer.from('x')]));
    execFileSync('truncate', ['-s', '4M', 'mm/b.o'], { cwd: dir });
    for (const format of ['gnu', 'pax']) {
      execFileSync('tar', [`--format=${format}`, '--sparse', '-cf', 'a.tar', './mm'], { cwd: dir });
      expect(await refusal(join(dir, 'a.tar'))).toContain('make the archive again without --sparse');
    }
  });
});

const { KLP_REACH_CORPUS } = process.env;
const corpus = KLP_REACH_CORPUS ?? join(import.meta.dirname, '../../../shared/corpus');

describe.skipIf(!existsSync(corpus))('the corpus (set KLP_REACH_CORPUS if this is skipped)', () => {
  it.each([
    ['ipa-clones', { dump: 3121 }],
    ['callgraph-info', { callgraph: 3121 }],
    ['objects', { object: 3117 }],
    ['modules', { module: 60, modlist: 60, modorder: 1, symvers: 1, systemmap: 1, config: 1 }],
  ])('%s.tar.zst holds %o', async (name, expected) => {
    const roles: Record<string, number> = {};
    await readArchive(join(corpus, `${name}.tar.zst`), ({ role, size, bytes }) => {
      expect(bytes.length).toBe(size);
      roles[role] = (roles[role] ?? 0) + 1;
    });
    expect(roles).toEqual(expected);
  });
});
