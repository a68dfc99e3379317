import { expect, test } from 'vitest';
import { endsWithPath, normalPath, sameFile } from '../../src/index/path-normal.js';

test.each([
  ['include/x.h', 'include/x.h'],
  ['./include/x.h', 'include/x.h'],
  ['include//x.h', 'include/x.h'],
  ['../include/x.h', 'include/x.h'],
  ['../../include/x.h', 'include/x.h'],
  ['arch/../include/x.h', 'include/x.h'],
  ['arch/./x86/../../include/x.h', 'include/x.h'],
  ['/src/linux/./include/x.h', '/src/linux/include/x.h'],
  ['/../x.h', '/x.h'],
  ['a;b/x y.h', 'a;b/x y.h'],
  ['<built-in>', '<built-in>'],
  ['', ''],
])('%s is %s', (path, normal) => {
  expect(normalPath(path)).toBe(normal);
  expect(normalPath(normal)).toBe(normal);
});

test('the end of a path counts at a folder’s border only', () => {
  expect(endsWithPath('kernel/livepatch/core.c', 'core.c')).toBe(true);
  expect(endsWithPath('kernel/livepatch/core.c', 'livepatch/core.c')).toBe(true);
  expect(endsWithPath('kernel/livepatch/core.c', 'patch/core.c')).toBe(false);
  expect(endsWithPath('core.c', 'core.c')).toBe(true);
  expect(endsWithPath('hardcore.c', 'core.c')).toBe(false);
});

test('an absolute path may be a relative one’s file, two relative ones are not', () => {
  expect(sameFile('/src/linux/include/x.h', 'include/x.h')).toBe(true);
  expect(sameFile('include/x.h', '/src/linux/include/x.h')).toBe(true);
  expect(sameFile('lib/include/x.h', 'include/x.h')).toBe(false);
  expect(sameFile('/src/a/x.h', '/src/b/x.h')).toBe(false);
});
