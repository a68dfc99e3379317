import { linkSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { bytewise } from '../../src/input/names.js';
import { walk } from '../../src/input/walk.js';
import { tree } from './fixtures.js';

const names = (dir: string): string[] => walk(dir).files.map((file) => file.name);

describe('walk', () => {
  it('lists all files sorted by the bytes of their whole names', () => {
    const dir = tree({ 'a/x': '', 'a-b/x': '', 'a.c': '', Z: '', é: '', 'a/b/c/d': '' });
    expect(names(dir)).toEqual(['Z', 'a-b/x', 'a.c', 'a/b/c/d', 'a/x', 'é']);
    expect(walk(dir).files[2]).toMatchObject({ name: 'a.c', path: join(dir, 'a.c') });
  });

  it('leaves .git out, as a directory and as the file of a worktree', () => {
    expect(names(tree({ '.git/objects/x.o': '', 'sub/.git': 'gitdir: ../..', '.gitignore': '' }))).toEqual([
      '.gitignore',
    ]);
  });

  it('follows links that lead in circles once', () => {
    const dir = tree({ 'a/file': '' });
    symlinkSync('..', join(dir, 'a', 'up'));
    symlinkSync('.', join(dir, 'self'));
    symlinkSync(dir, join(dir, 'a', 'absolute'));
    expect(walk(dir)).toMatchObject({ files: [{ name: 'a/file' }], warnings: [] });
  });

  it('reports what two names lead to under its own name, whatever sorts first', () => {
    const dir = tree({ 'z/file': '', 'z/other': '' });
    symlinkSync('z', join(dir, 'a'));
    symlinkSync('z/file', join(dir, 'b'));
    expect(names(dir)).toEqual(['z/file', 'z/other']);
  });

  it('follows links out of the directory, and reports what they share once', () => {
    const outside = tree({ 'sub/one.o': '', 'two.o': '' });
    const dir = tree();
    symlinkSync(join(outside, 'sub', 'one.o'), join(dir, 'a-link.o'));
    symlinkSync(join(outside, 'two.o'), join(dir, 'b.o'));
    symlinkSync(join(outside, 'two.o'), join(dir, 'c.o'));
    symlinkSync(join(outside, 'sub'), join(dir, 'tree'));
    expect(names(dir)).toEqual(['b.o', 'tree/one.o']);
  });

  it('reaches its own parent by a link without reading itself twice', () => {
    const source = tree({ 'mm/migrate.c': '', 'build/mm/migrate.o': '' });
    symlinkSync('..', join(source, 'build', 'source'));
    expect(names(join(source, 'build'))).toEqual(['mm/migrate.o', 'source/mm/migrate.c']);
  });

  it('keeps hard links: two units may have one and the same empty dump', () => {
    const dir = tree({ 'a.c.000i.ipa-clones': '' });
    linkSync(join(dir, 'a.c.000i.ipa-clones'), join(dir, 'b.c.000i.ipa-clones'));
    expect(names(dir)).toHaveLength(2);
  });

  it('warns of links that lead nowhere or only to each other', () => {
    const dir = tree({ file: '' });
    symlinkSync('gone', join(dir, 'dangling.o'));
    symlinkSync('loop-b', join(dir, 'loop-a'));
    symlinkSync('loop-a', join(dir, 'loop-b'));
    const { files, warnings } = walk(dir);
    expect(files).toHaveLength(1);
    expect(warnings.map((warning) => warning.where)).toEqual(
      ['dangling.o', 'loop-a', 'loop-b'].map((name) => join(dir, name)),
    );
    expect(warnings[0]?.what).toContain('no such file or directory');
    expect(warnings[1]?.what).toContain('circle');
  });

  it('warns of a directory that cannot be read, and goes on', () => {
    const dir = tree({ 'a/x': '', 'locked/y': '', 'z/w': '' });
    const read = (path: string) => {
      if (path.endsWith('locked'))
        throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
      return readdirSync(path, { withFileTypes: true });
    };
    const { files, warnings } = walk(dir, read);
    expect(files.map((file) => file.name)).toEqual(['a/x', 'z/w']);
    expect(warnings).toEqual([
      { where: join(dir, 'locked'), what: 'this directory was not read: permission denied' },
    ]);
  });

  it('refuses a directory that is not there or is a file', () => {
    const dir = tree({ file: '' });
    expect(() => walk(join(dir, 'gone'))).toThrow(InputError);
    expect(() => walk(join(dir, 'file'))).toThrow(InputError);
  });

  it('takes a tree of any depth', () => {
    const dir = tree();
    const deep = 'd/'.repeat(900);
    mkdirSync(join(dir, deep), { recursive: true });
    expect(names(dir)).toEqual([]);
  });
});

describe('bytewise', () => {
  it('orders as the UTF-8 bytes do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(bytewise(a, b))).toBe(expected);
      }),
    );
    expect(bytewise('\u{1f600}', '\uffee')).toBe(1);
  });
});
