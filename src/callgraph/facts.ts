/**
 * The calls of one unit after optimisation, in columns that are cheap to post between threads. Functions are named by
 * their assembler names, with clone suffixes (`foo.constprop.0`), as the symbol table has them.
 */
export interface CallFacts {
  /** Every name once; all other columns count in it. */
  readonly names: readonly string[];
  /** Functions that the unit defines. */
  readonly functionName: Int32Array;
  /** Where each is declared, as the compiler wrote it; '' where that is not said (machine code). */
  readonly functionFile: readonly string[];
  /** From 1; 0 where it is not said. */
  readonly functionLine: Int32Array;
  readonly functionCol: Int32Array;
  /** Calls: each (caller, callee) once. */
  readonly callCaller: Int32Array;
  readonly callCallee: Int32Array;
  /** How many places of the caller call the callee. */
  readonly callCount: Int32Array;
  /** 1 where the callee is the unit's own function (static, or defined in it), 0 where it is another unit's. */
  readonly callInternal: Uint8Array;
  /** Functions that call through a pointer, each once; what they call is not known. */
  readonly indirectCaller: Int32Array;
  readonly indirectCount: Int32Array;
  /** Other names of a function's code; only machine code tells them. */
  readonly aliasName: Int32Array;
  readonly aliasOf: Int32Array;
  /** Calls that belong to no function, or to one that cannot be told. */
  readonly unplaced: readonly UnplacedCall[];
}

/** A call that machine code has, and that is in no row of the calls. */
export interface UnplacedCall {
  readonly why: 'no function holds the code' | 'several callees have that name' | 'the callee is no function';
  /** The section, and the offset in it of the first such call. */
  readonly section: string;
  readonly offset: number;
  readonly callee: string;
  readonly count: number;
}

/** More names than this no unit has, and the product of two stays an exact double. */
const PAIR = 2 ** 26;

/** Collects one unit's calls. */
export class CallFactsBuilder {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #own = new Set<number>();
  readonly #functions = new Set<number>();
  readonly #functionFile: string[] = [];
  readonly #functionLine: number[] = [];
  readonly #functionCol: number[] = [];
  readonly #pairs = new Map<number, number>();
  readonly #caller: number[] = [];
  readonly #callee: number[] = [];
  readonly #count: number[] = [];
  readonly #indirect = new Map<number, number>();
  readonly #alias: number[] = [];
  readonly #aliasOf: number[] = [];
  readonly #unplaced = new Map<string, { -readonly [K in keyof UnplacedCall]: UnplacedCall[K] }>();

  name(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#names.length;
      this.#ids.set(text, id);
      this.#names.push(text);
    }
    return id;
  }

  /** Marks a name as the unit's own. */
  own(name: number): void {
    this.#own.add(name);
  }

  addFunction(name: number, file: string, line: number, col: number): void {
    this.#own.add(name);
    if (this.#functions.has(name)) return;
    this.#functions.add(name);
    this.#functionFile.push(file);
    this.#functionLine.push(line);
    this.#functionCol.push(col);
  }

  addCall(caller: number, callee: number): void {
    const pair = caller * PAIR + callee;
    const row = this.#pairs.get(pair);
    if (row !== undefined) {
      this.#count[row]!++;
      return;
    }
    this.#pairs.set(pair, this.#count.length);
    this.#caller.push(caller);
    this.#callee.push(callee);
    this.#count.push(1);
  }

  addIndirect(caller: number): void {
    this.#indirect.set(caller, (this.#indirect.get(caller) ?? 0) + 1);
  }

  addAlias(name: number, of: number): void {
    this.#alias.push(name);
    this.#aliasOf.push(of);
  }

  addUnplaced(why: UnplacedCall['why'], section: string, offset: number, callee: string): void {
    const key = `${why} ${section} ${callee}`;
    const known = this.#unplaced.get(key);
    if (known === undefined) this.#unplaced.set(key, { why, section, offset, callee, count: 1 });
    else known.count++;
  }

  finish(): CallFacts {
    return {
      names: this.#names,
      functionName: Int32Array.from(this.#functions),
      functionFile: this.#functionFile,
      functionLine: Int32Array.from(this.#functionLine),
      functionCol: Int32Array.from(this.#functionCol),
      callCaller: Int32Array.from(this.#caller),
      callCallee: Int32Array.from(this.#callee),
      callCount: Int32Array.from(this.#count),
      callInternal: Uint8Array.from(this.#callee, (callee) => (this.#own.has(callee) ? 1 : 0)),
      indirectCaller: Int32Array.from(this.#indirect.keys()),
      indirectCount: Int32Array.from(this.#indirect.values()),
      aliasName: Int32Array.from(this.#alias),
      aliasOf: Int32Array.from(this.#aliasOf),
      unplaced: [...this.#unplaced.values()],
    };
  }
}
