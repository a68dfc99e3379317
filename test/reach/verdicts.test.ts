import { describe, expect, test } from 'vitest';
import { type Asked, askKernel, askUnit } from '../helpers/asked.js';

const verdict = (asked: Asked, symbol: string) => asked.unit(symbol).verdict;

/** The members that keep the old code. */
const deadEnds = (asked: Asked, symbol: string) =>
  asked
    .unit(symbol)
    .members.filter(({ deadEnd }) => deadEnd)
    .map(({ name }) => name)
    .sort();

describe('patch: everything that runs is replaced', () => {
  test('the function itself', async () => {
    const asked = await askUnit({ object: 'f' });
    expect(verdict(asked, 'f')).toBe('patch');
  });

  test('a stuck one by its caller, also where it is an open end', async () => {
    const asked = await askUnit({
      object: 'f notrace\n.data takes f\nuser',
      calls: 'user -> f',
    });
    expect(verdict(asked, 'f')).toBe('patch');
    expect(deadEnds(asked, 'f')).toEqual([]);
  });

  test('a stuck one that nothing leads to does not run', async () => {
    const asked = await askUnit({ dump: 'f > g\nf > idle', object: 'f\ng\nidle notrace' });
    expect(verdict(asked, 'f')).toBe('patch');
    expect(asked.member('f', 'idle')).toMatchObject({ class: 'blocked', live: false, deadEnd: false });
  });
});

describe('partial: something keeps the old code', () => {
  // As rb_insert_color and tracing_stat_open with its callee insert_stat.
  const unit = {
    dump: 'f > good\nf > insert_stat',
    object: 'good\ninsert_stat notrace\nstat_open notrace\n.data takes stat_open',
    calls: 'stat_open -> insert_stat',
  };

  test('a dead end with its callee', async () => {
    const asked = await askUnit(unit);
    expect(verdict(asked, 'f')).toBe('partial');
    expect(deadEnds(asked, 'f')).toEqual(['insert_stat', 'stat_open']);
  });

  test('no dead end is what a caller that is replaced leads to', async () => {
    const asked = await askUnit({
      ...unit,
      object: `${unit.object}\nuser`,
      calls: `${unit.calls}\nuser -> insert_stat`,
    });
    expect(deadEnds(asked, 'f')).toEqual(['stat_open']);
    expect(verdict(asked, 'f')).toBe('partial');
  });
});

describe('unpatchable: all that runs keeps the old code', () => {
  test('assembly calls it', async () => {
    const asked = await askKernel({
      units: { 'a.c': { object: 'f global notrace' } },
      assembly: { 'entry.S': 'entry global notrace\nentry calls f' },
    });
    expect(verdict(asked, 'f')).toBe('unpatchable');
    expect(deadEnds(asked, 'f')).toEqual(['f']);
  });

  test('its address is taken, and nothing calls it', async () => {
    const asked = await askUnit({ object: 'f notrace\n.data takes f' });
    expect(verdict(asked, 'f')).toBe('unpatchable');
  });

  test('its callers are dead ends', async () => {
    const asked = await askUnit({
      object: 'f notrace\na notrace\nb notrace\n.data takes a\n.data takes b',
      calls: 'a -> f\nb -> f',
    });
    expect(verdict(asked, 'f')).toBe('unpatchable');
    expect(deadEnds(asked, 'f')).toEqual(['a', 'b', 'f']);
  });
});

describe('without live code', () => {
  test('init-only: it is init', async () => {
    const asked = await askUnit({ dump: 'f > setup', object: 'setup in .init.text' });
    expect(verdict(asked, 'f')).toBe('init-only');
  });

  test('init-only: init code calls it', async () => {
    const asked = await askUnit({ object: 'f notrace\nsetup in .init.text', calls: 'setup -> f' });
    expect(verdict(asked, 'f')).toBe('init-only');
  });

  test('discarded: all of it is', async () => {
    const asked = await askKernel({
      units: { 'a.c': { dump: 'g > f', object: 'anchor\nf weak' }, 'b.c': { object: 'f global' } },
    });
    expect(verdict(asked, 'g')).toBe('discarded');
  });

  test('unused: nothing leads to it', async () => {
    const asked = await askUnit({ object: 'f notrace' });
    expect(verdict(asked, 'f')).toBe('unused');
    expect(asked.member('f', 'f').exported).toBe(false);
  });

  test('unused: exported, and no caller in the build', async () => {
    const asked = await askUnit({ object: 'f global notrace\n__ksymtab_f global in __ksymtab' });
    expect(verdict(asked, 'f')).toBe('unused');
    expect(asked.member('f', 'f').exported).toBe(true);
  });

  test('gone-everywhere: no body is emitted', async () => {
    const asked = await askUnit({ dump: 'f > g\n- f\n- g', object: 'other' });
    expect(verdict(asked, 'f')).toBe('gone-everywhere');
    expect(asked.unit('f').unknowns).toEqual([]);
  });
});

describe('unverified: nobody knows whether something is emitted', () => {
  test('because the object is missing', async () => {
    const asked = await askUnit({ dump: 'f > g' });
    expect(verdict(asked, 'f')).toBe('unverified');
  });

  test('in a caller of a stuck body too', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { object: 'f global notrace' },
        'b.c': { dump: 'x > caller', calls: 'caller -> f' },
      },
      linked: false,
    });
    expect(verdict(asked, 'f')).toBe('unverified');
    expect(asked.members('f')).toEqual(['blocked f', 'unverified b.c:caller']);
  });

  test('not where every function is removed', async () => {
    const asked = await askUnit({ dump: 'f > g\n- f\n- g' });
    expect(verdict(asked, 'f')).toBe('gone-everywhere');
    expect(asked.unit('f').unknowns).toMatchObject([{ code: 'unverified' }]);
  });
});

test('the verdicts of a function’s units are never merged', async () => {
  const asked = await askKernel({
    units: {
      'a.c': { dump: 'helper@h.h > f', object: 'f' },
      'b.c': { dump: 'helper@h.h > g', object: 'g notrace\n.data takes g' },
      'c.c': { dump: 'helper@h.h > h\n- h', object: 'other' },
    },
  });
  const [answer] = asked.answers('helper');
  expect(answer!.units.map(({ unit, verdict: said }) => [unit.source, said])).toEqual([
    ['a.c', 'patch'],
    ['b.c', 'unpatchable'],
    ['c.c', 'gone-everywhere'],
  ]);
});
