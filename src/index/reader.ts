import type { Database, Statement } from 'better-sqlite3';
import type { KernelIdentity } from '../kernel/identity.js';
import type { Switches } from '../kernel/switches.js';
import { Role } from '../symbols/bodies.js';
import { type InitBounds, lifetimeOf, type SectionLifetime } from '../symbols/section-lifetime.js';
import { GraphReader } from './graph-reader.js';
import { countFolds, readKernel, readSwitches } from './kernel-reader.js';
import { MemberReader } from './member-reader.js';
import { PROBLEM_ORDER, PROBLEMS } from './problem-rows.js';
import type { ProblemRow } from './problems.js';
import type {
  CallerRow,
  Decision,
  FunctionRow,
  ImageSymbolRow,
  NodeRow,
  PlaceRow,
  SymbolRow,
  UnitEdges,
  UnitFilter,
  UnitRow,
} from './rows.js';
import { UNDECIDED_SOURCE } from './rows.js';

export type * from './rows.js';

/** From so many units on, all are read at once. */
const MANY = 32;
const NONE: readonly string[] = [];

/** The questions that the index answers; nothing else reads SQL. */
export class IndexReader {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();
  readonly #units = new Map<number, UnitRow>();
  readonly graph: GraphReader;
  readonly members: MemberReader;
  readonly #bounds = new Map<string, InitBounds | undefined>();
  #kinds: Map<number, string> | undefined;
  #hasUnits = false;

  constructor(db: Database) {
    this.#db = db;
    this.graph = new GraphReader(db);
    this.members = new MemberReader(db);
  }

  buildId(build: string): number {
    return this.#statement('SELECT id FROM build WHERE name = ?').pluck().get(build) as number;
  }

