import type { IndexReader } from '../index/reader.js';

const HEADER = 'klp-convert-symbol-data.0.1';

/**
 * The list that full klp-convert looks symbols up in, as the kernel's build writes it with `nm -f posix` of vmlinux and
 * of each module before modpost: so without what modpost's `*.mod.c` adds to the module.
 */
export function* symbolsKlp(index: IndexReader, build: string): Generator<string> {
  yield `${HEADER}\n`;
  const objects = index.images(build).map(({ name }) => name);
  for (const object of objects.sort((a, b) => Number(b === 'vmlinux') - Number(a === 'vmlinux'))) {
    const names: string[] = [];
    for (const { name, file } of index.imageNames(build, object)) {
      const byModpost = object !== 'vmlinux' && (file?.endsWith('.mod.c') || name === '__this_module');
      if (!byModpost) names.push(name);
    }
    if (object !== 'vmlinux') names.push(...index.lostNames(build, object));
    yield `*${object}\n${names
      .sort()
      .map((name) => `${name}\n`)
      .join('')}`;
  }
}
