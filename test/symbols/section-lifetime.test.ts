import { describe, expect, test } from 'vitest';
import { lifetimeOf, moduleSectionLifetime, sectionLifetime } from '../../src/symbols/section-lifetime.js';

test.each([
  ['.text', 'core'],
  ['.text.unlikely', 'core'],
  ['.ref.text', 'core'],
  ['.noinstr.text', 'core'],
  ['.init.text', 'init'],
  ['.init.text.setup', 'init'],
  ['.meminit.text', 'init'],
  ['.text.startup', 'init'],
  ['.initcall', 'core'],
  ['.exit.text', 'exit'],
  ['.text.exit', 'exit'],
  ['.memexit.text', 'exit'],
] as const)('%s of an object is %s', (section, lifetime) => {
  expect(sectionLifetime(section)).toBe(lifetime);
});

test.each([
  ['.init.text', 'init'],
  ['.init.data', 'init'],
  ['.exit.text', 'exit'],
  ['.meminit.text', 'core'],
  ['.text', 'core'],
] as const)('%s of a module is %s', (section, lifetime) => {
  expect(moduleSectionLifetime(section)).toBe(lifetime);
});

describe('what is there when a livepatch comes', () => {
  const bounds = { start: 0xffffffff82000000n, end: 0xffffffff82100000n };
  const vmlinux = { inModule: false, section: '.text', address: 0xffffffff81000000n };

  test.each([
    ['before __init_begin', { ...vmlinux, address: bounds.start - 1n }, 'core'],
    ['at __init_begin', { ...vmlinux, address: bounds.start }, 'init'],
    ['the last byte of it', { ...vmlinux, address: bounds.end - 1n }, 'init'],
    ['at __init_end', { ...vmlinux, address: bounds.end }, 'core'],
    ['the address decides, not the section', { ...vmlinux, section: '.meminit.text' }, 'core'],
    [
      'the section decides where no address is known',
      { ...vmlinux, section: '.init.text', address: null },
      'init',
    ],
    ['init code of a module', { inModule: true, section: '.init.text', address: 0n }, 'init'],
    ['exit code of a module has not run', { inModule: true, section: '.exit.text', address: 0n }, 'exit'],
    ['a module keeps .meminit.text', { inModule: true, section: '.meminit.text', address: 0n }, 'core'],
  ] as const)('%s', (_, place, lifetime) => expect(lifetimeOf(place, bounds)).toBe(lifetime));

  test.each([
    ['.init.text', 'init'],
    ['.init.data', 'init'],
    ['.exit.text', 'init'],
    ['.meminit.text', 'init'],
    ['.text', 'core'],
    [null, 'core'],
  ] as const)('%s of a vmlinux whose bounds are not known is %s', (section, lifetime) => {
    expect(lifetimeOf({ ...vmlinux, section }, undefined)).toBe(lifetime);
  });
});
