import type { Database } from 'better-sqlite3';
import { ascendingOnce } from '../graph/ascending-once.js';
import { type BodyColumns, encodeHead, encodeParts, encodeUnits } from '../graph/build-graph.js';
import { orderBy, startsOf } from '../graph/columns.js';
import {
  type BuildToGraph,
  type GraphUnit,
  type LinkedGraph,
  linkBuild,
  type UnitToGraph,
} from '../graph/link-build.js';
import { binaryOf } from '../graph/out-of-reach.js';
import { decodeDump, encodeLinked } from '../graph/unit-graph.js';
import { bodiesNamed, findName, orderOfSymbols } from '../graph/unit-symbols.js';
import { hasCalls, hasEmitted, type UnitRow } from './rows.js';
import { dropDumps, dumpReader } from './unit-dumps.js';

/** No index has more units; times names and kinds it is an exact double. */
const UNITS = 2 ** 21;
/** No index has more names or functions, and no file more lines; the product of two is an exact double. */
const HIGH = 2 ** 26;

/** Symbols of linked objects, in columns: ids, and which of the symbols of its name each is. */
export interface PlacedSymbols {
  readonly unit: number[];
  readonly name: number[];
  readonly image: number[];
  readonly symbol: number[];
  readonly position: number[];
  readonly total: number[];
}

/**
 * Links a build and keeps the graph: the last thing that is done to it.
 *
 * @param placed the symbols of linked objects that are units', vmlinux first, in the order of their places
 */
export function writeBuildGraph(db: Database, build: number, placed: PlacedSymbols): void {
  const graph = linkBuild(readBuild(db, build));
  const dumpOf = dumpReader(db);
  const units = encodeUnits(
    graph.units.map((unit) => ({ dump: dumpOf(unit.id), linked: encodeLinked(unit) })),
  );
  const head = encodeHead({
    ...graph,
    unitPart: units.first,
    keeper: keepers(graph, dumpOf),
    unit: Int32Array.from(graph.units, ({ id }) => id),
    base: Int32Array.from([...graph.units.map(({ base }) => base), graph.state.length]),
    away: Uint8Array.from(graph.units, ({ away }) => away),
  });
  const names = onlyNames(graph);
  const parts = encodeParts({
    ...graph,
    ...names,
    ...declarations(db, build, graph, names.name),
    ...placeColumns(graph, placed, names.name),
  });
  db.prepare('DELETE FROM build_graph WHERE build = ?').run(build);
  const insert = db.prepare('INSERT INTO build_graph VALUES (?, ?, ?)');
  for (const [part, data] of [head, ...parts, ...units.parts].entries()) insert.run(build, part, data);
  dropDumps(db);
}

function keepers({ units }: LinkedGraph, dumpOf: (unit: number) => Buffer): Int32Array {
  const bodies = units.flatMap((unit) => {
    const { kept } = decodeDump(dumpOf(unit.id));
    return Array.from(kept).flatMap((name) => bodiesNamed(unit, name));
  });
  return ascendingOnce(bodies);
}

function readBuild(db: Database, build: number): BuildToGraph {
  const units = db
    .prepare('SELECT id, source, object, calls FROM unit WHERE build = ? ORDER BY id')
    .all(build) as ({ id: number } & Pick<UnitRow, 'source' | 'object' | 'calls'>)[];
  const dumpOf = dumpReader(db);
  const linked = readLinked(db, build);
  return {
    units: units.map(({ id, source, object, calls }): UnitToGraph => {
      return {
        id,
        source,
        isVerified: hasEmitted({ object }),
        hasCalls: hasCalls({ calls }),
        ...linked(id),
        dump: () => decodeDump(dumpOf(id)),
      };
    }),
    calls: readCalls(db, build),
    references: readReferences(db, build, 'reference'),
    outside: readReferences(db, build, 'outside'),
    vmlinux: vmlinuxOf(db, build),
    callsUnread: isCallsUnread(db, build),
  };
}

