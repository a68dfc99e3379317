import { setFlagsFromString } from 'node:v8';
import { InputError } from '../errors.js';
import { openForReading, refusalOf } from '../index/database.js';
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
  } catch (error) {
    throw refusalOf(error, options.db) ?? error;
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
  } catch (error) {
    throw refusalOf(error, options.db) ?? error;
  } finally {
    index.close();
  }
}

/**
 * How much code V8 runs before it optimises a function, in bytes of bytecode; 132,000 by itself. A process that ends
 * after a second spends more on compiling than it gets back (measured: `affected _test_bit` 2.33 s of processor time
 * instead of 1.68 s), while answers of a million functions still get it.
 */
const OPTIMISE_AFTER = 4_000_000;

function open({ db, wait, build }: IndexOptions): IndexReader {
  setFlagsFromString(`--interrupt-budget=${OPTIMISE_AFTER}`);
  const index = new IndexReader(openForReading(db, wait));
  const builds = namesOf(index, db);
  if (build !== undefined && !builds.includes(build)) {
    index.close();
    throw new InputError(db, `has no build "${build}"`, `it has ${builds.join(', ')}`);
  }
  return index;
}

function namesOf(index: IndexReader, db: string): string[] {
  try {
    return index.builds().map(({ name }) => name);
  } catch (error) {
    index.close();
    throw refusalOf(error, db) ?? error;
  }
}
