import type { Database } from 'better-sqlite3';
import { STT_FUNC, STT_GNU_IFUNC } from '../elf/index.js';
import { companion, stemOf } from '../input/roles.js';
import type { Image } from '../symbols/image.js';
import {
  type ImageFunctionSymbol,
  type PlacedUnit,
  placeUnits,
  type UnitFunctionSymbol,
  type UnitToPlace,
} from '../symbols/place-units.js';
import { BulkInsert, type Value } from './bulk-insert.js';
import type { Dictionary } from './dictionary.js';
import type { LoadedImages, ObjectSymbols } from './image-files.js';

/** By STT_NOTYPE to STT_TLS; 10 is STT_GNU_IFUNC. */
const TYPES = ['notype', 'object', 'func', 'section', 'file', 'common', 'tls'];
/** By STB_LOCAL, STB_GLOBAL, STB_WEAK; 10 is STB_GNU_UNIQUE. */
const BINDINGS = ['local', 'global', 'weak'] as const;

/** Writes a build's linked objects anew, and which unit each of their functions comes from. */
export function writeImages(db: Database, build: number, loaded: LoadedImages, dictionary: Dictionary): void {
  for (const sql of [
    'UPDATE unit SET image = NULL WHERE build = ?',
    'DELETE FROM image_symbol WHERE image IN (SELECT id FROM image WHERE build = ?)',
    'DELETE FROM image WHERE build = ?',
    'DELETE FROM export WHERE build = ?',
  ]) {
    db.prepare(sql).run(build);
  }
  const insertImage = db
    .prepare(
      'INSERT INTO image (build, name, kind, source, path, stamp) VALUES (?, ?, ?, ?, ?, ?) RETURNING id',
    )
    .pluck();
  const { objects } = loaded;
  const ids = objects.map(
    ({ name, source, path, stamp }) =>
      insertImage.get(build, name, name === 'vmlinux' ? 'vmlinux' : 'module', source, path, stamp) as number,
  );
  const units = unitsToPlace(db, build, loaded);
  const functions = objects.map((object) =>
    object.source === 'elf' ? functionsOf(object.image) : NO_FUNCTIONS,
  );
  const placed = placeUnits(
    units.map(({ unit }) => unit),
    functions.map(({ symbols }) => symbols),
  );
  const setImage = db.prepare('UPDATE unit SET image = ? WHERE id = ?');
  const unitOf = objects.map(() => new Map<number, number>());
  placeByTables(objects, units, placed, (at, image) => setImage.run(ids[image], units[at]!.id), unitOf);
  placed.forEach(({ image, symbols }: PlacedUnit, at) => {
    const { id } = units[at]!;
    if (image !== undefined) setImage.run(ids[image], id);
    for (const found of symbols) {
      if (found) unitOf[found.image]!.set(functions[found.image]!.rows[found.symbol]!, id);
    }
  });
  // Made again by `INDEXES` when the table is full: see there.
  db.exec('DROP INDEX IF EXISTS image_symbol_name');
  const rows = new BulkInsert(db, 'image_symbol', 13);
  objects.forEach((object, at) => {
    addSymbols(rows, object, ids[at]!, unitOf[at]!, dictionary);
  });
  rows.flush();
  const exports = db.prepare('INSERT OR IGNORE INTO export VALUES (?, ?, ?, ?, ?)');
  for (const { name, object, kind, namespace } of loaded.exports) {
    exports.run(build, dictionary.name(name), object, kind, namespace);
  }
}

/**
 * Tables without sizes and files tell less: a unit belongs to the object that has a name of it that only this unit
 * defines, and a symbol to the unit if it is the only one of its name on both sides.
 */
