/**
 * The units of a module that `strip --strip-debug` (INSTALL_MOD_STRIP=1) took the names of sources (STT_FILE) from. Kbuild
 * tells most: `foo.ko` is made of `foo.c` of its folder, or else of other sources of that folder or below it; which of
 * them, and where one ends and the next begins, the names tell that only one dump has.
 */
import type { DumpedUnit } from './place-groups.js';

/** A place in a module's code. */
export interface StrippedPlace {
  readonly section: number;
  readonly names: readonly number[];
}

export interface StrippedModule {
  /** Units in link order. */
  readonly units: readonly number[];
  /** By place: which of these it is of, or -1. */
  readonly groupOf: Int32Array;
}

/** A module's path as the kernel's folders have it: `drivers/net/` and `e1000e`. */
function partsOf(path: string): { folder: string; stem: string } {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return { folder, stem: plain(path.slice(folder.length).replace(/\.ko(?:\.\w+)?$/, '')) };
}

/** Module names have `_` where file names may have `-`. */
function plain(name: string): string {
  return name.replaceAll('-', '_');
}

/**
 * The units that a module may be made of: of its folder, below it, or of a folder that has no module (virt/kvm is part of
 * arch/x86/kvm's).
 *
 * @param paths those of all modules
 */
export function unitsOfModule(
  path: string,
  paths: readonly string[],
  units: readonly DumpedUnit[],
): number[] {
  const { folder, stem } = partsOf(path);
  const isOf = (unit: DumpedUnit) => endsWithFolder(folder, unit.folder);
  const stemOf = ({ baseName }: DumpedUnit) => plain(baseName.replace(/\.c$/, ''));
  const all = [...units.keys()];
  const single = all.find((at) => isOf(units[at]!) && stemOf(units[at]!) === stem);
  if (single !== undefined) return [single];
  const folders = foldersOf(paths);
  const others = new Set(paths.map(partsOf).flatMap((one) => (one.folder === folder ? [one.stem] : [])));
  return all.filter((at) => {
    const unit = units[at]!;
    if (isOf(unit)) return !others.has(stemOf(unit));
    return isBelow(folder, unit.folder) || !folders.some((one) => isBelow(one, unit.folder));
  });
}

function foldersOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => partsOf(path).folder))];
}

/** Whether a unit's folder is that of a module, or below it; those of no module are anybody's. */
export function isOfFolder(path: string, { folder }: DumpedUnit): boolean {
  const own = partsOf(path).folder;
  return endsWithFolder(own, folder) || isBelow(own, folder);
}

function endsWithFolder(path: string, folder: string): boolean {
  return path === folder || path.endsWith(`/${folder}`);
}

function isBelow(path: string, folder: string): boolean {
  for (let at = folder.indexOf('/'); at >= 0; at = folder.indexOf('/', at + 1)) {
    if (endsWithFolder(path, folder.slice(0, at + 1))) return true;
  }
  return false;
}

/** @param candidates places in `units` */
export function placeStripped(
  places: readonly StrippedPlace[],
  units: readonly DumpedUnit[],
  candidates: readonly number[],
): StrippedModule | undefined {
  const [only, ...others] = candidates;
  if (only === undefined) return undefined;
  if (others.length === 0) return { units: [only], groupOf: new Int32Array(places.length) };
  const owners = ownersByName(units, candidates);
  const owner = Int32Array.from(places, ({ names }) => ownerOf(names, owners));
  const order = linkOrder(owner);
  const rank = new Map(order.map((unit, nth) => [unit, nth]));
  const rankOf = owner.map((unit) => rank.get(unit) ?? -1);
  for (let at = 0; at < places.length; ) {
    let end = at;
    while (end < places.length && places[end]!.section === places[at]!.section) end++;
    keepAscending(rankOf.subarray(at, end));
    at = end;
  }
  return claimed(order, rankOf);
}

/** Fewer names than this may be another unit's that its dump does not mention. */
const ENOUGH = 2;

/** Only units that enough of the module is of: what a unit is said to have, it has nowhere else. */
function claimed(order: readonly number[], rankOf: Int32Array): StrippedModule | undefined {
  const count = order.map((_, nth) => rankOf.filter((rank) => rank === nth).length);
  const units = order.filter((_, nth) => count[nth]! >= ENOUGH);
  if (units.length === 0) return undefined;
  const groups = new Map(units.map((unit, group) => [order.indexOf(unit), group]));
  return { units, groupOf: rankOf.map((rank) => groups.get(rank) ?? -1) };
}

/** Name -> the one unit whose dump has it and did not remove it, or -1 where several do. */
function ownersByName(units: readonly DumpedUnit[], candidates: readonly number[]): Map<number, number> {
  const owners = new Map<number, number>();
  for (const unit of candidates) {
    for (const [name, isRemoved] of units[unit]!.removed) {
      if (!isRemoved) owners.set(name, owners.has(name) ? -1 : unit);
    }
  }
  return owners;
}

function ownerOf(names: readonly number[], owners: ReadonlyMap<number, number>): number {
  const all = new Set(names.map((name) => owners.get(name)).filter((unit) => unit !== undefined));
  const [only = -1, ...others] = all;
  return others.length === 0 ? only : -1;
}

/** Units by the middle one of their places: most stand in `.text`, where each has one stretch. */
function linkOrder(owner: Int32Array): number[] {
  const places = new Map<number, number[]>();
  owner.forEach((unit, at) => {
    if (unit < 0) return;
    const known = places.get(unit);
    if (known) known.push(at);
    else places.set(unit, [at]);
  });
  const middle = ([, list]: [number, number[]]) => list[list.length >> 1]!;
  return [...places].sort((a, b) => middle(a) - middle(b)).map(([unit]) => unit);
}

/**
 * Leaves the longest sequence of a section's groups that is in link order. What stands against it has its name from
 * another unit: it is a function that its own dump does not mention.
 */
function keepAscending(groupOf: Int32Array): void {
  /** Length of a sequence -> the place that ends the one with the least group. */
  const ends: number[] = [];
  const before = new Int32Array(groupOf.length).fill(-1);
  groupOf.forEach((group, at) => {
    if (group < 0) return;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const between = (low + high) >>> 1;
      if (groupOf[ends[between]!]! <= group) low = between + 1;
      else high = between;
    }
    before[at] = low > 0 ? ends[low - 1]! : -1;
    ends[low] = at;
  });
  const kept = new Set<number>();
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at]!) kept.add(at);
  for (let at = 0; at < groupOf.length; at++) if (!kept.has(at)) groupOf[at] = -1;
}
