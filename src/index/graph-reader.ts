import type { Database, Statement } from 'better-sqlite3';
import { decodeLinked, type UnitLinked } from './unit-graph.js';

/** A unit's graph; a question that comes to a unit by a call needs no dump of it, so that this is not decoded yet. */
export interface UnitColumns {
  readonly id: number;
  /** For `decodeDump`. */
  readonly dump: Buffer;
  readonly linked: UnitLinked;
}

/** Takes what refers to a name: the unit that does, and the caller or the kind of the reference. */
type TakeReference = (name: number, unit: number, value: number) => void;

/** What the reach engine reads: units' graphs by runs of consecutive ids, and who refers to a name. */
export class GraphReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The graphs of a run of units, in the order of their ids. */
  *units(first: number, last: number): Iterable<UnitColumns> {
    const rows = this.#statement(
      'SELECT unit, dump, linked FROM unit_graph WHERE unit BETWEEN ? AND ? ORDER BY unit',
    )
      .raw()
      .all(first, last) as [number, Buffer, Buffer][];
    for (const [id, dump, linked] of rows) yield { id, dump, linked: decodeLinked(linked) };
  }

  /** Who calls a name: [unit, caller's name], of one unit or of all. */
  callers(callee: number, unit?: number): [unit: number, caller: number][] {
    return unit === undefined
      ? this.#pairs(`SELECT unit * ${NAMES} + caller FROM call WHERE callee = ? ORDER BY 1`, callee)
      : this.#pairs(
          `SELECT unit * ${NAMES} + caller FROM call WHERE callee = ? AND unit = ? ORDER BY 1`,
          callee,
          unit,
        );
  }

  /** Who calls each of very many names, with few queries. */
  callersOf(names: readonly number[], take: TakeReference): void {
    this.#byName(`SELECT unit * ${NAMES} + caller AS pair FROM call WHERE callee = j.value`, names, take);
  }

  /** The same of references that are no calls by a function: [unit, kind]. */
  referencesTo(names: readonly number[], take: TakeReference): void {
    this.#byName(
      `SELECT DISTINCT unit * ${NAMES} + kind AS pair FROM reference WHERE target = j.value`,
      names,
      take,
    );
  }

  /** How often a name is called: [unit, caller's name, count], of one unit or of all. */
  callCounts(callee: number, unit?: number): [unit: number, caller: number, count: number][] {
    const one = unit === undefined ? '' : 'AND unit = ?';
    const of = unit === undefined ? [callee] : [callee, unit];
    const rows = this.#statement(`SELECT unit, caller, count FROM call WHERE callee = ? ${one}`)
      .raw()
      .all(...of);
    return rows as [number, number, number][];
  }

  /** The units whose objects have a function symbol of the name. */
  unitsWithSymbol(name: number): number[] {
    return this.#numbers('SELECT DISTINCT unit FROM symbol WHERE name = ? ORDER BY unit', name);
  }

  /** References to a name that are no calls by a function: [unit, kind], each once. */
  references(target: number): [unit: number, kind: number][] {
    return this.#pairs(
      `SELECT DISTINCT unit * ${NAMES} + kind FROM reference WHERE target = ? ORDER BY 1`,
      target,
    );
  }

  /** The same of all names that are functions' and of all units, by name. */
  allReferences(): { unit: Int32Array; target: Int32Array; kind: Uint8Array } {
    const packed = this.#numbers(`SELECT DISTINCT (target * ${UNITS} + unit) * 4 + kind FROM reference`);
    return {
      target: Int32Array.from(packed, (value) => value / (UNITS * 4)),
      unit: Int32Array.from(packed, (value) => (value / 4) % UNITS),
      kind: Uint8Array.from(packed, (value) => value % 4),
    };
  }

  /** References to a unit's functions by code and data that belong to no unit: [name, kind], each once. */
  outside(unit: number): [target: number, kind: number][] {
    return this.#pairs(
      `SELECT DISTINCT target * ${NAMES} + kind FROM outside WHERE unit = ? ORDER BY 1`,
      unit,
    );
  }

  /** The same of all units: [unit, name, kind]. */
  allOutside(): [unit: number, target: number, kind: number][] {
    return this.#statement('SELECT DISTINCT unit, target, kind FROM outside ORDER BY unit, target, kind')
      .raw()
      .all() as [number, number, number][];
  }

  /** A row a name, with its pairs in one text: a row costs more than the numbers in it. */
  #byName(sql: string, names: readonly number[], take: TakeReference): void {
    const all = this.#statement(
      `SELECT (SELECT json_group_array(pair) FROM (${sql} ORDER BY pair)) FROM json_each(?) j`,
    );
    const lists = all.pluck().all(JSON.stringify(names)) as string[];
    for (const [at, list] of lists.entries()) {
      if (list === '[]') continue;
      for (const pair of JSON.parse(list) as number[])
        take(names[at]!, Math.floor(pair / NAMES), pair % NAMES);
    }
  }

  /** Pairs that come in one number, as a row of one value costs a tenth of a row of two. */
  #pairs(sql: string, ...values: number[]): [number, number][] {
    return this.#numbers(sql, ...values).map((value) => [Math.floor(value / NAMES), value % NAMES]);
  }

  #numbers(sql: string, ...values: number[]): number[] {
    return this.#statement(sql)
      .pluck()
      .all(...values) as number[];
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

/** No index has more units, or more names; the product of two is an exact double. */
const UNITS = 2 ** 21;
const NAMES = 2 ** 26;
