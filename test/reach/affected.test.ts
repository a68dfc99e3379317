import { describe, expect, test } from 'vitest';
import { askKernel, askBuild as indexOf } from '../helpers/asked.js';
import { dump } from '../helpers/dump-text.js';
import { InputError } from '../helpers/library.js';
import { objectWith } from '../helpers/objects.js';

test('with an object each function is patch, clone or gone, whatever the removal records say', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump('f > f.isra.0 isra\nf.isra.0 > g\nf.isra.0 > lost\nf > h\n- f'),
    'a.o': objectWith('g', 'h', 'f.isra.0'),
  });
  expect(index.said('f')).toEqual({
    'a.c': { 'a.c': ['clone f.isra.0', 'gone f', 'gone lost', 'patch g', 'patch h'] },
  });
});

describe('without an object', () => {
  const files = { 'a.c.000i.ipa-clones': dump('f > f.part.0 part\nf > g\nf > h\n- f\n- h') };

  test('nothing is called emitted, and the removal records tell what is gone', async () => {
    const index = await indexOf(files);
    expect(index.said('f')).toEqual({
      'a.c': { 'a.c': ['gone f', 'gone h', 'unverified f.part.0', 'unverified g'] },
    });
    const [unit] = index.answers('f')[0]!.units;
    expect(unit!.unit.object).toBe('missing');
    expect(unit!.members.map((f) => f.verified)).toEqual([false, false, false, false]);
    expect(unit!.members.filter((f) => f.clone).map((f) => f.name)).toEqual(['f.part.0']);
  });

  test('one that is not to be read counts as none', async () => {
    const index = await indexOf({ ...files, 'a.o': objectWith('g') }, { readObjects: false });
    expect(index.said('f')['a.c']!['a.c']).toContain('unverified g');
  });

  test('one that is damaged counts as none', async () => {
    const index = await indexOf({ ...files, 'a.o': objectWith('g').subarray(0, 200) });
    expect(index.said('f')['a.c']!['a.c']).toContain('unverified g');
  });
});

test('a body saved under the same name is no clone of it', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump('r/1 > r/8 (null)\nr/8 > r/1\nr/1 > host\n- r/8'),
    'a.o': objectWith('r', 'host'),
  });
  expect(index.said('r')).toEqual({ 'a.c': { 'a.c': ['patch host', 'patch r'] } });
});

test('a function inlined into itself', async () => {
  const index = await indexOf({ 'a.c.000i.ipa-clones': dump('r > r'), 'a.o': objectWith('r') });
  expect(index.said('r')).toEqual({ 'a.c': { 'a.c': ['patch r'] } });
});

test('clones of clones, and unknown kinds', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump(
      'sum > sum.constprop.0 constprop\nsum.constprop.0 > sum.constprop.0.isra.0 isra\nsum > sum.new.1 from the future',
    ),
    'a.o': objectWith('sum', 'sum.constprop.0.isra.0', 'sum.new.1'),
  });
  expect(index.said('sum')['a.c']!['a.c']).toEqual([
    'clone sum.constprop.0.isra.0',
    'clone sum.new.1',
    'gone sum.constprop.0',
    'patch sum',
  ]);
});

test('code that came too late to be copied is in the conservative answer only', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump('b > c\na > b'),
    'a.o': objectWith('a', 'b', 'c'),
  });
  expect(index.said('a')['a.c']!['a.c']).toEqual(['patch a', 'patch b']);
  expect(index.said('a', { mode: 'conservative' })['a.c']!['a.c']).toEqual(['patch a', 'patch b', 'patch c']);
});

test('inlined is the other direction', async () => {
  const index = await indexOf({ 'a.c.000i.ipa-clones': dump('a > b\nb > c\nz > c\nc > d') });
  expect(index.said('c', { direction: 'inlined' })['a.c']!['a.c']).toEqual([
    'unverified a',
    'unverified b',
    'unverified c',
    'unverified z',
  ]);
});

