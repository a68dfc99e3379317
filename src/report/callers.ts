import { stringify } from 'csv-stringify/sync';
import type { Caller, CallerNeed, CallersAnswer } from '../reach/callers.js';
import type { Caveat } from '../reach/caveats.js';
import { type Asked, unknownsOf } from '../reach/unknowns.js';
import type { WalkMode } from '../reach/walk.js';
import { colours } from './colours.js';

export interface CallersReport {
  readonly mode: WalkMode;
  readonly answers: readonly CallersAnswer[];
  readonly caveats: readonly Caveat[];
}

const NEEDS: readonly CallerNeed[] = ['patch', 'instead', 'none'];
const HEADINGS: Record<CallerNeed, string> = {
  patch: 'need patching too',
  instead: 'need patching instead',
  none: 'need no patching',
};

export function callersText(report: CallersReport): string {
  const paint = colours();
  return report.answers
    .map((answer) => {
      const { definition } = answer.reach;
      const lines = [
        `${paint.bold(definition.name)}  ${paint.dim(definition.file)}  build ${definition.build}`,
      ];
      if (answer.callers.length === 0) lines.push('  nothing calls it by name, and its code is nowhere else');
      for (const need of NEEDS) {
        const callers = answer.callers.filter((caller) => caller.need === need);
        if (callers.length === 0) continue;
        const heading = `${callers.length} ${HEADINGS[need]}`;
        lines.push('', `  ${need === 'none' ? paint.dim(heading) : paint.green(heading)}`);
        const width = Math.max(...callers.map((caller) => caller.function.name.length));
        for (const caller of callers) {
          const { function: f, unit, why } = caller;
          const note =
            f.class === 'blocked' ? paint.red(`  ${f.blocked}`) : f.clone ? paint.magenta('  a clone') : '';
          lines.push(
            `    ${f.name.padEnd(width)}  ${unit.image ?? '?'}  ${paint.dim(unit.source)}  ${why}${note}`,
          );
        }
      }
      const unknown = unknownsOf(answer.reach, asked(report));
      if (unknown.length > 0) lines.push('', `  ${paint.red('incomplete')}:`);
      for (const { unit, function: name, why } of unknown)
        lines.push(`    ${name === '' ? unit : name}: ${why}`);
      return `${lines.join('\n')}\n`;
    })
    .join('\n');
}

export function callersJson(report: CallersReport): string {
  const document = {
    format: 'klp-reach/callers',
    version: 1,
    mode: report.mode,
    answers: report.answers.map((answer) => ({
      symbol: answer.reach.spec.text,
      name: answer.reach.definition.name,
      file: answer.reach.definition.file,
      build: answer.reach.definition.build,
      unknown: unknownsOf(answer.reach, asked(report)),
      callers: answer.callers.map(callerRow),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function callersCsv({ answers }: CallersReport): string {
  const rows = answers.flatMap(({ reach, callers }) =>
    callers.map((caller) => ({
      symbol: reach.spec.text,
      declared_in: reach.definition.file,
      build: reach.definition.build,
      ...callerRow(caller),
    })),
  );
  return stringify(rows, { header: true });
}

function callerRow({ unit, function: f, need, why, calls }: Caller) {
  return { caller: f.name, object: unit.image, unit: unit.path, class: f.class, need, why, calls };
}

function asked({ caveats }: CallersReport): Asked {
  return { direction: 'affected', caveats };
}
