import type { Database } from 'better-sqlite3';
import { companion, stemOf } from '../input/roles.js';
import { Role } from '../symbols/bodies.js';
import { bindingName, type LinkedUnits, type LinkSymbol, type LinkUnit } from '../symbols/link-units.js';
import type { Dictionary } from './dictionary.js';
import type { LoadedImages } from './image-files.js';
import type { FixedPlaces } from './image-unit-writer.js';

export interface UnitToLink extends LinkUnit {
  /** The dump's name in the build. */
  readonly path: string;
  /** How many names of its code the index has. */
  readonly names: number;
  /** Ids of the modules that it belongs to and that no file was given of. */
  readonly missing: readonly number[];
}

/** A build's units as the index has them, for linking. */
export function unitsToLink(
  db: Database,
  build: number,
  loaded: LoadedImages,
  { missing }: { readonly missing: ReadonlyMap<string, number> },
  fixed: ReadonlyMap<number, readonly FixedPlaces[]> = new Map(),
): UnitToLink[] {
  db.prepare(
    `DELETE FROM symbol WHERE role = ${Role.linkerScript} AND unit IN (SELECT id FROM unit WHERE build = ?)`,
  ).run(build);
  const places = new Map(loaded.objects.map(({ name }, at) => [name, at]));
  const symbols = db.prepare(
    `SELECT t.text AS name, y.section_index AS section, y.value, y.size, s.binding, s.body, s.role
     FROM symbol s JOIN name t ON t.id = s.name JOIN body y ON y.unit = s.unit AND y.id = s.body
     WHERE s.unit = ? ORDER BY s.id`,
  );
  const bodies = db.prepare(
    `SELECT t.text AS section, y.section_index AS sectionIndex, y.value, y.size, y.traceable, y.lifetime
     FROM body y JOIN name t ON t.id = y.section WHERE y.unit = ? ORDER BY y.id`,
  );
  const units = db.prepare('SELECT id, path, source FROM unit WHERE build = ?').all(build) as {
    id: number;
    path: string;
    source: string;
  }[];
  return units.map(({ id, path, source }) => {
    const modules = loaded.modulesOf.get(companion(stemOf(path), '.o')) ?? [];
    const images = modules.flatMap((module) => places.get(module) ?? []);
    const names = symbols.all(id) as (Omit<LinkSymbol, 'binding'> & { binding: number })[];
    const rows = names.filter(({ role }) => role !== Role.compilerName);
    const found = bodies.all(id) as (Omit<LinkUnit['bodies'][number], 'traceable'> & { traceable: number })[];
    return {
      id,
      path,
      baseName: source.slice(source.lastIndexOf('/') + 1),
      names: names.length,
      symbols: rows.map((row) => ({ ...row, binding: bindingName(row.binding) })),
      bodies: found.map((body) => ({ ...body, traceable: body.traceable === 1 })),
      images,
      elsewhere: modules.length > 0 && images.length === 0,
      fixed: fixed.get(id),
      missing: modules.flatMap((module) => missing.get(module) ?? []),
    };
  });
}

/** @param ids the images' ids, by their place */
export function writeLinked(
  db: Database,
  ids: readonly number[],
  units: readonly UnitToLink[],
  linked: LinkedUnits,
  dictionary: Dictionary,
): void {
  const addImage = db.prepare('INSERT INTO unit_image VALUES (?, ?)');
  const setFate = db.prepare('UPDATE body SET lifetime = ?, traceable = ? WHERE unit = ? AND id = ?');
  const lose = db.prepare('UPDATE symbol SET lost = ? WHERE unit = ? AND id = ?');
  const wasLost = db.prepare('SELECT id FROM symbol WHERE unit = ? AND lost = 1').pluck();
  const addName = db.prepare(`INSERT INTO symbol VALUES (?, ?, ?, ?, 1, ${Role.linkerScript}, 0)`);
  units.forEach(({ id, names, bodies, missing }, at) => {
    for (const image of linked.images[at]!) addImage.run(id, ids[image]);
    for (const image of missing) addImage.run(id, image);
    linked.fates[at]!.forEach(({ lifetime, traceable }, body) => {
      const now = bodies[body]!;
      if (now.lifetime !== lifetime || now.traceable !== traceable) {
        setFate.run(lifetime, traceable ? 1 : 0, id, body);
      }
    });
    const lost = linked.lost[at]!;
    for (const symbol of wasLost.all(id) as number[]) if (!lost.has(symbol)) lose.run(0, id, symbol);
    for (const symbol of lost) lose.run(1, id, symbol);
    linked.scripted[at]!.forEach(({ name, body }, nth) => {
      addName.run(id, names + nth, dictionary.name(name), body);
    });
  });
}
