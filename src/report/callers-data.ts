import {
  isComplete,
  type Member,
  type OpenReason,
  type OpenReference,
  type UnitAnswer,
} from '../reach/answer.js';
import type { Caller, CallersAnswer, OtherCallers } from '../reach/callers.js';
import type { WalkMode } from '../reach/walk.js';
import { type Cell, csvLines, emptyCells, flag } from './csv.js';
import { each, type JsonObject, jsonDocument, jsonObjects, jsonRows } from './json-stream.js';
import type { Provenance } from './provenance.js';
import {
  ANSWER_COLUMNS,
  answerCells,
  BODY_COLUMNS,
  bodyCells,
  LAST_COLUMNS,
  lastCells,
} from './reach-csv.js';
import { askedJson, bodyJson, REACH_JSON_VERSION, unitJson } from './reach-json.js';

/** What is printed for `callers`, in every format. */
export interface CallersReport {
  readonly mode: WalkMode;
  readonly answers: readonly CallersAnswer[];
  readonly provenance: Provenance;
}

/** `callers` as docs/schema/callers.schema.json has it: a caller a line, written as it is made. */
export function callersJson({ mode, provenance, answers }: CallersReport): Iterable<string> {
  return jsonDocument({
    format: 'klp-reach/callers',
    version: REACH_JSON_VERSION,
    provenance,
    mode,
    complete: answers.every(({ reach }) => isComplete(reach)),
    answers: jsonObjects(each(answers, answerJson)),
  });
}

function answerJson({ reach, callers, others }: CallersAnswer): JsonObject {
  return {
    ...askedJson(reach),
    units: jsonObjects(each(reach.units.entries(), ([at, unit]) => unitOf(unit, callers[at]!, others[at]!))),
  };
}

function unitOf(unit: UnitAnswer, callers: readonly Caller[], { nodump, known }: OtherCallers): JsonObject {
  return {
    ...unitJson(unit),
    toPatch: jsonRows(
      each(
        unit.members.filter((member) => member.class === 'patch'),
        replacedJson,
      ),
    ),
    callersKnown: known,
    callers: jsonRows(each(callers, callerJson)),
    nodumpCallers: jsonRows(nodump),
  };
}

function callerJson({ member, calls, inPatchSet, standIns }: Caller) {
  return Object.assign(bodyJson(member), { calls, inPatchSet, standIns: standIns.map(replacedJson) });
}

/** A function to replace: where it is, as a livepatch names it. */
function replacedJson(member: Member) {
  const { unit, name, places } = bodyJson(member);
  return { unit, name, places };
}

const CALLER_COLUMNS = ['calls', 'in_patch_set', 'stand_ins'];

/** The class of a row of code without a dump: the word for an end that it keeps open. */
const NODUMP: OpenReason = 'nodump-caller';

const COLUMNS = [...ANSWER_COLUMNS, ...BODY_COLUMNS, ...CALLER_COLUMNS, 'callers_known', ...LAST_COLUMNS];

/** A row a caller, by the units that have the function; code without a dump as one; a unit that nothing calls is one row with an empty function. */
export function callersCsv(report: CallersReport): Iterable<string> {
  return csvLines(COLUMNS, rowsOf(report));
}

function* rowsOf({ answers, provenance }: CallersReport): Generator<Cell[]> {
  for (const { reach, callers, others } of answers) {
    for (const [at, unit] of reach.units.entries()) {
      const { nodump, known } = others[at]!;
      const head = answerCells(reach, unit);
      const last = [flag(known), ...lastCells(reach, unit, provenance)];
      if (callers[at]!.length + nodump.length === 0) {
        yield [...head, ...emptyCells(BODY_COLUMNS), ...emptyCells(CALLER_COLUMNS), ...last];
      }
      for (const caller of callers[at]!) {
        yield [...head, ...bodyCells(caller.member), ...callerCells(caller), ...last];
      }
      for (const one of nodump) {
        yield [...head, ...nodumpCells(one), ...emptyCells(CALLER_COLUMNS), ...last];
      }
    }
  }
}

/** Under {@link BODY_COLUMNS}. */
function nodumpCells({ by, object, unit }: OpenReference): Cell[] {
  const known: Readonly<Record<string, Cell>> = { object, member_unit: unit, class: NODUMP, function: by };
  return BODY_COLUMNS.map((column) => known[column] ?? null);
}

function callerCells({ calls, inPatchSet, standIns }: Caller): Cell[] {
  // As a symbol is asked for.
  const names = standIns.map(({ name, unit }) => `${name}@${unit.source}`);
  return [calls, flag(inPatchSet), names.join(' ')];
}
