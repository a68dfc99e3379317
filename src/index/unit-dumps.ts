/**
 * The graphs of a build's dumps while it is indexed, each under its unit's id: what is unchanged comes from the build's
 * graph of before, and all go into the new one.
 */
import type { Database } from 'better-sqlite3';
import { GraphReader } from './graph-reader.js';

/** The table; it is gone when the connection is closed. */
export const UNIT_DUMP = 'temp.unit_dump';

/** Call before units are written. */
export function stageDumps(db: Database, build: number): void {
  db.exec(`CREATE TABLE ${UNIT_DUMP} (unit INTEGER PRIMARY KEY, dump BLOB NOT NULL) STRICT`);
  const isThere = db.prepare('SELECT 1 FROM build_graph WHERE build = ? AND part = 0').get(build);
  if (isThere === undefined) return;
  const insert = db.prepare(`INSERT INTO ${UNIT_DUMP} VALUES (?, ?)`);
  const reader = new GraphReader(db);
  const head = reader.head(build);
  const { unit, unitPart } = head;
  for (const [part, first] of unitPart.entries()) {
    const units = reader.units(build, head, part);
    const end = unitPart[part + 1] ?? unit.length;
    for (let place = first; place < end; place++) insert.run(unit[place], units.dumpBytes(place - first));
  }
}

export function dumpReader(db: Database): (unit: number) => Buffer {
  const get = db.prepare(`SELECT dump FROM ${UNIT_DUMP} WHERE unit = ?`).pluck();
  return (unit) => get.get(unit) as Buffer;
}

export function dropDumps(db: Database): void {
  db.exec(`DROP TABLE ${UNIT_DUMP}`);
}
