/**
 * The library as a program imports it: built, since its reading threads are started from files that only the build
 * makes. `npm test` builds first.
 */
const face = '../../dist/index.js';
const library: typeof import('../../src/index.js') = await import(face);

export const { IndexReader, ingest, InputError, openForReading, parseSymbolSpec, Reach } = library;
