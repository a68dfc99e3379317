import type { ReachAnswer } from '../reach/affected.js';
import { symposOf, type UnitFunction } from '../reach/unit-function.js';
import { unknownsOf } from '../reach/unknowns.js';
import { countClasses, type ReachReport } from './reach-report.js';

/** The version of the JSON shape that docs/json.md describes. */
const VERSION = 1;

export function reachJson(report: ReachReport): string {
  const { direction, mode } = report;
  const answers = report.answers.map((answer) => answerJson(answer, report));
  const complete = report.caveats.length === 0 && answers.every((answer) => answer.complete);
  return `${JSON.stringify({ format: `klp-reach/${direction}`, version: VERSION, mode, complete, answers }, null, 2)}\n`;
}

function answerJson(answer: ReachAnswer, report: ReachReport) {
  const { definition } = answer;
  const unknown = unknownsOf(answer, report);
  return {
    symbol: answer.spec.text,
    name: definition.name,
    build: definition.build,
    file: definition.file,
    line: definition.line === 0 ? null : definition.line,
    fileAssumed: definition.assumed,
    complete: unknown.length === 0,
    unknown,
    counts: countClasses(answer),
    units: answer.units.map(({ unit, functions }) => ({
      unit: unit.path,
      source: unit.source,
      object: unit.image,
      dumpComplete: unit.complete,
      objectFile: unit.object,
      calls: unit.calls,
      functions: functions.map(functionJson),
    })),
  };
}

function functionJson(f: UnitFunction) {
  return {
    name: f.name,
    class: f.class,
    blocked: f.blocked ?? null,
    file: f.file === '' ? null : f.file,
    line: f.line === 0 ? null : f.line,
    clone: f.clone,
    verified: f.verified,
    section: f.symbol?.section ?? null,
    traceable: f.place?.traceable ?? f.symbol?.traceable ?? null,
    sympos: f.place ? symposOf(f.place) : null,
    position: f.place?.position ?? null,
    sameNamed: f.place?.total ?? null,
    address: f.place?.address ?? null,
    size: f.symbol?.size ?? null,
    aliases: f.aliases,
    via: f.step ? { from: f.step.from, kind: f.step.kind, seq: f.step.seq } : null,
  };
}
