import type { Database } from 'better-sqlite3';
import { BulkInsert } from './bulk-insert.js';
import { Dictionary, emptyTranslation, type Translation } from './dictionary.js';
import type { LoadedImages } from './image-files.js';
import { writeImages } from './image-writer.js';
import { INDEXES } from './schema.js';
import type { CallFacts, ObjectFacts, UnitBatch, UnitFacts } from './unit-facts.js';

/** A unit as the index has it. */
export interface KnownUnit {
  readonly id: number;
  readonly stamp: string;
}

/** By STB_LOCAL, STB_GLOBAL, STB_WEAK; the only other one is STB_GNU_UNIQUE. */
const BINDINGS = ['local', 'global', 'weak'];

/** Writes one build's units. Every call is part of the change that the database is in. */
export class IndexWriter {
  readonly #db: Database;
  readonly #build: number;
  #dictionary: Dictionary | undefined;
  readonly #translations: Translation[] = [];
  readonly #units: BulkInsert;
  readonly #problems: BulkInsert;
  readonly #nodes: BulkInsert;
  readonly #edges: BulkInsert;
  readonly #symbols: BulkInsert;
  readonly #lost: BulkInsert;
  readonly #calls: BulkInsert;
  readonly #staged: readonly string[];
  #nextUnit: number;

