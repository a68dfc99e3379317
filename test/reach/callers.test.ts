import { describe, expect, test } from 'vitest';
import { findCallers } from '../../src/reach/callers.js';
import { parseSymbolSpec } from '../../src/reach/symbol-spec.js';
import { type Asked, askKernel, askUnit } from '../helpers/asked.js';

function callersOf(asked: Asked, symbol: string): string[] {
  return findCallers(asked.reach, parseSymbolSpec(symbol), { filter: {}, mode: 'ordered' }).flatMap(
    (answer) =>
      answer.callers.flatMap((unit) =>
        unit.map(({ member, calls, inPatchSet, standIns }) => {
          const stead = standIns.map(({ name }) => name).sort();
          return [
            `${member.class} ${member.unit.source}:${member.name} x${calls}`,
            ...(inPatchSet ? ['in the patch set'] : []),
            ...(stead.length > 0 ? [`instead ${stead.join(' ')}`] : []),
          ].join(', ');
        }),
      ),
  );
}

describe('the direct callers of a function', () => {
  test('with their classes, and how often they call', async () => {
    const asked = await askUnit({
      object: 'f\nonce\ntwice\nquiet notrace\nsetup in .init.text\nouter',
      calls: 'once -> f\ntwice -> f\ntwice -> f\nquiet -> f\nsetup -> f\nouter -> quiet',
    });
    expect(callersOf(asked, 'f')).toEqual([
      'patch a.c:once x1',
      'blocked a.c:quiet x1, instead outer',
      'init a.c:setup x1',
      'patch a.c:twice x2',
    ]);
  });

  test('are in the patch set where they stand in for it', async () => {
    const asked = await askUnit({ object: 'f notrace\nonce', calls: 'once -> f' });
    expect(callersOf(asked, 'f')).toEqual(['patch a.c:once x1, in the patch set']);
  });

  test('by any of its names, and in other units', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { object: 'f global\ng = f global' },
        'b.c': { object: 'one', calls: 'one -> f' },
        'c.c': { object: 'two', calls: 'two -> g\ntwo -> f' },
      },
    });
    expect(callersOf(asked, 'f')).toEqual(['patch b.c:one x1', 'patch c.c:two x2']);
    expect(callersOf(asked, 'g')).toEqual(['patch b.c:one x1', 'patch c.c:two x2']);
  });

  test('are none of a host that has its code', async () => {
    const asked = await askUnit({ dump: 'f > host', object: 'f\nhost\nouter', calls: 'outer -> host' });
    expect(callersOf(asked, 'f')).toEqual([]);
  });

  test('a fragment’s are its function’s', async () => {
    const asked = await askUnit({
      object: 'f\ng\ng.cold notrace in .text.unlikely\ng.cold calls f',
    });
    expect(callersOf(asked, 'f')).toEqual(['patch a.c:g x1']);
  });
});

describe('what calls a function besides functions of units', () => {
  const others = (asked: Asked, symbol: string) =>
    findCallers(asked.reach, parseSymbolSpec(symbol), { filter: {}, mode: 'ordered' }).flatMap((answer) =>
      answer.others.map(({ nodump, known }) => [
        ...nodump.map(({ by, section }) => `${by} ${section}`),
        known,
      ]),
    );

  test('is assembly, of init code too, and of a function that can be replaced', async () => {
    const asked = await askKernel({
      units: { 'a.c': { object: 'f global\nstuck global notrace\nlonely' } },
      assembly: {
        'entry.S': 'one global notrace\none calls f\none calls stuck\ntwo global notrace\ntwo calls stuck',
        'head.S': 'startup global notrace in .init.text\nstartup calls f',
      },
    });
    expect(others(asked, 'f')).toEqual([['one .text', 'startup .init.text', true]]);
    expect(others(asked, 'stuck')).toEqual([['one .text', 'two .text', true]]);
    expect(others(asked, 'lonely')).toEqual([[true]]);
  });

  test('is not known where calls were not read', async () => {
    const asked = await askUnit({ object: 'f\nuser', calls: null });
    expect(others(asked, 'f')).toEqual([[false]]);
  });
});