function placeByTables(
  objects: readonly ObjectSymbols[],
  units: readonly { readonly id: number; readonly unit: UnitToPlace }[],
  placed: readonly PlacedUnit[],
  setImage: (unit: number, image: number) => void,
  unitOf: readonly Map<number, number>[],
): void {
  const definers = new Map<string, number[]>();
  units.forEach(({ unit }, at) => {
    for (const { name } of unit.functions) {
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
        const known = placed[at]!.image;
        return known === undefined || known === image;
      });
      const [only] = candidates;
      if (only === undefined || candidates.length > 1 || total.get(name) !== 1) return;
      unitOf[image]!.set(row, units[only]!.id);
      if (placed[only]!.image === undefined) setImage(only, image);
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
  unitOf: ReadonlyMap<number, number>,
  dictionary: Dictionary,
): void {
  const none: Value = null;
  if (object.source === 'elf') {
    const it = object.image;
    const sections = it.sections.map((name) => dictionary.name(name));
    const groups = it.groups.map((name) => dictionary.name(name));
    for (let i = 0; i < it.names.length; i++) {
      const section = it.section[i]!;
      const group = it.group[i]!;
      rows.add(
        image,
        i,
        dictionary.name(it.names[i]!),
        BigInt.asIntN(64, it.address[i]!),
        it.size[i]!,
        section === 0
          ? 'undefined'
          : it.type[i] === STT_GNU_IFUNC
            ? 'ifunc'
            : (TYPES[it.type[i]!] ?? 'other'),
        BINDINGS[it.binding[i]!] ?? 'unique',
        section < 0 ? none : sections[section]!,
        group < 0 ? none : groups[group]!,
        it.position[i]!,
        it.total[i]!,
        it.traceable[i]!,
        unitOf.get(i) ?? none,
      );
    }
    return;
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
    const unit = unitOf.get(i) ?? none;
    rows.add(image, i, id, address, none, type, binding, none, none, known, total.get(name)!, none, unit);
  });
}

const NO_FUNCTIONS: { rows: readonly number[]; symbols: readonly ImageFunctionSymbol[] } = {
  rows: [],
  symbols: [],
};

/** An image's function symbols, and which of its rows each is. */
function functionsOf(image: Image): typeof NO_FUNCTIONS {
  const rows: number[] = [];
  for (let i = 0; i < image.names.length; i++) {
    const isFunction = image.type[i] === STT_FUNC || image.type[i] === STT_GNU_IFUNC;
    if (isFunction && image.section[i] !== 0) rows.push(i);
  }
  // Differences between addresses fit a double exactly; addresses do not.
  let lowest = 2n ** 64n;
  for (const row of rows) if (image.address[row]! < lowest) lowest = image.address[row]!;
  return {
    rows,
    symbols: rows.map((row) => ({
      name: image.names[row]!,
      offset: Number(image.address[row]! - lowest),
      section: image.kind === 'module' ? image.section[row]! : 0,
      size: image.size[row]!,
      binding: BINDINGS[image.binding[row]!] ?? 'unique',
      file: image.groups[image.group[row]!],
    })),
  };
}

function unitsToPlace(
  db: Database,
  build: number,
  loaded: LoadedImages,
): { id: number; unit: UnitToPlace }[] {
  const places = new Map(loaded.objects.map(({ name }, at) => [name, at]));
  const symbols = db.prepare(
    `SELECT t.text AS name, s.section_index AS section, s.value, s.size, s.binding
     FROM symbol s JOIN name t ON t.id = s.name WHERE s.unit = ?`,
  );
  const units = db.prepare('SELECT id, path, source FROM unit WHERE build = ?').all(build) as {
    id: number;
    path: string;
    source: string;
  }[];
  return units.map(({ id, path, source }) => {
    const module = loaded.moduleOf.get(companion(stemOf(path), '.o'));
    const image = module === undefined ? undefined : places.get(module);
    // What is in a module that was not given is in none of the others.
    const lost = module !== undefined && image === undefined;
    const functions = lost ? [] : (symbols.all(id) as UnitFunctionSymbol[]);
    const baseName = source.slice(source.lastIndexOf('/') + 1);
    return { id, unit: { baseName, functions, ...(image !== undefined && { image }) } };
  });
}
