import type { BuildInfo, Coverage } from '../reach/build-info.js';
import { type Cell, csvLines } from './csv.js';
import { each, type JsonObject, jsonDocument, jsonObjects, jsonRows } from './json-stream.js';
import { kernelJson, kernelTexts } from './kernel-info.js';
import { PROVENANCE_COLUMNS, type Provenance, provenanceCells } from './provenance.js';
import { counted, counting, plural, problemText } from './sentences.js';
import { colours } from './terminal.js';
import { visible } from './visible.js';

/** The version of the JSON shape that docs/json.md describes and docs/schema declares. */
const INFO_JSON_VERSION = 2;

export interface InfoReport {
  readonly provenance: Provenance;
  readonly db: string;
  readonly builds: readonly BuildInfo[];
}

export function infoText({ db, builds }: InfoReport): string {
  const paint = colours();
  const lines = [visible(db)];
  for (const { name, root, indexedAt, kernel, compiled, counts, kinds, coverage, problems } of builds) {
    lines.push(
      '',
      `build ${paint.bold(visible(name))}  ${paint.dim(`${visible(root)}, indexed ${indexedAt}`)}`,
    );
    for (const text of kernelTexts(kernel, compiled)) lines.push(`  ${visible(text)}`);
    const rows = [
      ...Object.entries(counts),
      ...kinds.map(({ kind, count }): [string, number] => [`edges of kind ${visible(kind)}`, count]),
    ];
    const width = Math.max(...rows.map(([what]) => what.length));
    for (const [what, count] of rows)
      lines.push(`  ${what.padEnd(width)}  ${String(count ?? 0).padStart(9)}`);
    for (const text of coverageTexts(counts['units'] ?? 0, coverage)) lines.push(`  ${visible(text)}`);
    for (const problem of problems) lines.push(`  ${paint.red('problem')}  ${visible(problemText(problem))}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `info` as docs/schema/info.schema.json has it. */
export function infoJson({ provenance, db, builds }: InfoReport): Iterable<string> {
  return jsonDocument({
    format: 'klp-reach/info',
    version: INFO_JSON_VERSION,
    provenance,
    db,
    builds: jsonObjects(each(builds, buildJson)),
  });
}

/** `3,121 units cover 60,586 of 60,661 functions of vmlinux; 75 are in no unit (...)`; modules are told together. */
function coverageTexts(units: number, coverage: readonly Coverage[]): string[] {
  const modules = coverage.filter(({ object }) => object !== 'vmlinux');
  const sum = (of: (one: Coverage) => number) => modules.reduce((all, one) => all + of(one), 0);
  const inModules = {
    object: counting(modules.length, 'module'),
    functions: sum(({ functions }) => functions),
    covered: sum(({ covered }) => covered),
    without: modules.flatMap(({ without }) => without),
  };
  const told = [...coverage.filter(({ object }) => object === 'vmlinux'), ...(modules[0] ? [inModules] : [])];
  return told.map(({ object, functions, covered, without }) => {
    const rest = functions - covered;
    const names = without.slice(0, 3).join(', ');
    const others =
      rest === 0 ? '' : `; ${counted(rest)} ${plural(rest, 'is', 'are')} in no unit (${names}, ...)`;
    return `${counting(units, 'unit')} ${plural(units, 'covers', 'cover')} ${counted(covered)} of ${counted(functions)} functions of ${object}${others}`;
  });
}

function buildJson({
  name,
  root,
  indexedAt,
  kernel,
  compiled,
  counts,
  kinds,
  coverage,
  problems,
}: BuildInfo): JsonObject {
  const numbers = Object.entries(counts).map(([what, count]) => [what, count ?? 0]);
  return {
    name,
    root,
    indexedAt,
    kernel: kernelJson(kernel, compiled),
    counts: Object.fromEntries(numbers),
    kinds: jsonRows(kinds),
    coverage: jsonRows(coverage),
    problems: jsonRows(
      each(problems, ({ unit, code, file, line, other, what, more }) => {
        return { unit, code, file, line, other, what, more };
      }),
    ),
  };
}

export function infoCsv({ builds, provenance }: InfoReport): Iterable<string> {
  return csvLines(['build', 'what', 'count', ...PROVENANCE_COLUMNS], rowsOf(builds, provenance));
}

function* rowsOf(builds: readonly BuildInfo[], provenance: Provenance): Generator<Cell[]> {
  for (const build of builds) {
    const last = provenanceCells(provenance, build.name);
    for (const [what, count] of countsOf(build)) yield [build.name, what, count, ...last];
  }
}

function* countsOf({ counts, kinds, coverage, problems }: BuildInfo): Generator<[string, number]> {
  for (const [what, count] of Object.entries(counts)) yield [what, count ?? 0];
  for (const { kind, count } of kinds) yield [`edges of kind ${kind}`, count];
  for (const { object, functions, covered } of coverage) {
    yield [`functions of ${object}`, functions];
    yield [`functions of ${object} in units`, covered];
  }
  for (const problem of problems)
    yield [`problem ${problem.code}: ${problemText(problem)}`, problem.more + 1];
}
