import type { Database, Statement } from 'better-sqlite3';
import {
  type BodyColumns,
  decodeHead,
  decodePart,
  type GraphHead,
  partsOfBodies,
  UnitPart,
} from '../graph/build-graph.js';

/** What the reach engine reads: a build's graph by parts. The head is the first, then come those of bodies and of units. */
export class GraphReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  head(build: number): GraphHead {
    return decodeHead(this.#data(build, 0));
  }

  /** A part of bodies. */
  bodies(build: number, part: number): BodyColumns {
    return decodePart(this.#data(build, 1 + part));
  }

  /** All of them, in their order. */
  allBodies(build: number, head: GraphHead): BodyColumns[] {
    return this.#all(build, 1, partsOfBodies(head)).map(decodePart);
  }

  /** A part of units. */
  units(build: number, head: GraphHead, part: number): UnitPart {
    return new UnitPart(this.#data(build, 1 + partsOfBodies(head) + part), unitsOfPart(head, part));
  }

  /** All of them, in their order. */
  allUnits(build: number, head: GraphHead): UnitPart[] {
    const parts = this.#all(build, 1 + partsOfBodies(head), head.unitPart.length);
    return parts.map((data, part) => new UnitPart(data, unitsOfPart(head, part)));
  }

  #data(build: number, part: number): Buffer {
    const sql = 'SELECT data FROM build_graph WHERE build = ? AND part = ?';
    return this.#statement(sql).pluck().get(build, part) as Buffer;
  }

  #all(build: number, first: number, count: number): Buffer[] {
    const sql = 'SELECT data FROM build_graph WHERE build = ? AND part BETWEEN ? AND ? ORDER BY part';
    return this.#statement(sql)
      .pluck()
      .all(build, first, first + count - 1) as Buffer[];
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

function unitsOfPart({ unit, unitPart }: GraphHead, part: number): number {
  return (unitPart[part + 1] ?? unit.length) - unitPart[part]!;
}