  /** A linked object whose ELF file was read. */
  imageId(build: string, name: string): number | undefined {
    return this.#statement(
      "SELECT i.id FROM image i JOIN build b ON b.id = i.build WHERE b.name = ? AND i.name = ? AND i.source = 'elf'",
    )
      .pluck()
      .get(build, name) as number | undefined;
  }

  /** Which kernel a build is. */
  kernel(build: string): KernelIdentity {
    return readKernel(this.#db, build);
  }

  /** How a build was compiled, and how many of its functions are known to be folded into others. */
  compiled(build: string): { readonly switches: Switches | undefined; readonly folded: number } {
    return { switches: readSwitches(this.#db, build), folded: countFolds(this.#db, build) };
  }

  close(): void {
    this.#db.close();
  }

  builds(): { name: string; root: string; indexedAt: string; identity: string }[] {
    return this.#all(
      'SELECT name, root, indexed_at AS indexedAt, identity FROM build ORDER BY name',
    ) as ReturnType<IndexReader['builds']>;
  }

  nameId(text: string): number | undefined {
    return this.#statement('SELECT id FROM name WHERE text = ?').pluck().get(text) as number | undefined;
  }

  /** Every name that belongs to a function: what a misspelt one is compared with. */
  functionNames(): string[] {
    return this.#statement(
      `SELECT text FROM name WHERE id IN (SELECT name FROM function) OR id IN (SELECT name FROM symbol)
       OR id IN (SELECT folded FROM fold)`,
    )
      .pluck()
      .all() as string[];
  }

  /** Ids of all names. */
  allNameIds(): number[] {
    return this.#statement('SELECT id FROM name').pluck().all() as number[];
  }

  functionsNamed(nameId: number): FunctionRow[] {
    return this.#all(
      `SELECT f.id, p.text AS path, p.normal AS file, f.line FROM function f JOIN path p ON p.id = f.path
       WHERE f.name = ? ORDER BY p.normal, f.line, f.id`,
      nameId,
    ) as FunctionRow[];
  }

  /** Where a build's dumps declare the functions of a file. */
  declarations(build: string, file: string): { name: string; line: number }[] {
    return this.#all(
      `SELECT DISTINCT t.text AS name, f.line FROM path p JOIN function f ON f.path = p.id JOIN name t ON t.id = f.name
       WHERE p.normal = @file AND EXISTS (
         SELECT 1 FROM node n JOIN unit u ON u.id = n.unit JOIN build b ON b.id = u.build
         WHERE n.function = f.id AND b.name = @build)
       ORDER BY f.line`,
      { build, file },
    ) as ReturnType<IndexReader['declarations']>;
  }

  /** The units with nodes of a function. */
  unitsOf(functionId: number): number[] {
    return this.#statement('SELECT DISTINCT unit FROM node WHERE function = ? ORDER BY unit')
      .pluck()
      .all(functionId) as number[];
  }

  /** The units in whose objects the name is that of a part of a function (`foo.cold`). */
  unitsWithFragment(nameId: number): number[] {
    return this.#statement(`SELECT unit FROM symbol WHERE name = ? AND role = ${Role.fragment} ORDER BY unit`)
      .pluck()
      .all(nameId) as number[];
  }

  /** The units in which a function of the name was folded into another. */
  unitsWithFold(nameId: number): number[] {
    return this.#statement('SELECT DISTINCT unit FROM fold WHERE folded = ? ORDER BY unit')
      .pluck()
      .all(nameId) as number[];
  }

  /** The units in whose objects the name is a trampoline's and no function's. */
  unitsWithTrampoline(nameId: number): number[] {
    return this.#statement(
      `SELECT unit FROM symbol WHERE name = ? GROUP BY unit HAVING min(role = ${Role.trampoline}) = 1 ORDER BY unit`,
    )
      .pluck()
      .all(nameId) as number[];
  }

  /** The units whose objects have a function symbol of the name; a trampoline's is nobody's function. */
  unitsWithSymbol(nameId: number): number[] {
    return this.#statement(
      `SELECT DISTINCT s.unit FROM symbol s JOIN unit u ON u.id = s.unit
       WHERE s.name = ? AND s.role <> ${Role.trampoline} AND u.source <> ? ORDER BY s.unit`,
    )
      .pluck()
      .all(nameId, UNDECIDED_SOURCE) as number[];
  }

  unit(id: number): UnitRow {
    let row = this.#units.get(id);
    if (!row) {
      const found = this.#one(
        `SELECT u.id, b.name AS build, u.path, u.source, u.complete, u.object, u.calls, u.folding,
           (SELECT group_concat(name, ' ') FROM (SELECT i.name FROM unit_image l JOIN image i ON i.id = l.image
            WHERE l.unit = u.id ORDER BY i.name <> 'vmlinux', i.name)) AS images,
           EXISTS (SELECT 1 FROM image v WHERE v.build = u.build AND v.name = 'vmlinux' AND v.source = 'elf') AS imagesKnown
         FROM unit u JOIN build b ON b.id = u.build WHERE u.id = ?`,
        id,
      ) as Pick<UnitRow, 'id' | 'build' | 'path' | 'source' | 'object' | 'calls' | 'folding'> & {
        complete: number;
        images: string | null;
        imagesKnown: number;
      };
      const images = found.images?.split(' ') ?? [];
      row = {
        ...found,
        complete: found.complete === 1,
        images,
        image: images[0] ?? null,
        imagesKnown: found.imagesKnown === 1,
      };
      this.#units.set(id, row);
    }
    return row;
  }

  /** Reads all units at once, if so many will be asked for. */
  expectUnits(count: number): void {
    if (this.#hasUnits || count < MANY) return;
    this.#hasUnits = true;
    const images = new Map<number, string[]>();
    const inImage = `SELECT l.unit, i.name FROM unit_image l JOIN image i ON i.id = l.image
       ORDER BY i.name <> 'vmlinux', i.name`;
    for (const [unit, name] of this.#raw(inImage) as [number, string][]) {
      const known = images.get(unit);
      if (known) known.push(name);
      else images.set(unit, [name]);
    }
    const builds = new Map(
      this.builds().map(({ name }) => [name, this.imageId(name, 'vmlinux') !== undefined]),
    );
    const rows = this.#raw(
      `SELECT u.id, b.name, u.path, u.source, u.complete, u.object, u.calls, u.folding
       FROM unit u JOIN build b ON b.id = u.build`,
    ) as [number, string, string, string, number, UnitRow['object'], UnitRow['calls'], UnitRow['folding']][];
    for (const [id, build, path, source, complete, object, calls, folding] of rows) {
      const own = images.get(id) ?? NONE;
      this.#units.set(id, {
        id,
        build,
        path,
        source,
        complete: complete === 1,
        object,
        calls,
        folding,
        images: own,
        image: own[0] ?? null,
        imagesKnown: builds.get(build)!,
      });
    }
  }

  /** The dumps of a build's units whose source has this path, or one that ends so. */
  unitsOfSource(build: string, source: string): string[] {
    return this.#statement(
      `SELECT u.path FROM unit u JOIN build b ON b.id = u.build
       WHERE b.name = @build AND (u.source = @source OR substr(u.source, -length(@source) - 1) = '/' || @source) ORDER BY u.path`,
    )
      .pluck()
      .all({ build, source }) as string[];
  }

  /** Whether a unit's dump or source is called exactly so. */
  hasUnit(path: string): boolean {
    return this.#one('SELECT 1 FROM unit WHERE path = @path OR source = @path', { path }) !== undefined;
  }

  edges(unit: number): UnitEdges {
    const rows = this.#raw(
      'SELECT seq, src, dst, kind FROM edge WHERE unit = ? ORDER BY seq',
      unit,
    ) as number[][];
    const column = (at: number) => Int32Array.from(rows, (row) => row[at]!);
    return { seq: column(0), src: column(1), dst: column(2), kind: column(3) };
  }

  kind(id: number): string {
    this.#kinds ??= new Map(this.#raw('SELECT id, text FROM kind') as [number, string][]);
    return this.#kinds.get(id)!;
  }

  node(unit: number, id: number): NodeRow {
    const row = this.#one(
      `SELECT n.id, n.function, f.name AS nameId, t.text AS name, n."order", p.normal AS file, f.line, n.removed
       FROM node n JOIN function f ON f.id = n.function JOIN name t ON t.id = f.name JOIN path p ON p.id = f.path
       WHERE n.unit = ? AND n.id = ?`,
      unit,
      id,
    ) as Omit<NodeRow, 'removed'> & { removed: number };
    return { ...row, removed: row.removed === 1 };
  }

  /** The function symbol of that name in the unit's object. */
  symbol(unit: number, nameId: number): SymbolRow | undefined {
    const row = this.#one(
      `SELECT sec.text AS section, y.section_index AS sectionIndex, y.value, y.size,
         CASE s.binding WHEN 0 THEN 'local' WHEN 1 THEN 'global' WHEN 2 THEN 'weak' ELSE 'unique' END AS binding, y.traceable
       FROM symbol s JOIN body y ON y.unit = s.unit AND y.id = s.body JOIN name sec ON sec.id = y.section
       WHERE s.unit = ? AND s.name = ? ORDER BY s.id`,
      unit,
      nameId,
    ) as (Omit<SymbolRow, 'traceable'> & { traceable: number }) | undefined;
    return row && { ...row, traceable: row.traceable === 1 };
  }

  /** The other function symbols at the same place: aliases, or functions folded into one (`-fipa-icf`). */
  aliases(unit: number, nameId: number, symbol: SymbolRow): string[] {
    return this.#statement(
      `SELECT DISTINCT t.text FROM symbol s JOIN body y ON y.unit = s.unit AND y.id = s.body JOIN name t ON t.id = s.name
       WHERE s.unit = ? AND y.section_index = ? AND y.value = ? AND s.name <> ? ORDER BY 1`,
    )
      .pluck()
      .all(unit, symbol.sectionIndex, symbol.value, nameId) as string[];
  }

  /** Where the unit's function of that name is in vmlinux or its module. */
  place(unit: number, nameId: number): PlaceRow | undefined {
    const row = this.#one(
      `SELECT i.name AS object, printf('%016x', s.address) AS address, coalesce(s.size, 0) AS size, s.position, s.total,
         sec.text AS section, s.traceable
       FROM image_symbol s JOIN image i ON i.id = s.image LEFT JOIN name sec ON sec.id = s.section
       WHERE s.name = ? AND s.unit = ?`,
      nameId,
      unit,
    ) as (Omit<PlaceRow, 'traceable'> & { traceable: number | null }) | undefined;
    return row && { ...row, traceable: row.traceable === null ? null : row.traceable === 1 };
  }

  unitSources(build: string): string[] {
    return this.#statement('SELECT u.source FROM unit u JOIN build b ON b.id = u.build WHERE b.name = ?')
      .pluck()
      .all(build) as string[];
  }

  /** A build's decisions; with names, those that have one of them on either side. */
  *decisions(build: string, names?: ReadonlySet<string>): Iterable<Decision> {
    const about = names
      ? `AND (s.function IN (SELECT f.id FROM function f JOIN name t ON t.id = f.name WHERE t.text IN (SELECT value FROM json_each(@names)))
           OR d.function IN (SELECT f.id FROM function f JOIN name t ON t.id = f.name WHERE t.text IN (SELECT value FROM json_each(@names))))
         AND e.unit IN (SELECT n.unit FROM name t JOIN function f ON f.name = t.id JOIN node n ON n.function = f.id
                        WHERE t.text IN (SELECT value FROM json_each(@names)))`
      : '';
    const sql = `
      SELECT u.source AS unit, ts.text AS original, p.normal AS file, td.text AS target, k.text AS kind, count(*) AS count
      FROM unit u JOIN build b ON b.id = u.build
      JOIN edge e ON e.unit = u.id JOIN kind k ON k.id = e.kind
      JOIN node s ON s.unit = e.unit AND s.id = e.src JOIN function fs ON fs.id = s.function JOIN name ts ON ts.id = fs.name
      JOIN path p ON p.id = fs.path
      JOIN node d ON d.unit = e.unit AND d.id = e.dst JOIN function fd ON fd.id = d.function JOIN name td ON td.id = fd.name
      WHERE b.name = @build ${about}
      GROUP BY e.unit, s.function, d.function, e.kind`;
    const values = names ? { build, names: JSON.stringify([...names]) } : { build };
    yield* this.#db.prepare(sql).iterate(values) as Iterable<Decision>;
  }

  /** Every symbol of a name in a build's linked objects, by object and position. */
  imageSymbols(build: string, nameId: number): ImageSymbolRow[] {
    const rows = this.#all(
      `SELECT i.name AS object, t.text AS name, CASE WHEN s.address IS NOT NULL THEN printf('%016x', s.address) END AS address,
         s.size, s.type, s.binding, sec.text AS section, f.text AS file, s.position, s.total, s.traceable, s.unit,
         u.source
       FROM image_symbol s JOIN image i ON i.id = s.image JOIN build b ON b.id = i.build JOIN name t ON t.id = s.name
       LEFT JOIN name sec ON sec.id = s.section LEFT JOIN name f ON f.id = s.file LEFT JOIN unit u ON u.id = s.unit
       WHERE s.name = ? AND b.name = ? ORDER BY i.name <> 'vmlinux', i.name, s.position, s.id`,
      nameId,
      build,
    ) as (Omit<ImageSymbolRow, 'traceable' | 'lifetime'> & { traceable: number | null })[];
    return rows.map((row) => ({
      ...row,
      traceable: row.traceable === null ? null : row.traceable === 1,
      lifetime: this.#lifetimeOf(build, row),
    }));
  }

  #lifetimeOf(
    build: string,
    { object, section, address }: Pick<ImageSymbolRow, 'object' | 'section' | 'address'>,
  ): SectionLifetime {
    const inModule = object !== 'vmlinux';
    const place = { inModule, section, address: address === null ? null : BigInt(`0x${address}`) };
    return lifetimeOf(place, inModule ? undefined : this.#initBounds(build));
  }

  #initBounds(build: string): InitBounds | undefined {
    if (!this.#bounds.has(build)) {
      const [start, end] = ['__init_begin', '__init_end'].map((name) => this.#vmlinuxAddress(build, name));
      this.#bounds.set(build, start === undefined || end === undefined ? undefined : { start, end });
    }
    return this.#bounds.get(build);
  }

  #vmlinuxAddress(build: string, name: string): bigint | undefined {
    const address = this.#statement(
      `SELECT printf('%016x', s.address) FROM name t JOIN image_symbol s ON s.name = t.id JOIN image i ON i.id = s.image
       JOIN build b ON b.id = i.build
       WHERE t.text = ? AND b.name = ? AND i.name = 'vmlinux' AND s.address IS NOT NULL`,
    )
      .pluck()
      .get(name, build) as string | undefined;
    return address === undefined ? undefined : BigInt(`0x${address}`);
  }

  /** Names of functions of a build's linked objects that are no unit's. */
  unclaimedFunctions(build: string): string[] {
    return this.#statement(
      `SELECT DISTINCT t.text FROM image_symbol s JOIN image i ON i.id = s.image JOIN build b ON b.id = i.build
       JOIN name t ON t.id = s.name WHERE b.name = ? AND s.unit IS NULL AND s.type IN ('func', 'ifunc')`,
    )
      .pluck()
      .all(build) as string[];
  }

  /** Names of functions of linked objects that may be of several units, with the unit that they stand in. */
  undecidedFunctions(build: string): Map<string, string> {
    const rows = this.#statement(
      `SELECT t.text, u.path FROM build b CROSS JOIN unit u ON u.build = b.id AND u.path BETWEEN ? AND ?
       CROSS JOIN symbol s ON s.unit = u.id JOIN name t ON t.id = s.name WHERE b.name = ?`,
    )
      .raw()
      .all(`${UNDECIDED_SOURCE}:`, `${UNDECIDED_SOURCE};`, build) as [string, string][];
    return new Map(rows);
  }

  /** The objects that export a symbol, by Module.symvers or by their own `__ksymtab_` symbols. */
  exporters(build: string, name: string): string[] {
    const listed = this.#statement(
      `SELECT e.object FROM export e JOIN build b ON b.id = e.build JOIN name t ON t.id = e.name
       WHERE t.text = ? AND b.name = ?`,
    )
      .pluck()
      .all(name, build) as string[];
    const own = this.#statement(
      `SELECT DISTINCT i.name FROM name t JOIN image_symbol s ON s.name = t.id JOIN image i ON i.id = s.image
       JOIN build b ON b.id = i.build WHERE t.text = ? AND b.name = ?`,
    )
      .pluck()
      .all(`__ksymtab_${name}`, build) as string[];
    const kernelName = (object: string) => object.slice(object.lastIndexOf('/') + 1).replaceAll('-', '_');
    return [...new Set([...listed.map(kernelName), ...own])].sort();
  }

  /** Every symbol of a linked object by name, defined or not, with the source before it in the symbol table. */
  *imageNames(build: string, object: string): Iterable<{ name: string; file: string | null }> {
    yield* this.#db
      .prepare(
        `SELECT t.text AS name, f.text AS file FROM image_symbol s JOIN image i ON i.id = s.image
         JOIN build b ON b.id = i.build JOIN name t ON t.id = s.name LEFT JOIN name f ON f.id = s.file
         WHERE b.name = ? AND i.name = ?`,
      )
      .iterate(build, object) as Iterable<{ name: string; file: string | null }>;
  }

  /** Names that a module's units had and its linked file does not show. */
  lostNames(build: string, object: string): string[] {
    return this.#statement(
      `SELECT DISTINCT t.text FROM lost_symbol l JOIN unit u ON u.id = l.unit
       JOIN unit_image o ON o.unit = u.id JOIN image i ON i.id = o.image JOIN build b ON b.id = u.build JOIN name t ON t.id = l.name WHERE b.name = ? AND i.name = ?`,
    )
      .pluck()
      .all(build, object) as string[];
  }

  /** The build's linked objects: vmlinux and modules by name. */
  images(build: string): { name: string; source: 'elf' | 'system-map' | 'symbols-klp' }[] {
    return this.#all(
      "SELECT i.name, i.source FROM image i JOIN build b ON b.id = i.build WHERE b.name = ? AND i.source <> 'missing' ORDER BY 1",
      build,
    ) as ReturnType<IndexReader['images']>;
  }

  /** Who calls a function of this name in one unit, after optimisation. */
  callers(unit: number, nameId: number): CallerRow[] {
    return this.#all(
      `SELECT c.unit, c.caller AS nameId, t.text AS name, c.count FROM call c JOIN name t ON t.id = c.caller
       WHERE c.unit = ? AND c.callee = ? ORDER BY t.text`,
      unit,
      nameId,
    ) as CallerRow[];
  }

  /** The same in every unit of a build. */
  callersInBuild(build: string, nameId: number): CallerRow[] {
    return this.#all(
      `SELECT c.unit, c.caller AS nameId, t.text AS name, c.count FROM call c JOIN name t ON t.id = c.caller
       JOIN unit u ON u.id = c.unit JOIN build b ON b.id = u.build
       WHERE c.callee = ? AND b.name = ? ORDER BY u.path, t.text`,
      nameId,
      build,
    ) as CallerRow[];
  }

  /** A unit's nodes of a name. */
  nodesNamed(unit: number, nameId: number): number[] {
    return this.#statement(
      'SELECT n.id FROM function f JOIN node n ON n.function = f.id AND n.unit = ? WHERE f.name = ? ORDER BY n.id',
    )
      .pluck()
      .all(unit, nameId) as number[];
  }

  /** The names of a unit of which some node is named by no removal record. */
  unremovedNames(unit: number): ReadonlySet<number> {
    const names = this.#statement(
      'SELECT f.name FROM node n JOIN function f ON f.id = n.function WHERE n.unit = ? AND n.removed = 0',
    )
      .pluck()
      .all(unit) as number[];
    return new Set(names);
  }

  /** What is wrong with builds and their units. */
  problems({ build }: UnitFilter): ProblemRow[] {
    return this.#all(`${PROBLEMS} WHERE (@build IS NULL OR b.name = @build) ${PROBLEM_ORDER}`, {
      build: build ?? null,
    }) as ProblemRow[];
  }

  /** Units of a build of which nothing tells what was emitted though their dumps have something to tell. */
  unverifiedUnits(build: string): Pick<UnitRow, 'path' | 'source' | 'object'>[] {
    return this.#all(
      `SELECT u.path, u.source, u.object FROM unit u JOIN build b ON b.id = u.build
       WHERE b.name = ? AND u.object NOT IN ('read', 'image') AND u.calls <> 'image' AND u.lines > 0 ORDER BY u.path`,
      build,
    ) as ReturnType<IndexReader['unverifiedUnits']>;
  }

  /** How many functions of each linked object belong to units, and some that belong to none. */
  coverage(build: string): { object: string; functions: number; covered: number; without: string }[] {
    return this.#all(
      `SELECT i.name AS object, count(*) AS functions, count(s.unit) AS covered,
         coalesce((SELECT group_concat(text, ' ') FROM (
           SELECT t.text FROM image_symbol o JOIN name t ON t.id = o.name
           WHERE o.image = i.id AND o.unit IS NULL AND o.type IN ('func', 'ifunc') ORDER BY o.id LIMIT 3)), '') AS without
       FROM image i JOIN build b ON b.id = i.build JOIN image_symbol s ON s.image = i.id
       WHERE b.name = ? AND i.source = 'elf' AND s.type IN ('func', 'ifunc')
       GROUP BY i.id ORDER BY i.name <> 'vmlinux', i.name`,
      build,
    ) as ReturnType<IndexReader['coverage']>;
  }

  counts(build: string): Record<string, number> {
    return this.#one(
      `SELECT count(*) AS units, sum(lines) AS lines, sum(complete = 0) AS incomplete,
         sum(object = 'read') AS objects, sum(object = 'image') AS "units from images", sum(object = 'missing') AS "objects missing",
         sum(object = 'corrupt') AS "objects corrupt",
         coalesce(sum((SELECT count(*) FROM node n WHERE n.unit = u.id AND n."order" IS NOT NULL)), 0) AS nodes,
         coalesce(sum((SELECT count(*) FROM edge e WHERE e.unit = u.id)), 0) AS edges,
         coalesce(sum((SELECT count(*) FROM symbol s WHERE s.unit = u.id)), 0) AS symbols,
         sum(calls IN ('ci', 'objdump', 'image')) AS "units with calls",
         coalesce(sum((SELECT sum(count) FROM call c WHERE c.unit = u.id)), 0) AS calls,
         (SELECT count(*) FROM image i WHERE i.build = b.id) AS "linked objects",
         (SELECT count(*) FROM image_symbol s JOIN image i ON i.id = s.image WHERE i.build = b.id) AS "linked symbols"
       FROM unit u JOIN build b ON b.id = u.build WHERE b.name = ? AND u.source <> '${UNDECIDED_SOURCE}'`,
      build,
    ) as Record<string, number>;
  }

  edgeKinds(build: string): { kind: string; count: number }[] {
    return this.#all(
      `SELECT k.text AS kind, count(*) AS count FROM edge e
       JOIN kind k ON k.id = e.kind JOIN unit u ON u.id = e.unit JOIN build b ON b.id = u.build
       WHERE b.name = ? GROUP BY k.id ORDER BY 2 DESC`,
      build,
    ) as ReturnType<IndexReader['edgeKinds']>;
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #one(sql: string, ...values: unknown[]): unknown {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: unknown[]): unknown[] {
    return this.#statement(sql).all(...values);
  }

  #raw(sql: string, ...values: unknown[]): unknown[] {
    return this.#statement(sql)
      .raw()
      .all(...values);
  }
}
