import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { INLINING } from '../dump/record.js';
import { encodeDump } from '../graph/unit-graph.js';
import type { InputWarning } from '../input/names.js';
import type { Switches } from '../kernel/switches.js';
import { BulkInsert } from './bulk-insert.js';
import { CodeRows } from './code-rows.js';
import { Dictionary, emptyTranslation, type Translation } from './dictionary.js';
import type { LoadedImages } from './image-files.js';
import { writeImages } from './image-writer.js';
import { writeSwitches } from './kernel-writer.js';
import { PROBLEM_ORDER, PROBLEMS } from './problem-rows.js';
import { problemsOfUnit, writeUnread } from './problem-writer.js';
import type { ProblemRow } from './problems.js';
import { UNDECIDED_SOURCE } from './rows.js';
import { INDEXES } from './schema.js';
import type { Stray } from './strays.js';
import { stageDumps, UNIT_DUMP } from './unit-dumps.js';
import type { CallFacts, UnitBatch, UnitFacts } from './unit-facts.js';

/** A unit as the index has it. */
export interface KnownUnit {
  readonly id: number;
  readonly stamp: string;
  readonly contents: string;
}

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
  readonly #folds: BulkInsert;
  readonly #graphs: BulkInsert;
  #code: CodeRows | undefined;
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
    stageDumps(db, this.#build);
    this.#nextUnit = (db.prepare('SELECT coalesce(max(id), 0) FROM unit').pluck().get() as number) + 1;
    this.#units = new BulkInsert(db, 'unit', 13);
    this.#problems = new BulkInsert(db, 'problem', 8);
    this.#nodes = new BulkInsert(db, fresh ? 'temp.node' : 'node', 5);
    this.#edges = new BulkInsert(db, fresh ? 'temp.edge' : 'edge', 5);
    this.#folds = new BulkInsert(db, 'fold', 3);
    this.#graphs = new BulkInsert(db, UNIT_DUMP, 2);
  }

  /** The build's units by name. */
  known(): Map<string, KnownUnit> {
    const sql = 'SELECT path, id, stamp, contents FROM unit WHERE build = ? AND source <> ?';
    const rows = this.#db.prepare(sql).all(this.#build, UNDECIDED_SOURCE) as (KnownUnit & { path: string })[];
    return new Map(rows.map(({ path, ...unit }) => [path, unit]));
  }

  drop(units: Iterable<number>): void {
    const statements = UNIT_TABLES.map((table) => this.#db.prepare(`DELETE FROM ${table} WHERE unit = ?`));
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
    const problems = problemsOfUnit(unit);
    this.#units.add(
      id,
      this.#build,
      unit.name,
      sourceOf(unit.name),
      stamp,
      dump.lines,
      problems.length === 0 ? 1 : 0,
      object.state,
      'file' in object ? object.file : null,
      'abi' in object ? object.abi : null,
      unit.contents,
      calls.state,
      unit.folds.told ? 'read' : 'missing',
    );
    for (const { code, file, line, other, what, more } of problems) {
      this.#problems.add(this.#build, id, code, file, line, other, what, more);
    }
    const { nodeFunction, nodeOrder, nodeRemoved } = dump;
    for (let node = 0; node < nodeFunction.length; node++) {
      this.#nodes.add(id, node, to.functions[nodeFunction[node]!]!, nodeOrder[node]!, nodeRemoved[node]!);
    }
    const { edgeSeq, edgeSrc, edgeDst, edgeKind } = dump;
    for (let edge = 0; edge < edgeSeq.length; edge++) {
      this.#edges.add(id, edgeSeq[edge]!, edgeSrc[edge]!, edgeDst[edge]!, to.kinds[edgeKind[edge]!]!);
    }
    const clones = this.#cloneNames(unit, to);
    const rows = this.#codeRows();
    const word = (name: number) => to.names[name]!;
    if (object.state === 'read') {
      rows.addSymbols(id, { symbols: object.symbols, compilerNames: unit.compilerNames, clones }, word);
    }
    const functions = Array.from(nodeFunction, (f) => to.functions[f]!);
    const more = this.#addNodesOfCalls(id, calls, functions, to);
    const references = object.state === 'read' ? object.references : undefined;
    const lists = [...('caller' in calls ? [calls] : []), ...(references ? [references] : [])];
    rows.addCalls(id, lists, word);
    rows.addReferences(id, lists, references, word);
    const folded = unit.folds.folded.map((name) => to.names[name]!);
    const kept = unit.folds.kept.map((name) => to.names[name]!);
    folded.forEach((name, at) => {
      this.#folds.add(id, name, kept[at]!);
    });
    const all = [...functions, ...more];
    const graph = encodeDump({
      nodeName: Int32Array.from(all, (f) => this.#dictionary!.nameOf(f)),
      nodeRemoved: Uint8Array.from(all, (_, node) => nodeRemoved[node] ?? 0),
      src: edgeSrc,
      dst: edgeDst,
      step: edgeSeq.map((line, edge) => line - (edgeSeq[edge - 1] ?? 0)),
      kind: edgeKind.map((kind) => to.kinds[kind]!),
      cloneNames: Int32Array.from(clones).sort(),
      folded,
      kept,
      maybeFolded: new Int32Array(0),
    });
    this.#graphs.add(id, graph);
  }

  #codeRows(): CodeRows {
    this.#code ??= new CodeRows(this.#db, this.#dictionary!);
    return this.#code;
  }

  /** The names that a clone record makes out of a function of another name (DOMAIN: clone). */
  #cloneNames({ dump }: UnitFacts, to: Translation): ReadonlySet<number> {
    const { nodeFunction, edgeSrc, edgeDst, edgeKind } = dump;
    const inlining = this.#dictionary!.kind(INLINING);
    const nameOf = (node: number) => this.#dictionary!.nameOf(to.functions[nodeFunction[node]!]!);
    const clones = new Set<number>();
    for (let edge = 0; edge < edgeKind.length; edge++) {
      if (to.kinds[edgeKind[edge]!] === inlining) continue;
      const name = nameOf(edgeDst[edge]!);
      if (name !== nameOf(edgeSrc[edge]!)) clones.add(name);
    }
    return clones;
  }

  /** Functions that only the call graph mentions. */
  #addNodesOfCalls(unit: number, calls: CallFacts, inDump: readonly number[], to: Translation): number[] {
    if (!('caller' in calls)) return [];
    const known = new Set(inDump);
    const more = Array.from(calls.functions, (f) => to.functions[f]!).filter((f) => !known.has(f));
    more.forEach((f, nth) => {
      this.#nodes.add(unit, inDump.length + nth, f, null, 0);
    });
    return more;
  }

  /** What the linked objects were read from, for {@link setImages}. */
  imageStamp(): string {
    return this.#db.prepare('SELECT image_stamp FROM build WHERE id = ?').pluck().get(this.#build) as string;
  }

  /** The build's units that something is wrong with. */
  incomplete(): string[] {
    const sql = 'SELECT path FROM unit WHERE build = ? AND complete = 0 ORDER BY path';
    return this.#db.prepare(sql).pluck().all(this.#build) as string[];
  }

  /** Replaces what could not be read of the build, and dumps that may be none, and says which units are whole; after `setImages`. */
  setUnread(unread: readonly InputWarning[], placeholders: readonly string[]): void {
    writeUnread(this.#db, this.#build, unread, placeholders);
  }

  /** What is wrong with the build and its units. */
  problems(): ProblemRow[] {
    return this.#db
      .prepare(`${PROBLEMS} WHERE p.build = ? ${PROBLEM_ORDER}`)
      .all(this.#build) as ProblemRow[];
  }

  imageCount(): number {
    return this.#db
      .prepare("SELECT count(*) FROM image WHERE build = ? AND source <> 'missing'")
      .pluck()
      .get(this.#build) as number;
  }

  /** Replaces the build's linked objects; after `finish`, as it asks for the units' symbols. */
  async setImages(
    loaded: LoadedImages,
    strays: readonly Stray[],
    stamp: string,
    objdump?: string,
    onStep?: (done: number) => void,
  ): Promise<void> {
    this.#dictionary ??= new Dictionary(this.#db);
    await writeImages(this.#db, this.#build, loaded, this.#dictionary, strays, objdump, onStep);
    this.#dictionary.flush();
    this.#db.exec(INDEXES);
    this.#db.prepare('UPDATE build SET image_stamp = ? WHERE id = ?').run(stamp, this.#build);
  }

  /** How the build was compiled; after `setImages`. */
  setSwitches(switches: Switches | undefined): void {
    writeSwitches(this.#db, this.#build, switches);
  }

  /** Call once when all units are added. */
  finish(): void {
    this.#dictionary?.flush();
    this.#code?.flush();
    for (const rows of [this.#units, this.#problems, this.#nodes, this.#edges, this.#folds, this.#graphs])
      rows.flush();
    for (const table of this.#staged) unstage(this.#db, table);
    this.#db.exec(INDEXES);
  }

  /** What the build was read from, in one word: equal for equal files (names, sizes, times or contents). */
  setIdentity(): void {
    const hash = createHash('sha256');
    const units = this.#db
      .prepare('SELECT path, stamp, contents FROM unit WHERE build = ? ORDER BY path')
      .raw();
    for (const row of units.iterate(this.#build) as Iterable<string[]>) hash.update(`${row.join('\0')}\0`);
    hash.update(this.imageStamp());
    for (const { file, code } of this.problems()) hash.update(`\0${code} ${file}`);
    const set = this.#db.prepare('UPDATE build SET identity = ? WHERE id = ?');
    set.run(hash.digest('hex').slice(0, 32), this.#build);
  }

  /** Drops the words that only dropped units used, as they would be offered as suggestions. The last thing to do. */
  forgetUnused(): void {
    this.#db.exec(`
      DELETE FROM function WHERE id NOT IN (SELECT function FROM node);
      DELETE FROM name WHERE id NOT IN (
        SELECT name FROM function UNION SELECT name FROM symbol UNION SELECT section FROM body
        UNION SELECT target FROM reference UNION SELECT section FROM reference UNION SELECT "by" FROM reference
        UNION SELECT target FROM outside UNION SELECT section FROM outside UNION SELECT "by" FROM outside
        UNION SELECT caller FROM call UNION SELECT callee FROM call
        UNION SELECT folded FROM fold UNION SELECT kept FROM fold UNION SELECT name FROM export UNION SELECT name FROM lost_symbol
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

/** The tables whose rows belong to a unit. */
const UNIT_TABLES = [
  'edge',
  'node',
  'body',
  'symbol',
  'reference',
  'outside',
  'lost_symbol',
  'fold',
  'call',
  'problem',
  'unit_image',
  UNIT_DUMP,
];

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
