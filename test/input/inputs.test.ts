import { execFileSync, spawn } from 'node:child_process';
import { linkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { findInputs, type Inputs } from '../../src/input/inputs.js';
import { tar, tree } from './fixtures.js';

const DUMP = 'Callgraph removal;foo;1;a.c;1;5\n';
const shown = (inputs: Inputs): string[] => inputs.entries.map(({ name, role }) => `${role} ${name}`);

async function refusal(
  paths: readonly string[],
  options: Parameters<typeof findInputs>[1] = {},
): Promise<string> {
  const error: unknown = await findInputs(paths, options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

describe('findInputs with a directory', () => {
  it('takes every file with a role, named from the directory', async () => {
    const dir = tree({
      'mm/migrate.c.000i.ipa-clones': DUMP,
      'mm/migrate.o': 'ELF',
      'mm/migrate.ci': '',
      'mm/migrate.c': '',
      'fs/ext4/ext4.ko': '',
      'fs/ext4/ext4.mod': '',
      'Module.symvers': '',
      'System.map': '',
      vmlinux: '',
      'symbols.klp': '',
    });
    const inputs = await findInputs([dir]);
    expect(inputs.root).toBe(dir);
    expect(shown(inputs)).toEqual([
      'symvers Module.symvers',
      'systemmap System.map',
      'module fs/ext4/ext4.ko',
      'modlist fs/ext4/ext4.mod',
      'dump mm/migrate.c.000i.ipa-clones',
      'callgraph mm/migrate.ci',
      'object mm/migrate.o',
      'symbolsklp symbols.klp',
      'vmlinux vmlinux',
    ]);
    const path = join(dir, 'mm/migrate.o');
    const { mtimeNs } = statSync(path, { bigint: true });
    expect(inputs.entries[6]).toEqual({ name: 'mm/migrate.o', path, role: 'object', size: 3, mtimeNs });
  });

  it('is the root even when dumps are given beside it, however it is written', async () => {
    const cwd = tree({ 'build/a.c.000i.ipa-clones': '', 'b.c.000i.ipa-clones': '' });
    const inputs = await findInputs(['./build/', 'b.c.000i.ipa-clones', 'build'], { cwd });
    expect(inputs.root).toBe(join(cwd, 'build'));
    expect(shown(inputs)).toEqual([`dump ${cwd}/b.c.000i.ipa-clones`, 'dump a.c.000i.ipa-clones']);
  });

  it('of several, none is the root', async () => {
    const cwd = tree({ 'one/a.o': '', 'two/b.o': '' });
    const inputs = await findInputs(['two', 'one'], { cwd });
    expect(inputs.root).toBe(cwd);
    expect(shown(inputs)).toEqual(['object one/a.o', 'object two/b.o']);
  });

  it('that lies in another one counts once', async () => {
    const cwd = tree({ 'mm/a.o': '', 'mm/sub/b.o': '' });
    expect(shown(await findInputs(['mm', 'mm/sub', '.'], { cwd }))).toEqual([
      'object mm/a.o',
      'object mm/sub/b.o',
    ]);
  });

  it('hands on what could not be read', async () => {
    const dir = tree({ 'a.o': '' });
    symlinkSync('gone', join(dir, 'b.o'));
    const { entries, warnings } = await findInputs([dir]);
    expect(entries).toHaveLength(1);
    expect(warnings).toEqual([
      { where: join(dir, 'b.o'), what: 'this symbolic link was not followed: no such file or directory' },
    ]);
  });
});

describe('findInputs with a name that cannot be opened again', () => {
  it('warns: here it is no UTF-8', async () => {
    const dir = tree({ 'a.o': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${dir}/b`), Buffer.from([0xff]), Buffer.from('.o')]), '');
    const { entries, warnings } = await findInputs([dir]);
    expect(entries.map(({ name }) => name)).toEqual(['a.o']);
    expect(warnings).toEqual([
      { where: `${dir}/b\ufffd.o`, what: 'this file was not read: no such file or directory' },
    ]);
  });
});

describe('findInputs with dumps and lists', () => {
  const build = {
    'mm/a.c.000i.ipa-clones': DUMP,
    'mm/a.o': '',
    'mm/a.ci': '',
    'mm/b.c.000i.ipa-clones': '',
    'mm/c.o': '',
    'other.txt': DUMP,
  };

  it('takes a dump by its name, even empty, with what lies beside it', async () => {
    const cwd = tree(build);
    const inputs = await findInputs(['mm/a.c.000i.ipa-clones', 'mm/b.c.000i.ipa-clones'], { cwd });
    expect(inputs.root).toBe(cwd);
    expect(shown(inputs)).toEqual([
      'dump mm/a.c.000i.ipa-clones',
      'callgraph mm/a.ci',
      'object mm/a.o',
      'dump mm/b.c.000i.ipa-clones',
    ]);
  });

  it('takes a dump by its first bytes', async () => {
    expect(shown(await findInputs(['other.txt'], { cwd: tree(build) }))).toEqual(['dump other.txt']);
  });

  it('counts a file given twice once, by links too, but hard links twice', async () => {
    const cwd = tree(build);
    symlinkSync('b.c.000i.ipa-clones', join(cwd, 'mm/link.c.000i.ipa-clones'));
    linkSync(join(cwd, 'mm/b.c.000i.ipa-clones'), join(cwd, 'mm/hard.c.000i.ipa-clones'));
    const paths = ['b', 'link', 'b', 'hard'].map((name) => `mm/${name}.c.000i.ipa-clones`);
    expect(shown(await findInputs(paths, { cwd }))).toEqual([
      'dump mm/b.c.000i.ipa-clones',
      'dump mm/hard.c.000i.ipa-clones',
    ]);
  });

  it('takes the dumps that a text file names, from here first and then from the list', async () => {
    const cwd = tree({ ...build, 'lists/all': '# all\nmm/a.c.000i.ipa-clones\n\nnear.c.000i.ipa-clones\n' });
    const near = tree({ 'near.c.000i.ipa-clones': '' });
    symlinkSync(join(near, 'near.c.000i.ipa-clones'), join(cwd, 'lists/near.c.000i.ipa-clones'));
    const expected = [
      'dump lists/near.c.000i.ipa-clones',
      'dump mm/a.c.000i.ipa-clones',
      'callgraph mm/a.ci',
      'object mm/a.o',
    ];
    expect(shown(await findInputs(['lists/all'], { cwd }))).toEqual(expected);
    expect(shown(await findInputs(['@lists/all'], { cwd }))).toEqual(expected);
  });

  it('reads a list from standard input, in pieces', async () => {
    const stdin = Readable.from([Buffer.from('mm/b.c.0'), Buffer.from('00i.ipa-clones\nother.txt')]);
    expect(shown(await findInputs(['-'], { cwd: tree(build), stdin }))).toEqual([
      'dump mm/b.c.000i.ipa-clones',
      'dump other.txt',
    ]);
  });

  it('names a dump outside the root absolutely, unless links show that it lies within', async () => {
    const real = tree(build);
    const cwd = tree();
    symlinkSync(real, join(cwd, 'link'));
    const dump = join(real, 'mm/b.c.000i.ipa-clones');
    expect(shown(await findInputs([dump], { cwd }))).toEqual([`dump ${dump}`]);
    expect(shown(await findInputs([dump], { cwd: join(cwd, 'link') }))).toEqual([
      'dump mm/b.c.000i.ipa-clones',
    ]);
  });

  it('warns of a companion that cannot be read', async () => {
    const cwd = tree({ 'a.c.000i.ipa-clones': '' });
    symlinkSync('a.o', join(cwd, 'a.o'));
    expect((await findInputs(['a.c.000i.ipa-clones'], { cwd })).warnings).toEqual([
      { where: join(cwd, 'a.o'), what: 'this file was not read: symbolic links lead in a circle' },
    ]);
  });

  it('reads a list from a pipe that has a name', async () => {
    const cwd = tree(build);
    execFileSync('mkfifo', [join(cwd, 'pipe')]);
    spawn('sh', ['-c', 'echo mm/b.c.000i.ipa-clones > pipe'], { cwd });
    expect(shown(await findInputs(['pipe'], { cwd }))).toEqual(['dump mm/b.c.000i.ipa-clones']);
  });

  it('says which line names what is not there, or is no dump', async () => {
    const cwd = tree({
      ...build,
      list: '# x\nmm/gone.c.000i.ipa-clones\n',
      'list-o': 'mm/c.o\n',
      'list-d': 'mm\n',
    });
    expect(await refusal(['list'], { cwd })).toMatch(/^list:2: there is no mm\/gone\.c\.000i\.ipa-clones/);
    expect(await refusal(['@list-o'], { cwd })).toMatch(/^list-o:1: mm\/c\.o is no dump/);
    expect(await refusal(['list-d'], { cwd })).toMatch(/^list-d:1: mm is no dump/);
    expect(await refusal(['-'], { cwd, stdin: Readable.from(['\nnone\n']) })).toMatch(
      /^<stdin>:2: there is no none/,
    );
    expect(await refusal(['-'], { cwd, stdin: Readable.from([]) })).toMatch(/^<stdin>: names no dump/);
  });
});

describe('findInputs with archives', () => {
  it('knows them by their contents, whatever they are called', async () => {
    const archive = await tar([{ name: 'a.c.000i.ipa-clones' }]);
    const cwd = tree({ 'x.tar': archive, dumps: gzipSync(archive), 'none.tar': Buffer.alloc(1024) });
    const { entries, archives, root } = await findInputs(['dumps', 'x.tar', './dumps', 'none.tar'], { cwd });
    expect(entries).toEqual([]);
    expect(root).toBe(cwd);
    expect(archives.map(({ path }) => path)).toEqual(
      ['dumps', 'x.tar', 'none.tar'].map((name) => join(cwd, name)),
    );
    expect(archives[1]?.size).toBe(archive.length);
  });
});

describe('findInputs refuses', () => {
  it('what does not exist', async () => {
    const cwd = tree({ file: '' });
    expect(await refusal(['gone'], { cwd })).toBe('gone: no such file or directory');
    expect(await refusal(['file/x'], { cwd })).toBe('file/x: a part of the path is not a directory');
    expect(await refusal(['@gone'], { cwd })).toContain('gone: cannot be read');
    expect(await refusal([''], { cwd })).toContain('empty');
  });

  it('what is neither dump, list nor archive', async () => {
    const elf = Buffer.from('7f454c460201010000000000', 'hex');
    const cwd = tree({
      'a.o': elf,
      binary: elf,
      empty: '',
      'vmlinux.gz': gzipSync(elf),
      'System.map': 'ff T x\n',
    });
    expect(await refusal(['a.o'], { cwd })).toContain('give the build directory that it belongs to');
    expect(await refusal(['vmlinux.gz'], { cwd })).toContain('give the build directory');
    expect(await refusal(['System.map'], { cwd })).toContain('give the build directory');
    expect(await refusal(['binary'], { cwd })).toContain('is no dump, no list of dumps and no tar archive');
    expect(await refusal(['empty'], { cwd })).toBe('empty: is empty');
  });
});
