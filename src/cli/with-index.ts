import { InputError } from '../errors.js';
import { openForReading } from '../index/database.js';
import { IndexReader } from '../index/reader.js';
import type { DbOptions } from './shared-options.js';

interface IndexOptions extends DbOptions {
  readonly build?: string;
}

/** Opens the index, answers with it and closes it; a build that it does not have is refused. */
export function withIndex<T>(options: IndexOptions, answer: (index: IndexReader) => T): T {
  const index = open(options);
  try {
    return answer(index);
  } finally {
    index.close();
  }
}

/** The same for an answer that takes its time. */
export async function withIndexAsync<T>(
  options: IndexOptions,
  answer: (index: IndexReader) => Promise<T>,
): Promise<T> {
  const index = open(options);
  try {
    return await answer(index);
  } finally {
    index.close();
  }
}

function open({ db, wait, build }: IndexOptions): IndexReader {
  const index = new IndexReader(openForReading(db, wait));
  const builds = index.builds().map(({ name }) => name);
  if (build !== undefined && !builds.includes(build)) {
    index.close();
    throw new InputError(db, `has no build "${build}"`, `it has ${builds.join(', ')}`);
  }
  return index;
}
