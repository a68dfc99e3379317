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
export { Reach } from './reach/affected.js';
export {
  chainTo,
  type Direction,
  isComplete,
  type Member,
  type MemberClass,
  type OpenEnd,
  type OpenReason,
  type OpenReference,
  type ReachAnswer,
  type ReachQuestion,
  type Step,
  type StuckReason,
  symposOf,
  type UnitAnswer,
  type Unknown,
} from './reach/answer.js';
export { type Caller, type CallersAnswer, findCallers, type OtherCallers } from './reach/callers.js';
export type { Definition } from './reach/definitions.js';
export { PatchSets, type Verdict } from './reach/patch-set.js';
export { type SweptFunction, type SweptUnit, sweep } from './reach/sweep.js';
export { parseSymbolSpec, type SymbolSpec } from './reach/symbol-spec.js';
