/**
 * Objects that are linked into several modules, where only the modules are there: what is one unit's in one module may
 * stand in another one too, byte by byte, as modules are relocatable.
 */
import { isLocal } from '../symbols/code-places.js';
import type { ReadImage } from './image-units.js';

/** A unit's functions in another module: by symbol of the unit, the row of the same function, or -1. */
export interface UnitCopy {
  readonly image: number;
  readonly rows: readonly number[];
}

/** The functions of a module that belong to no unit, found by their names. */
export class UnclaimedCode {
  readonly image: ReadImage;
  readonly #placesOf = new Map<string, number[]>();
  /** Places that turned out to be of a copy. */
  readonly claimed = new Set<number>();

  constructor(image: ReadImage) {
    this.image = image;
    const { code, unitOf, isTaken } = image;
    code.places.forEach(({ rows }, place) => {
      if (unitOf[place]! >= 0 || isTaken(place)) return;
      for (const row of rows) {
        const name = code.image.names[row]!;
        this.#placesOf.set(name, [...(this.#placesOf.get(name) ?? []), place]);
      }
    });
  }

  /**
   * The same object's code here.
   *
   * @param rows a unit's functions in another module: rows of that, -1 for what it lacks
   * @param baseName of the unit's source: local functions stand behind an STT_FILE of that name
   */
  copyOf(from: ReadImage, rows: readonly number[], baseName: string): UnitCopy | undefined {
    const places: number[] = [];
    const found: number[] = [];
    for (const row of rows) {
      const at = row < 0 ? undefined : this.#sameAs(from, row, baseName);
      if (row >= 0 && !at) return undefined;
      found.push(at?.row ?? -1);
      if (at) places.push(at.place);
    }
    if (places.length === 0) return undefined;
    for (const place of places) this.claimed.add(place);
    return { image: this.image.at, rows: found };
  }

  #sameAs(from: ReadImage, row: number, baseName: string): { place: number; row: number } | undefined {
    const { image } = from.code;
    const here = this.image.code;
    const name = image.names[row]!;
    for (const place of this.#placesOf.get(name) ?? []) {
      const same = here.places[place]!.rows.find((one) => here.image.names[one] === name)!;
      const isOf = isLocal(here.image, same)
        ? isLocal(image, row) && here.image.groups[here.image.group[same]!] === baseName
        : !isLocal(image, row);
      if (isOf && Buffer.compare(here.bytesOf(same), from.code.bytesOf(row)) === 0)
        return { place, row: same };
    }
    return undefined;
  }
}
