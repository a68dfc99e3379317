/**
 * A build's emitted code as a graph: bodies, what each is to a livepatch, who calls whom after optimisation, and whose
 * address is taken. DOMAIN section 4 has the definitions; kernel/livepatch/core.c (klp_find_object_symbol) and patch.c
 * (klp_patch_func) are why a body needs a name and an ftrace site.
 */
import type { UnitColumns } from '../index/graph-reader.js';
import type { IndexReader, UnitRow } from '../index/reader.js';
import { ReferenceKind } from '../index/unit-facts.js';
import { decodeDump, type Numbers, SymbolFlags } from '../index/unit-graph.js';
import { Role } from '../symbols/bodies.js';
import { BuildFacts, type NameFacts, QueriedFacts } from './name-facts.js';
import { binaryOf, type OtherBinary, SOME_BINARY } from './out-of-reach.js';
import {
  addBodiesLinked,
  bodiesNamed,
  definesName,
  findName,
  isStuck,
  LoadedUnit,
  linkedCode,
  orderOfSymbols,
  State,
  type SymbolOrder,
  type UnitCode,
  unverifiedCode,
} from './unit-code.js';

/** Why a body may run though no caller that was found leads to it. */
export const Open = {
  /** Its address is taken. */
  address: 1,
  /** Code without a dump calls it. */
  nodumpCaller: 2,
  /** Some unit's calls were not read. */
  callersUnknown: 4,
  /** An init table or code without a dump that is init calls it: has run. */
  initCaller: 8,
} as const;

/** From so many units on, their rows are read with those of the whole build. */
const MANY = 32;

export class CodeGraph {
  readonly #index: IndexReader;
  readonly build: string;
  readonly #units = new Map<number, UnitCode>();
  readonly #unitOfBody: UnitCode[] = [];
  readonly #state: number[] = [];
  readonly #symbolOrder = new WeakMap<UnitCode, SymbolOrder>();
  /** Body -> the body that stands for it as the code of what was folded into it, and back. */
  readonly #foldedOf = new Map<number, number>();
  readonly #keptOf = new Map<number, number>();
  readonly #callers: (readonly number[] | undefined)[] = [];
  readonly #opens: (number | undefined)[] = [];
  readonly #vmlinux: number;
  #knownRuns: readonly (readonly [number, number])[] | undefined;
  #knownUnread: boolean | undefined;
  #facts: NameFacts;
  #isWhole = false;
  #hasRows = false;

  constructor(index: IndexReader, build: string) {
    this.#index = index;
    this.build = build;
    this.#vmlinux = index.imageId(build, 'vmlinux') ?? -1;
    this.#facts = new QueriedFacts(index.graph);
  }

