import type { Database } from 'better-sqlite3';
import { ReferenceKind } from '../graph/open-ends.js';
import { Role } from '../symbols/bodies.js';
import { Lifetime, lifetimeOf } from '../symbols/section-lifetime.js';
import { BulkInsert } from './bulk-insert.js';
import type { Dictionary } from './dictionary.js';
import type { CompilerNameColumns, ReferenceColumns, SymbolColumns } from './unit-facts.js';

/** More names than this no build has, and the product of two is an exact double. */
const PAIR = 2 ** 26;

/** A unit's emitted code, as its object or a linked image has it. */
export interface EmittedCode {
  readonly symbols: SymbolColumns;
  readonly compilerNames: CompilerNameColumns;
  /** Ids of the names that a clone record makes out of a function of another name. */
  readonly clones: ReadonlySet<number>;
}

/** Calls that a call graph or an object has. */
export type CallColumns = Pick<
  ReferenceColumns,
  'caller' | 'callee' | 'count' | 'namelessCallee' | 'namelessSection'
>;

/** Writes what is emitted of units: their bodies and symbols, calls and references. */
export class CodeRows {
  readonly #dictionary: Dictionary;
  readonly #bodies: BulkInsert;
  readonly #symbols: BulkInsert;
  readonly #references: BulkInsert;
  readonly #lost: BulkInsert;
  readonly #calls: BulkInsert;
  /** Section name -> `body.lifetime`. */
  readonly #lifetimes = new Map<number, number>();

  constructor(db: Database, dictionary: Dictionary) {
    this.#dictionary = dictionary;
    this.#bodies = new BulkInsert(db, 'body', 9);
    this.#symbols = new BulkInsert(db, 'symbol', 7);
    this.#references = new BulkInsert(db, 'reference', 5);
    this.#lost = new BulkInsert(db, 'lost_symbol', 2);
    this.#calls = new BulkInsert(db, 'call', 4);
  }

  flush(): void {
    for (const rows of [this.#bodies, this.#symbols, this.#references, this.#lost, this.#calls]) rows.flush();
  }

  /**
   * @param word the index's id of a word of these columns
   * @param lifetimeOfBody where something else than its section's name tells
   */
  addSymbols(
    unit: number,
    { symbols, compilerNames, clones }: EmittedCode,
    word: (name: number) => number,
    lifetimeOfBody?: (body: number) => number | undefined,
  ): void {
    const { name, body, binding, role, bodies, lostInModule } = symbols;
    for (const lost of new Set(lostInModule)) this.#lost.add(unit, word(lost));
    const ofCompiler = new Map<number, number[]>();
    compilerNames.symbol.forEach((symbol, i) => {
      const id = word(compilerNames.name[i]!);
      ofCompiler.set(symbol, [...(ofCompiler.get(symbol) ?? []), id]);
    });
    for (let i = 0; i < name.length; i++) {
      const id = word(name[i]!);
      const names = ofCompiler.get(i);
      const isClone = role[i] === Role.function && (clones.has(id) || names?.every((one) => clones.has(one)));
      this.#symbols.add(unit, i, id, body[i]!, Math.min(binding[i]!, 3), isClone ? Role.clone : role[i]!, 0);
    }
    let next = name.length;
    for (const [symbol, names] of ofCompiler) {
      for (const id of names) this.#symbols.add(unit, next++, id, body[symbol]!, 0, Role.compilerName, 0);
    }
    const { section, sectionIndex, value, size, traceable, owner } = bodies;
    for (let i = 0; i < section.length; i++) {
      const sectionName = word(section[i]!);
      this.#bodies.add(
        unit,
        i,
        sectionName,
        sectionIndex[i]!,
        value[i]!,
        size[i]!,
        traceable[i]!,
        lifetimeOfBody?.(i) ?? this.#lifetime(sectionName),
        owner[i]!,
      );
    }
  }

  /** What the call graph says, and the calls of inline assembly, which only the object has. */
  addCalls(unit: number, lists: readonly CallColumns[], word: (name: number) => number): void {
    const known = new Set<number>();
    const add = (caller: number, callee: number, count: number) => {
      const pair = caller * PAIR + callee;
      if (known.has(pair)) return;
      known.add(pair);
      this.#calls.add(unit, caller, callee, count);
    };
    for (const list of lists) {
      for (let i = 0; i < list.caller.length; i++) {
        if (list.caller[i]! >= 0) add(word(list.caller[i]!), word(list.callee[i]!), list.count[i]!);
      }
    }
  }

  addReferences(
    unit: number,
    lists: readonly CallColumns[],
    references: ReferenceColumns | undefined,
    word: (name: number) => number,
  ): void {
    const known = new Set<string>();
    const add = (target: number, section: number, by: number, kind: number) => {
      const key = `${target} ${section} ${by} ${kind}`;
      if (known.has(key)) return;
      known.add(key);
      this.#references.add(unit, target, section, by, kind);
    };
    const wordOrNone = (name: number) => (name < 0 ? 0 : word(name));
    if (references) {
      const { target, by, section, kind } = references;
      for (let i = 0; i < target.length; i++) {
        add(wordOrNone(target[i]!), wordOrNone(section[i]!), wordOrNone(by[i]!), kind[i]!);
      }
    }
    for (const list of lists) {
      for (let i = 0; i < list.namelessCallee.length; i++) {
        const section = wordOrNone(list.namelessSection[i]!);
        const isInit = section > 0 && this.#lifetime(section) === Lifetime.init;
        const kind = isInit ? ReferenceKind.namelessInitCall : ReferenceKind.namelessCall;
        add(wordOrNone(list.namelessCallee[i]!), section, 0, kind);
      }
    }
  }

  /** By the section's name, until the linked object tells where it went. */
  #lifetime(section: number): number {
    let lifetime = this.#lifetimes.get(section);
    if (lifetime === undefined) {
      const place = { inModule: false, section: this.#dictionary.text(section), address: null };
      lifetime = Lifetime[lifetimeOf(place, undefined)];
      this.#lifetimes.set(section, lifetime);
    }
    return lifetime;
  }
}
