/**
 * A build's emitted code as a graph: bodies, what each is to a livepatch, who calls whom after optimisation, and whose
 * address is taken. DOMAIN section 4 has the definitions. Linking made it when the build was indexed (graph/link-build.ts);
 * here it is read, and units' own graphs with it as they are asked for.
 */
import { Away, type BodyColumns, type GraphHead, PART, type UnitPart } from '../graph/build-graph.js';
import { lastNotAbove } from '../graph/columns.js';
import { folderOf, linkable } from '../graph/linkable.js';
import { Open } from '../graph/open-ends.js';
import { binaryOf, type OtherBinary, SOME_BINARY } from '../graph/out-of-reach.js';
import { type Numbers, SymbolFlags } from '../graph/unit-graph.js';
import { bodiesNamed, definesName, findName, isLinkName, isStuck, State } from '../graph/unit-symbols.js';
import type { IndexReader } from '../index/reader.js';
import { LoadedUnit, type UnitCode } from './unit-code.js';

/** From so many units on, those of the whole build are read at once. */
const MANY = 32;

/** A symbol of a linked object. */
export interface BodyPlace {
  readonly image: number;
  readonly symbol: number;
  readonly position: number;
  readonly total: number;
}

/** A name that leads references to a body, of its own or of a trampoline that hands on to it. */
export interface LinkName {
  readonly body: number;
  readonly unit: UnitCode;
  readonly name: number;
  readonly local: boolean;
}

export class CodeGraph {
  readonly #index: IndexReader;
  readonly build: string;
  readonly #buildId: number;
  readonly #head: GraphHead;
  readonly #parts: (BodyColumns | undefined)[] = [];
  readonly #unitParts: (UnitPart | undefined)[] = [];
  readonly #units = new Map<number, LoadedUnit>();
  /** How many bodies the build has. */
  readonly #bodies: number;
  /** Body -> the body that stands for it as the code of what was folded into it, and back. */
  readonly #foldedOf = new Map<number, number>();
  readonly #kept: number[] = [];
  #keepers: ReadonlySet<number> | undefined;
  #knownThrough: ReadonlyMap<number, readonly number[]> | undefined;
  #isWhole = false;

  constructor(index: IndexReader, build: string) {
    this.#index = index;
    this.build = build;
    this.#buildId = index.buildId(build);
    this.#head = index.graph.head(this.#buildId);
    this.#bodies = this.#head.base.at(-1)!;
  }

