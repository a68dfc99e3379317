import type { Database } from 'better-sqlite3';
import type { InputWarning } from '../input/names.js';
import { companion, stemOf } from '../input/roles.js';
import type { LinkedUnits } from '../symbols/link-units.js';
import { Lifetime } from '../symbols/section-lifetime.js';
import type { LoadedImages } from './image-files.js';
import { linkProblems } from './link-checks.js';
import type { UnitToLink } from './link-writer.js';
import type { Problem } from './problems.js';
import { UNDECIDED_SOURCE } from './rows.js';
import type { Stray } from './strays.js';
import type { UnitFacts } from './unit-facts.js';

/** All that is wrong with a unit by its own files. */
export function problemsOfUnit({ file, dump, object, calls, problems }: UnitFacts): Problem[] {
  const whole = { line: null, other: null, more: 0 } as const;
  return [
    ...dump.problems.map(({ line, what }): Problem => {
      return { ...whole, code: 'incomplete-dump', file, line, what };
    }),
    ...(object.state === 'corrupt'
      ? [{ ...whole, code: 'object-corrupt', file: object.file, what: object.what } as const]
      : []),
    ...(calls.state === 'corrupt'
      ? [{ ...whole, code: 'calls-corrupt', file: calls.file, what: calls.what } as const]
      : []),
    ...problems,
  ];
}

/** Replaces what linking tells to be wrong. */
export function writeLinkProblems(
  db: Database,
  build: number,
  loaded: LoadedImages,
  of: {
    readonly units: readonly UnitToLink[];
    readonly linked: LinkedUnits;
    readonly strays: readonly Stray[];
  },
): void {
  db.prepare(`DELETE FROM problem WHERE build = ? AND code IN (${LINK_CODES.map(() => '?').join(', ')})`).run(
    build,
    ...LINK_CODES,
  );
  const { objects, order, modulesOf, warnings } = loaded;
  const { units } = of;
  const given = new Set(objects.map(({ name }) => name));
  const missing = new Set([...order, ...[...modulesOf.values()].flat()].filter((name) => !given.has(name)));
  const own = new Set(
    units.flatMap((unit) => (unit.missing.length > 0 ? [companion(stemOf(unit.path), '.o')] : [])),
  );
  const unitObjectOf = (module: string) =>
    [...modulesOf].find(([object, modules]) => own.has(object) && modules.includes(module))?.[0] ?? null;
  const toCheck = db
    .prepare(
      `SELECT u.object_path, u.abi, EXISTS (
         SELECT 1 FROM lost_symbol l JOIN name t ON t.id = l.name WHERE l.unit = u.id AND t.text = '__this_module')
       FROM unit u WHERE u.id = ?`,
    )
    .raw();
  const found = linkProblems({
    ...of,
    objects,
    toCheck: units.map(({ id, missing: of }) => {
      const [object, abi, isOfModule] = toCheck.get(id) as [string | null, string | null, number];
      return { object, abi, isOfModule: isOfModule === 1, isOfMissing: of.length > 0 };
    }),
    missing: new Map([...missing].sort().map((name) => [name, unitObjectOf(name)])),
    unverified: unverifiedNames(db, build),
  });
  const insert = inserter(db, build);
  for (const { where, what } of warnings) insert(null, unread('image-unread', where, what));
  for (const { unit, ...problem } of found) insert(unit === undefined ? null : units[unit]!.id, problem);
}

const LINK_CODES = [
  'object-other-machine',
  'object-not-linked',
  'no-dump',
  'image-unread',
  'module-missing',
  'function-without-unit',
];

/** Functions that may be in linked objects though no object of their unit tells. */
function unverifiedNames(db: Database, build: number): ReadonlySet<string> {
  const names = db
    .prepare(
      `SELECT DISTINCT t.text FROM unit u JOIN node n ON n.unit = u.id JOIN function f ON f.id = n.function
       JOIN name t ON t.id = f.name WHERE u.build = ? AND u.object NOT IN ('read', 'image')
       UNION SELECT DISTINCT t.text FROM unit u JOIN body y ON y.unit = u.id AND y.lifetime = ${Lifetime.undecided}
       JOIN symbol s ON s.unit = u.id AND s.body = y.id JOIN name t ON t.id = s.name WHERE u.build = ?`,
    )
    .pluck()
    .all(build, build) as string[];
  return new Set(names);
}

/** Replaces what of the build's files could not be read, and marks the units that nothing is wrong with. */
export function writeUnread(
  db: Database,
  build: number,
  warnings: readonly InputWarning[],
  placeholders: readonly string[],
): void {
  const codes = "'input-unread', 'object-missing', 'calls-missing', 'dump-placeholder'";
  db.prepare(`DELETE FROM problem WHERE build = ? AND code IN (${codes})`).run(build);
  const insert = inserter(db, build);
  for (const { id, path, object, calls } of unitsWithout(db, build)) {
    const stem = stemOf(path);
    if (object !== null) insert(id, missing('object-missing', companion(stem, '.o'), object));
    if (calls !== null) insert(id, missing('calls-missing', companion(stem, '.ci'), calls));
  }
  const unitOf = db.prepare('SELECT id FROM unit WHERE build = ? AND path = ?').pluck();
  for (const file of placeholders) {
    const unit = unitOf.get(build, file) as number;
    insert(unit, { code: 'dump-placeholder', file, line: null, other: null, what: '', more: 0 });
  }
  for (const { where, what } of warnings) insert(null, unread('input-unread', where, what));
  // Of what is missing the columns `object` and `calls` tell.
  const isWhole = `NOT EXISTS (
    SELECT 1 FROM problem p WHERE p.unit = unit.id AND p.code NOT IN ('object-missing', 'calls-missing'))`;
  db.prepare(`UPDATE unit SET complete = ${isWhole} WHERE build = ? AND complete <> ${isWhole}`).run(build);
}

/**
 * Units that lack what others of the build have: where none has it, the build was made without. A dump without records
 * and without object (compiled with -S: asm-offsets, bounds) is whole.
 */
function unitsWithout(db: Database, build: number) {
  return db
    .prepare(
      `SELECT id, path,
         CASE WHEN EXISTS (SELECT 1 FROM unit o WHERE o.build = u.build AND o.object = 'read')
           AND object IN ('missing', 'image') THEN object END AS object,
         CASE WHEN EXISTS (SELECT 1 FROM unit o WHERE o.build = u.build AND o.calls = 'ci')
           AND calls IN ('missing', 'image') THEN calls END AS calls
       FROM unit u WHERE build = ? AND source <> '${UNDECIDED_SOURCE}'
         AND (calls IN ('missing', 'image') OR object IN ('missing', 'image')) AND (lines > 0 OR object <> 'missing')`,
    )
    .all(build) as { id: number; path: string; object: string | null; calls: string | null }[];
}

/** @param state that of the unit: where a linked object stands in, the answers that it bears on say that */
function missing(code: 'object-missing' | 'calls-missing', file: string, state: string): Problem {
  return { code, file, line: null, other: null, what: state === 'image' ? state : '', more: 0 };
}

function unread(code: 'input-unread' | 'image-unread', file: string, what: string): Problem {
  return { code, file, line: null, other: null, what, more: 0 };
}

function inserter(db: Database, build: number): (unit: number | null, problem: Problem) => void {
  const insert = db.prepare('INSERT INTO problem VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  return (unit, { code, file, line, other, what, more }) => {
    insert.run(build, unit, code, file, line, other, what, more);
  };
}
