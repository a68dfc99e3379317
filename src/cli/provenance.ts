import type { IndexReader } from '../index/reader.js';
import type { Provenance } from '../report/provenance.js';
import { VERSION } from './version.js';

/** What a document says of where it comes from: this klp-reach, and the index's builds that were asked. */
export function provenanceOf(index: IndexReader, build?: string): Provenance {
  const builds = index.builds().filter(({ name }) => build === undefined || name === build);
  return { version: VERSION, builds: builds.map(({ name, identity }) => ({ name, identity })) };
}
