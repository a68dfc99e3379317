import { stringify } from 'csv-stringify/sync';
import { chainText } from '../reach/chain-text.js';
import { symposOf } from '../reach/unit-function.js';
import { unknownsOf } from '../reach/unknowns.js';
import { printOrder, type ReachReport } from './reach-report.js';

/** One row a function; `unknowns` counts what keeps the answer from being complete. */
export function reachCsv(report: ReachReport): string {
  const rows = report.answers.flatMap((answer) => {
    const { spec, definition, units } = answer;
    const unknowns = unknownsOf(answer, report).length;
    return units.flatMap(({ unit, functions }) =>
      printOrder(functions).map((place) => {
        const f = functions[place]!;
        return {
          symbol: spec.text,
          declared_in: definition.file,
          build: definition.build,
          object: unit.image ?? '',
          unit: unit.path,
          class: f.class,
          function: f.name,
          sympos: f.place ? symposOf(f.place) : '',
          address: f.place?.address ?? '',
          file: f.file,
          line: f.line === 0 ? '' : f.line,
          clone: f.clone ? 1 : 0,
          verified: f.verified ? 1 : 0,
          section: f.symbol?.section ?? '',
          blocked: f.blocked ?? '',
          aliases: f.aliases.join(' '),
          why: chainText(functions, place, report.direction),
          unknowns,
        };
      }),
    );
  });
  return stringify(rows, { header: true });
}