  /** The columns that hold a body, at the place {@link inPart}. */
  #part(body: number): BodyColumns {
    const part = Math.floor(body / PART);
    this.#parts[part] ??= this.#index.graph.bodies(this.#buildId, part);
    return this.#parts[part];
  }

  #loadParts(): void {
    this.#index.graph.allBodies(this.#buildId, this.#head).forEach((part, at) => {
      this.#parts[at] ??= part;
    });
    this.#index.graph.allUnits(this.#buildId, this.#head).forEach((part, at) => {
      this.#unitParts[at] ??= part;
    });
  }

  /** The build's units in the order of their ids. */
  unitIds(): Iterable<number> {
    return this.#head.unit;
  }

  unit(id: number): UnitCode {
    return this.#loaded(id);
  }

  #loaded(id: number): LoadedUnit {
    let unit = this.#units.get(id);
    if (!unit) {
      unit = this.#load(id);
      this.#units.set(id, unit);
    }
    return unit;
  }

  /** Reads the whole build at once, for questions that need most of it. */
  loadAll(): void {
    this.expect(this.#head.unit.length);
  }

  /** Reads the whole graph and the rows of all units at once, if so many will be asked for. */
  expect(units: number): void {
    if (this.#isWhole || units < MANY) return;
    this.#isWhole = true;
    this.#loadParts();
    this.#index.expectUnits(units);
  }

  #load(id: number): LoadedUnit {
    const { unit, base, unitPart } = this.#head;
    const place = lastNotAbove(unit, id);
    const part = lastNotAbove(unitPart, place);
    this.#unitParts[part] ??= this.#index.graph.units(this.#buildId, this.#head, part);
    const first = base[place]!;
    return new LoadedUnit(
      this.#index.unit(id),
      first,
      base[place + 1]! - first,
      this.#unitParts[part],
      place - unitPart[part]!,
    );
  }

  unitOf(body: number): UnitCode {
    return this.unit(this.unitIdOf(body));
  }

  unitIdOf(body: number): number {
    return this.#head.unit[this.#unitPlace(body)]!;
  }

  #unitPlace(body: number): number {
    return lastNotAbove(this.#head.base, this.itself(body));
  }

  /** Whether a body's binary is one that livepatch cannot reach: an `Away`. */
  away(body: number): number {
    return this.#head.away[this.#unitPlace(body)]!;
  }

  /** That binary. */
  binary(body: number): OtherBinary | undefined {
    if (this.away(body) === Away.no) return undefined;
    return binaryOf(this.#index.unit(this.unitIdOf(body)).source) ?? SOME_BINARY;
  }

  state(body: number): number {
    return body < this.#bodies ? this.#part(body).state[inPart(body)]! : State.folded;
  }

  /**
   * A body as the code of functions that were folded into its own (DOMAIN: identical code folding): stuck, as it cannot
   * be replaced for those alone, and called by all that calls it in its unit, as nobody tells whose callers those were.
   */
  asFolded(body: number): number {
    const known = this.#foldedOf.get(body);
    if (known !== undefined) return known;
    const state = this.state(body);
    if (state !== State.redirectable && !isStuck(state)) return body;
    const folded = this.#bodies + this.#kept.push(body) - 1;
    this.#foldedOf.set(body, folded);
    return folded;
  }

  /** The body that one stands for; itself, but for what {@link asFolded} gives. */
  itself(body: number): number {
    return body < this.#bodies ? body : this.#kept[body - this.#bodies]!;
  }

  /** Whether functions were folded into a body; some of them may have code of their own all the same. */
  isKeeper(body: number): boolean {
    this.#keepers ??= new Set(this.#head.keeper);
    return this.#keepers.has(body);
  }

  /** How many bodies there are, those of {@link asFolded} among them. */
  get bodyCount(): number {
    return this.#bodies + this.#kept.length;
  }

  /** The only name of a body, as nearly all have; 0 for one with several. */
  onlyName(body: number): number {
    const own = this.itself(body);
    return this.#part(own).name[inPart(own)]!;
  }

  /** The flags of its symbol, as in `SymbolFlags`. */
  onlyFlags(body: number): number {
    const own = this.itself(body);
    return this.#part(own).flags[inPart(own)]!;
  }

  /** Where that name is declared: the id of a path, 0 for none. */
  path(body: number): number {
    return this.#part(body).path[inPart(body)]!;
  }

  line(body: number): number {
    return this.#part(body).line[inPart(body)]!;
  }

  /** How many symbols of linked objects are the body's, if it has but one name. */
  placeCount(body: number): number {
    const { placeStart } = this.#part(body);
    return placeStart[inPart(body) + 1]! - placeStart[inPart(body)]!;
  }

  /** One of them: ids, and which of the symbols of its name it is. */
  place(body: number, nth: number): BodyPlace {
    const part = this.#part(body);
    const at = part.placeStart[inPart(body)]! + nth;
    return {
      image: part.placeImage[at]!,
      symbol: part.placeSymbol[at]!,
      position: part.placePosition[at]!,
      total: part.placeTotal[at]!,
    };
  }

  /** Symbols (places in the unit's columns) that stand at a body; not those of its fragments. */
  symbolsOf(body: number): number[] {
    const unit = this.#loaded(this.unitIdOf(body));
    const { start, symbols } = unit.order;
    const place = this.itself(body) - unit.base;
    return Array.from(symbols.subarray(start[place], start[place + 1]));
  }

  /** Every body that calls a body after optimisation, trampolines passed through; itself is never among them. */
  callers(body: number): Numbers {
    if (body >= this.#bodies) {
      const place = this.#unitPlace(body);
      const [first, end] = [this.#head.base[place]!, this.#head.base[place + 1]!];
      return this.callers(this.itself(body)).filter((caller) => caller >= first && caller < end);
    }
    const { callerStart, caller } = this.#part(body);
    return caller.subarray(callerStart[inPart(body)], callerStart[inPart(body) + 1]);
  }

  /** How many calls of a body each of its callers makes, as call graphs count them. */
  callCounts(body: number): Map<number, number> {
    const counts = new Map<number, number>();
    const kept = this.itself(body);
    const { callerStart, callCount } = this.#part(kept);
    const from = callerStart[inPart(kept)]!;
    this.callers(kept).forEach((caller, at) => {
      counts.set(caller, callCount[from + at]!);
    });
    if (kept === body) return counts;
    return new Map(Array.from(this.callers(body), (caller) => [caller, counts.get(caller)!]));
  }

  /** `Open` bits: what is known or unknown of a body besides its callers. */
  open(body: number): number {
    if (body < this.#bodies) return this.#part(body).open[inPart(body)]!;
    const kept = this.itself(body);
    return this.open(kept) & this.#openBitsAsFolded(this.unitOf(kept), kept);
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

  /** The names by which references find a body; of one that is not local, from other units too. */
  linkNames(body: number): LinkName[] {
    const unit = this.unitOf(body);
    const { symbolName, symbolFlags } = unit;
    return this.symbolsOf(body)
      .filter((symbol) => isLinkName(symbolFlags[symbol]!))
      .map((symbol) => {
        const local = SymbolFlags.isLocal(symbolFlags[symbol]!);
        return { body: this.itself(body), unit, name: symbolName[symbol]!, local };
      });
  }

  /** The names by which references reach a body, those of trampolines that hand on to it after its own. */
  referenceNames(body: number): LinkName[] {
    const through = this.#through.get(this.itself(body)) ?? [];
    return [body, ...through].flatMap((one) => this.linkNames(one));
  }

  /** Body -> the trampolines that hand on to it. */
  get #through(): ReadonlyMap<number, readonly number[]> {
    if (!this.#knownThrough) {
      const through = new Map<number, number[]>();
      const handsOnTo = this.#head.handsOnTo;
      this.#head.trampoline.forEach((trampoline, at) => {
        const body = handsOnTo[at]!;
        through.set(body, [...(through.get(body) ?? []), trampoline]);
      });
      this.#knownThrough = through;
    }
    return this.#knownThrough;
  }

  /** Whether a unit of the index that refers to one of a body's names means that body. */
  isMeant(from: number, { name, unit, body }: LinkName): boolean {
    if (from === unit.row.id) return true;
    if (this.#head.unit[lastNotAbove(this.#head.unit, from)] !== from) return false;
    const referring = this.unit(from);
    if (definesName(referring, name)) return false;
    const found = this.#index.graph.unitsWithSymbol(name).flatMap((id) => this.#globalsOf(id, name));
    const linked = (unit: UnitCode) => ({ images: unit.images, folder: folderOf(unit.row.source) });
    const vmlinux = this.#index.imageId(this.build, 'vmlinux') ?? -1;
    const meant = linkable(found, linked(referring), (one) => linked(this.unitOf(one)), vmlinux);
    return meant.includes(body);
  }

  #globalsOf(id: number, name: number): number[] {
    if (this.#head.unit[lastNotAbove(this.#head.unit, id)] !== id) return [];
    const { symbolName, symbolBody, symbolFlags } = this.unit(id);
    const found: number[] = [];
    for (let at = findName({ symbolName }, name); at >= 0 && symbolName[at] === name; at++) {
      const flags = symbolFlags[at]!;
      if (isLinkName(flags) && !SymbolFlags.isLocal(flags)) found.push(symbolBody[at]!);
    }
    return found;
  }
}

function inPart(body: number): number {
  return body % PART;
}