test('each function has the step that leads to it', async () => {
  const index = await indexOf({ 'a.c.000i.ipa-clones': dump('x > y\nf > f.isra.0 isra\nf.isra.0 > g') });
  const { members } = index.unit('f');
  const place = (name: string) => members.findIndex((f) => f.name === name);
  expect(members[0]).toMatchObject({ name: 'f' });
  expect(members[0]!.step).toBeUndefined();
  expect(members[place('f.isra.0')]!.step).toMatchObject({ from: 0, kind: 'isra', seq: 2 });
  expect(members[place('g')]!.step).toMatchObject({ from: place('f.isra.0'), kind: 'inlining to', seq: 3 });
});

describe('one name, several functions', () => {
  const files = {
    'kernel/main.c.000i.ipa-clones': dump('state_show > main_host', 'kernel/main.c'),
    'drivers/md.c.000i.ipa-clones': dump('state_show > md_host', './drivers/md.c'),
    'drivers/cpu.c.000i.ipa-clones': dump('helper@./include/h.h > cpu_host', 'drivers/cpu.c'),
    'fs/x.c.000i.ipa-clones': dump('helper@../include/h.h > x_host', 'fs/x.c'),
  };

  test('statics of different files stay apart', async () => {
    const index = await indexOf(files);
    expect(index.said('state_show')).toEqual({
      'drivers/md.c': { 'drivers/md.c': ['unverified md_host', 'unverified state_show'] },
      'kernel/main.c': { 'kernel/main.c': ['unverified main_host', 'unverified state_show'] },
    });
  });

  test.each([
    'state_show@main.c',
    'state_show@kernel/main.c',
    'kernel/main.c:state_show',
    './kernel/main.c:state_show',
  ])('%s asks for one', async (symbol) => {
    const index = await indexOf(files);
    expect(Object.keys(index.said(symbol))).toEqual(['kernel/main.c']);
  });

  test('a file that does not declare it names those that do', async () => {
    const index = await indexOf(files);
    expect(() => index.answers('state_show@cpu.c')).toThrow(InputError);
    expect(() => index.answers('state_show@cpu.c')).toThrow(/drivers\/md\.c.*kernel\/main\.c/);
  });

  test('a header’s function is one function in every unit that uses it, however its path is spelt', async () => {
    const index = await indexOf(files);
    expect(index.said('helper')).toEqual({
      'include/h.h': {
        'drivers/cpu.c': ['unverified cpu_host', 'unverified helper'],
        'fs/x.c': ['unverified helper', 'unverified x_host'],
      },
    });
    expect(index.said('helper', { filter: { unit: 'cpu.c' } })).toEqual({
      'include/h.h': { 'drivers/cpu.c': ['unverified cpu_host', 'unverified helper'] },
    });
  });
});

test('a function that only an object knows is there, and reaches nothing', async () => {
  const index = await indexOf({
    'mm/a.c.000i.ipa-clones': dump('f > g'),
    'mm/a.o': objectWith('g', 'alone'),
  });
  expect(index.said('alone')).toEqual({ 'mm/a.c': { 'mm/a.c': ['patch alone'] } });
  expect(index.answers('alone')[0]!.definition).toMatchObject({ assumed: true });
});

test('an unknown name is an error that tells the nearest ones', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump('vfs_read > ksys_read\nvfs_write > ksys_write'),
  });
  expect(() => index.answers('vfs_raed')).toThrow(InputError);
  expect(() => index.answers('vfs_raed')).toThrow(/did you mean vfs_read/);
  expect(() => index.answers('zzzzzzzzzzzzzzzzzzzzzz')).toThrow(/not in the index/);
});

test('names that are built into JavaScript objects are names like any other', async () => {
  const index = await indexOf({
    'a.c.000i.ipa-clones': dump('constructor > __proto__\n__proto__ > toString'),
  });
  expect(index.said('constructor')['a.c']!['a.c']).toEqual([
    'unverified __proto__',
    'unverified constructor',
    'unverified toString',
  ]);
});

