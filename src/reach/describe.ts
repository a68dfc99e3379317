import type { MemberKeys, MemberReader } from '../index/member-reader.js';
import type { IndexReader, PlaceRow, SymbolRow, UnitRow } from '../index/reader.js';
import { ReferenceKind } from '../index/unit-facts.js';
import { edgeLines } from '../index/unit-graph.js';
import {
  CALL,
  FOLDED,
  type Member,
  type MemberClass,
  MOST_REFERENCES,
  type OpenEnd,
  type OpenReason,
  type Step,
  type StuckReason,
} from './answer.js';
import { BodyNames } from './body-names.js';
import { Open } from './code-graph.js';
import { CALL_EDGE, type EntryList, FOLD_EDGE, NO_EDGE } from './entries.js';
import { foldedInto } from './folds.js';
import type { PatchSets } from './patch-set.js';
import { isStuck, State } from './unit-code.js';

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
  return lists.map((list) => {
    const lines = list.edge.some((edge) => edge >= 0) ? edgeLines(list.unit.step) : undefined;
    return list.target.map((target, place) => {
      const key = describer.keyOf(list, target);
      return new MemberView(describer, key, list, place, lines);
    });
  });
}

type What = Pick<
  Member,
  'class' | 'clone' | 'stuck' | 'binary' | 'live' | 'exported' | 'deadEnd' | 'open' | 'verified'
>;

/** What is said of each body and each name of the lists, found by a key: its place among them. */
class Describer {
  readonly index: IndexReader;
  readonly sets: PatchSets;
  readonly names: BodyNames;
  /** Body -> key, and for names without a body `UNIT NAME` -> key. */
  readonly #bodies: Int32Array;
  readonly #gone = new Map<string, number>();
  readonly #target: Int32Array;
  /** Key -> its unit and the name that it is written by. */
  readonly #keys: MemberKeys;
  readonly #paths = new Map<number, string>();
  /** Key -> path * 2^24 + line, as the index packs a declaration; 0 for none. */
  readonly #declared: Float64Array;
  #symbols: ReadonlyMap<number, SymbolRow> | undefined;
  #places: ReadonlyMap<number, readonly PlaceRow[]> | undefined;
  readonly #whats = new Map<number, What>();
  readonly #placeOf = new WeakMap<EntryList, Map<number, number>>();
  readonly #goneWhats = new Map<UnitRow, [What, What]>();

