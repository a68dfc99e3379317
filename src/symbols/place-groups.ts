/**
 * Which dump each group of local symbols of a linked image belongs to. ld copies an object's local symbols as one group
 * behind its STT_FILE, in link order (bfd/elflink.c, elf_link_input_bfd), so a local function belongs to exactly one
 * group; but STT_FILE holds a base name only, and a kernel has a hundred `core.c`.
 *
 * A dump is ruled out by what cannot be: a clone that it has no record of, a local function that it removed. Of several
 * that are left, names and neighbours tell: objects of one folder are linked one after the other (Kbuild's built-in.a).
 */

/** A unit, as its dump tells of it. */
export interface DumpedUnit {
  /** Of its source, with a `/` at the end. */
  readonly folder: string;
  readonly baseName: string;
  /** Every name of its nodes, and whether all nodes of the name were removed. */
  readonly removed: ReadonlyMap<number, boolean>;
}

/** The local symbols of one object in a linked image. */
export interface SymbolGroup {
  readonly baseName: string;
  /** Names of its functions. */
  readonly functions: readonly number[];
  /** Those of them that only GCC's passes make. */
  readonly clones: readonly number[];
}

/**
 * @param groups in link order
 * @param isOpen whether a unit may be in the image that has a group
 * @returns the unit of each group, -1 where none fits or none can be told, and those that are left for it then
 */
export function placeGroups(
  groups: readonly SymbolGroup[],
  units: readonly DumpedUnit[],
  isOpen: (group: number, unit: number) => boolean,
): { unitOf: Int32Array; left: readonly (readonly number[])[] } {
  return new GroupPlacing(groups, units, isOpen).run();
}

/** Why a clear lead is one: so many more of the group's functions than the next candidate knows. */
const LEAD = 2;

class GroupPlacing {
  readonly #groups: readonly SymbolGroup[];
  readonly #units: readonly DumpedUnit[];
  readonly #unitOf: Int32Array;
  readonly #taken = new Set<number>();
  readonly #candidates: number[][];

  constructor(
    groups: readonly SymbolGroup[],
    units: readonly DumpedUnit[],
    isOpen: (group: number, unit: number) => boolean,
  ) {
    this.#groups = groups;
    this.#units = units;
    this.#unitOf = new Int32Array(groups.length).fill(-1);
    const byName = new Map<string, number[]>();
    units.forEach(({ baseName }, unit) => {
      const known = byName.get(baseName);
      if (known) known.push(unit);
      else byName.set(baseName, [unit]);
    });
    this.#candidates = groups.map((group, at) =>
      (byName.get(group.baseName) ?? []).filter((unit) => isOpen(at, unit) && fits(group, units[unit]!)),
    );
  }

  run(): { unitOf: Int32Array; left: readonly (readonly number[])[] } {
    const rules = [this.#only, this.#byNames, this.#byNeighbours, this.#byNearest];
    for (let rule = 0; rule < rules.length; ) {
      const found = new Map<number, number[]>();
      for (let group = 0; group < this.#groups.length; group++) {
        if (this.#unitOf[group]! >= 0) continue;
        this.#candidates[group] = this.#candidates[group]!.filter((unit) => !this.#taken.has(unit));
        const unit = rules[rule]!.call(this, group);
        if (unit !== undefined) found.set(unit, [...(found.get(unit) ?? []), group]);
      }
      let settled = 0;
      // Two groups that claim one unit leave it open.
      for (const [unit, claims] of found) {
        if (claims.length > 1) continue;
        this.#unitOf[claims[0]!] = unit;
        this.#taken.add(unit);
        settled++;
      }
      rule = settled > 0 ? 0 : rule + 1;
    }
    const left = this.#candidates.map((units, group) =>
      this.#unitOf[group]! >= 0 ? [] : units.filter((unit) => !this.#taken.has(unit)),
    );
    return { unitOf: this.#unitOf, left };
  }

  #only(group: number): number | undefined {
    const [only, ...others] = this.#candidates[group]!;
    return others.length === 0 ? only : undefined;
  }

  #byNames(group: number): number | undefined {
    const known = this.#candidates[group]!.map((unit) => ({ unit, count: this.#knownNames(group, unit) }));
    known.sort((a, b) => b.count - a.count);
    const [first, second] = known;
    return first && second && first.count >= second.count + LEAD ? first.unit : undefined;
  }

  #knownNames(group: number, unit: number): number {
    const { removed } = this.#units[unit]!;
    return this.#groups[group]!.functions.filter((name) => removed.has(name)).length;
  }

  /** Both neighbours are of one folder, and one candidate is. */
  #byNeighbours(group: number): number | undefined {
    const [before, after] = [this.#folderBeside(group, -1), this.#folderBeside(group, 1)];
    if (before === undefined || before !== after) return undefined;
    return this.#onlyIn(group, before);
  }

  /** One candidate is nearer to the neighbours' folders than the others. */
  #byNearest(group: number): number | undefined {
    const beside = [this.#folderBeside(group, -1), this.#folderBeside(group, 1)];
    const near = this.#candidates[group]!.map((unit) => {
      const { folder } = this.#units[unit]!;
      return { unit, shared: Math.max(...beside.map((other) => sharedFolders(folder, other ?? ''))) };
    });
    near.sort((a, b) => b.shared - a.shared);
    const [first, second] = near;
    return first && second && first.shared > second.shared ? first.unit : undefined;
  }

  #onlyIn(group: number, folder: string): number | undefined {
    const [only, ...others] = this.#candidates[group]!.filter((unit) => this.#units[unit]!.folder === folder);
    return others.length === 0 ? only : undefined;
  }

  #folderBeside(group: number, step: -1 | 1): string | undefined {
    for (let at = group + step; at >= 0 && at < this.#groups.length; at += step) {
      if (this.#unitOf[at]! >= 0) return this.#units[this.#unitOf[at]!]!.folder;
    }
    return undefined;
  }
}

function fits({ functions, clones }: SymbolGroup, { removed }: DumpedUnit): boolean {
  return clones.every((name) => removed.has(name)) && functions.every((name) => removed.get(name) !== true);
}

function sharedFolders(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')];
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
