import { hasAscending } from '../graph/columns.js';
import { edgeLines, SymbolFlags } from '../graph/unit-graph.js';
import { isStuck } from '../graph/unit-symbols.js';
import type { MemberKeys, MemberReader } from '../index/member-reader.js';
import type { IndexReader, PlaceRow, SymbolRow, UnitRow } from '../index/reader.js';
import { hasEmitted } from '../index/rows.js';
import {
  CALL,
  FOLDED,
  type Member,
  type MemberClass,
  type OpenEnd,
  type Step,
  type StuckReason,
} from './answer.js';
import { BodyNames } from './body-names.js';
import { Declarations } from './declarations.js';
import { CALL_EDGE, type EntryList, FOLD_EDGE, NO_EDGE } from './entries.js';
import { foldedInto } from './folds.js';
import { knownPlaces } from './known-places.js';
import type { PatchSets } from './patch-set.js';
import type { UnitCode } from './unit-code.js';
import { type What, whatIs, whatIsGone } from './what-is.js';

/**
 * Puts entries in words, all of an answer at once: each body, or name without one, is looked up once, in columns, and
 * members are views of them. A million members of full objects would take over a gigabyte.
 *
 * @param asked the name that was asked for: its body goes by it
 */
export function describe(
  index: IndexReader,
  sets: PatchSets,
  asked: number,
  lists: readonly EntryList[],
): Member[][] {
  const describer = new Describer(index, sets, asked, lists);
  return lists.map((list, at) => {
    const keys = describer.keysOf[at]!;
    return Array.from(keys, (key, place) => new MemberView(describer, key, list, place));
  });
}

/** What is said of each body and each name of the lists, found by a key: its place among them. */
class Describer {
  readonly index: IndexReader;
  readonly sets: PatchSets;
  readonly names: BodyNames;
  /** By list, the key of each place. */
  readonly keysOf: readonly Int32Array[];
  readonly #target: Int32Array;
  /** Key -> its unit and the name that it is written by. */
  readonly #keys: MemberKeys;
  /** Declarations of names without a body, and of bodies with several names. */
  #declaredGone: Declarations | undefined;
  #declaredSeveral: Declarations | undefined;
  #symbols: ReadonlyMap<number, SymbolRow> | undefined;
  #placesOfOthers: ReadonlyMap<number, readonly PlaceRow[]> | undefined;
  /** By key, of bodies. */
  readonly #whats = new Map<number, What>();
  /** The one that was asked for last: mostly several things of it are. */
  #lastKey = -1;
  #lastWhat: What | undefined;
  readonly #placeOf = new WeakMap<EntryList, Map<number, number>>();
  readonly #lines = new Map<UnitCode, Int32Array>();
  readonly #goneWhats = new Map<UnitRow, readonly [What, What]>();

  constructor(index: IndexReader, sets: PatchSets, asked: number, lists: readonly EntryList[]) {
    this.index = index;
    this.sets = sets;
    const { graph } = sets;
    const { targets, listOf, keysOf } = giveKeys(lists, graph.bodyCount);
    this.keysOf = keysOf;
    this.#target = targets;
    const units = targets.map((target, key) =>
      target < 0 ? lists[listOf[key]!]!.unit.row.id : graph.unitIdOf(target),
    );
    graph.expect(countOnce(units));
    this.names = new BodyNames(index, graph, asked, this.#target);
    this.#keys = {
      unit: units,
      name: this.#target.map((target) => (target < 0 ? -1 - target : this.names.own(target))),
    };
  }