  constructor(index: IndexReader, sets: PatchSets, asked: number, lists: readonly EntryList[]) {
    this.index = index;
    this.sets = sets;
    this.#bodies = new Int32Array(sets.graph.bodyCount).fill(-1);
    const targets: number[] = [];
    const units: number[] = [];
    for (const { unit, target: list } of lists) {
      for (const target of list) {
        if (!this.#addKey(unit.row, target, targets.length)) continue;
        targets.push(target);
        units.push((target < 0 ? unit : sets.graph.unitOf(target)).row.id);
      }
    }
    this.#target = Int32Array.from(targets);
    this.names = new BodyNames(index, sets.graph, asked, this.#target);
    this.#keys = {
      unit: Int32Array.from(units),
      name: this.#target.map((target) => (target < 0 ? -1 - target : this.names.own(target))),
    };
    const { members } = index;
    this.#declared = members.declarations(this.#keys);
    for (const [id, path] of members.paths(this.#declared)) this.#paths.set(id, path);
  }

  /** Rows of a table for all emitted bodies, read when the first of them is asked for: not every answer needs them. */
  #rows<K extends 'symbols' | 'places'>(
    what: K,
  ): Map<number, NonNullable<ReturnType<MemberReader[K]>[number]>> {
    const keys = this.#keys;
    const emitted = Int32Array.from(this.#target.keys()).filter(
      (key) => this.#target[key]! >= 0 && this.unit(key).object === 'read',
    );
    return rowsOf(this.index.members, emitted, keys, what);
  }

  /** The places in a list of the members that call a stuck one. */
  callersIn(list: EntryList, place: number): readonly number[] {
    const target = list.target[place]!;
    const { graph } = this.sets;
    if (target < 0 || !isStuck(graph.state(target))) return NOTHING;
    let placeOf = this.#placeOf.get(list);
    if (!placeOf) {
      placeOf = new Map(list.target.map((of, at) => [of, at]));
      this.#placeOf.set(list, placeOf);
    }
    const places: number[] = [];
    for (const caller of graph.callers(target)) {
      const at = placeOf.get(caller);
      if (at !== undefined) places.push(at);
    }
    return places.sort((a, b) => a - b);
  }

  keyOf({ unit }: EntryList, target: number): number {
    return target >= 0 ? this.#bodies[target]! : this.#gone.get(`${unit.row.id} ${target}`)!;
  }

  /** Whether a target has no key yet, and gets this one. */
  #addKey(unit: UnitRow, target: number, key: number): boolean {
    if (target >= 0) {
      if (this.#bodies[target]! >= 0) return false;
      this.#bodies[target] = key;
    } else {
      const id = `${unit.id} ${target}`;
      if (this.#gone.has(id)) return false;
      this.#gone.set(id, key);
    }
    return true;
  }

  unit(key: number): UnitRow {
    return this.sets.graph.unit(this.#keys.unit[key]!).row;
  }

  name(key: number): string {
    return this.names.text(this.#keys.name[key]!);
  }

  /** Sorted. */
  folded(key: number): readonly string[] {
    const target = this.#target[key]!;
    if (target < 0 || this.sets.graph.itself(target) !== target) return NOTHING;
    const names = foldedInto(this.sets.graph.unitOf(target), target);
    return names.length === 0 ? NOTHING : [...this.index.members.texts(Int32Array.from(names))].sort();
  }

  aliases(key: number): readonly string[] {
    const target = this.#target[key]!;
    return target < 0 ? NOTHING : this.names.aliases(target);
  }

  file(key: number): string {
    const declared = this.#declared[key]!;
    return declared === 0 ? '' : this.#paths.get(Math.floor(declared / 2 ** 24))!;
  }

  line(key: number): number {
    return this.#declared[key]! % 2 ** 24;
  }

  symbol(key: number): SymbolRow | undefined {
    this.#symbols ??= this.#rows('symbols');
    return this.#symbols.get(key);
  }

  places(key: number): readonly PlaceRow[] {
    this.#places ??= this.#rows('places');
    return this.#places.get(key) ?? NOTHING;
  }

  what(key: number): What {
    const target = this.#target[key]!;
    if (target < 0) return this.#whatIsGone(key, -1 - target);
    let what = this.#whats.get(target);
    if (!what) {
      what = whatIs(this.index, this.sets, this.names, target);
      if (isStuck(this.sets.graph.state(target))) this.#whats.set(target, what);
    }
    return what;
  }

  #whatIsGone(key: number, name: number): What {
    const unit = this.unit(key);
    let whats = this.#goneWhats.get(unit);
    if (!whats) {
      const gone = { class: 'gone', verified: unit.object === 'read', ...NOT_STUCK } as const;
      whats = [
        { ...gone, clone: false },
        { ...gone, clone: true },
      ];
      this.#goneWhats.set(unit, whats);
    }
    return whats[this.sets.graph.unit(unit.id).cloneNames.includes(name) ? 1 : 0];
  }
}

const NOTHING: readonly never[] = [];

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
  readonly #lines: Int32Array | undefined;

  constructor(of: Describer, key: number, list: EntryList, place: number, lines: Int32Array | undefined) {
    this.#of = of;
    this.#key = key;
    this.#list = list;
    this.#place = place;
    this.#lines = lines;
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

  get exported(): boolean {
    return this.#of.what(this.#key).exported;
  }

  get calledBy(): readonly number[] {
    return this.#of.callersIn(this.#list, this.#place);
  }

  get step(): Step | undefined {
    const edge = this.#list.edge[this.#place]!;
    if (edge === NO_EDGE) return undefined;
    const from = this.#list.from[this.#place]!;
    if (edge === CALL_EDGE) return { from, kind: CALL, seq: null };
    if (edge === FOLD_EDGE) return { from, kind: FOLDED, seq: null };
    return { from, kind: this.#of.index.kind(this.#list.unit.kind[edge]!), seq: this.#lines![edge]! };
  }
}

const NOT_STUCK = {
  stuck: null,
  binary: null,
  live: false,
  exported: false,
  deadEnd: false,
  open: NOTHING,
} as const;

/** Classes of bodies that are not stuck; clones among them are told apart. */
const UNSTUCK: Readonly<Record<number, readonly [What, What]>> = Object.fromEntries(
  (
    [
      [State.redirectable, 'patch', true],
      [State.init, 'init', true],
      [State.discarded, 'discarded', true],
      [State.unverified, 'unverified', false],
      [State.unverifiedClone, 'unverified', false],
    ] as const
  ).map(([state, of, verified]) => {
    const what = { class: of, verified, ...NOT_STUCK };
    return [
      state,
      [
        { ...what, clone: false },
        { ...what, clone: true },
      ],
    ];
  }),
);

const REASON_OF_STATE: Readonly<Record<number, StuckReason>> = {
  [State.clone]: 'clone',
  [State.noSite]: 'no-site',
  [State.outOfReach]: 'out-of-reach',
  [State.moduleExit]: 'module-exit',
  [State.folded]: 'folded',
};

function whatIs(index: IndexReader, sets: PatchSets, names: BodyNames, body: number): What {
  const { graph } = sets;
  const state = graph.state(body);
  if (state === State.unverifiedClone) return UNSTUCK[state]![1];
  const clone = state !== State.unverified && names.isClone(body);
  if (!isStuck(state)) return UNSTUCK[state]![clone ? 1 : 0];
  const stuck = REASON_OF_STATE[state]!;
  const live = sets.isLive(body);
  return {
    class: stuck === 'clone' ? 'clone' : 'blocked',
    clone,
    stuck,
    binary: graph.unitOf(body).away?.name ?? null,
    live,
    exported: !live && isExported(index, sets, names, body),
    deadEnd: sets.isDeadEnd(body),
    open: openEnds(index, sets, body),
    verified: true,
  };
}

function isExported(index: IndexReader, sets: PatchSets, names: BodyNames, body: number): boolean {
  return sets.graph
    .linkNames(body)
    .some(({ name, local }) => !local && index.exporters(sets.graph.build, names.text(name)).length > 0);
}

const REASONS: readonly (readonly [bit: number, reason: OpenReason, kind: number | undefined])[] = [
  [Open.address, 'address', ReferenceKind.address],
  [Open.nodumpCaller, 'nodump-caller', ReferenceKind.namelessCall],
  [Open.callersUnknown, 'callers-unknown', undefined],
];

function openEnds(index: IndexReader, sets: PatchSets, body: number): OpenEnd[] {
  const bits = sets.openEnds(body);
  return REASONS.filter(([bit]) => (bits & bit) !== 0).map(
    ([, reason, kind]) =>
      new LazyOpenEnd(reason, () => (kind === undefined ? [] : referencesTo(index, sets, body, kind))),
  );
}

/** Its references are looked up when they are printed: most of a large answer's never are. */
class LazyOpenEnd implements OpenEnd {
  readonly reason: OpenReason;
  readonly #find: () => OpenEnd['references'];
  #references: OpenEnd['references'] | undefined;

  constructor(reason: OpenReason, find: () => OpenEnd['references']) {
    this.reason = reason;
    this.#find = find;
  }

  get references(): OpenEnd['references'] {
    this.#references ??= this.#find();
    return this.#references;
  }
}

/** By the body's own names first, then by those of trampolines that hand on to it. */
function referencesTo(
  index: IndexReader,
  sets: PatchSets,
  body: number,
  kind: number,
): OpenEnd['references'] {
  const found: OpenEnd['references'][number][] = [];
  for (const { unit, body: meant, name, local } of sets.graph.referenceNames(body)) {
    for (const { from, ...reference } of index.members.references(
      name,
      kind,
      local ? unit.row.id : undefined,
    )) {
      if (found.length >= MOST_REFERENCES) return found;
      if (sets.graph.isMeant(from, name, meant)) found.push(reference);
    }
    found.push(...index.members.outsideReferences(unit.row.id, name, kind, MOST_REFERENCES));
  }
  return found.slice(0, MOST_REFERENCES);
}
