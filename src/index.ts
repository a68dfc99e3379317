/** The library's public face: what a program may import from `klp-reach`. */
export { FunctionTable } from './dump/function-table.js';
export { type DumpFacts, type DumpProblem, parseDump } from './dump/parse.js';
export {
  type CloneRecord,
  type DumpRecord,
  type FunctionRef,
  parseRecord,
  type RemovalRecord,
} from './dump/record.js';
export { InputError } from './errors.js';
export { openForReading } from './index/database.js';
export { type IngestOptions, type IngestReport, ingest } from './index/ingest.js';
export type { IngestWarning } from './index/ingest-tally.js';
export { IndexReader } from './index/reader.js';
export { ask, type ReachAnswer, type ReachQuestion } from './reach/affected.js';
export type { Definition } from './reach/definitions.js';
export { parseSymbolSpec, type SymbolSpec } from './reach/symbol-spec.js';
export type { FunctionClass, OpenQuestion, Step, UnitFunction, UnitReach } from './reach/unit-function.js';
export { chainTo } from './reach/unit-functions.js';
