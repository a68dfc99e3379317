/**
 * Units without objects, as the linked objects have them (DOMAIN 6, "units from the linked image alone"): which
 * functions of which image are theirs, and what is not decided. Pure; src/index/image-unit-writer.ts keeps it.
 */
import { InputError } from '../errors.js';
import { groupOf } from '../symbols/code-places.js';
import type { Image } from '../symbols/image.js';
import {
  type CodePlace,
  type GroupKnowledge,
  type PlacedCode,
  placeGlobals,
} from '../symbols/place-globals.js';
import { type DumpedUnit, placeGroups, type SymbolGroup } from '../symbols/place-groups.js';
import { isOfFolder, placeStripped, unitsOfModule } from '../symbols/place-stripped.js';
import { ImageCode, type NamelessCode, type PlaceReferences } from './image-code.js';
import type { ObjectSymbols } from './image-files.js';

/** A unit that has no object. */
export interface DumpOnlyUnit extends DumpedUnit {
  readonly id: number;
  /** The places of the linked objects that it is known to be part of. */
  readonly images: readonly number[];
  textOf(name: number): string;
}

/** Where one image's code belongs. */
export interface ReadImage {
  /** Its place among the objects. */
  readonly at: number;
  readonly code: ImageCode;
  readonly references: PlaceReferences;
  /** By place: the unit, as its place in the list of units; -1 for none. */
  readonly unitOf: Int32Array;
  /** By place: the units that it may be of, where that is not decided. */
  readonly candidates: readonly (readonly number[])[];
  /** Code that belongs to a unit, of weak definitions that lost: nothing calls it. */
  readonly lost: readonly (NamelessCode & { readonly unit: number })[];
  /** By place, whether it is of a unit that has an object. */
  readonly isTaken: (place: number) => boolean;
  /** Whether places without candidates may be of units that no image is known to have. */
  readonly isOpen?: boolean;
}

export interface UnitsOfImages {
  readonly images: readonly ReadImage[];
  /** Unit -> the images that it has a group in. */
  readonly imagesOf: readonly ReadonlySet<number>[];
  /** Units that are in no image as far as is known, all of whose calls were read all the same. */
  readonly perhaps: readonly number[];
  /** Images that could not be read, and why. */
  readonly unread: readonly { readonly at: number; readonly why: string }[];
}

type ElfObject = Extract<ObjectSymbols, { source: 'elf' }>;

/**
 * @param isTaken whether a row of an image is a function of a unit that has an object
 * @param nameId the id of a name, as units have them
 */
export async function readUnitsOfImages(
  objects: readonly ObjectSymbols[],
  units: readonly DumpOnlyUnit[],
  isTaken: (image: number, row: number) => boolean,
  nameId: (name: string) => number,
  objdump?: string,
): Promise<UnitsOfImages> {
  const reader = new Reader(objects, units, isTaken, nameId);
  return reader.read(objdump);
}

/** GCC's suffixes of copies that it records. */
const CLONE = /\.(?:isra|constprop|part)\.\d+$/;

interface ImageGroups {
  readonly at: number;
  readonly object: ElfObject;
  /** The first of its groups among all. */
  readonly base: number;
}

class Reader {
  readonly #units: readonly DumpOnlyUnit[];
  readonly #isTaken: (image: number, row: number) => boolean;
  readonly #nameId: (name: string) => number;
  readonly #images: readonly ImageGroups[];
  readonly #groups: SymbolGroup[] = [];
  readonly #imageOf: number[] = [];
  /** Groups of units that have objects. */
  readonly #closed = new Set<number>();
  /** Modules without STT_FILE, by their places. */
  readonly #strippedPaths = new Map<number, string>();
  #unitOf: number[] = [];
  /** The units that are left for a group that has none. */
  #left: (readonly number[])[] = [];

