import type { Database, Statement } from 'better-sqlite3';
import { type BodyColumns, decodeHead, decodePart, type GraphHead } from '../graph/build-graph.js';

/** A unit's graph, for `decodeDump` and `decodeLinked`. */
export interface UnitGraph {
  readonly id: number;
  readonly dump: Buffer;
  readonly linked: Buffer;
}

/** What the reach engine reads: builds' graphs by parts, and units'. */
export class GraphReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Of a build's graph; the first part is the second. */
  head(build: number): GraphHead {
    return decodeHead(this.#part(build, 0));
  }

  part(build: number, part: number): BodyColumns {
    return decodePart(this.#part(build, part + 1));
  }

  /** All parts, in their order. */
  parts(build: number): BodyColumns[] {
    const sql = 'SELECT data FROM build_graph WHERE build = ? AND part > 0 ORDER BY part';
    return (this.#statement(sql).pluck().all(build) as Buffer[]).map(decodePart);
  }

  #part(build: number, part: number): Buffer {
    const sql = 'SELECT data FROM build_graph WHERE build = ? AND part = ?';
    return this.#statement(sql).pluck().get(build, part) as Buffer;
  }

  /** Units' graphs. */
  units(ids: readonly number[]): UnitGraph[] {
    const sql = 'SELECT unit, dump, linked FROM unit_graph WHERE unit IN (SELECT value FROM json_each(?))';
    const rows = this.#statement(sql).raw().all(JSON.stringify(ids)) as [number, Buffer, Buffer][];
    return rows.map(([id, dump, linked]) => ({ id, dump, linked }));
  }

  /** The units whose objects have a function symbol of the name. */
  unitsWithSymbol(name: number): number[] {
    const sql = 'SELECT DISTINCT unit FROM symbol WHERE name = ? ORDER BY unit';
    return this.#statement(sql).pluck().all(name) as number[];
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
