import { expect, test } from 'vitest';
import { moduleSectionLifetime, sectionLifetime } from '../../src/symbols/section-lifetime.js';

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
