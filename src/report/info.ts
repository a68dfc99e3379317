import type { BuildInfo } from '../reach/build-info.js';
import { colours } from './colours.js';
import { csvText } from './csv.js';
import { each, type JsonObject, jsonDocument, jsonObjects, jsonRows } from './json-stream.js';
import type { Provenance } from './reach-report.js';
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
  for (const { name, root, indexedAt, counts, kinds, problems } of builds) {
    lines.push(
      '',
      `build ${paint.bold(visible(name))}  ${paint.dim(`${visible(root)}, indexed ${indexedAt}`)}`,
    );
    const rows = [
      ...Object.entries(counts),
      ...kinds.map(({ kind, count }): [string, number] => [`edges of kind ${visible(kind)}`, count]),
    ];
    const width = Math.max(...rows.map(([what]) => what.length));
    for (const [what, count] of rows)
      lines.push(`  ${what.padEnd(width)}  ${String(count ?? 0).padStart(9)}`);
    for (const { file, line, what } of problems) {
      const where = line === null ? file : `${file}:${line}`;
      lines.push(`  ${paint.red('problem')}  ${visible(where)}: ${visible(what)}`);
    }
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

function buildJson({ name, root, indexedAt, counts, kinds, problems }: BuildInfo): JsonObject {
  const numbers = Object.entries(counts).map(([what, count]) => [what, count ?? 0]);
  return {
    name,
    root,
    indexedAt,
    counts: Object.fromEntries(numbers),
    kinds: jsonRows(kinds),
    problems: jsonRows(problems),
  };
}

export function infoCsv({ builds }: InfoReport): Iterable<string> {
  const rows = builds.flatMap(({ name, counts, kinds }) => [
    ...Object.entries(counts).map(([what, count]) => ({ build: name, what, count: count ?? 0 })),
    ...kinds.map(({ kind, count }) => ({ build: name, what: `edges of kind ${kind}`, count })),
  ]);
  return csvText(['build', 'what', 'count'], rows);
}
