/** What of one linked object each unit emitted, in the columns that an object gives (src/index/unit-facts.ts). */

import { STB_WEAK, STT_GNU_IFUNC } from '../elf/index.js';
import { ReferenceKind } from '../graph/open-ends.js';
import { bodiesOf, functionOfFragment, isTrampoline } from '../symbols/bodies.js';
import { isLocal } from '../symbols/code-places.js';
import { compilerNames, type DumpNames } from '../symbols/compiler-names.js';
import { Lifetime, lifetimeOf } from '../symbols/section-lifetime.js';
import type { DumpOnlyUnit, ReadImage } from './image-units.js';
import type { CompilerNameColumns, ReferenceColumns, SymbolColumns } from './unit-facts.js';

/** One unit's code in one image; words are the index's ids of names. */
export interface ImageEmitted {
  readonly symbols: SymbolColumns;
  readonly compilerNames: CompilerNameColumns;
  readonly references: ReferenceColumns;
  /** By symbol, its row in the image, or -1: a weak definition that lost, and what may be another unit's. */
  readonly rows: readonly number[];
  /** Bodies whose lifetime their section does not tell. */
  readonly lifetimes: ReadonlyMap<number, number>;
  /** Functions that only hand on to another one of the unit, and so may have been folded into it. */
  readonly maybeFolded: readonly number[];
}

/** @param imagesOf unit -> the images that it is in */
export function emittedOf(
  image: ReadImage,
  units: readonly DumpOnlyUnit[],
  imagesOf: readonly ReadonlySet<number>[],
  nameId: (name: string) => number,
): Map<number, ImageEmitted> {
  const placesOf = units.map((): number[] => []);
  const undecided = units.map((): number[] => []);
  image.unitOf.forEach((unit, place) => {
    if (unit >= 0) placesOf[unit]!.push(place);
    else for (const one of image.candidates[place]!) undecided[one]!.push(place);
  });
  const referencesOf = byUnit(image, units.length);
  const globals = globalPlaces(image, nameId);
  const withLost = new Set(image.lost.map(({ unit }) => unit));
  const emitted = new Map<number, ImageEmitted>();
  units.forEach((unit, at) => {
    if (!imagesOf[at]!.has(image.at)) return;
    const places = placesOf[at]!;
    const own = new Set(places.flatMap((place) => namesAt(image, place)).map(nameId));
    const lost = withLost.has(at) ? lostNames(unit, own, globals, image, at) : [];
    const code = new UnitInImage(image, unit, nameId);
    emitted.set(at, code.emitted(places, undecided[at]!, lost, referencesOf[at]!));
  });
  return emitted;
}

/**
 * The functions of an image that are of one of several units, as they are in the image: to what they call it does not
 * matter whose they are. One that ftrace cannot redirect may as well be assembly; what a local function is called by must
 * be of its unit. Both are left to code without a dump.
 *
 * @param claimed places of units that are in another image too
 */
export function undecidedOf(
  image: ReadImage,
  nameId: (name: string) => number,
  claimed: ReadonlySet<number> = NONE,
): ImageEmitted | undefined {
  const { candidates, unitOf, references, isOpen, isTaken } = image;
  const bound = new Set(
    references.by.filter(
      (_, at) => references.target[at]! >= 0 && image.code.isLocalPlace(references.target[at]!),
    ),
  );
  const places = candidates.flatMap((units, place) =>
    (units.length > 0 || isOpen) &&
    unitOf[place]! < 0 &&
    !isTaken(place) &&
    !claimed.has(place) &&
    !bound.has(place) &&
    isOfC(image, place)
      ? [place]
      : [],
  );
  if (places.length === 0) return undefined;
  const among = new Set(places);
  const own = references.by.flatMap((place, at) => (among.has(place) ? [at] : []));
  const emitted = new UnitInImage(image, NO_UNIT, nameId).emitted(places, [], [], own);
  return { ...emitted, maybeFolded: [] };
}

const NONE: ReadonlySet<number> = new Set();

function isOfC({ code: { places, image } }: ReadImage, place: number): boolean {
  const { rows, section } = places[place]!;
  const inModule = image.kind === 'module';
  const isInit =
    lifetimeOf({ inModule, section: image.sections[section]!, address: null }, undefined) === 'init';
  return isInit || rows.some((row) => image.traceable[row] === 1 || isTrampoline(image.names[row]!));
}

