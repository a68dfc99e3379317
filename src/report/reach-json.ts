import type { ReachAnswer } from '../reach/affected.js';
import { countClasses, openQuestions, type ReachReport } from './reach-report.js';

/** The version of the JSON shape that docs/json.md describes. */
const VERSION = 1;

export function reachJson(report: ReachReport): string {
  const { direction, mode, caveats } = report;
  const document = {
    format: `klp-reach/${direction}`,
    version: VERSION,
    mode,
    complete: caveats.length === 0,
    incomplete: caveats,
    answers: report.answers.map((answer) => answerJson(answer)),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function answerJson(answer: ReachAnswer) {
  const { definition } = answer;
  return {
    symbol: answer.spec.text,
    name: definition.name,
    build: definition.build,
    file: definition.file,
    line: definition.line === 0 ? null : definition.line,
    fileAssumed: definition.assumed,
    counts: countClasses(answer),
    openQuestions: openQuestions(answer),
    units: answer.units.map(({ unit, functions }) => ({
      unit: unit.path,
      source: unit.source,
      complete: unit.complete,
      object: unit.object,
      functions: functions.map((f) => ({
        name: f.name,
        class: f.class,
        file: f.file,
        line: f.line === 0 ? null : f.line,
        clone: f.clone,
        verified: f.verified,
        section: f.symbol?.section ?? null,
        traceable: f.symbol?.traceable ?? null,
        via: f.step ? { from: f.step.from, kind: f.step.kind, seq: f.step.seq } : null,
      })),
    })),
  };
}