  constructor(
    objects: readonly ObjectSymbols[],
    units: readonly DumpOnlyUnit[],
    isTaken: (image: number, row: number) => boolean,
    nameId: (name: string) => number,
  ) {
    this.#units = units;
    this.#isTaken = isTaken;
    this.#nameId = nameId;
    const images: ImageGroups[] = [];
    const inOrder = [...objects.entries()].sort(([, a], [, b]) => rank(a) - rank(b));
    for (const [at, object] of inOrder) {
      if (object.source !== 'elf') continue;
      images.push({ at, object, base: this.#groups.length });
      this.#addGroups(at, object.image);
    }
    this.#images = images;
  }

  async read(objdump?: string): Promise<UnitsOfImages> {
    const { unitOf, left } = this.#placeGroups();
    this.#unitOf = [...unitOf];
    this.#left = [...left];
    const images: ReadImage[] = [];
    const unread: { at: number; why: string }[] = [];
    for (const image of this.#images) {
      try {
        images.push(await this.#readImage(image, objdump));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        unread.push({ at: image.at, why: error.what });
      }
    }
    const imagesOf = this.#units.map(() => new Set<number>());
    this.#unitOf.forEach((unit, group) => {
      if (unit >= 0) imagesOf[unit]!.add(this.#imageOf[group]!);
    });
    return { images: this.#opened(images), imagesOf, perhaps: this.#perhaps(), unread };
  }

  /** Stripped modules that units of their folders are left for: what is nobody's in them is of those. */
  #opened(images: readonly ReadImage[]): ReadImage[] {
    const left = this.#leftUnits();
    return images.map((image) => {
      const path = this.#strippedPaths.get(image.at);
      const isOpen = path !== undefined && left.some((unit) => isOfFolder(path, this.#units[unit]!));
      return isOpen ? { ...image, isOpen } : image;
    });
  }

  /** Units that no image is known to have, but a stripped module may have: it was read, so that their calls were. */
  #perhaps(): number[] {
    const paths = [...this.#strippedPaths.values()];
    const claimed = new Set(
      this.#unitOf.flatMap((unit, group) =>
        unit >= 0 && this.#strippedPaths.has(this.#imageOf[group]!) ? [this.#units[unit]!.folder] : [],
      ),
    );
    return this.#leftUnits().filter((unit) => {
      const { folder } = this.#units[unit]!;
      return claimed.has(folder) || paths.some((path) => isOfFolder(path, this.#units[unit]!));
    });
  }

  #leftUnits(): number[] {
    const taken = new Set(this.#unitOf);
    return [...this.#units.keys()].filter((unit) => !taken.has(unit));
  }

  #addGroups(at: number, image: Image): void {
    const groups = image.groups.map((baseName) => ({
      baseName,
      functions: [] as number[],
      clones: [] as number[],
    }));
    const base = this.#groups.length;
    for (let row = 0; row < image.names.length; row++) {
      const group = groupOf(image, row);
      if (group === undefined || image.type[row] !== 2 || image.section[row]! <= 0) continue;
      if (this.#isTaken(at, row)) this.#closed.add(base + group);
      const name = image.names[row]!;
      const id = this.#nameId(name);
      groups[group]!.functions.push(id);
      if (CLONE.test(name)) groups[group]!.clones.push(id);
    }
    for (const group of groups) {
      this.#groups.push(group);
      this.#imageOf.push(at);
    }
  }

  #placeGroups() {
    const groups = this.#groups.map((group, at) =>
      this.#closed.has(at) ? { ...group, baseName: '' } : group,
    );
    return placeGroups(groups, this.#units, (group, unit) => {
      const { images } = this.#units[unit]!;
      return images.length === 0 || images.includes(this.#imageOf[group]!);
    });
  }

  async #readImage(of: ImageGroups, objdump?: string): Promise<ReadImage> {
    const { at, object } = of;
    const code = new ImageCode(object.elf, object.image);
    const ids = code.places.map(({ rows }) => rows.map((row) => this.#nameId(object.image.names[row]!)));
    const stripped = this.#stripped(of, code, ids);
    const { base, count } = stripped ?? { base: of.base, count: object.image.groups.length };
    const told = new Map<number, number>();
    const references = await code.read(
      this.#nameId,
      (place, group) => {
        if (code.places[place]!.group >= 0) return;
        told.set(place, (told.get(place) ?? group) === group ? group : -1);
      },
      objdump,
    );
    const nameless = code.nameless();
    const places = code.places.map(({ segment, group, named }, nth) => ({
      segment,
      names: ids[nth]!,
      group: stripped ? stripped.groupOf[nth]! : group,
      told: told.get(nth) ?? named,
    }));
    const knowledge: GroupKnowledge = {
      count,
      has: (group, name) => this.#has(base + group, name),
      isC: (group) => this.#isOpenC(base + group),
    };
    let placed = placeGlobals(places, knowledge);
    while (this.#settleLeft(base, placed, ids)) placed = placeGlobals(places, knowledge);
    if (stripped) placed = placeByLocals(code, references, places, placed, knowledge);
    const isTaken = (nth: number) => code.places[nth]!.rows.some((row) => this.#isTaken(at, row));
    const unitOf = Int32Array.from(placed, ({ group }, nth) =>
      group < 0 || isTaken(nth) ? -1 : this.#unitOf[base + group]!,
    );
    return {
      at,
      code,
      references,
      unitOf,
      isTaken,
      candidates: placed.map(({ candidates }, nth) =>
        candidates.flatMap((group) => {
          const unit = this.#unitOf[base + group]!;
          return unit < 0 || isTaken(nth) ? [] : [unit];
        }),
      ),
      lost: lostCode(nameless, placed, (group) => this.#unitOf[base + group] ?? -1),
    };
  }

  /** Groups of a module without STT_FILE, behind all others. */
  #stripped({ at, object }: ImageGroups, code: ImageCode, ids: readonly (readonly number[])[]) {
    const { image } = object;
    if (
      image.kind !== 'module' ||
      image.groups.some((name) => name.endsWith('.c') && !name.endsWith('.mod.c'))
    )
      return undefined;
    this.#strippedPaths.set(at, object.path);
    const taken = new Set(this.#unitOf);
    const paths = this.#images.map(({ object: { path } }) => path);
    const candidates = unitsOfModule(object.path, paths, this.#units).filter((unit) => {
      const { images } = this.#units[unit]!;
      return !taken.has(unit) && (images.length === 0 || images.includes(at));
    });
    const places = code.places.map(({ section }, nth) => ({ section, names: ids[nth]! }));
    const found = placeStripped(places, this.#units, candidates);
    if (!found) return undefined;
    const base = this.#groups.length;
    for (const unit of found.units) {
      this.#groups.push({ baseName: this.#units[unit]!.baseName, functions: [], clones: [] });
      this.#imageOf.push(at);
      this.#unitOf.push(unit);
      this.#left.push([]);
    }
    return { base, count: found.units.length, groupOf: found.groupOf };
  }

  #has(group: number, name: number): boolean | undefined {
    const unit = this.#unitOf[group]!;
    if (unit >= 0) return this.#units[unit]!.removed.get(name) === false;
    const mayHave = this.#left[group]!.some((one) => this.#units[one]!.removed.get(name) === false);
    return mayHave ? undefined : false;
  }

  /** Groups whose local functions do not tell their dump: the names of global ones that lie there may. */
  #settleLeft(base: number, placed: readonly PlacedCode[], ids: readonly (readonly number[])[]): boolean {
    const inGroup = placed.map(({ group }) => (group < 0 ? [] : [group]));
    const inRange = placed.map(({ candidates }) => candidates);
    return this.#settleClaims(base, inGroup, ids) || this.#settleClaims(base, inRange, ids);
  }

  /** @param groupsOf by place, the groups of the image that it is of or may be of */
  #settleClaims(
    base: number,
    groupsOf: readonly (readonly number[])[],
    ids: readonly (readonly number[])[],
  ): boolean {
    const taken = new Set(this.#unitOf);
    const leftOf = (group: number) =>
      this.#unitOf[group]! >= 0 ? [] : this.#left[group]!.filter((unit) => !taken.has(unit));
    const claims = new Map<number, Set<number>>();
    const claim = (group: number, unit: number) =>
      claims.set(group, (claims.get(group) ?? new Set()).add(unit));
    groupsOf.forEach((groups, place) => {
      for (const group of groups) {
        for (const unit of leftOf(base + group)) {
          const { removed } = this.#units[unit]!;
          if (ids[place]!.some((name) => removed.get(name) === false)) claim(base + group, unit);
        }
      }
    });
    this.#left.forEach((_, group) => {
      const [only, ...others] = leftOf(group);
      if (only !== undefined && others.length === 0) claim(group, only);
    });
    let settled = false;
    for (const [group, units] of claims) {
      const [unit] = units;
      const isRival = [...claims].some(([other, claimed]) => other !== group && claimed.has(unit!));
      if (units.size > 1 || isRival) continue;
      this.#unitOf[group] = unit!;
      settled = true;
    }
    return settled;
  }

  /** Whether a group is of a C source that a dump belongs to. */
  #isOpenC(group: number): boolean {
    const { baseName } = this.#groups[group]!;
    return baseName.endsWith('.c') && !baseName.endsWith('.mod.c') && !this.#closed.has(group);
  }
}

/**
 * A local function and what refers to it are of one unit: where no group of symbols tells of local ones, each tells of
 * the other.
 */
function placeByLocals(
  code: ImageCode,
  { by, target }: PlaceReferences,
  places: readonly CodePlace[],
  placed: PlacedCode[],
  knowledge: GroupKnowledge,
): PlacedCode[] {
  const pairs = [...by.keys()].flatMap((at) =>
    target[at]! >= 0 && code.isLocalPlace(target[at]!) ? [[by[at]!, target[at]!] as const] : [],
  );
  const told = places.map((place) => place.told);
  let now = placed;
  for (let more = true; more; ) {
    more = false;
    for (const [one, other] of pairs) {
      const [a, b] = [now[one]!.group, now[other]!.group];
      const [open, group] = a < 0 ? [one, b] : [other, a];
      if (a < 0 === b < 0 || told[open]! >= 0) continue;
      told[open] = group;
      more = true;
    }
    if (more)
      now = placeGlobals(
        places.map((place, nth) => ({ ...place, told: told[nth]! })),
        knowledge,
      );
  }
  return now;
}

/** vmlinux first: what its groups take, no module's can. */
function rank({ name }: ObjectSymbols): number {
  return name === 'vmlinux' ? 0 : 1;
}

/** Code that lies between two functions of one unit, or has an ftrace site and so is of C. */
function lostCode(
  nameless: readonly NamelessCode[],
  placed: readonly PlacedCode[],
  unitOf: (group: number) => number,
): (NamelessCode & { unit: number })[] {
  return nameless.flatMap((code) => {
    const before = placed[code.after]?.group ?? -1;
    const after = placed[code.after + 1]?.group ?? -1;
    const unit = before >= 0 ? unitOf(before) : -1;
    const isInside = before >= 0 && before === after && unit >= 0;
    return isInside || code.hasSite ? [{ ...code, unit: isInside ? unit : -1 }] : [];
  });
}