const NO_UNIT: DumpOnlyUnit = {
  id: 0,
  folder: '',
  baseName: '',
  images: [],
  removed: new Map(),
  textOf: () => '',
};

function namesAt({ code: { places, image } }: ReadImage, place: number): string[] {
  return places[place]!.rows.map((row) => image.names[row]!);
}

function byUnit({ references, unitOf }: ReadImage, count: number): number[][] {
  const found = Array.from({ length: count }, (): number[] => []);
  references.by.forEach((place, at) => {
    const unit = unitOf[place]!;
    if (unit >= 0) found[unit]!.push(at);
  });
  return found;
}

/** Global names of the image, and their places. */
function globalPlaces({ code: { places, image } }: ReadImage, nameId: (name: string) => number) {
  const found = new Map<number, number>();
  places.forEach(({ rows }, place) => {
    for (const row of rows) if (!isLocal(image, row)) found.set(nameId(image.names[row]!), place);
  });
  return found;
}

/** Functions of a unit that lost to another definition of the name: code without a name is left of them. */
function lostNames(
  { removed }: DumpOnlyUnit,
  own: ReadonlySet<number>,
  globals: ReadonlyMap<number, number>,
  { unitOf, candidates }: ReadImage,
  unit: number,
): number[] {
  return [...removed].flatMap(([name, isRemoved]) => {
    const place = globals.get(name);
    const isElsewhere =
      place !== undefined && unitOf[place] !== unit && !candidates[place]!.includes(unit) && !own.has(name);
    return !isRemoved && isElsewhere ? [name] : [];
  });
}

/** A function and what it may do at most to be a wrapper of what it was folded into: the tracer's call and a jump. */
const WRAPPER_SIZE = 16;
/** What is left of a split function (gcc/ipa-split.cc) looks like a wrapper to whoever has objects too (symbols/folds.ts). */
const PART = /\.part\.\d+/;

class UnitInImage {
  readonly #image: ReadImage;
  readonly #unit: DumpOnlyUnit;
  readonly #nameId: (name: string) => number;

  constructor(image: ReadImage, unit: DumpOnlyUnit, nameId: (name: string) => number) {
    this.#image = image;
    this.#unit = unit;
    this.#nameId = nameId;
  }

