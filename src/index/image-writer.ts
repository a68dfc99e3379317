import type { Database } from 'better-sqlite3';
import { STT_GNU_IFUNC } from '../elf/index.js';
import { type LinkedUnits, type LinkUnit, linkUnits } from '../symbols/link-units.js';
import { type PlacedSymbols, writeBuildGraph } from './build-graph-writer.js';
import { BulkInsert, type Value } from './bulk-insert.js';
import type { Dictionary } from './dictionary.js';
import type { LoadedImages, ObjectSymbols } from './image-files.js';
import { forgetImageUnits, writeImageUnits } from './image-unit-writer.js';
import { writeForeign, writeKernel } from './kernel-writer.js';
import { unitsToLink, writeLinked } from './link-writer.js';
import { writeOutside } from './outside-writer.js';
import { writeLinkProblems } from './problem-writer.js';
import type { Stray } from './strays.js';

/** By STT_NOTYPE to STT_TLS; 10 is STT_GNU_IFUNC. */
const TYPES = ['notype', 'object', 'func', 'section', 'file', 'common', 'tls'];
/** By STB_LOCAL, STB_GLOBAL, STB_WEAK; 10 is STB_GNU_UNIQUE. */
const BINDINGS = ['local', 'global', 'weak'] as const;

/** Writes a build's linked objects anew, and what linking made of its units. */
export async function writeImages(
  db: Database,
  build: number,
  loaded: LoadedImages,
  dictionary: Dictionary,
  strays: readonly Stray[],
  objdump?: string,
  onStep: (done: number) => void = () => {},
): Promise<void> {
  forgetImageUnits(db, build);
  for (const sql of [
    'DELETE FROM unit_image WHERE unit IN (SELECT id FROM unit WHERE build = ?)',
    'DELETE FROM outside WHERE unit IN (SELECT id FROM unit WHERE build = ?)',
    'DELETE FROM image_symbol WHERE image IN (SELECT id FROM image WHERE build = ?)',
    'DELETE FROM image WHERE build = ?',
    'DELETE FROM export WHERE build = ?',
  ]) {
    db.prepare(sql).run(build);
  }
  writeKernel(db, build, loaded.kernel);
  writeForeign(db, build, loaded);
  const images = insertImages(db, build, loaded);
  const withObjects = unitsToLink(db, build, loaded, images);
  const read = await writeImageUnits(db, build, loaded, dictionary, withObjects, objdump);
  const units = read.fixed.size === 0 ? withObjects : unitsToLink(db, build, loaded, images, read.fixed);
  const linked = linkUnits(loaded.objects, units);
  onStep(1 / 5);
  placeByTables(loaded.objects, units, linked);
  const warnings = [...loaded.warnings, ...read.unread, ...withoutSites(loaded.objects, units)];
  writeLinkProblems(db, build, { ...loaded, warnings }, { units, linked, strays });
  writeLinked(db, images.ids, units, linked, dictionary);
  onStep(2 / 5);
  // Made again by `INDEXES` when the table is full: see there.
  db.exec('DROP INDEX IF EXISTS image_symbol_name');
  const rows = new BulkInsert(db, 'image_symbol', 13);
  const placed = loaded.objects.map((object, at) =>
    addSymbols(
      rows,
      object,
      images.ids[at]!,
      (row) => unitIdOf(units, linked.unitOf[at]!.get(row)),
      dictionary,
    ),
  );
  rows.flush();
  onStep(3 / 5);
  const { objects } = loaded;
  const { ids } = images;
  await writeOutside(db, build, {
    objects,
    ids,
    units,
    linked,
    dictionary,
    lost: read.lost,
    ...(objdump !== undefined && { objdump }),
  });
  const exports = db.prepare('INSERT OR IGNORE INTO export VALUES (?, ?, ?, ?, ?)');
  for (const { name, object, kind, namespace } of loaded.exports) {
    exports.run(build, dictionary.name(name), object, kind, namespace);
  }
  onStep(4 / 5);
  writeBuildGraph(db, build, inOrder(placed, loaded.objects));
}

/** A vmlinux that does not tell where ftrace's sites are, of units whose objects have some. */
function withoutSites(objects: readonly ObjectSymbols[], units: readonly LinkUnit[]) {
  const vmlinux = objects.find(({ name }) => name === 'vmlinux');
  if (vmlinux?.source !== 'elf' || vmlinux.image.names.includes('__start_mcount_loc')) return [];
  const hasSites = units.some(({ bodies, fixed }) => !fixed && bodies.some(({ traceable }) => traceable));
  return hasSites ? [{ where: vmlinux.path, what: WITHOUT_SITES }] : [];
}

const WITHOUT_SITES =
  'has no symbol __start_mcount_loc, though objects have ftrace sites: which functions can be redirected is not known';

interface InsertedImages {
  /** By place in `LoadedImages.objects`. */
  readonly ids: readonly number[];
  /** Modules that Kbuild names and no file was given of. */
  readonly missing: ReadonlyMap<string, number>;
}

function insertImages(db: Database, build: number, { objects, modulesOf }: LoadedImages): InsertedImages {
  const insert = db
    .prepare(
      'INSERT INTO image (build, name, kind, source, path, stamp) VALUES (?, ?, ?, ?, ?, ?) RETURNING id',
    )
    .pluck();
  const add = (name: string, source: string, path: string, stamp: string) =>
    insert.get(build, name, name === 'vmlinux' ? 'vmlinux' : 'module', source, path, stamp) as number;
  const ids = objects.map(({ name, source, path, stamp }) => add(name, source, path, stamp));
  const given = new Set(objects.map(({ name }) => name));
  const missing = new Map<string, number>();
  for (const name of [...modulesOf.values()].flat()) {
    if (!given.has(name) && !missing.has(name)) missing.set(name, add(name, 'missing', '', ''));
  }
  return { ids, missing };
}

