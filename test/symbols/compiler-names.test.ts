import { expect, test } from 'vitest';
import { Role } from '../../src/symbols/bodies.js';
import { compilerNames, type DumpNames, type Renamed } from '../../src/symbols/compiler-names.js';

/** A dump of functions, each as `name place`. */
function dumpOf(...functions: string[]): DumpNames {
  const names = functions.map((one) => one.split(' ')[0]!);
  return {
    has: (name) => names.includes(name),
    declares: (name, place) => functions.includes(`${name} ${place}`),
    [Symbol.iterator]: () => names[Symbol.iterator](),
  };
}

/** `name = symbol` of each that is found; symbols that begin with ~ are trampolines. */
function found(dump: DumpNames, symbols: string, renamed: readonly Renamed[] = []): string[] {
  const names = symbols.split(' ').map((name) => name.replace('~', ''));
  const role = Uint8Array.from(symbols.split(' '), (name) =>
    name.startsWith('~') ? Role.trampoline : Role.function,
  );
  return compilerNames(dump, { names, role }, renamed).map(
    ({ name, symbol }) => `${name} = ${names[symbol]}`,
  );
}

const at = (name: string, label: string, place: string): Renamed => ({ name, label, place });

test('the version that target_clones makes of the function itself', () => {
  const dump = dumpOf('foo a.c;3;8', 'foo.avx2 a.c;3;8');
  expect(found(dump, '~foo ~foo.resolver foo.default foo.avx2')).toEqual(['foo = foo.default']);
  expect(found(dump, '~foo foo.default.1 foo.avx2.0')).toEqual(['foo = foo.default.1']);
});

test('by the call graph, by label and place', () => {
  const dump = dumpOf('helper a.c;7;2', 'helper b.c;4;2');
  const renamed = [
    at('helper.lto_priv.0', 'helper', 'a.c;7;2'),
    at('helper.lto_priv.1', 'helper', 'b.c;9;9'),
  ];
  expect(found(dump, 'helper.lto_priv.0 helper.lto_priv.1', renamed)).toEqual(['helper = helper.lto_priv.0']);
  expect(found(dump, 'helper.lto_priv.0 helper.lto_priv.1')).toEqual([
    'helper = helper.lto_priv.0',
    'helper = helper.lto_priv.1',
  ]);
});

test('records of later passes have the new name too', () => {
  const dump = dumpOf('foo a.c;3;8', 'foo.default.1 a.c;3;8');
  expect(found(dump, '~foo foo.default.1', [at('foo.default.1', 'foo', 'a.c;3;8')])).toEqual([
    'foo = foo.default.1',
  ]);
});

test('vector functions: each by the call graph, all of a function without one', () => {
  const dump = dumpOf('bar a.c;1;1', 'bar.simdclone.0 a.c;1;1', 'bar.simdclone.1 a.c;1;1', 'other a.c;9;9');
  const symbols = 'bar _ZGVbN4vv_bar _ZGVcN8vv_bar _ZGVbN4v_unknown';
  const renamed = [
    at('_ZGVbN4vv_bar', 'bar.simdclone.0', 'a.c;1;1'),
    at('_ZGVcN8vv_bar', 'bar.simdclone.1', 'a.c;1;1'),
  ];
  expect(found(dump, symbols, renamed)).toEqual([
    'bar.simdclone.0 = _ZGVbN4vv_bar',
    'bar.simdclone.1 = _ZGVcN8vv_bar',
  ]);
  expect(found(dump, symbols)).toEqual([
    'bar.simdclone.0 = _ZGVbN4vv_bar',
    'bar.simdclone.1 = _ZGVbN4vv_bar',
    'bar.simdclone.0 = _ZGVcN8vv_bar',
    'bar.simdclone.1 = _ZGVcN8vv_bar',
  ]);
});

test('the source’s name of a function with an asm label, which no record has', () => {
  const renamed = [at('asm_object', 'asm_source', 'a.c;5;1')];
  for (const dump of [dumpOf('asm_object a.c;5;1'), dumpOf()]) {
    expect(found(dump, 'asm_object', renamed)).toEqual(['asm_source = asm_object']);
  }
  expect(found(dumpOf(), 'asm_object asm_source', renamed)).toEqual([]);
});

test('a clone is nobody’s other name', () => {
  const dump = dumpOf('f a.c;1;1', 'f.isra.0 a.c;1;1');
  expect(found(dump, 'f.isra.0', [at('f.isra.0', 'f.isra', 'a.c;1;1')])).toEqual([]);
  expect(found(dumpOf(), 'f.part.0.isra.0', [at('f.part.0.isra.0', 'f.part.isra', 'a.c;1;1')])).toEqual([]);
  expect(found(dumpOf(), 'f.part.0.isra.0', [at('f.part.0.isra.0', 'f.part.0.isra', 'a.c;1;1')])).toEqual([]);
});