  emitted(
    places: readonly number[],
    undecided: readonly number[],
    lost: readonly number[],
    references: readonly number[],
  ): ImageEmitted {
    const { code } = this.#image;
    const { image } = code;
    const decided = places.flatMap((place) => code.places[place]!.rows.map((row) => ({ place, row })));
    decided.sort((a, b) => a.row - b.row);
    const open = undecided.flatMap((place) => code.places[place]!.rows.map((row) => ({ place, row })));
    const all = [...decided, ...open];
    const names = all.map(({ row }) => image.names[row]!);
    const found = bodiesOf({
      names,
      indirect: Uint8Array.from(all, ({ row }) => (image.type[row] === STT_GNU_IFUNC ? 1 : 0)),
      section: Uint32Array.from(all, ({ place }) => code.places[place]!.section),
      sectionName: Uint32Array.from(all, ({ place }) => code.places[place]!.section),
      value: Float64Array.from(all, ({ place }) => code.places[place]!.offset),
      size: Float64Array.from(all, ({ row }) => image.size[row]!),
      traceable: Uint8Array.from(all, ({ row }) => image.traceable[row]!),
    });
    const { bodies } = found;
    const lifetimes = new Map<number, number>();
    for (let at = decided.length; at < all.length; at++) lifetimes.set(found.body[at]!, Lifetime.undecided);
    const count = bodies.owner.length;
    const ids = names.map((name) => this.#nameId(name));
    const symbols: SymbolColumns = {
      name: Int32Array.from([...ids, ...lost]),
      body: Int32Array.from([...found.body, ...lost.map((_, nth) => count + nth)]),
      binding: Uint8Array.from([
        ...all.map(({ row }) => (isLocal(image, row) ? 0 : image.binding[row] || 1)),
        ...lost.map(() => STB_WEAK),
      ]),
      role: Uint8Array.from([...found.role, ...lost.map(() => 0)]),
      bodies: {
        section: Int32Array.from([
          ...Array.from(bodies.section, (section) => this.#nameId(image.sections[section]!)),
          ...lost.map(() => this.#nameId('.text')),
        ]),
        sectionIndex: Uint32Array.from([...bodies.sectionIndex, ...lost.map(() => 0)]),
        value: Float64Array.from([...bodies.value, ...lost.map((_, nth) => nth)]),
        size: Float64Array.from([...bodies.size, ...lost.map(() => 0)]),
        traceable: Uint8Array.from([...bodies.traceable, ...lost.map(() => 0)]),
        owner: Int32Array.from([...bodies.owner, ...lost.map((_, nth) => count + nth)]),
      },
      lostInModule: new Int32Array(0),
    };
    return {
      symbols,
      compilerNames: this.#compilerNames(names, found.role),
      references: this.#references(references),
      rows: [...decided.map(({ row }) => row), ...open.map(() => -1), ...lost.map(() => -1)],
      lifetimes,
      maybeFolded: this.#maybeFolded(places, references),
    };
  }

  #compilerNames(names: readonly string[], role: Uint8Array): CompilerNameColumns {
    const found = names.some((name) => /\.default|\.lto_priv|^_ZGV/.test(name))
      ? compilerNames(new NamesOfUnit(this.#unit, this.#nameId), { names, role }, [])
      : [];
    return {
      name: Int32Array.from(found, ({ name }) => this.#nameId(name)),
      symbol: Int32Array.from(found, ({ symbol }) => symbol),
    };
  }

  #references(own: readonly number[]): ReferenceColumns {
    const { references, code } = this.#image;
    const { image } = code;
    const calls = own.filter((at) => references.isCall[at]);
    const addresses = own.filter((at) => !references.isCall[at]);
    const by = (at: number) => this.#nameOf(references.by[at]!);
    const target = (at: number) => this.#nameOf(references.target[at]!);
    return {
      caller: Int32Array.from(calls, by),
      callee: Int32Array.from(calls, target),
      count: new Int32Array(calls.length).fill(1),
      target: Int32Array.from(addresses, target),
      by: Int32Array.from(addresses, by),
      section: Int32Array.from(addresses, (at) => this.#nameId(image.sections[references.section[at]!]!)),
      kind: new Uint8Array(addresses.length).fill(ReferenceKind.address),
      namelessCallee: new Int32Array(0),
      namelessSection: new Int32Array(0),
    };
  }

  /** A name by which references find a place: its first that is no fragment's. */
  #nameOf(place: number): number {
    if (place < 0) return -1 - place;
    const names = namesAt(this.#image, place);
    return this.#nameId(names.find((name) => functionOfFragment(name) === undefined) ?? names[0]!);
  }

  #maybeFolded(places: readonly number[], own: readonly number[]): number[] {
    const { code, references, unitOf } = this.#image;
    const callees = new Map<number, Set<number>>();
    for (const at of own) {
      const by = references.by[at]!;
      const known = callees.get(by) ?? new Set();
      callees.set(by, known.add(references.isCall[at] ? references.target[at]! : -1));
    }
    return places.flatMap((place) => {
      const [target, ...others] = callees.get(place) ?? [];
      if (target === undefined || target < 0 || others.length > 0 || target === place) return [];
      const { size } = code.places[place]!;
      const isPart = namesAt(this.#image, target).some((name) => PART.test(name));
      const isWrapper = size <= WRAPPER_SIZE && (isPart || code.onlyJumps(place));
      return isWrapper && unitOf[target] === unitOf[place]
        ? namesAt(this.#image, place).map((name) => this.#nameId(name))
        : [];
    });
  }
}

/** What a unit's dump names. */
class NamesOfUnit implements DumpNames {
  readonly #unit: DumpOnlyUnit;
  readonly #nameId: (name: string) => number;

  constructor(unit: DumpOnlyUnit, nameId: (name: string) => number) {
    this.#unit = unit;
    this.#nameId = nameId;
  }

  has(name: string): boolean {
    return this.#unit.removed.has(this.#nameId(name));
  }

  declares(): boolean {
    return false;
  }

  *[Symbol.iterator](): Iterator<string> {
    for (const name of this.#unit.removed.keys()) yield this.#unit.textOf(name);
  }
}
