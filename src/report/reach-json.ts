import type { Problem } from '../index/problems.js';
import {
  CALL,
  isComplete,
  type Member,
  type OpenEnd,
  type ReachAnswer,
  symposOf,
  type UnitAnswer,
  type Unknown,
} from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';
import { each, type JsonObject, jsonDocument, jsonObjects, jsonRows } from './json-stream.js';
import { countClasses, type ReachReport } from './reach-report.js';

/** The version of the JSON shape that docs/json.md describes and docs/schema declares. */
export const REACH_JSON_VERSION = 2;

/** `affected` and `inlined` as docs/schema/reach.schema.json has them: a member a line, written as it is made. */
export function reachJson({ direction, mode, provenance, answers }: ReachReport): Iterable<string> {
  return jsonDocument({
    format: `klp-reach/${direction}`,
    version: REACH_JSON_VERSION,
    provenance,
    mode,
    complete: answers.every(isComplete),
    answers: jsonObjects(each(answers, answerJson)),
  });
}

function answerJson(answer: ReachAnswer): JsonObject {
  return {
    ...askedJson(answer),
    counts: countClasses(answer),
    units: jsonObjects(
      each(answer.units, (unit) => ({
        ...unitJson(unit),
        members: jsonRows(each(unit.members, memberJson)),
      })),
    ),
  };
}

/** What an answer says of the function that was asked for, before its units. */
export function askedJson(answer: ReachAnswer): JsonObject {
  const { spec, definition, units } = answer;
  return {
    symbol: spec.text,
    name: definition.name,
    fragmentOf: definition.fragmentOf,
    build: definition.build,
    file: definition.file,
    line: lineJson(definition.line),
    fileAssumed: definition.assumed,
    complete: isComplete(answer),
    verdicts: countVerdicts(units),
  };
}

/** What an answer says of a unit, before its members. */
export function unitJson({ unit, verdict, unknowns }: UnitAnswer): JsonObject {
  return {
    unit: unit.path,
    source: unit.source,
    objects: unit.images,
    dumpComplete: unit.complete,
    objectFile: unit.object,
    calls: unit.calls,
    verdict,
    complete: unknowns.length === 0,
    unknowns: jsonRows(each(unknowns, unknownJson)),
  };
}

/** How many units have each verdict; those that none has are left out. */
export function countVerdicts(units: readonly UnitAnswer[]): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const { verdict } of units) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

function memberJson(member: Member): JsonObject {
  const { calledBy, step } = member;
  // Not spread into a new object: V8 is ten times slower at that, and an answer can have a million members.
  return Object.assign(bodyJson(member), {
    calledBy,
    caller: step?.kind === CALL,
    via: step ? { from: step.from, kind: step.kind, seq: step.seq } : null,
  });
}

/** A member without the chain that leads to it. */
export function bodyJson(member: Member) {
  const { symbol } = member;
  return {
    unit: member.unit.path,
    name: member.name,
    class: member.class,
    file: member.file === '' ? null : member.file,
    line: lineJson(member.line),
    clone: member.clone,
    verified: member.verified,
    stuck: member.stuck,
    binary: member.binary,
    live: member.live,
    exported: member.exported,
    deadEnd: member.deadEnd,
    open: member.open.map(openJson),
    aliases: member.aliases,
    folded: member.folded,
    symbol: symbol
      ? {
          section: symbol.section,
          binding: symbol.binding,
          size: symbol.size,
          traceable: symbol.traceable,
        }
      : null,
    places: member.places.map((place) => ({
      object: place.object,
      address: place.address,
      size: place.size,
      sympos: symposOf(place),
      position: place.position,
      total: place.total,
      section: place.section,
      traceable: place.traceable,
    })),
  };
}

function openJson({ reason, references }: OpenEnd) {
  return {
    reason,
    references: references.map(({ section, by, unit, object }) => ({ section, by, unit, object })),
  };
}

function unknownJson(unknown: Unknown) {
  return { unit: unknown.unit, function: unknown.function, code: unknown.code, ...dataOf(unknown) };
}

function dataOf(unknown: Unknown) {
  switch (unknown.code) {
    case 'open-end':
      return { open: openJson(unknown.open) };
    case 'unverified':
    case 'position-unknown':
      return { object: unknown.object };
    case 'object-unknown':
    case 'folding-unknown':
    case 'unmentioned':
      return {};
    case 'incomplete-dump': {
      const { file, line, problem, more } = unknown;
      return { file, line, problem, more };
    }
    default:
      return problemJson(unknown);
  }
}

function problemJson({ file, line, other, what, more }: Problem) {
  return { file, line, other, what, more };
}

function lineJson(line: number): number | null {
  return line === 0 ? null : line;
}
