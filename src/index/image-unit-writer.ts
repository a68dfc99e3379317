/** Keeps what linked objects tell of units that have no object, in the same rows as an object does. */
import type { Database } from 'better-sqlite3';
import { canScan } from '../callgraph/code-scan.js';
import { STT_FUNC } from '../elf/index.js';
import { folderOf } from '../graph/linkable.js';
import { decodeDump, encodeDump, type UnitDump, withMaybeFolded } from '../graph/unit-graph.js';
import { linkUnits } from '../symbols/link-units.js';
import { type CallColumns, CodeRows } from './code-rows.js';
import type { Dictionary } from './dictionary.js';
import { UnclaimedCode } from './image-copies.js';
import { emittedOf, type ImageEmitted, undecidedOf } from './image-emitted.js';
import type { LoadedImages, ObjectSymbols } from './image-files.js';
import { type DumpOnlyUnit, type ReadImage, readUnitsOfImages } from './image-units.js';
import type { UnitToLink } from './link-writer.js';
import { UNDECIDED_SOURCE } from './rows.js';
import { dumpReader, UNIT_DUMP } from './unit-dumps.js';
import type { ReferenceColumns } from './unit-facts.js';

/** Where a unit's symbols are that were read from an image: by symbol, its row or -1. */
export interface FixedPlaces {
  readonly image: number;
  readonly rows: readonly number[];
}

/** Code of units that has no name, by image: of weak definitions that lost. */
export type LostCode = ReadonlyMap<number, readonly { section: number; start: number; end: number }[]>;

export interface ImageUnitsRead {
  readonly fixed: ReadonlyMap<number, readonly FixedPlaces[]>;
  readonly lost: LostCode;
  /** Linked objects whose code could not be read, and why. */
  readonly unread: readonly { readonly where: string; readonly what: string }[];
}

/** Forgets what linked objects told. */
export function forgetImageUnits(db: Database, build: number): void {
  const units = db.prepare("SELECT id FROM unit WHERE build = ? AND object = 'image'").pluck().all(build);
  for (const table of ['symbol', 'body', 'reference', 'lost_symbol']) {
    const forget = db.prepare(`DELETE FROM ${table} WHERE unit = ?`);
    for (const unit of units) forget.run(unit);
  }
  const withCalls = db.prepare("SELECT id FROM unit WHERE build = ? AND calls = 'image'").pluck().all(build);
  const forget = db.prepare('DELETE FROM call WHERE unit = ?');
  const graphs = new Graphs(db);
  for (const unit of withCalls as number[]) {
    forget.run(unit);
    graphs.set(unit, withMaybeFolded(graphs.get(unit), NOTHING));
  }
  for (const table of [UNIT_DUMP, 'unit_image', 'outside', 'problem']) {
    db.prepare(`DELETE FROM ${table} WHERE unit IN (SELECT id FROM unit WHERE build = ? AND source = ?)`).run(
      build,
      UNDECIDED_SOURCE,
    );
  }
  db.prepare('DELETE FROM image_symbol WHERE image IN (SELECT id FROM image WHERE build = ?)').run(build);
  db.prepare('DELETE FROM unit WHERE build = ? AND source = ?').run(build, UNDECIDED_SOURCE);
  db.prepare("UPDATE unit SET object = 'missing' WHERE build = ? AND object = 'image'").run(build);
  db.prepare("UPDATE unit SET calls = 'missing' WHERE build = ? AND calls = 'image'").run(build);
}

const NOTHING = new Int32Array(0);