/** What the index has of units' objects, by their ids. */
function readLinked(db: Database, build: number): (unit: number) => Pick<UnitToGraph, 'images' | 'object'> {
  const symbols = readLists(
    db,
    build,
    `SELECT s.unit, json_group_array(s.name ORDER BY s.name, s.id), json_group_array(s.body ORDER BY s.name, s.id),
       json_group_array(s.lost | (s.role << 1) | (s.binding << 4) ORDER BY s.name, s.id)
     FROM unit u JOIN symbol s ON s.unit = u.id WHERE u.build = ? GROUP BY s.unit`,
  );
  const bodies = readLists(
    db,
    build,
    `SELECT y.unit, json_group_array(y.owner ORDER BY y.id), json_group_array(y.lifetime * 2 + y.traceable ORDER BY y.id)
     FROM unit u JOIN body y ON y.unit = u.id WHERE u.build = ? GROUP BY y.unit`,
  );
  const images = readLists(
    db,
    build,
    `SELECT l.unit, json_group_array(l.image ORDER BY l.image)
     FROM unit u JOIN unit_image l ON l.unit = u.id WHERE u.build = ? GROUP BY l.unit`,
  );
  const none = new Int32Array(0);
  return (unit) => {
    const [symbolName = none, symbolBody = none, symbolFlags = none] = symbols.get(unit) ?? [];
    const [owner = none, fate = none] = bodies.get(unit) ?? [];
    const [ofImages = none] = images.get(unit) ?? [];
    return { images: ofImages, object: { symbolName, symbolBody, symbolFlags, owner, fate } };
  };
}

/** A row a unit, with its numbers in texts: reading a row costs more than the numbers in it. */
function readLists(db: Database, build: number, sql: string): Map<number, Int32Array[]> {
  const rows = db.prepare(sql).raw().all(build) as [number, ...string[]][];
  return new Map(
    rows.map(([unit, ...lists]) => [
      unit,
      lists.map((list) => Int32Array.from(JSON.parse(list) as number[])),
    ]),
  );
}

function readCalls(db: Database, build: number): BuildToGraph['calls'] {
  const lists = readLists(
    db,
    build,
    `SELECT c.unit, json_group_array(c.caller), json_group_array(c.callee), json_group_array(c.count)
     FROM unit u JOIN call c ON c.unit = u.id WHERE u.build = ? GROUP BY c.unit ORDER BY c.unit`,
  );
  const columns = [...lists.values()];
  const units = [...lists].map(([unit, [callers]]) => new Int32Array(callers!.length).fill(unit));
  return {
    unit: joined(units),
    caller: joined(columns.map(([caller]) => caller!)),
    callee: joined(columns.map(([, callee]) => callee!)),
    count: joined(columns.map(([, , count]) => count!)),
  };
}

