import { klpNamesOf } from '../index/klp-names.js';
import type { IndexReader } from '../index/reader.js';

const HEADER = 'klp-convert-symbol-data.0.1';

/** The list that full klp-convert looks symbols up in, as the kernel's build writes it: vmlinux first. */
export function* symbolsKlp(index: IndexReader, build: string): Generator<string> {
  yield `${HEADER}\n`;
  const objects = index.images(build).map(({ name }) => name);
  for (const object of objects.sort((a, b) => Number(b === 'vmlinux') - Number(a === 'vmlinux'))) {
    const lines = klpNamesOf(index, build, object).map((name) => `${name}\n`);
    yield `*${object}\n${lines.join('')}`;
  }
}
