import fc from 'fast-check';
import type { SmallKernel, SmallUnit } from './small-kernel.js';

/**
 * Small kernels with everything that an answer depends on: three units, of which one is a module's, assembly, statics of
 * one name in several units, weak definitions, aliases, clones, init code and functions that cannot be redirected.
 */
const SOURCES = ['a.c', 'b.c', 'm.c'];
const STATICS = ['s1', 's2', 's3', 's1.isra.0', 's2.part.0'];
const WEAK = ['w1', 'w2'];

const globalsOf = (source: string) => [1, 2, 3].map((nth) => `${source[0]}_g${nth}`);
const GLOBALS = SOURCES.flatMap(globalsOf);
const ALL = [...STATICS, ...WEAK, ...GLOBALS];

const section = fc.constantFrom('', '', '', '', ' in .init.text');
const site = fc.constantFrom('', ' notrace');

function functions(source: string): fc.Arbitrary<string[]> {
  const one = (name: string, binding: string) =>
    fc.tuple(site, section).map(([traced, where]) => `${name}${binding}${traced}${where}`);
  const some = (names: readonly string[], binding: string) =>
    fc.subarray([...names]).chain((chosen) => fc.tuple(...chosen.map((name) => one(name, binding))));
  return fc
    .tuple(
      some(STATICS, ''),
      some(WEAK, ' weak'),
      // All of them: what refers to one is linked.
      fc.tuple(...globalsOf(source).map((name) => one(name, ' global'))),
      fc.option(fc.constantFrom(`alias_${source[0]} = ${globalsOf(source)[0]} global`), { nil: undefined }),
    )
    .map(([statics, weak, globals, alias]) => [
      ...statics,
      ...weak,
      ...globals,
      ...(alias ? [alias] : []),
      ...(statics.some((line) => /^s1( |$)/.test(line)) ? ['s1.cold notrace in .text.unlikely'] : []),
    ]);
}

const record = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...ALL), fc.constantFrom(...ALL)).map(([f, g]) => `${f} > ${g}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      's1 > s1.isra.0 isra',
      's2 > s2.part.0 part',
      's1.isra.0 > s1.isra.0.part.1 part',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...ALL).map((f) => `- ${f}`) },
);
const call = fc
  .tuple(fc.constantFrom(...ALL), fc.constantFrom(...ALL))
  .map(([caller, callee]) => `${caller} -> ${callee}`);
const reference = (from: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...from), fc.constantFrom('calls', 'takes'), fc.constantFrom(...GLOBALS))
    .map((words) => words.join(' '))
    // A module's code is reached by nobody outside, and vmlinux's by all.
    .filter((line) => !line.includes(' m_g'));

function unit(source: string): fc.Arbitrary<SmallUnit> {
  return fc
    .record({
      dump: fc.array(record, { maxLength: 10 }),
      functions: functions(source),
      references: fc.array(reference([globalsOf(source)[0]!, '.fixup']), { maxLength: 2 }),
      pointers: fc.array(fc.constantFrom(...globalsOf(source)), { maxLength: 1 }),
      calls: fc.option(fc.array(call, { maxLength: 10 }), { nil: null, freq: 12 }),
      object: fc.nat(12),
    })
    .map(({ dump, functions: defined, references, pointers, calls, object }) => ({
      dump: dump.join('\n'),
      calls: calls?.join('\n') ?? null,
      ...(object > 0 && {
        object: [...defined, ...references, ...pointers.map((name) => `.data takes ${name}`)].join('\n'),
      }),
    }));
}

export const randomKernel: fc.Arbitrary<SmallKernel> = fc
  .record({
    units: fc.tuple(...SOURCES.map(unit)),
    assembly: fc.array(reference(['entry', '.rodata']), { maxLength: 2 }),
    linked: fc.nat(4),
  })
  .map(({ units, assembly, linked }) => ({
    units: Object.fromEntries(units.map((one, at) => [SOURCES[at]!, one])),
    assembly: { 'entry.S': ['entry global notrace', ...assembly].join('\n') },
    modules: { m: ['m.c'] },
    // Where a unit has no object there is nothing to link.
    linked: linked > 0 && units.every(({ object }) => object !== undefined),
  }));
