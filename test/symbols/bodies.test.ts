import { describe, expect, test } from 'vitest';
import { type Bodies, bodiesOf, functionOfFragment, Role } from '../../src/symbols/bodies.js';
import { type ObjectFunctions, readObjectFunctions } from '../../src/symbols/object-functions.js';
import { assemble, objectOf } from '../helpers/assemble.js';
import { code } from '../helpers/code-text.js';

const read = (text: string) => readObjectFunctions(objectOf([assemble(code(text), 'a.c')]), 'a.o');

const ROLES = Object.fromEntries(Object.entries(Role).map(([name, role]) => [role, name]));

/** `name: role of body N`, and `in M` where that is a part of another. */
function shown({ names }: ObjectFunctions, { body, role, bodies }: Bodies): string[] {
  return names.map((name, symbol) => {
    const own = body[symbol]!;
    const part = bodies.owner[own] === own ? '' : ` in ${bodies.owner[own]}`;
    return `${name}: ${ROLES[role[symbol]!]} of body ${own}${part}`;
  });
}

const bodies = (text: string) => {
  const functions = read(text);
  return shown(functions, bodiesOf(functions)).sort();
};

describe('a body is a place where function symbols stand', () => {
  test('one for each place, in the order of sections and places', () => {
    expect(bodies('f\ng in .init.text\nh global')).toEqual([
      'f: function of body 0',
      'g: function of body 2',
      'h: function of body 1',
    ]);
  });

  test('all symbols at one place are names of one', () => {
    expect(bodies('f\ntwin = f global\nweak_twin = f weak\ng')).toEqual([
      'f: function of body 0',
      'g: function of body 1',
      'twin: function of body 0',
      'weak_twin: function of body 0',
    ]);
  });

  test('it is as large as the largest of them, and can be traced if one of them can', () => {
    const functions = read('f\ntwin = f global\ng notrace');
    const sizes = { ...functions, size: Float64Array.from(functions.size, (size, i) => size + i) };
    const { size, traceable } = bodiesOf(sizes).bodies;
    expect([...size]).toEqual([18, 17]);
    expect([...traceable]).toEqual([1, 0]);
  });

  test('the same offset in another section is another', () => {
    expect(bodies('f\ng in .text.unlikely')).toEqual(['f: function of body 0', 'g: function of body 1']);
  });
});

describe('a fragment', () => {
  test('is a part of its function’s body', () => {
    expect(bodies('f\nf.cold in .text.unlikely\nf.isra.0\nf.isra.0.cold in .text.unlikely')).toEqual([
      'f.cold: fragment of body 2 in 0',
      'f.isra.0.cold: fragment of body 3 in 1',
      'f.isra.0: function of body 1',
      'f: function of body 0',
    ]);
  });

  test('without its function is a body', () => {
    expect(bodies('g\nf.cold')).toEqual(['f.cold: function of body 1', 'g: function of body 0']);
  });

  test.each([
    ['f.cold', 'f'],
    ['f.cold.12', 'f'],
    ['f.constprop.0.isra.0.cold', 'f.constprop.0.isra.0'],
    ['f', undefined],
    ['f.colder', undefined],
    ['.cold', undefined],
    ['f.cold.isra.0', undefined],
  ])('%s is one of %s', (name, parent) => {
    expect(functionOfFragment(name)).toBe(parent);
  });
});

test.each([
  '__SCT__might_resched',
  '__s390_indirect_jump_r1',
  '__x86.get_pc_thunk.bx',
  '__x86_indirect_thunk_rax',
  '__x86_return_thunk',
])('%s is a trampoline', (name) => {
  expect(bodies(`${name} global`)).toEqual([`${name}: trampoline of body 0`]);
});

test.each(['__SCT', 'SCT__x', 'arch_rethook_trampoline', '__x86_return_thunk2'])('%s is none', (name) => {
  expect(bodies(`${name} global`)).toEqual([`${name}: function of body 0`]);
});
