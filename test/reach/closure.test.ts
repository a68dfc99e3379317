import { describe, expect, test } from 'vitest';
import { askKernel, askUnit } from '../helpers/asked.js';

describe('callers stand in for a stuck body', () => {
  test('every caller, and for callers that are stuck theirs', async () => {
    const asked = await askUnit({
      dump: 'f > f.isra.0 isra\n- f',
      object: 'f.isra.0\nquiet notrace\nouter global\nother global\nidle global',
      calls: 'quiet -> f.isra.0\nother -> f.isra.0\nouter -> quiet\nidle -> outer',
    });
    expect(asked.members('f')).toEqual([
      'blocked quiet',
      'clone f.isra.0',
      'gone f',
      'patch other',
      'patch outer',
    ]);
    const { members } = asked.unit('f');
    const name = (place: number) => members[place]!.name;
    expect(asked.member('f', 'f.isra.0').calledBy.map(name).sort()).toEqual(['other', 'quiet']);
    expect(asked.member('f', 'quiet').calledBy.map(name)).toEqual(['outer']);
    expect(asked.member('f', 'outer').calledBy).toEqual([]);
  });

  test('each with the call that leads to it', async () => {
    const asked = await askUnit({
      dump: 'f > quiet',
      object: 'quiet notrace\nouter global',
      calls: 'outer -> quiet',
    });
    const { members } = asked.unit('f');
    const at = members.findIndex(({ name }) => name === 'quiet');
    expect(asked.member('f', 'outer').step).toEqual({ from: at, kind: 'call', seq: null });
  });

  test('in any mixture of clones and blocked ones, with cycles', async () => {
    const asked = await askUnit({
      dump: 'f > f.part.0 part\nf > f.isra.0 isra\n- f',
      object: 'f.part.0\nf.isra.0\nquiet notrace\nouter global\nf2 notrace',
      calls:
        'f.part.0 -> f.isra.0\nf.isra.0 -> f.part.0\nquiet -> f.isra.0\nf.part.0 -> quiet\nouter -> quiet\nf2 -> f2',
    });
    expect(asked.members('f')).toEqual([
      'blocked quiet',
      'clone f.isra.0',
      'clone f.part.0',
      'gone f',
      'patch outer',
    ]);
    expect(asked.unit('f').verdict).toBe('patch');
    expect(asked.members('f2')).toEqual(['blocked f2']);
    expect(asked.unit('f2').verdict).toBe('unused');
  });

  test('not where it can be redirected itself', async () => {
    const asked = await askUnit({ object: 'f global\ncaller global', calls: 'caller -> f' });
    expect(asked.members('f')).toEqual(['patch f']);
  });

  test('a thousand calls away', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `f${i}`);
    const asked = await askUnit({
      object: `${names.map((name) => `${name} notrace`).join('\n')}\ntop global`,
      calls: names.map((name, i) => `${names[i + 1] ?? 'top'} -> ${name}`).join('\n'),
    });
    expect(asked.members('f0')).toHaveLength(1001);
    expect(asked.unit('f0').verdict).toBe('patch');
  });

  test('who calls only in inline assembly is in the object, not in the call graph', async () => {
    const asked = await askUnit({
      object: 'thunk notrace\nf global\nf calls thunk\ng global\ng jumps to thunk',
    });
    expect(asked.members('thunk')).toEqual(['blocked thunk', 'patch f', 'patch g']);
  });
});

