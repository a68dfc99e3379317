import { InputError } from '../errors.js';
import { openForReading } from '../index/database.js';
import { IndexReader } from '../index/reader.js';
import type { DbOptions } from './shared-options.js';

/** Opens the index, answers with it and closes it; a build that it does not have is refused. */
export function withIndex<T>(
  options: DbOptions & { readonly build?: string },
  answer: (index: IndexReader) => T,
): T {
  const index = new IndexReader(openForReading(options.db, options.wait));
  try {
    const { build } = options;
    const builds = index.builds().map(({ name }) => name);
    if (build !== undefined && !builds.includes(build)) {
      throw new InputError(options.db, `has no build "${build}"`, `it has ${builds.join(', ')}`);
    }
    return answer(index);
  } finally {
    index.close();
  }
}
