import type { Database, Statement } from 'better-sqlite3';
import type { PlaceRow, SymbolRow } from './rows.js';

/** A function of a unit, by ids. */
export interface MemberKey {
  readonly unit: number;
  /** The name's id. */
  readonly name: number;
}

/** A reference to a function by code or data, in words. */
export interface ReferenceRow {
  readonly section: string;
  readonly by: string | null;
  readonly unit: string | null;
  readonly object: string | null;
}

/** A key in one number, which SQLite takes apart: the unit above 26 bits, the name below. */
const LOW = 2 ** 26 - 1;

/** Values that SQLite is asked about at once: a bound on memory, far above what costs time. */
const CHUNK = 20_000;

function packed({ unit, name }: MemberKey): number {
  return unit * (LOW + 1) + name;
}

/** Describes many functions at once, a query a table: what is printed of an answer. */
export class MemberReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The texts of names, given ascending and each once; in their order. */
  texts(names: Int32Array): string[] {
    const first = names[0] ?? 0;
    const last = names.at(-1) ?? -1;
    // Nearly all of a range: reading the others too costs less than asking for each.
    if (last - first < names.length * 2) {
      const all = this.#statement('SELECT text FROM name WHERE id BETWEEN ? AND ? ORDER BY id')
        .pluck()
        .all(first, last);
      if (all.length === last - first + 1) return Array.from(names, (name) => all[name - first] as string);
    }
    const texts: string[] = [];
    const sql = 'SELECT (SELECT text FROM name t WHERE t.id = j.value) FROM json_each(?) j';
    this.#chunks(sql, names, (found) => texts.push(found as string));
    return texts;
  }

  /** Where units' nodes of these names are declared: path * 2^24 + line, or null. */
  declarations(keys: readonly MemberKey[]): (number | null)[] {
    const [first] = keys;
    if (keys.length > CHUNK && keys.every(({ unit }) => unit === first!.unit))
      return this.#declarationsOfUnit(keys);
    const sql = `
      SELECT (SELECT f.path * 16777216 + f.line FROM function f CROSS JOIN node n ON n.function = f.id AND n.unit = j.value >> 26
              WHERE f.name = j.value & ${LOW} ORDER BY f.line LIMIT 1) FROM json_each(?) j`;
    const found: (number | null)[] = [];
    this.#chunks(sql, Float64Array.from(keys, packed), (value) => found.push(value as number | null));
    return found;
  }

  /** The same by reading all nodes of a unit, where very many are asked for. */
  #declarationsOfUnit(keys: readonly MemberKey[]): (number | null)[] {
    const from = 'FROM node n CROSS JOIN function f ON f.id = n.function WHERE n.unit = ? ORDER BY n.id';
    const { unit } = keys[0]!;
    const names = this.#statement(`SELECT f.name ${from}`).pluck().all(unit) as number[];
    const places = this.#statement(`SELECT f.path * 16777216 + f.line ${from}`).pluck().all(unit) as number[];
    const placeOf: number[] = new Array(names.reduce((most, name) => Math.max(most, name), 0) + 1);
    for (let node = names.length - 1; node >= 0; node--) placeOf[names[node]!] = places[node]!;
    return keys.map(({ name }) => placeOf[name] ?? null);
  }

  /** The paths of such declarations, normal. */
  paths(declarations: readonly (number | null)[]): [id: number, path: string][] {
    const ids = new Set<number>();
    for (const declared of declarations) if (declared !== null) ids.add(Math.floor(declared / 2 ** 24));
    const sql = 'SELECT p.id, p.normal FROM json_each(?) j CROSS JOIN path p ON p.id = j.value';
    return this.#statement(sql)
      .raw()
      .all(JSON.stringify([...ids])) as [number, string][];
  }

  /** Their symbols in the units' objects. */
  symbols(keys: readonly MemberKey[]): (SymbolRow | undefined)[] {
    const sql = `
      SELECT j.key, sec.text AS section, y.section_index AS sectionIndex, y.value, y.size,
        CASE s.binding WHEN 0 THEN 'local' WHEN 1 THEN 'global' WHEN 2 THEN 'weak' ELSE 'unique' END AS binding, y.traceable
      FROM json_each(?) j CROSS JOIN symbol s ON s.name = j.value & ${LOW} AND s.unit = j.value >> 26
      CROSS JOIN body y ON y.unit = s.unit AND y.id = s.body JOIN name sec ON sec.id = y.section
      ORDER BY j.key, s.id DESC`;
    return this.#byKey<Omit<SymbolRow, 'traceable'> & { traceable: number }>(sql, keys).map(
      (row) => row && { ...row, traceable: row.traceable === 1 },
    );
  }

  /** Where they are in linked objects, vmlinux first. */
  places(keys: readonly MemberKey[]): PlaceRow[][] {
    const sql = `
      SELECT j.key, i.name AS object, printf('%016x', s.address) AS address, coalesce(s.size, 0) AS size, s.position,
        s.total, sec.text AS section, s.traceable
      FROM json_each(?) j CROSS JOIN image_symbol s ON s.name = j.value & ${LOW} AND s.unit = j.value >> 26
      JOIN image i ON i.id = s.image LEFT JOIN name sec ON sec.id = s.section
      ORDER BY j.key, i.name <> 'vmlinux', i.name, s.position`;
    const places: PlaceRow[][] = keys.map(() => []);
    for (const { key, ...row } of this.#rows(sql, keys) as ({ key: number } & Omit<PlaceRow, 'traceable'> & {
        traceable: number | null;
      })[]) {
      places[key]!.push({ ...row, traceable: row.traceable === null ? null : row.traceable === 1 });
    }
    return places;
  }

  /**
   * References to a name that are no calls by a function, each with the unit that makes it: whether that means the same
   * function is for linking to say.
   *
   * @param unit the only unit to look at, for a local name
   */
  references(target: number, kind: number, unit?: number): (ReferenceRow & { readonly from: number })[] {
    return this.#statement(
      `SELECT r.unit AS "from", sec.text AS section, c.text AS "by", u.path AS unit, NULL AS object
       FROM reference r JOIN unit u ON u.id = r.unit JOIN name sec ON sec.id = r.section LEFT JOIN name c ON c.id = r."by"
       WHERE r.target = @target AND r.kind = @kind AND (@unit IS NULL OR r.unit = @unit) ORDER BY u.path, 2, 3`,
    ).all({ target, kind, unit: unit ?? null }) as (ReferenceRow & { readonly from: number })[];
  }

  /** The same by code and data that belong to no unit. */
  outsideReferences(unit: number, target: number, kind: number, most: number): ReferenceRow[] {
    return this.#statement(
      `SELECT sec.text AS section, c.text AS "by", NULL AS unit, i.name AS object
       FROM outside o JOIN image i ON i.id = o.image JOIN name sec ON sec.id = o.section LEFT JOIN name c ON c.id = o."by"
       WHERE o.unit = ? AND o.target = ? AND o.kind = ? ORDER BY i.name, 1, 2 LIMIT ?`,
    ).all(unit, target, kind, most) as ReferenceRow[];
  }

  #byKey<T>(sql: string, keys: readonly MemberKey[]): (T | undefined)[] {
    const found: (T | undefined)[] = keys.map(() => undefined);
    for (const { key, ...row } of this.#rows(sql, keys) as ({ key: number } & T)[]) {
      found[key] = row as T;
    }
    return found;
  }

  #rows(sql: string, keys: readonly MemberKey[]): unknown[] {
    return keys.length === 0 ? [] : this.#statement(sql).all(JSON.stringify(keys.map(packed)));
  }

  /** One value for each number, in their order, some thousands at a time. */
  #chunks(sql: string, values: Int32Array | Float64Array, take: (found: unknown) => void): void {
    const statement = this.#statement(sql).pluck();
    for (let start = 0; start < values.length; start += CHUNK) {
      for (const found of statement.all(`[${values.subarray(start, start + CHUNK).join()}]`)) take(found);
    }
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
