import { expect, test } from 'vitest';
import { parseAcceptances } from '../../src/audit/accept.js';
import { parseRecord } from '../../src/dump/record.js';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';

/** Texts that once took minutes, as their readers looked at much of them again for each piece. */
const HOSTILE: readonly (readonly [what: string, read: () => unknown])[] = [
  ['a clone record of many readings', () => parseRecord(`Callgraph clone;${'f;1;1;b;2;'.repeat(50_000)}`)],
  ['one whose names have slashes', () => parseRecord(`Callgraph clone;${'a/b;1;1;b;2;'.repeat(50_000)}`)],
  ['one of too large numbers', () => parseRecord(`Callgraph clone;${'f;1;1;99999999999;2;'.repeat(50_000)}`)],
  ['struct tags', () => livepatch('a.c', 'struct klp_func '.repeat(50_000))],
  ['a macro of macros', () => livepatch('a.c', '#define A '.repeat(50_000))],
  ['open initialisers', () => livepatch('a.c', 'struct klp_func a[] = { A '.repeat(20_000))],
  ['blank lines of a list', () => livepatch('a.txt', `${'\n'.repeat(200_000)}f`)],
  ['blanks of a list', () => livepatch('a.txt', `vmlinux${' '.repeat(200_000)}f`)],
  ['blanks of an acceptance', () => acceptances(`rule f why${' '.repeat(200_000)}not`)],
  ['blanks behind one', () => acceptances(`rule f why${' '.repeat(200_000)}`)],
];

function livepatch(path: string, text: string): void {
  try {
    readLivepatch([{ path, bytes: Buffer.from(text) }]);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'InputError')) throw error;
  }
}

function acceptances(text: string): void {
  expect(parseAcceptances(text, 'accept', new Set(['rule']))).toHaveLength(1);
}

test.each(HOSTILE)('takes time in proportion to the text: %s', (_, read) => {
  const start = performance.now();
  read();
  expect(performance.now() - start).toBeLessThan(5000);
});