function unitIdOf(units: readonly LinkUnit[], at: number | undefined): number | null {
  return at === undefined ? null : units[at]!.id;
}

/**
 * Tables without sizes and files tell less: a unit belongs to the object that has a name of it that only this unit
 * defines, and a symbol to the unit if it is the only one of its name on both sides.
 */
function placeByTables(
  objects: readonly ObjectSymbols[],
  units: readonly LinkUnit[],
  { images, unitOf }: LinkedUnits,
): void {
  const definers = new Map<string, number[]>();
  units.forEach(({ symbols }, at) => {
    for (const { name } of symbols) {
      const known = definers.get(name);
      if (known) known.push(at);
      else definers.set(name, [at]);
    }
  });
  objects.forEach((object, image) => {
    if (object.source === 'elf') return;
    const names = object.source === 'system-map' ? object.table.names : object.names;
    const total = countNames(names);
    names.forEach((name, row) => {
      const candidates = (definers.get(name) ?? []).filter((at) => {
        const known = images[at]!;
        return known.size === 0 || known.has(image);
      });
      const [only] = candidates;
      if (only === undefined || candidates.length > 1 || total.get(name) !== 1) return;
      unitOf[image]!.set(row, only);
      images[only]!.add(image);
    });
  });
}

function countNames(names: readonly string[]): Map<string, number> {
  const total = new Map<string, number>();
  for (const name of names) total.set(name, (total.get(name) ?? 0) + 1);
  return total;
}

function addSymbols(
  rows: BulkInsert,
  object: ObjectSymbols,
  image: number,
  unitOf: (row: number) => number | null,
  dictionary: Dictionary,
): Placed[] {
  const none: Value = null;
  const placed: Placed[] = [];
  const place = (symbol: number, name: number, unit: number | null, position: number, total: number) => {
    if (unit !== null) placed.push({ unit, name, image, symbol, position, total });
  };
  if (object.source === 'elf') {
    const it = object.image;
    const sections = words(it.sections, dictionary);
    const groups = words(it.groups, dictionary);
    for (let i = 0; i < it.names.length; i++) {
      const section = it.section[i]!;
      const group = it.group[i]!;
      const name = dictionary.name(it.names[i]!);
      const unit = unitOf(i);
      place(i, name, unit, it.position[i]!, it.total[i]!);
      rows.add(
        image,
        i,
        name,
        BigInt.asIntN(64, it.address[i]!),
        it.size[i]!,
        section === 0
          ? 'undefined'
          : it.type[i] === STT_GNU_IFUNC
            ? 'ifunc'
            : (TYPES[it.type[i]!] ?? 'other'),
        BINDINGS[it.binding[i]!] ?? 'unique',
        section < 0 ? none : sections(section),
        group < 0 ? none : groups(group),
        it.position[i]!,
        it.total[i]!,
        it.traceable[i]!,
        unit,
      );
    }
    return placed;
  }
  const names = object.source === 'system-map' ? object.table.names : object.names;
  const total = countNames(names);
  const seen = new Map<string, number>();
  names.forEach((name, i) => {
    const position = (seen.get(name) ?? 0) + 1;
    seen.set(name, position);
    const table = object.source === 'system-map' ? object.table : undefined;
    const address = table && !table.hidden ? BigInt.asIntN(64, table.address[i]!) : none;
    const letter = table ? String.fromCharCode(table.type[i]!) : '';
    // symbols.klp has no order: only a name that is there once has a known position.
    const known = table || total.get(name) === 1 ? position : 0;
    const type = letter === '' ? 'unknown' : /[tw]/i.test(letter) ? 'func' : 'object';
    const binding = letter === '' ? none : letter === letter.toLowerCase() ? 'local' : 'global';
    const id = dictionary.name(name);
    const unit = unitOf(i);
    place(i, id, unit, known, total.get(name)!);
    rows.add(image, i, id, address, none, type, binding, none, none, known, total.get(name)!, none, unit);
  });
  return placed;
}

/** A linked object's symbol that is a unit's. */
interface Placed {
  readonly unit: number;
  readonly name: number;
  readonly image: number;
  readonly symbol: number;
  readonly position: number;
  readonly total: number;
}

/** In columns: those of vmlinux, then those of modules by name. */
function inOrder(placed: readonly (readonly Placed[])[], objects: readonly ObjectSymbols[]): PlacedSymbols {
  const key = (at: number) => (objects[at]!.name === 'vmlinux' ? '' : objects[at]!.name);
  const order = [...objects.keys()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const all = order.flatMap((at) => [...placed[at]!].sort((a, b) => a.position - b.position));
  const column = (name: keyof Placed) => all.map((one) => one[name]);
  return {
    unit: column('unit'),
    name: column('name'),
    image: column('image'),
    symbol: column('symbol'),
    position: column('position'),
    total: column('total'),
  };
}

/** Ids of words by their places, of those that are asked for: others have no business in the index. */
function words(texts: readonly string[], dictionary: Dictionary): (at: number) => number {
  const ids: number[] = [];
  return (at) => {
    ids[at] ??= dictionary.name(texts[at]!);
    return ids[at];
  };
}