function joined(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

function readReferences(
  db: Database,
  build: number,
  table: 'reference' | 'outside',
): BuildToGraph['references'] {
  const packed = db
    .prepare(
      `SELECT DISTINCT (target * ${UNITS} + unit) * 4 + kind FROM ${table}
       WHERE unit IN (SELECT id FROM unit WHERE build = ?)`,
    )
    .pluck()
    .all(build) as number[];
  return {
    target: Int32Array.from(packed, (value) => value / (UNITS * 4)),
    unit: Int32Array.from(packed, (value) => (value / 4) % UNITS),
    kind: Uint8Array.from(packed, (value) => value % 4),
  };
}

function vmlinuxOf(db: Database, build: number): number {
  const sql = "SELECT id FROM image WHERE build = ? AND name = 'vmlinux' AND source = 'elf'";
  return (db.prepare(sql).pluck().get(build) as number | undefined) ?? -1;
}

/**
 * Whether the calls of some unit of the build, or of code of its linked objects without a dump, were not read. Where linked
 * objects stand in for units' objects, those that were read say all calls of their code: a unit whose dump says nothing, or
 * which is of another binary, is no reason then.
 */
function isCallsUnread(db: Database, build: number): boolean {
  const unread = `
    SELECT NOT EXISTS (SELECT 1 FROM image WHERE build = @build AND name = 'vmlinux' AND source = 'elf')
      OR EXISTS (SELECT 1 FROM image WHERE build = @build AND source = 'elf' AND code = 'unread')`;
  if (db.prepare(unread).pluck().get({ build }) === 1) return true;
  const sources = db
    .prepare(
      `SELECT source FROM unit WHERE build = @build AND calls NOT IN ('ci', 'objdump', 'image')
       AND NOT (lines = 0 AND EXISTS (SELECT 1 FROM unit WHERE build = @build AND calls = 'image'))`,
    )
    .pluck()
    .all({ build }) as string[];
  return sources.some((source) => binaryOf(source) === undefined);
}

function onlyNames({ units, state }: LinkedGraph): Pick<BodyColumns, 'name' | 'flags'> {
  const name = new Int32Array(state.length);
  const flags = new Uint8Array(state.length);
  for (const unit of units) {
    const { start, symbols } = orderOfSymbols(unit);
    for (let body = 0; body < unit.bodyCount; body++) {
      if (start[body + 1]! - start[body]! !== 1) continue;
      const symbol = symbols[start[body]!]!;
      name[unit.base + body] = unit.symbolName[symbol]!;
      flags[unit.base + body] = unit.symbolFlags[symbol]!;
    }
  }
  return { name, flags };
}

/** Of a name with several declarations in a unit, the one that comes first in its file. */
function declarations(
  db: Database,
  build: number,
  { units, state }: LinkedGraph,
  name: BodyColumns['name'],
): Pick<BodyColumns, 'path' | 'line'> {
  const path = new Int32Array(state.length);
  const line = new Int32Array(state.length);
  const declared = functionDeclarations(db);
  const rows = readLists(
    db,
    build,
    `SELECT n.unit, json_group_array(n.function) FROM unit u JOIN node n ON n.unit = u.id
     WHERE u.build = ? GROUP BY n.unit`,
  );
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  for (const [id, [functions]] of rows) {
    const unit = byId.get(id)!;
    for (const one of functions!) {
      eachOnly(unit, declared.name[one]!, name, (body) => {
        if (path[body] !== 0 && line[body]! <= declared.line[one]!) return;
        path[body] = declared.path[one]!;
        line[body] = declared.line[one]!;
      });
    }
  }
  return { path, line };
}

/** By the functions' ids; two values come in one number, as a row costs more than the numbers in it. */
function functionDeclarations(db: Database): Record<'name' | 'path' | 'line', Int32Array> {
  const read = (packed: string) =>
    db.prepare(`SELECT ${packed} FROM function ORDER BY id`).pluck().all() as number[];
  const names = read(`id * ${HIGH} + name`);
  const places = read(`path * ${HIGH} + line`);
  const count = Math.floor((names.at(-1) ?? 0) / HIGH) + 1;
  const [name, path, line] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  names.forEach((packed, at) => {
    const id = Math.floor(packed / HIGH);
    name[id] = packed % HIGH;
    path[id] = Math.floor(places[at]! / HIGH);
    line[id] = places[at]! % HIGH;
  });
  return { name, path, line };
}

function placeColumns(
  { units, state }: LinkedGraph,
  { unit, name: named, ...rows }: PlacedSymbols,
  name: BodyColumns['name'],
): Pick<BodyColumns, 'placeStart' | 'placeImage' | 'placeSymbol' | 'placePosition' | 'placeTotal'> {
  const byId = new Map(units.map((one) => [one.id, one]));
  const bodies: number[] = [];
  const places: number[] = [];
  unit.forEach((id, row) => {
    eachOnly(byId.get(id)!, named[row]!, name, (body) => {
      bodies.push(body);
      places.push(row);
    });
  });
  const order = orderBy(bodies, state.length);
  const column = (values: readonly number[]) => order.map((at) => values[places[at]!]!);
  return {
    placeStart: startsOf(bodies, state.length),
    placeImage: column(rows.image),
    placeSymbol: column(rows.symbol),
    placePosition: column(rows.position),
    placeTotal: column(rows.total),
  };
}

/** The bodies of a unit that have this name alone. */
function eachOnly(
  { symbolName, symbolBody }: GraphUnit,
  named: number,
  name: BodyColumns['name'],
  take: (body: number) => void,
): void {
  for (let at = findName({ symbolName }, named); at >= 0 && symbolName[at] === named; at++) {
    if (name[symbolBody[at]!] === named) take(symbolBody[at]!);
  }
}
