import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import { parseSymbolSpec } from '../../src/reach/symbol-spec.js';

test.each([
  ['foo', 'foo', undefined],
  ['foo.constprop.0.isra.0', 'foo.constprop.0.isra.0', undefined],
  ['foo@core.c', 'foo', 'core.c'],
  ['foo@kernel/livepatch/core.c', 'foo', 'kernel/livepatch/core.c'],
  ['foo@./include/../kernel//core.c', 'foo', 'kernel/core.c'],
  ['foo@/src/kernel/core.c', 'foo', '/src/kernel/core.c'],
  ['kernel/core.c:foo', 'foo', 'kernel/core.c'],
  ['./kernel/core.c:foo', 'foo', 'kernel/core.c'],
  ['foo@odd:dir/core.c', 'foo', 'odd:dir/core.c'],
])('%s', (text, name, file) => {
  expect(parseSymbolSpec(text)).toEqual(file === undefined ? { text, name } : { text, name, file });
});

describe('what names no symbol is refused with the ways to write one', () => {
  test.each(['', 'foo@', 'core.c:', 'kernel/core.c', 'two words'])('"%s"', (text) => {
    expect(() => parseSymbolSpec(text)).toThrow(InputError);
    expect(() => parseSymbolSpec(text)).toThrow('name@path/suffix.c');
  });
});
