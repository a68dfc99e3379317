import { stringify } from 'csv-stringify/sync';
import { chainText, printOrder, type ReachReport } from './reach-report.js';

/** One row a function; `incomplete` says how many units lost records. */
export function reachCsv(report: ReachReport): string {
  const rows = report.answers.flatMap(({ spec, definition, units }) =>
    units.flatMap(({ unit, functions }) =>
      printOrder(functions).map((place) => {
        const f = functions[place]!;
        return {
          symbol: spec.text,
          declared_in: definition.file,
          build: definition.build,
          unit: unit.path,
          class: f.class,
          function: f.name,
          file: f.file,
          line: f.line === 0 ? '' : f.line,
          clone: f.clone ? 1 : 0,
          verified: f.verified ? 1 : 0,
          section: f.symbol?.section ?? '',
          traceable: f.symbol === undefined ? '' : f.symbol.traceable ? 1 : 0,
          why: chainText(functions, place, report.direction),
          incomplete: report.caveats.length,
        };
      }),
    ),
  );
  return stringify(rows, { header: true });
}