/** @param linkable the units that have objects */
export async function writeImageUnits(
  db: Database,
  build: number,
  loaded: LoadedImages,
  dictionary: Dictionary,
  linkable: readonly UnitToLink[],
  objdump?: string,
): Promise<ImageUnitsRead> {
  if (!hasRecordsAlone(db, build)) return NONE_READ;
  const units = dumpOnlyUnits(db, build, linkable, dictionary);
  if (units.length === 0) return NONE_READ;
  const refused = loaded.objects.filter((object) => object.source === 'elf' && !canScan(object.elf.machine));
  if (refused.length > 0)
    return { ...NONE_READ, unread: refused.map(({ path }) => ({ where: path, what: OTHER_MACHINE })) };
  const hasObjects = linkable.some(({ symbols }) => symbols.length > 0);
  const taken = hasObjects ? linkUnits(loaded.objects, linkable).unitOf : [];
  const found = await readUnitsOfImages(
    loaded.objects,
    units,
    (image, row) => taken[image]?.has(row) === true,
    (name) => dictionary.name(name),
    objdump,
  );
  const unread = [
    ...found.unread.map(({ at, why }) => ({ where: loaded.objects[at]!.path, what: why })),
    ...loaded.objects.flatMap((object) =>
      object.source === 'elf' && isWithoutFiles(object) ? [{ where: object.path, what: WITHOUT_FILES }] : [],
    ),
  ];
  if (found.unread.length > 0) return { ...NONE_READ, unread };
  const writer = new Writer(db, dictionary);
  const fixed = new Map<number, FixedPlaces[]>();
  const modules = found.images.filter(({ code }) => code.image.kind === 'module');
  const unclaimed = modules.map((image) => new UnclaimedCode(image));
  for (const image of found.images) {
    const emitted = emittedOf(image, units, found.imagesOf, (name) => dictionary.name(name));
    for (const [unit, { rows, ...code }] of emitted) {
      const { id, baseName } = units[unit]!;
      writer.add(id, { ...code, rows });
      const copies = unclaimed.flatMap((other) =>
        other.image === image ? [] : (other.copyOf(image, rows, baseName) ?? []),
      );
      fixed.set(id, [{ image: image.at, rows }, ...copies]);
    }
  }
  for (const image of found.images) {
    const claimed = unclaimed.find((other) => other.image === image)?.claimed;
    const undecided = undecidedOf(image, (name) => dictionary.name(name), claimed);
    if (!undecided) continue;
    const id = addUndecidedUnit(db, build, loaded.objects[image.at]!.name);
    writer.add(id, undecided);
    fixed.set(id, [{ image: image.at, rows: undecided.rows }]);
  }
  for (const unit of found.perhaps) writer.setRead(units[unit]!.id);
  writer.finish();
  dictionary.flush();
  return { fixed, lost: new Map(found.images.map((image: ReadImage) => [image.at, image.lost])), unread };
}

const NONE_READ: ImageUnitsRead = { fixed: new Map(), lost: new Map(), unread: [] };

/** A vmlinux that was stripped of them, or of the local functions behind them; of modules, Kbuild's folders tell most. */
function isWithoutFiles({ name, image }: Extract<ObjectSymbols, { source: 'elf' }>): boolean {
  if (name !== 'vmlinux') return false;
  for (let row = 0; row < image.names.length; row++) {
    if (image.type[row] === STT_FUNC && image.groups[image.group[row]!]?.endsWith('.c') === true)
      return false;
  }
  return true;
}

const WITHOUT_FILES =
  'names no source files with their functions (STT_FILE; stripped?): few functions of units without objects can be told in it';
const OTHER_MACHINE = 'units without objects are read from images of x86_64 only';

/**
 * Calls that a unit's own call graph lacks: of inline assembly, which GCC does not see. Nobody says whose they are, once the
 * graph is all that is kept of calls; so they are those of code without a dump.
 */
/** @param known `CALLER CALLEE` */
function callsBeyond(known: ReadonlySet<string>, found: ReferenceColumns): CallColumns {
  const beyond = [...found.caller.keys()].filter(
    (at) => !known.has(`${found.caller[at]} ${found.callee[at]}`),
  );
  return {
    caller: NOTHING,
    callee: NOTHING,
    count: NOTHING,
    namelessCallee: Int32Array.from(beyond, (at) => found.callee[at]!),
    namelessSection: new Int32Array(beyond.length).fill(-1),
  };
}

/** Bodies belong to units, and those of none of the build's to one of their own. */
function addUndecidedUnit(db: Database, build: number, image: string): number {
  const id = db
    .prepare(
      `INSERT INTO unit (build, path, source, stamp, lines, complete, object, contents, calls, folding)
       VALUES (?, ?, ?, '', 0, 1, 'missing', '', 'missing', 'read') RETURNING id`,
    )
    .pluck()
    .get(build, `${UNDECIDED_SOURCE}:${image}`, UNDECIDED_SOURCE) as number;
  db.prepare(`INSERT INTO ${UNIT_DUMP} VALUES (?, ?)`).run(id, encodeDump(NO_DUMP));
  return id;
}

const NO_DUMP: UnitDump = {
  nodeName: NOTHING,
  nodeRemoved: new Uint8Array(0),
  src: NOTHING,
  dst: NOTHING,
  step: NOTHING,
  kind: NOTHING,
  cloneNames: NOTHING,
  folded: NOTHING,
  kept: NOTHING,
  maybeFolded: NOTHING,
};