test('of a name’s several nodes, one that was not removed may be emitted', async () => {
  const index = await indexOf({ 'a.c.000i.ipa-clones': dump('f > h/1\n- h/1\nf > h/2') });
  expect(index.said('f')['a.c']!['a.c']).toEqual(['unverified f', 'unverified h']);
});

describe('a unit that is asked for', () => {
  const files = {
    'a.c': { dump: 'helper@h.h > quiet', object: 'quiet global notrace' },
    'b.c': { dump: 'helper@h.h > user', object: 'user global', calls: 'user -> quiet' },
  };

  test('chooses the function, and cuts nothing off its answer', async () => {
    const asked = await askKernel({ units: files });
    expect(asked.said('helper', { filter: { unit: 'a.c' } })).toEqual({
      'h.h': { 'a.c': ['blocked quiet', 'gone helper', 'patch b.c:user'] },
    });
  });

  test('is one of those that the answer without it has', async () => {
    const asked = await askKernel({ units: files });
    expect(asked.said('helper')).toEqual({
      'h.h': {
        'a.c': ['blocked quiet', 'gone helper', 'patch b.c:user'],
        'b.c': ['gone helper', 'patch user'],
      },
    });
  });
});

describe('a function that no record mentions', () => {
  test('is a function like the others: known from the call graph', async () => {
    const asked = await askKernel({ units: { 'mm/a.c': { dump: 'f > g', object: 'g\nalone' } } });
    expect(asked.said('alone')).toEqual({ 'mm/a.c': { 'mm/a.c': ['patch alone'] } });
    expect(asked.answers('alone')[0]!.definition).toMatchObject({ file: 'mm/a.c', line: 1, assumed: false });
  });

  test('closes over its callers where it is stuck', async () => {
    const asked = await askKernel({
      units: { 'a.c': { object: 'alone notrace\nuser', calls: 'user -> alone' } },
    });
    expect(asked.members('alone')).toEqual(['blocked alone', 'patch user']);
  });
});

describe('the functions inside a function', () => {
  const unit = {
    dump: 'a > b\nb > c\nc > c.isra.0 isra\nlate > b',
    object: 'b\nc\nc.isra.0 notrace\nuser',
    calls: 'user -> c.isra.0',
  };

  test('are those whose code came into it, in order', async () => {
    const asked = await askKernel({ units: { 'a.c': unit } });
    const inside = (mode: 'ordered' | 'conservative') => asked.members('c', { direction: 'inlined', mode });
    expect(inside('ordered')).toEqual(['gone a', 'patch b', 'patch c']);
    expect(inside('conservative')).toEqual(['gone a', 'gone late', 'patch b', 'patch c']);
  });

  test('of a clone have no stand-ins among them', async () => {
    const asked = await askKernel({ units: { 'a.c': unit } });
    expect(asked.members('c.isra.0', { direction: 'inlined' })).toEqual([
      'clone c.isra.0',
      'gone a',
      'patch b',
      'patch c',
    ]);
  });
});

test('the records of a dump that was cut may hold anything: no answer of the build is complete', async () => {
  const broken = 'Callgraph clone;f;1;a.c;3;1;g;2;a.c;9;1;isra\nCallgraph clone;f;1;a.c;3\nnonsense\n';
  const asked = await indexOf(
    { 'a.c.000i.ipa-clones': broken, 'b.c.000i.ipa-clones': dump('x > y', 'b.c'), 'b.o': objectWith('y') },
    { keepGoing: true },
  );
  const lost = { unit: 'a.c.000i.ipa-clones', function: '', code: 'incomplete-dump', line: 2, more: 1 };
  expect(asked.unit('x').unknowns).toContainEqual(expect.objectContaining(lost));
});
