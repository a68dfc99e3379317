import type { Database, Statement } from 'better-sqlite3';
import type { Numbers } from '../graph/unit-graph.js';
import type { PlaceRow, SymbolRow } from './rows.js';

/** Functions of units, by ids, in columns: there can be a million. */
export interface MemberKeys {
  readonly unit: Int32Array;
  readonly name: Int32Array;
}

/** A reference to a function by code or data, in words. */
export interface ReferenceRow {
  readonly section: string;
  readonly by: string | null;
  readonly unit: string | null;
  readonly object: string | null;
}

export type SymbolPlace = Pick<PlaceRow, 'address' | 'size' | 'section' | 'traceable'>;

/** A key in one number, which SQLite takes apart: the unit above 26 bits, the name below. */
const LOW = 2 ** 26 - 1;

/** Values that SQLite is asked about at once: a bound on memory, far above what costs time. */
const CHUNK = 20_000;

/** After so many of a small table, all of it is read. */
const MANY = 32;

function packed({ unit, name }: MemberKeys): Float64Array {
  const keys = new Float64Array(unit.length);
  for (let key = 0; key < unit.length; key++) keys[key] = unit[key]! * (LOW + 1) + name[key]!;
  return keys;
}

/** Describes many functions at once, a query a table: what is printed of an answer. */
export class MemberReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  #imageNames: ReadonlyMap<number, string> | undefined;
  #paths = new Map<number, string>();

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
      if (all.length === names.length) return all as string[];
      if (all.length === last - first + 1) return Array.from(names, (name) => all[name - first] as string);
    }
    const texts: string[] = [];
    const sql = 'SELECT (SELECT text FROM name t WHERE t.id = j.value) FROM json_each(?) j';
    this.#chunks(sql, names, (found) => texts.push(found as string));
    return texts;
  }

  /** Where the dump of a unit declares another name of a name's body: a macro's alias is declared by none of its own. */
  declarationOfAlias(
    unit: number,
    name: number,
  ): { readonly file: string; readonly line: number } | undefined {
    return this.#statement(
      `SELECT p.normal AS file, f.line FROM symbol s CROSS JOIN symbol o ON o.unit = s.unit AND o.body = s.body AND o.name <> s.name
       CROSS JOIN function f ON f.name = o.name JOIN path p ON p.id = f.path
       WHERE s.unit = ? AND s.name = ? AND EXISTS (SELECT 1 FROM node n WHERE n.function = f.id AND n.unit = s.unit)
       ORDER BY p.normal, f.line LIMIT 1`,
    ).get(unit, name) as { file: string; line: number } | undefined;
  }

  /**
   * Where units' nodes of these names are declared: path * 2^24 + line, or 0.
   *
   * @param nodeNames a unit's nodes' names
   */
  declarations(keys: MemberKeys, nodeNames: (unit: number) => Numbers): Float64Array {
    const { unit } = keys;
    if (unit.length > CHUNK && unit.every((id) => id === unit[0])) {
      return this.#declarationsOfUnit(keys, nodeNames(unit[0]!));
    }
    const sql = `
      SELECT (SELECT f.path * 16777216 + f.line FROM function f CROSS JOIN node n ON n.function = f.id AND n.unit = j.value >> 26
              WHERE f.name = j.value & ${LOW} ORDER BY f.line LIMIT 1) FROM json_each(?) j`;
    const found = new Float64Array(unit.length);
    let key = 0;
    this.#chunks(sql, packed(keys), (value) => {
      found[key++] = (value as number | null) ?? 0;
    });
    return found;
  }

  /** The same by reading all nodes of a unit, where very many are asked for. */
  #declarationsOfUnit({ unit, name }: MemberKeys, nodeName: Numbers): Float64Array {
    const places = this.#statement(
      'SELECT f.path * 16777216 + f.line FROM node n CROSS JOIN function f ON f.id = n.function WHERE n.unit = ? ORDER BY n.id',
    )
      .pluck()
      .all(unit[0]) as number[];
    let most = 0;
    for (let node = 0; node < nodeName.length; node++) most = Math.max(most, nodeName[node]!);
    const placeOf = new Float64Array(most + 1);
    for (let node = nodeName.length - 1; node >= 0; node--) placeOf[nodeName[node]!] = places[node]!;
    const found = new Float64Array(name.length);
    for (let key = 0; key < name.length; key++) found[key] = placeOf[name[key]!] ?? 0;
    return found;
  }

  /** A path of such a declaration, normal. */
  path(id: number): string {
    let path = this.#paths.get(id);
    if (path === undefined) {
      if (this.#paths.size < MANY) {
        path = this.#statement('SELECT normal FROM path WHERE id = ?').pluck().get(id) as string;
        this.#paths.set(id, path);
      } else {
        const all = this.#statement('SELECT id, normal FROM path').raw().all() as [number, string][];
        this.#paths = new Map(all);
        path = this.#paths.get(id)!;
      }
    }
    return path;
  }

  /** The name of a linked object. */
  imageName(id: number): string {
    this.#imageNames ??= new Map(
      this.#statement('SELECT id, name FROM image').raw().all() as [number, string][],
    );
    return this.#imageNames.get(id)!;
  }

  /** What a linked object says of one of its symbols. */
  symbolPlace(image: number, symbol: number): SymbolPlace {
    const row = this.#statement(
      `SELECT printf('%016x', s.address) AS address, coalesce(s.size, 0) AS size, sec.text AS section, s.traceable
       FROM image_symbol s LEFT JOIN name sec ON sec.id = s.section WHERE s.image = ? AND s.id = ?`,
    ).get(image, symbol) as Omit<SymbolPlace, 'traceable'> & { traceable: number | null };
    return { ...row, traceable: row.traceable === null ? null : row.traceable === 1 };
  }

  /** Their symbols in the units' objects. */
  symbols(keys: MemberKeys): (SymbolRow | undefined)[] {
    const sql = `
      SELECT j.key, sec.text AS section, y.section_index AS sectionIndex, y.value, y.size,
        CASE s.binding WHEN 0 THEN 'local' WHEN 1 THEN 'global' WHEN 2 THEN 'weak' ELSE 'unique' END AS binding, y.traceable
      FROM json_each(?) j CROSS JOIN symbol s ON s.name = j.value & ${LOW} AND s.unit = j.value >> 26
      CROSS JOIN body y ON y.unit = s.unit AND y.id = s.body JOIN name sec ON sec.id = y.section
      ORDER BY j.key, s.id DESC`;
    const symbols: (SymbolRow | undefined)[] = new Array(keys.unit.length).fill(undefined);
    for (const { key, ...row } of this.#rows(sql, keys) as ({ key: number } & Omit<SymbolRow, 'traceable'> & {
        traceable: number;
      })[]) {
      symbols[key] = { ...row, traceable: row.traceable === 1 };
    }
    return symbols;
  }

  /** Where they are in linked objects, vmlinux first. */
  places(keys: MemberKeys): PlaceRow[][] {
    const sql = `
      SELECT j.key, i.name AS object, printf('%016x', s.address) AS address, coalesce(s.size, 0) AS size, s.position,
        s.total, sec.text AS section, s.traceable
      FROM json_each(?) j CROSS JOIN image_symbol s ON s.name = j.value & ${LOW} AND s.unit = j.value >> 26
      JOIN image i ON i.id = s.image LEFT JOIN name sec ON sec.id = s.section
      ORDER BY j.key, i.name <> 'vmlinux', i.name, s.position`;
    const places: PlaceRow[][] = Array.from(keys.unit, () => []);
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

  #rows(sql: string, keys: MemberKeys): unknown[] {
    return keys.unit.length === 0 ? [] : this.#statement(sql).all(`[${packed(keys).join()}]`);
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