/**
 * Whether some unit without an object has records. A kernel build leaves a few without either (asm-offsets.c, bounds.c,
 * whose assembly is all that is wanted), and reading the code of all linked objects for those doubles an indexing.
 */
function hasRecordsAlone(db: Database, build: number): boolean {
  const sql = "SELECT 1 FROM unit WHERE build = ? AND object = 'missing' AND lines > 0";
  return db.prepare(sql).get(build) !== undefined;
}

function dumpOnlyUnits(
  db: Database,
  build: number,
  linkable: readonly UnitToLink[],
  dictionary: Dictionary,
): DumpOnlyUnit[] {
  const imagesOf = new Map(linkable.map(({ id, images }) => [id, images]));
  const elsewhere = new Set(linkable.flatMap(({ id, elsewhere }) => (elsewhere ? [id] : [])));
  const rows = db
    .prepare(
      `SELECT u.id, u.source, g.dump FROM unit u JOIN ${UNIT_DUMP} g ON g.unit = u.id
       WHERE u.build = ? AND u.object = 'missing' ORDER BY u.id`,
    )
    .raw()
    .iterate(build) as Iterable<[number, string, Buffer]>;
  const units: DumpOnlyUnit[] = [];
  const textOf = (name: number) => dictionary.text(name);
  for (const [id, source, blob] of rows) {
    if (elsewhere.has(id)) continue;
    const { nodeName, nodeRemoved } = decodeDump(blob);
    const removed = new Map<number, boolean>();
    nodeName.forEach((name, node) => {
      removed.set(name, (removed.get(name) ?? true) && nodeRemoved[node] === 1);
    });
    const folder = folderOf(source);
    units.push({
      id,
      folder,
      baseName: source.slice(folder.length),
      removed,
      images: imagesOf.get(id) ?? [],
      textOf,
    });
  }
  return units;
}

/** Graphs of units, as they are stored. */
class Graphs {
  readonly #get;
  readonly #set;

  constructor(db: Database) {
    this.#get = dumpReader(db);
    this.#set = db.prepare(`UPDATE ${UNIT_DUMP} SET dump = ? WHERE unit = ?`);
  }

  get(unit: number): UnitDump {
    return decodeDump(this.#get(unit));
  }

  set(unit: number, dump: UnitDump): void {
    this.#set.run(encodeDump(dump), unit);
  }
}

class Writer {
  readonly #rows: CodeRows;
  readonly #graphs: Graphs;
  readonly #setObject;
  readonly #setCalls;
  readonly #callsOf;
  readonly #known;

  constructor(db: Database, dictionary: Dictionary) {
    this.#rows = new CodeRows(db, dictionary);
    this.#graphs = new Graphs(db);
    this.#setObject = db.prepare("UPDATE unit SET object = 'image' WHERE id = ?");
    this.#setCalls = db.prepare("UPDATE unit SET calls = 'image' WHERE id = ?");
    this.#callsOf = db.prepare('SELECT calls FROM unit WHERE id = ?').pluck();
    this.#known = db.prepare("SELECT caller || ' ' || callee FROM call WHERE unit = ?").pluck();
  }

  add(id: number, code: ImageEmitted): void {
    const word = (name: number) => name;
    const graph = this.#graphs.get(id);
    const clones = new Set(graph.cloneNames);
    this.#rows.addSymbols(id, { ...code, clones }, word, (body) => code.lifetimes.get(body));
    this.#setObject.run(id);
    const isMissing = this.#callsOf.get(id) === 'missing';
    const others = isMissing ? [] : [callsBeyond(this.#knownCalls(id), code.references)];
    this.#rows.addReferences(id, others, code.references, word);
    if (!isMissing) return;
    this.#rows.addCalls(id, [code.references], word);
    this.#setCalls.run(id);
    this.#graphs.set(id, withMaybeFolded(graph, Int32Array.from(code.maybeFolded)));
  }

  #knownCalls(unit: number): ReadonlySet<string> {
    return new Set(this.#known.all(unit) as string[]);
  }

  /** What calls a unit makes is among what was read, though not told which. */
  setRead(id: number): void {
    if (this.#callsOf.get(id) === 'missing') this.#setCalls.run(id);
  }

  finish(): void {
    this.#rows.flush();
  }
}