  /** Ids of the build's units; not every answer asks for them. */
  get #runs(): readonly (readonly [number, number])[] {
    this.#knownRuns ??= runsOf(this.#index.unitIds(this.build));
    return this.#knownRuns;
  }

  get #callsUnread(): boolean {
    this.#knownUnread ??= this.#index.hasUnreadCalls(this.build);
    return this.#knownUnread;
  }

  /** The build's units in the order of their ids. */
  *unitIds(): Iterable<number> {
    for (const [first, last] of this.#runs) for (let id = first; id <= last; id++) yield id;
  }

  unit(id: number): UnitCode {
    if (!this.#units.has(id)) this.#load(id, id);
    return this.#units.get(id)!;
  }

  /** Reads several units, with as few queries as their ids allow. */
  load(ids: readonly number[]): void {
    const missing = [...new Set(ids)].filter((id) => !this.#units.has(id)).sort((a, b) => a - b);
    if (missing.length < MANY) {
      for (const id of missing) this.#load(id, id);
      return;
    }
    if (!this.#hasRows) this.#index.loadUnitRows(this.build);
    this.#hasRows = true;
    for (const [first, last] of runsOf(missing)) this.#load(first, last);
  }

  /** Reads the whole build at once, for questions that need most of it. */
  loadAll(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#hasRows = true;
    this.#index.loadUnitRows(this.build);
    for (const [first, last] of this.#runs) this.#load(first, last);
    this.#facts = new BuildFacts(this.#index.graph, [...this.#units.values()]);
  }

  /** Reads at once what `callers` and `open` tell of stuck bodies and of the stuck ones that lead to them. */
  expect(lists: readonly (readonly number[])[]): void {
    const facts = this.#facts;
    if (!(facts instanceof QueriedFacts)) return;
    const seen = new Set<number>();
    const addStuck = (body: number) => {
      if (isStuck(this.#state[body]!)) seen.add(body);
    };
    for (const bodies of lists) for (const body of bodies) addStuck(body);
    let done = 0;
    while (seen.size - done >= MANY) {
      const next = [...seen].slice(done);
      done = seen.size;
      const links = next.flatMap((body) => this.linkNames(body).map((link) => ({ ...link, body })));
      facts.expect([...new Set(links.map(({ name }) => name))]);
      const units = new Set<number>();
      for (const { name, local, body } of links) {
        facts.callers(name, local ? this.unitOf(body).row.id : undefined, (unit) => units.add(unit));
      }
      this.load([...units].filter((unit) => this.#isOfBuild(unit)));
      for (const body of next) for (const caller of this.callers(body)) addStuck(caller);
    }
  }

  unitOf(body: number): UnitCode {
    return this.#unitOfBody[body]!;
  }

  state(body: number): number {
    return this.#state[body]!;
  }

  /**
   * A body as the code of functions that were folded into its own (DOMAIN: identical code folding): stuck, as it cannot
   * be replaced for those alone, and called by all that calls it in its unit, as nobody tells whose callers those were.
   */
  asFolded(body: number): number {
    const known = this.#foldedOf.get(body);
    if (known !== undefined) return known;
    const state = this.#state[body]!;
    if (state !== State.redirectable && !isStuck(state)) return body;
    const folded = this.#state.push(State.folded) - 1;
    this.#unitOfBody.push(this.unitOf(body));
    this.#foldedOf.set(body, folded);
    this.#keptOf.set(folded, body);
    return folded;
  }

  /** The body that one stands for; itself, but for what {@link asFolded} gives. */
  itself(body: number): number {
    return this.#keptOf.get(body) ?? body;
  }

  /** How many bodies were read so far. */
  get bodyCount(): number {
    return this.#state.length;
  }

  /** Symbols (places in the unit's columns) that stand at a body; not those of its fragments. */
  symbolsOf(body: number): number[] {
    const { start, symbols } = this.#orderOf(this.unitOf(body));
    const place = this.#placeOf(body);
    return Array.from(symbols.subarray(start[place], start[place + 1]));
  }

  /** The symbol of a body that has but one, as nearly all have; -1 of any other. */
  onlySymbolOf(body: number): number {
    const { start, symbols } = this.#orderOf(this.unitOf(body));
    const place = this.#placeOf(body);
    const at = start[place]!;
    return start[place + 1]! - at === 1 ? symbols[at]! : -1;
  }

  /** A body's place among its unit's. */
  #placeOf(body: number): number {
    return this.itself(body) - this.unitOf(body).base;
  }

  #orderOf(unit: UnitCode): SymbolOrder {
    let order = this.#symbolOrder.get(unit);
    if (!order) {
      order = orderOfSymbols(unit);
      this.#symbolOrder.set(unit, order);
    }
    return order;
  }

  /** Every body that calls a body after optimisation, trampolines passed through; itself is never among them. */
  callers(body: number): readonly number[] {
    let callers = this.#callers[body];
    if (!callers) {
      callers = this.#findCallers(body);
      this.#callers[body] = callers;
    }
    return callers;
  }

  /** How many calls of a body each of its callers makes, as call graphs count them. */
  callCounts(body: number): Map<number, number> {
    const counts = new Map(this.callers(body).map((caller) => [caller, 0]));
    for (const { unit, name, local } of this.referenceNames(body)) {
      for (const [from, caller, count] of this.#index.graph.callCounts(
        name,
        local ? unit.row.id : undefined,
      )) {
        const code = this.#unitOfBuild(from);
        if (code === undefined) continue;
        const bodies: number[] = [];
        addBodiesLinked(bodies, code, caller);
        for (const found of bodies) {
          const known = counts.get(found);
          if (known !== undefined) counts.set(found, known + count);
        }
      }
    }
    return counts;
  }

  /** `Open` bits: what is known or unknown of a body besides its callers. */
  open(body: number): number {
    let open = this.#opens[body];
    if (open === undefined) {
      open = this.#findOpen(body);
      this.#opens[body] = open;
    }
    return open;
  }

  /** The names by which references find a body; of one that is not local, from other units too. */
  linkNames(body: number): { readonly name: number; readonly local: boolean }[] {
    const { symbolName, symbolFlags } = this.unitOf(body);
    const names: { name: number; local: boolean }[] = [];
    for (const symbol of this.symbolsOf(body)) {
      const flags = symbolFlags[symbol]!;
      if (SymbolFlags.isLost(flags) || SymbolFlags.role(flags) === Role.compilerName) continue;
      names.push({ name: symbolName[symbol]!, local: SymbolFlags.isLocal(flags) });
    }
    return names;
  }

  /** The names by which references reach a body, those of trampolines that hand on to it after its own. */
  referenceNames(
    body: number,
  ): { readonly unit: UnitCode; readonly body: number; readonly name: number; readonly local: boolean }[] {
    return this.#through(body).flatMap((one) =>
      this.linkNames(one).map((name) => ({ unit: this.unitOf(one), body: one, ...name })),
    );
  }

  /** Whether a unit of the index that refers to one of a body's names means that body. */
  isMeant(from: number, name: number, body: number): boolean {
    const unit = this.#unitOfBuild(from);
    return unit !== undefined && this.#reaches(unit, name, this.unitOf(body), body);
  }

  /** A body, and the trampolines that hand on to it. */
  #through(body: number): number[] {
    const through = [body];
    for (let at = 0; at < through.length; at++) {
      for (const caller of this.#directCallers(through[at]!)) {
        if (this.#state[caller] === State.trampoline && !through.includes(caller)) through.push(caller);
      }
    }
    return through;
  }

  #findCallers(body: number): number[] {
    const kept = this.#keptOf.get(body);
    if (kept !== undefined) {
      return this.callers(kept).filter((caller) => this.unitOf(caller) === this.unitOf(body));
    }
    const found = new Set<number>();
    for (const one of this.#through(body)) {
      for (const caller of this.#directCallers(one)) {
        if (caller !== body && this.#state[caller] !== State.trampoline) found.add(caller);
      }
    }
    return [...found];
  }

  #directCallers(body: number): number[] {
    const unit = this.unitOf(body);
    const found: number[] = [];
    for (const { name, local } of this.linkNames(body)) {
      const units: number[] = [];
      const callers: number[] = [];
      this.#facts.callers(name, local ? unit.row.id : undefined, (unitId, caller) => {
        if (!this.#isOfBuild(unitId)) return;
        units.push(unitId);
        callers.push(caller);
      });
      if (units.length >= MANY) this.load(units);
      let last = unit;
      let reaches = false;
      for (let at = 0; at < units.length; at++) {
        if (at === 0 || last.row.id !== units[at]) {
          last = this.unit(units[at]!);
          reaches = this.#reaches(last, name, unit, body);
        }
        if (reaches) addBodiesLinked(found, last, callers[at]!);
      }
    }
    return found;
  }

  #findOpen(body: number): number {
    const unit = this.unitOf(body);
    const kept = this.#keptOf.get(body);
    if (kept !== undefined) return this.open(kept) & this.#openBitsAsFolded(unit, kept);
    let open = hasCalls(unit.row) ? 0 : Open.callersUnknown;
    for (const { name, local } of this.linkNames(body)) {
      this.#facts.references(name, (unitId, kind) => {
        if (local && unitId !== unit.row.id) return;
        const from = this.#unitOfBuild(unitId);
        if (from !== undefined && this.#reaches(from, name, unit, body)) open |= OPEN_OF_KIND[kind]!;
      });
      for (const [target, kind] of this.#facts.outside(unit.row.id)) {
        if (target === name) open |= OPEN_OF_KIND[kind]!;
      }
      if (!local && this.#callsUnread) open |= Open.callersUnknown;
    }
    // Whoever takes or calls a trampoline takes or calls what it hands on to.
    for (const one of this.#through(body)) if (one !== body) open |= this.open(one) & ~Open.callersUnknown;
    return open;
  }

  /**
   * What is open of a body as the code of what was folded into it: its address may be that of a function that has no code
   * of its own; one that has, has its own address (gcc/ipa-icf.cc, sem_function::merge).
   */
  #openBitsAsFolded(unit: UnitCode, kept: number): number {
    const { folded, kept: into } = unit;
    for (let at = 0; at < folded.length; at++) {
      const isNowhere = bodiesNamed(unit, folded[at]!).length === 0;
      if (isNowhere && bodiesNamed(unit, into[at]!).includes(kept)) return Open.address | Open.callersUnknown;
    }
    return Open.callersUnknown;
  }

  /** Whether a unit that refers to one of a body's names means that body. */
  #reaches(from: UnitCode, name: number, unit: UnitCode, body: number): boolean {
    if (from === unit) return true;
    if (definesName(from, name)) return false;
    return this.#definitions(name, from).includes(body);
  }

  #unitOfBuild(id: number): UnitCode | undefined {
    const known = this.#units.get(id);
    if (known || this.#isWhole) return known;
    return this.#isOfBuild(id) ? this.unit(id) : undefined;
  }

  #isOfBuild(id: number): boolean {
    return this.#units.has(id) || this.#runs.some(([first, last]) => id >= first && id <= last);
  }

  /** The definitions that a unit's undefined (or lost weak) name resolves to: of its own linked object first. */
  #definitions(name: number, from: UnitCode): number[] {
    const found: number[] = [];
    this.#facts.definers(name, (unitId) => {
      const unit = this.#unitOfBuild(unitId);
      if (unit === undefined) return;
      for (let symbol = findName(unit, name); symbol >= 0 && unit.symbolName[symbol] === name; symbol++) {
        const flags = unit.symbolFlags[symbol]!;
        if (!SymbolFlags.isLocal(flags) && !SymbolFlags.isLost(flags)) found.push(unit.symbolBody[symbol]!);
      }
    });
    return found.length > 0 ? this.#linkable(found, from) : found;
  }

  #linkable(found: number[], from: UnitCode): number[] {
    const isIn = (image: number) => (body: number) => this.unitOf(body).images.includes(image);
    const isAlone = (body: number) => this.unitOf(body).images.length === 0;
    if (from.images.length === 0) {
      if (this.#vmlinux < 0) return found;
      const alone = found.filter(isAlone);
      const near = alone.filter((body) => folderOf(this.unitOf(body).row) === folderOf(from.row));
      return near.length > 0 ? near : alone;
    }
    const same = found.filter((body) => from.images.some((image) => isIn(image)(body)));
    // vmlinux has all that it refers to; a module's other names are exports of vmlinux or of other modules.
    if (same.length > 0 || from.images.includes(this.#vmlinux)) return same;
    const inVmlinux = found.filter(isIn(this.#vmlinux));
    return inVmlinux.length > 0 ? inVmlinux : found.filter((body) => !isAlone(body));
  }

  #load(first: number, last: number): void {
    for (const columns of this.#index.graph.units(first, last)) {
      if (!this.#units.has(columns.id)) this.#add(columns);
    }
  }

  #add({ id, dump, linked }: UnitColumns): void {
    const row = this.#index.unit(id);
    const base = this.#state.length;
    const away = this.#away(row, linked.images);
    const code =
      row.object === 'read' ? linkedCode(base, away, linked) : unverifiedCode(base, decodeDump(dump));
    const unit = new LoadedUnit(row, base, away, linked.images, code, dump);
    for (const state of code.states) {
      this.#state.push(state);
      this.#unitOfBody.push(unit);
    }
    this.#units.set(id, unit);
  }

  /** A unit that is in none of the linked objects; where these were not read, its folder tells. */
  #away(row: UnitRow, images: Numbers): OtherBinary | undefined {
    if (images.length > 0) return undefined;
    return binaryOf(row.source) ?? (this.#vmlinux < 0 ? undefined : SOME_BINARY);
  }
}

const OPEN_OF_KIND: readonly number[] = (() => {
  const bits: number[] = [];
  bits[ReferenceKind.address] = Open.address;
  bits[ReferenceKind.initTable] = Open.initCaller;
  bits[ReferenceKind.namelessCall] = Open.nodumpCaller;
  bits[ReferenceKind.namelessInitCall] = Open.initCaller;
  return bits;
})();

function hasCalls({ calls }: UnitRow): boolean {
  return calls === 'ci' || calls === 'objdump';
}

function folderOf({ source }: UnitRow): string {
  return source.slice(0, source.lastIndexOf('/') + 1);
}

function runsOf(ids: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const id of ids) {
    const last = runs.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else runs.push([id, id]);
  }
  return runs;
}
