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
  /** What the compiler's passes call it; '' where that is its name. */
  readonly functionLabel: readonly string[];
  /** The source that the compiler read; '' where that is not said. */
  readonly title: string;
  /** Places of the source that calls are at, by the function that has the call now: name, place in `siteFiles`, line. */
  readonly siteCaller: Int32Array;
  readonly siteFile: Int32Array;
  readonly siteLine: Int32Array;
  readonly siteFiles: readonly string[];
  /** Calls: each (caller, callee) once. */
  readonly callCaller: Int32Array;
  readonly callCallee: Int32Array;
  /** How many places of the caller call the callee. */
  readonly callCount: Int32Array;
  /** 1 for calls of which none has a place in the source, though the others have: the compiler made them. */
  readonly callPlaceless: Uint8Array;
  /** Calls by machine code that no function holds: names of callees and of sections, each pair once. */
  readonly namelessCallee: Int32Array;
  readonly namelessSection: Int32Array;
}

/** More names than this no unit has, and the product of two stays an exact double. */
const PAIR = 2 ** 26;

/** Collects one unit's calls. */
export class CallFactsBuilder {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();
  readonly #functions = new Set<number>();
  readonly #functionFile: string[] = [];
  readonly #functionLine: number[] = [];
  readonly #functionCol: number[] = [];
  readonly #functionLabel: string[] = [];
  readonly #pairs = new Map<number, number>();
  readonly #caller: number[] = [];
  readonly #callee: number[] = [];
  readonly #count: number[] = [];
  readonly #placeless: number[] = [];
  readonly #nameless = new Set<number>();
  readonly #siteFiles = new Map<string, number>();
  readonly #siteCaller: number[] = [];
  readonly #siteFile: number[] = [];
  readonly #siteLine: number[] = [];
  #lastFile = '';
  #lastPlace = -1;
  title = '';

  name(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#names.length;
      this.#ids.set(text, id);
      this.#names.push(text);
    }
    return id;
  }

  addFunction(name: number, file: string, line: number, col: number, label = ''): void {
    if (this.#functions.has(name)) return;
    this.#functions.add(name);
    this.#functionFile.push(file);
    this.#functionLine.push(line);
    this.#functionCol.push(col);
    this.#functionLabel.push(label);
  }

  addCall(caller: number, callee: number, placeless = false): void {
    const pair = caller * PAIR + callee;
    const row = this.#pairs.get(pair);
    if (row !== undefined) {
      this.#count[row]!++;
      if (!placeless) this.#placeless[row] = 0;
      return;
    }
    this.#pairs.set(pair, this.#count.length);
    this.#caller.push(caller);
    this.#callee.push(callee);
    this.#count.push(1);
    this.#placeless.push(placeless ? 1 : 0);
  }

  /** @param text holds the file's name from `start` to `end` */
  addSite(caller: number, text: string, start: number, end: number, line: number): void {
    const last = this.#siteLine.length - 1;
    if (end - start !== this.#lastFile.length || !text.startsWith(this.#lastFile, start)) {
      this.#lastFile = text.slice(start, end);
      const known = this.#siteFiles.get(this.#lastFile);
      this.#lastPlace = known ?? this.#siteFiles.size;
      if (known === undefined) this.#siteFiles.set(this.#lastFile, this.#lastPlace);
    } else if (this.#siteCaller[last] === caller && this.#siteLine[last] === line) return;
    this.#siteCaller.push(caller);
    this.#siteFile.push(this.#lastPlace);
    this.#siteLine.push(line);
  }

  addNamelessCall(callee: number, section: number): void {
    this.#nameless.add(callee * PAIR + section);
  }

  finish(): CallFacts {
    return {
      names: this.#names,
      functionName: Int32Array.from(this.#functions),
      functionFile: this.#functionFile,
      functionLine: Int32Array.from(this.#functionLine),
      functionCol: Int32Array.from(this.#functionCol),
      functionLabel: this.#functionLabel,
      title: this.title,
      siteCaller: Int32Array.from(this.#siteCaller),
      siteFile: Int32Array.from(this.#siteFile),
      siteLine: Int32Array.from(this.#siteLine),
      siteFiles: [...this.#siteFiles.keys()],
      callCaller: Int32Array.from(this.#caller),
      callCallee: Int32Array.from(this.#callee),
      callCount: Int32Array.from(this.#count),
      callPlaceless: Uint8Array.from(this.#placeless),
      namelessCallee: Int32Array.from(this.#nameless, (pair) => Math.floor(pair / PAIR)),
      namelessSection: Int32Array.from(this.#nameless, (pair) => pair % PAIR),
    };
  }
}
