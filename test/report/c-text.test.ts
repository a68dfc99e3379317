import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cComment, cString, Identifiers, identifierPart } from '../../src/report/c-text.js';
import { visible } from '../../src/report/visible.js';
import { hasGcc } from '../helpers/gcc.js';
import { buildDir } from '../helpers/workplace.js';

test.each([
  ['plain.isra.0', '"plain.isra.0"'],
  ['say "x"\\', '"say \\"x\\"\\\\"'],
  ['a\nb\u0000c', '"a\\012b\\000c"'],
  ['\u202egnp.exe', '"\\342\\200\\256gnp.exe"'],
  ['é', '"é"'],
  ['??/', '"?\\?/"'],
])('%j is the string %s', (text, expected) => {
  expect(cString(text)).toBe(expected);
});

test.each([
  ['what */ is /* it', '/* what * / is / * it */'],
  ['two\nlines', '/* two\\u{a}lines */'],
  ['/', '/* / */'],
])('%j is the comment %s', (text, expected) => {
  expect(cComment(text)).toBe(expected);
});

test.each([
  ['foo.lto_priv.0', 'foo_lto_priv_0'],
  ['ümlaut', '_mlaut'],
  ['plain_1', 'plain_1'],
])('of %s, %s can stand in an identifier', (name, part) => {
  expect(identifierPart(name)).toBe(part);
});

test('identifiers are given once', () => {
  const identifiers = new Identifiers();
  expect(['a', 'a', 'a_2', 'b', 'a'].map((wished) => identifiers.give(wished))).toEqual([
    'a',
    'a_2',
    'a_2_2',
    'b',
    'a_3',
  ]);
});

test('what has no glyph is made visible, and nothing else is changed', () => {
  expect(visible('a\u001b[31m\u202eb\u2028c\u200bd é 日本 .*')).toBe(
    'a\\u{1b}[31m\\u{202e}b\\u{2028}c\\u{200b}d é 日本 .*',
  );
});

describe.skipIf(!hasGcc())('as gcc reads it', () => {
  test('a string is its text, whatever that is, and a comment ends where it ends', () => {
    const texts = [
      ...fc.sample(fc.string({ unit: 'binary' }), 60),
      ...['??=', '???/', '"', '\\', '\\n', '*/', '\u202e', '\u0000', '1\u00002'],
    ].map((text) => Buffer.from(text).toString());
    const checks = texts.map((text) => {
      const bytes = [...Buffer.from(text), 0];
      return `${cComment(text)}\nstatic const unsigned char text[] = ${cString(text)}, expected[] = {${bytes.join()}};`;
    });
    const functions = checks.map(
      (check) =>
        `{\n${check}\nif (sizeof(text) != sizeof(expected) || memcmp(text, expected, sizeof(text))) return 1;\n}`,
    );
    const source = `#include <string.h>\nint main(void) {\n${functions.join('\n')}\nreturn 0; }\n`;
    const directory = buildDir({ 'a.c': source });
    execFileSync('gcc', ['-std=c11', '-w', '-o', 'a', 'a.c'], { cwd: directory });
    execFileSync(join(directory, 'a'));
  }, 60_000);
});