  /**
   * @param db in a change
   * @param fresh whether the index was empty before
   */
  constructor(db: Database, fresh: boolean, build: string, root: string) {
    this.#db = db;
    this.#staged = fresh ? STAGED : [];
    for (const table of this.#staged) stage(db, table);
    const now = new Date().toISOString();
    this.#build = db
      .prepare(
        `INSERT INTO build (name, root, indexed_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET root = excluded.root, indexed_at = excluded.indexed_at RETURNING id`,
      )
      .pluck()
      .get(build, root, now) as number;
    this.#nextUnit = (db.prepare('SELECT coalesce(max(id), 0) FROM unit').pluck().get() as number) + 1;
    this.#units = new BulkInsert(db, 'unit', 11);
    this.#problems = new BulkInsert(db, 'problem', 4);
    this.#nodes = new BulkInsert(db, fresh ? 'temp.node' : 'node', 5);
    this.#edges = new BulkInsert(db, fresh ? 'temp.edge' : 'edge', 5);
    this.#symbols = new BulkInsert(db, 'symbol', 9);
    this.#lost = new BulkInsert(db, 'lost_symbol', 2);
    this.#calls = new BulkInsert(db, 'call', 4);
  }

  /** The build's units by name. */
  known(): Map<string, KnownUnit> {
    const rows = this.#db.prepare('SELECT path, id, stamp FROM unit WHERE build = ?').raw().all(this.#build);
    return new Map((rows as [string, number, string][]).map(([path, id, stamp]) => [path, { id, stamp }]));
  }

  drop(units: Iterable<number>): void {
    const statements = ['edge', 'node', 'symbol', 'lost_symbol', 'call', 'problem'].map((table) =>
      this.#db.prepare(`DELETE FROM ${table} WHERE unit = ?`),
    );
    const unit = this.#db.prepare('DELETE FROM unit WHERE id = ?');
    for (const id of units) {
      for (const statement of statements) statement.run(id);
      unit.run(id);
    }
  }

  /**
   * @param reader which reader's words the batch speaks in
   * @param stampOf the stamp to keep with a unit, by its name
   */
  add(batch: UnitBatch, reader: number, stampOf: (name: string) => string): void {
    this.#dictionary ??= new Dictionary(this.#db);
    this.#translations[reader] ??= emptyTranslation();
    const translation = this.#translations[reader];
    this.#dictionary.learn(batch.words, translation);
    for (const unit of batch.units) this.#addUnit(unit, translation, stampOf(unit.name));
  }

  #addUnit(unit: UnitFacts, to: Translation, stamp: string): void {
    const id = this.#nextUnit++;
    const { dump, object, calls } = unit;
    this.#units.add(
      id,
      this.#build,
      unit.name,
      sourceOf(unit.name),
      stamp,
      dump.lines,
      dump.problems.length === 0 ? 1 : 0,
      object.state,
      'file' in object ? object.file : null,
      calls.state,
      null,
    );
    for (const problem of dump.problems) this.#problems.add(id, unit.file, problem.line, problem.what);
    const { nodeFunction, nodeOrder, nodeRemoved } = dump;
    for (let node = 0; node < nodeFunction.length; node++) {
      this.#nodes.add(id, node, to.functions[nodeFunction[node]!]!, nodeOrder[node]!, nodeRemoved[node]!);
    }
    const { edgeSeq, edgeSrc, edgeDst, edgeKind } = dump;
    for (let edge = 0; edge < edgeSeq.length; edge++) {
      this.#edges.add(id, edgeSeq[edge]!, edgeSrc[edge]!, edgeDst[edge]!, to.kinds[edgeKind[edge]!]!);
    }
    this.#addObject(id, object, to);
    const inDump = new Set(Array.from(nodeFunction, (f) => to.functions[f]!));
    this.#addCalls(id, calls, inDump, nodeFunction.length, to);
  }

  #addCalls(
    unit: number,
    calls: CallFacts,
    inDump: ReadonlySet<number>,
    firstNode: number,
    to: Translation,
  ): void {
    if (calls.state === 'corrupt') this.#problems.add(unit, calls.file, null, calls.what);
    if (!('caller' in calls)) return;
    const { functions, caller, callee, count } = calls;
    let node = firstNode;
    for (let i = 0; i < functions.length; i++) {
      const id = to.functions[functions[i]!]!;
      if (!inDump.has(id)) this.#nodes.add(unit, node++, id, null, 0);
    }
    for (let i = 0; i < caller.length; i++) {
      this.#calls.add(unit, to.names[caller[i]!]!, to.names[callee[i]!]!, count[i]!);
    }
  }

  #addObject(unit: number, object: ObjectFacts, to: Translation): void {
    if (object.state === 'corrupt') this.#problems.add(unit, object.file, null, object.what);
    if (object.state !== 'read') return;
    const { name, section, sectionIndex, value, size, binding, traceable, lostInModule } = object.symbols;
    for (const lost of new Set(lostInModule)) this.#lost.add(unit, to.names[lost]!);
    for (let i = 0; i < name.length; i++) {
      this.#symbols.add(
        unit,
        i,
        to.names[name[i]!]!,
        to.names[section[i]!]!,
        sectionIndex[i]!,
        value[i]!,
        size[i]!,
        BINDINGS[binding[i]!] ?? 'unique',
        traceable[i]!,
      );
    }
  }

  /** What the linked objects were read from, for {@link setImages}. */
  imageStamp(): string {
    return this.#db.prepare('SELECT image_stamp FROM build WHERE id = ?').pluck().get(this.#build) as string;
  }

  /** The build's units whose dumps lost records. */
  incomplete(): string[] {
    const sql = 'SELECT path FROM unit WHERE build = ? AND complete = 0 ORDER BY path';
    return this.#db.prepare(sql).pluck().all(this.#build) as string[];
  }

  imageCount(): number {
    return this.#db.prepare('SELECT count(*) FROM image WHERE build = ?').pluck().get(this.#build) as number;
  }

  /** Replaces the build's linked objects; after `finish`, as it asks for the units' symbols. */
  setImages(loaded: LoadedImages, stamp: string): void {
    this.#dictionary ??= new Dictionary(this.#db);
    writeImages(this.#db, this.#build, loaded, this.#dictionary);
    this.#dictionary.flush();
    this.#db.exec(INDEXES);
    this.#db.prepare('UPDATE build SET image_stamp = ? WHERE id = ?').run(stamp, this.#build);
  }

  /** Call once when all units are added. */
  finish(): void {
    this.#dictionary?.flush();
    for (const rows of [
      this.#units,
      this.#problems,
      this.#nodes,
      this.#edges,
      this.#symbols,
      this.#lost,
      this.#calls,
    ])
      rows.flush();
    for (const table of this.#staged) unstage(this.#db, table);
    this.#db.exec(INDEXES);
  }

  /** Drops the words that only dropped units used, as they would be offered as suggestions. The last thing to do. */
  forgetUnused(): void {
    this.#db.exec(`
      DELETE FROM function WHERE id NOT IN (SELECT function FROM node);
      DELETE FROM name WHERE id NOT IN (
        SELECT name FROM function UNION SELECT name FROM symbol UNION SELECT section FROM symbol
        UNION SELECT caller FROM call UNION SELECT callee FROM call UNION SELECT name FROM export UNION SELECT name FROM lost_symbol
        UNION SELECT name FROM image_symbol UNION SELECT section FROM image_symbol WHERE section IS NOT NULL
        UNION SELECT file FROM image_symbol WHERE file IS NOT NULL);
      DELETE FROM path WHERE id NOT IN (SELECT path FROM function);
    `);
  }
}

/**
 * The big tables of an empty index are filled in memory first and then copied whole: SQLite's table-to-table copy packs
 * its pages, where rows that come one by one leave an eighth of each free (measured on 3,121 dumps: 1.6 MB of 27 MB,
 * for 0.1 s).
 */
const STAGED = ['node', 'edge'];

function stage(db: Database, table: string): void {
  db.pragma('temp_store = MEMORY');
  const sql = db.prepare('SELECT sql FROM main.sqlite_schema WHERE name = ?').pluck().get(table) as string;
  db.exec(sql.replace(`CREATE TABLE ${table}`, `CREATE TABLE temp.${table}`));
}

function unstage(db: Database, table: string): void {
  db.exec(`INSERT INTO main.${table} SELECT * FROM temp.${table}; DROP TABLE temp.${table};`);
}

/** `mm/migrate.c.000i.ipa-clones` is the dump of `mm/migrate.c`. */
function sourceOf(name: string): string {
  return name.replace(/(\.\d{3}[a-z])?\.ipa-clones$/, '');
}