  /** The place of a key's only name in the build's columns; -1 of a name without a body, and of a body with several. */
  #only(key: number): number {
    const target = this.#target[key]!;
    return target >= 0 && this.sets.graph.onlyName(target) !== 0 ? this.sets.graph.itself(target) : -1;
  }

  /** A declaration that the build's columns do not tell; all such are looked up when the first is asked for. */
  #declaredOther(key: number): number {
    const read = (isWanted: (one: number) => boolean, othersOf: (one: number) => readonly number[]) =>
      new Declarations(this.index.members, this.sets.graph, this.#keys, isWanted, othersOf);
    if (this.#target[key]! < 0) {
      this.#declaredGone ??= read(
        (one) => this.#target[one]! < 0,
        () => NOTHING,
      );
    } else {
      this.#declaredSeveral ??= read(
        (one) => this.#target[one]! >= 0 && this.#only(one) < 0,
        (one) => this.names.others(this.#target[one]!),
      );
    }
    return (this.#target[key]! < 0 ? this.#declaredGone! : this.#declaredSeveral!).of(key);
  }

  /** Rows of a table for emitted bodies, read when the first of them is asked for: not every answer needs them. */
  #rows<K extends 'symbols' | 'places'>(
    what: K,
    isWanted: (key: number) => boolean,
  ): Map<number, NonNullable<ReturnType<MemberReader[K]>[number]>> {
    const keys = this.#keys;
    const emitted = Int32Array.from(this.#target.keys()).filter(
      (key) => this.#target[key]! >= 0 && hasEmitted(this.unit(key)) && isWanted(key),
    );
    return rowsOf(this.index.members, emitted, keys, what);
  }

  /** The places in a list of the members that call a stuck one. */
  callersIn(list: EntryList, place: number): readonly number[] {
    const target = list.target(place);
    const { graph } = this.sets;
    if (target < 0 || !isStuck(graph.state(target))) return NOTHING;
    let placeOf = this.#placeOf.get(list);
    if (!placeOf) {
      placeOf = new Map(Array.from(list.targets, (of, at) => [of, at]));
      this.#placeOf.set(list, placeOf);
    }
    const places: number[] = [];
    for (const caller of graph.callers(target)) {
      const at = placeOf.get(caller);
      if (at !== undefined) places.push(at);
    }
    return places.sort((a, b) => a - b);
  }

  /** The dump's line of an edge. */
  lineOf(unit: UnitCode, edge: number): number {
    let lines = this.#lines.get(unit);
    if (!lines) {
      lines = edgeLines(unit.step);
      this.#lines.set(unit, lines);
    }
    return lines[edge]!;
  }

  unit(key: number): UnitRow {
    return this.index.unit(this.#keys.unit[key]!);
  }

  name(key: number): string {
    return this.names.text(this.#keys.name[key]!);
  }

  /** Sorted. */
  folded(key: number): readonly string[] {
    const target = this.#target[key]!;
    if (target < 0 || !this.sets.graph.isKeeper(target)) return NOTHING;
    const names = foldedInto(this.sets.graph.unitOf(target), target);
    return names.length === 0 ? NOTHING : [...this.index.members.texts(Int32Array.from(names))].sort();
  }

  aliases(key: number): readonly string[] {
    const target = this.#target[key]!;
    return target < 0 ? NOTHING : this.names.aliases(target);
  }

  file(key: number): string {
    const body = this.#only(key);
    const path = body < 0 ? Math.floor(this.#declaredOther(key) / 2 ** 24) : this.sets.graph.path(body);
    if (path === 0) return '';
    return this.index.members.path(path);
  }

  line(key: number): number {
    const body = this.#only(key);
    return body < 0 ? this.#declaredOther(key) % 2 ** 24 : this.sets.graph.line(body);
  }

  symbol(key: number): SymbolRow | undefined {
    this.#symbols ??= this.#rows('symbols', () => true);
    return this.#symbols.get(key);
  }

  places(key: number): readonly PlaceRow[] {
    const body = this.#only(key);
    if (body >= 0) return knownPlaces(this.index, this.sets.graph, body);
    this.#placesOfOthers ??= this.#rows('places', (one) => this.#only(one) < 0);
    return this.#placesOfOthers.get(key) ?? NOTHING;
  }

  unplaced(key: number): readonly string[] {
    const { images } = this.unit(key);
    const body = this.#only(key);
    // A unit's symbols are in its own linked objects alone.
    if (images.length === 0 || (images.length === 1 && body >= 0 && this.sets.graph.placeCount(body) > 0)) {
      return NOTHING;
    }
    const places = this.places(key);
    return images.filter((object) => !places.some((place) => place.object === object));
  }

  isGlobal(key: number): boolean {
    const target = this.#target[key]!;
    if (target < 0 || !hasEmitted(this.unit(key))) return false;
    return !SymbolFlags.isLocal(this.names.ownFlags(target));
  }

  what(key: number): What {
    if (key === this.#lastKey) return this.#lastWhat!;
    const target = this.#target[key]!;
    let what = target < 0 ? this.#whatIsGone(key, -1 - target) : this.#whats.get(key);
    if (!what) {
      what = whatIs(this.index, this.sets, this.names, target);
      this.#whats.set(key, what);
    }
    this.#lastKey = key;
    this.#lastWhat = what;
    return what;
  }

  #whatIsGone(key: number, name: number): What {
    const unit = this.unit(key);
    let whats = this.#goneWhats.get(unit);
    if (!whats) {
      whats = whatIsGone(hasEmitted(unit));
      this.#goneWhats.set(unit, whats);
    }
    return whats[hasAscending(this.sets.graph.unit(unit.id).cloneNames, name) ? 1 : 0];
  }
}

const NOTHING: readonly never[] = [];

/**
 * Gives each body, and each name without one, of a unit, a key, counted from 0 as they first come in the lists.
 *
 * @returns by key, what it is of and the list that has it first; by list, the key of each place
 */
function giveKeys(lists: readonly EntryList[], bodyCount: number) {
  if (lists.length === 1) {
    const [{ targets }] = lists as [EntryList];
    return { targets, listOf: new Int32Array(targets.length), keysOf: [targets.map((_, place) => place)] };
  }
  const targets: number[] = [];
  const listOf: number[] = [];
  const bodies = new Int32Array(bodyCount).fill(-1);
  const gone = new Map<UnitCode, Map<number, number>>();
  const keysOf = lists.map((list, at) => {
    const names = gone.get(list.unit) ?? new Map<number, number>();
    gone.set(list.unit, names);
    return list.targets.map((target) => {
      const known = target < 0 ? names.get(target) : bodies[target]!;
      if (known !== undefined && known >= 0) return known;
      const key = targets.push(target) - 1;
      listOf.push(at);
      if (target < 0) names.set(target, key);
      else bodies[target] = key;
      return key;
    });
  });
  return { targets: Int32Array.from(targets), listOf: Int32Array.from(listOf), keysOf };
}

/** How many different ones there are, mostly in runs of the same. */
function countOnce(numbers: Int32Array): number {
  const seen = new Set<number>();
  let last: number | undefined;
  for (const number of numbers) {
    if (number !== last) seen.add(number);
    last = number;
  }
  return seen.size;
}

function rowsOf<K extends 'symbols' | 'places'>(
  members: MemberReader,
  emitted: Int32Array,
  keys: MemberKeys,
  what: K,
): Map<number, NonNullable<ReturnType<MemberReader[K]>[number]>> {
  const rows = members[what]({
    unit: emitted.map((key) => keys.unit[key]!),
    name: emitted.map((key) => keys.name[key]!),
  });
  const found = new Map<number, NonNullable<ReturnType<MemberReader[K]>[number]>>();
  emitted.forEach((key, at) => {
    const row = rows[at];
    if (row !== undefined) found.set(key, row as NonNullable<ReturnType<MemberReader[K]>[number]>);
  });
  return found;
}

/** A member, told from the columns of its answer. */
class MemberView implements Member {
  readonly #of: Describer;
  readonly #key: number;
  readonly #list: EntryList;
  readonly #place: number;

  constructor(of: Describer, key: number, list: EntryList, place: number) {
    this.#of = of;
    this.#key = key;
    this.#list = list;
    this.#place = place;
  }

  get key(): number {
    return this.#key;
  }

  get unit(): UnitRow {
    return this.#of.unit(this.#key);
  }

  get name(): string {
    return this.#of.name(this.#key);
  }

  get aliases(): readonly string[] {
    return this.#of.aliases(this.#key);
  }

  get folded(): readonly string[] {
    return this.#of.folded(this.#key);
  }

  get file(): string {
    return this.#of.file(this.#key);
  }

  get line(): number {
    return this.#of.line(this.#key);
  }

  get class(): MemberClass {
    return this.#of.what(this.#key).class;
  }

  get clone(): boolean {
    return this.#of.what(this.#key).clone;
  }

  get stuck(): StuckReason | null {
    return this.#of.what(this.#key).stuck;
  }

  get binary(): string | null {
    return this.#of.what(this.#key).binary;
  }

  get live(): boolean {
    return this.#of.what(this.#key).live;
  }

  get deadEnd(): boolean {
    return this.#of.what(this.#key).deadEnd;
  }

  get open(): readonly OpenEnd[] {
    return this.#of.what(this.#key).open;
  }

  get verified(): boolean {
    return this.#of.what(this.#key).verified;
  }

  get symbol(): SymbolRow | undefined {
    return this.#of.symbol(this.#key);
  }

  get places(): readonly PlaceRow[] {
    return this.#of.places(this.#key);
  }

  get global(): boolean {
    return this.#of.isGlobal(this.#key);
  }

  get unplaced(): readonly string[] {
    return this.#of.unplaced(this.#key);
  }

  get exported(): boolean {
    return this.#of.what(this.#key).exported;
  }

  get calledBy(): readonly number[] {
    return this.#of.callersIn(this.#list, this.#place);
  }

  get step(): Step | undefined {
    const edge = this.#list.edge(this.#place);
    if (edge === NO_EDGE) return undefined;
    const from = this.#list.from(this.#place);
    if (edge === CALL_EDGE) return { from, kind: CALL, seq: null };
    if (edge === FOLD_EDGE) return { from, kind: FOLDED, seq: null };
    return {
      from,
      kind: this.#of.index.kind(this.#list.unit.kind[edge]!),
      seq: this.#of.lineOf(this.#list.unit, edge),
    };
  }
}