describe('a call of a global function is one from any unit whose reference resolves to it', () => {
  const library = { dump: 'f > memchr_inv', object: 'memchr_inv global notrace' };
  const user = (name: string) => ({ object: `${name} global`, calls: `${name} -> memchr_inv` });

  test('of vmlinux and of modules', async () => {
    const asked = await askKernel({
      units: { 'lib/string.c': library, 'mm/a.c': user('in_mm'), 'fs/m.c': user('in_module') },
      modules: { 'fs/m': ['fs/m.c'] },
    });
    expect(asked.members('f')).toEqual([
      'blocked memchr_inv',
      'gone f',
      'patch fs/m.c:in_module',
      'patch mm/a.c:in_mm',
    ]);
    expect(asked.unit('f').verdict).toBe('patch');
  });

  test('a static namesake is another function: of the caller’s own unit', async () => {
    const asked = await askKernel({
      units: {
        'lib/string.c': library,
        'fs/m.c': { object: 'memchr_inv notrace\nuser global', calls: 'user -> memchr_inv' },
      },
      modules: { 'fs/m': ['fs/m.c'] },
    });
    expect(asked.members('f')).toEqual(['blocked memchr_inv', 'gone f']);
    expect(asked.said('memchr_inv@fs/m.c')).toEqual({
      'fs/m.c': { 'fs/m.c': ['blocked memchr_inv', 'patch user'] },
    });
  });

  test('a static function is not called by other units', async () => {
    const asked = await askKernel({
      units: {
        'lib/string.c': { object: 'memchr_inv notrace' },
        'mm/a.c': user('in_mm'),
        'mm/b.c': { object: 'memchr_inv global notrace' },
      },
    });
    expect(asked.said('memchr_inv')).toEqual({
      'lib/string.c': { 'lib/string.c': ['blocked memchr_inv'] },
      'mm/b.c': { 'mm/b.c': ['blocked memchr_inv', 'patch mm/a.c:in_mm'] },
    });
  });

  test('a module’s call goes to the module itself first, then to vmlinux', async () => {
    const asked = await askKernel({
      units: {
        'lib/string.c': library,
        'fs/own.c': { object: 'memchr_inv global notrace' },
        'fs/m.c': user('in_m'),
        'net/n.c': user('in_n'),
      },
      modules: { 'fs/m': ['fs/m.c', 'fs/own.c'], 'net/n': ['net/n.c'] },
    });
    expect(asked.said('memchr_inv')).toEqual({
      'fs/own.c': { 'fs/own.c': ['blocked memchr_inv', 'patch fs/m.c:in_m'] },
      'lib/string.c': { 'lib/string.c': ['blocked memchr_inv', 'patch net/n.c:in_n'] },
    });
  });

  test('and to another module at last', async () => {
    const asked = await askKernel({
      units: { 'fs/m.c': user('in_m'), 'net/n.c': library, 'a.c': { object: 'start' } },
      modules: { 'fs/m': ['fs/m.c'], 'net/n': ['net/n.c'] },
    });
    expect(asked.members('f')).toEqual(['blocked memchr_inv', 'gone f', 'patch fs/m.c:in_m']);
  });

  test('vmlinux does not call modules', async () => {
    const asked = await askKernel({
      units: { 'mm/a.c': user('in_mm'), 'net/n.c': library },
      assembly: { 'lib/string.S': 'memchr_inv global notrace' },
      modules: { 'net/n': ['net/n.c'] },
    });
    expect(asked.members('f')).toEqual(['blocked memchr_inv', 'gone f']);
  });

  test('an object in two modules is called in both', async () => {
    const asked = await askKernel({
      units: {
        'net/shared.c': library,
        'net/a.c': user('in_a'),
        'net/b.c': user('in_b'),
        'c.c': { object: 'start' },
      },
      modules: { 'net/a': ['net/a.c', 'net/shared.c'], 'net/b': ['net/b.c', 'net/shared.c'] },
    });
    expect(asked.members('f')).toEqual([
      'blocked memchr_inv',
      'gone f',
      'patch net/a.c:in_a',
      'patch net/b.c:in_b',
    ]);
  });

  test('an object in two modules is in both, and is to be replaced in both', async () => {
    const asked = await askKernel({
      units: {
        'net/shared.c': { object: 'shared global' },
        'net/a.c': { object: 'in_a global' },
        'net/b.c': { object: 'in_b global' },
        'c.c': { object: 'start' },
      },
      modules: { 'net/a': ['net/a.c', 'net/shared.c'], 'net/b': ['net/b.c', 'net/shared.c'] },
    });
    expect(asked.unit('shared').unit.images).toEqual(['a', 'b']);
    expect(asked.member('shared', 'shared').places.map(({ object }) => object)).toEqual(['a', 'b']);
    expect(asked.unit('shared').unknowns).toEqual([]);
  });

  test('without linked objects, to every definition', async () => {
    const asked = await askKernel({
      units: { 'lib/string.c': library, 'mm/a.c': user('in_mm') },
      linked: false,
    });
    expect(asked.members('f')).toEqual(['blocked memchr_inv', 'gone f', 'patch mm/a.c:in_mm']);
  });
});

describe('callers that are not followed', () => {
  test('init code is listed, its callers are not', async () => {
    const asked = await askUnit({
      dump: 'f > quiet',
      object: 'quiet notrace\nsetup notrace in .init.text\nuser global\nearly notrace',
      calls: 'setup -> quiet\nearly -> setup\nuser -> quiet',
    });
    expect(asked.members('f')).toEqual(['blocked quiet', 'gone f', 'init setup', 'patch user']);
    expect(asked.unit('f').verdict).toBe('patch');
  });

  test('discarded code is not listed either', async () => {
    const asked = await askKernel({
      units: {
        'a.c': {
          dump: 'f > quiet',
          object: 'quiet notrace\nhook weak notrace\nuser global',
          calls: 'hook -> quiet\nuser -> quiet',
        },
        'b.c': { object: 'hook global' },
      },
    });
    expect(asked.members('f')).toEqual(['blocked quiet', 'gone f', 'patch user']);
  });
});

describe('static call trampolines', () => {
  const unit = (more: string, calls: string) => ({
    dump: 'f > quiet',
    object: `quiet global notrace
      __SCT__hook global notrace in .static_call.text
      __SCT__hook jumps to quiet
      user global
      ${more}`,
    calls,
  });

  test('are passed through: who calls one calls what it jumps to', async () => {
    const asked = await askUnit(unit('user calls __SCT__hook', ''));
    expect(asked.members('f')).toEqual(['blocked quiet', 'gone f', 'patch user']);
  });

  test('in another unit too', async () => {
    const asked = await askKernel({
      units: { 'a.c': unit('', ''), 'b.c': { object: 'far global\nfar calls __SCT__hook' } },
    });
    expect(asked.members('f')).toEqual(['blocked quiet', 'gone f', 'patch b.c:far']);
  });

  test('who takes a trampoline’s address takes that of what it jumps to', async () => {
    const asked = await askUnit(unit('user calls quiet\n.data takes __SCT__hook', ''));
    expect(asked.open('f')).toEqual(['quiet: address (.data of a.c.000i.ipa-clones)']);
  });

  test('assembly that calls a trampoline calls what it jumps to', async () => {
    const asked = await askKernel({
      units: { 'a.c': unit('user calls quiet', '') },
      assembly: { 'thunk.S': 'thunk global notrace\nthunk calls __SCT__hook' },
    });
    expect(asked.open('f')).toEqual(['quiet: nodump-caller (thunk .text of vmlinux)']);
  });

  test('are no functions to ask for', async () => {
    const asked = await askUnit(unit('user calls __SCT__hook', ''));
    const members = asked.unit('f').members.map(({ name }) => name);
    expect(members).not.toContain('__SCT__hook');
  });
});

test('a body never stands in for itself', async () => {
  const asked = await askUnit({ object: 'r notrace', calls: 'r -> r' });
  expect(asked.member('r', 'r').calledBy).toEqual([]);
});
