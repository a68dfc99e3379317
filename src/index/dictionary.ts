import type { Database } from 'better-sqlite3';
import { IntTuples } from '../dump/int-tuples.js';
import { BulkInsert } from './bulk-insert.js';
import { normalPath } from './path-normal.js';

/** What a reader of many dumps has met since it last told: texts, and functions as four numbers each. */
export interface NewWords {
  readonly names: readonly string[];
  readonly paths: readonly string[];
  /** Name, path, line and column, as the reader's own ids. */
  readonly functions: Int32Array;
  readonly kinds: readonly string[];
}

/** A reader's ids -> the index's ids. */
export interface Translation {
  readonly names: number[];
  readonly paths: number[];
  readonly functions: number[];
  readonly kinds: number[];
}

/** The interned words of the index while it is written: each text and each function once. */
export class Dictionary {
  readonly #names: Interned;
  readonly #paths: Interned;
  readonly #kinds: Interned;
  readonly #functions = new IntTuples();
  /** Place of a function among the tuples -> its id. */
  readonly #functionIds: number[] = [];
  /** Id -> name. */
  readonly #functionNames: number[] = [];
  #lastFunction = 0;
  readonly #insertFunction: BulkInsert;

  constructor(db: Database) {
    const name = new BulkInsert(db, 'name', 2);
    const path = new BulkInsert(db, 'path', 3);
    const kind = new BulkInsert(db, 'kind', 2);
    this.#insertFunction = new BulkInsert(db, 'function', 5);
    this.#names = new Interned(db, 'name', (id, text) => name.add(id, text), name);
    this.#paths = new Interned(db, 'path', (id, text) => path.add(id, text, normalPath(text)), path);
    this.#kinds = new Interned(db, 'kind', (id, text) => kind.add(id, text), kind);
    const known = db.prepare('SELECT id, name, path, line, col FROM function ORDER BY id').raw().iterate();
    for (const [id, ...tuple] of known as Iterable<[number, number, number, number, number]>) {
      this.#functionIds[this.#functions.place(...tuple)] = id;
      this.#functionNames[id] = tuple[0];
      this.#lastFunction = id;
    }
  }

  name(text: string): number {
    return this.#names.id(text);
  }

  kind(text: string): number {
    return this.#kinds.id(text);
  }

  /** The text of a name that this index has. */
  text(name: number): string {
    return this.#names.text(name);
  }

  /** The name of a function, by the function's id. */
  nameOf(functionId: number): number {
    return this.#functionNames[functionId]!;
  }

  /** Takes in what a reader tells, and extends its translation by it. */
  learn(words: NewWords, translation: Translation): void {
    for (const text of words.names) translation.names.push(this.#names.id(text));
    for (const text of words.paths) translation.paths.push(this.#paths.id(text));
    for (const text of words.kinds) translation.kinds.push(this.#kinds.id(text));
    const { functions } = words;
    for (let at = 0; at < functions.length; at += 4) {
      const name = translation.names[functions[at]!]!;
      const path = translation.paths[functions[at + 1]!]!;
      const line = functions[at + 2]!;
      const col = functions[at + 3]!;
      const place = this.#functions.place(name, path, line, col);
      let id = this.#functionIds[place];
      if (id === undefined) {
        id = ++this.#lastFunction;
        this.#functionIds[place] = id;
        this.#functionNames[id] = name;
        this.#insertFunction.add(id, name, path, line, col);
      }
      translation.functions.push(id);
    }
  }

  flush(): void {
    for (const words of [this.#names, this.#paths, this.#kinds, this.#insertFunction]) words.flush();
  }
}

export function emptyTranslation(): Translation {
  return { names: [], paths: [], functions: [], kinds: [] };
}

class Interned {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #insert: (id: number, text: string) => void;
  readonly #rows: BulkInsert;
  #last = 0;

  constructor(db: Database, table: string, insert: (id: number, text: string) => void, rows: BulkInsert) {
    const known = db.prepare(`SELECT id, text FROM ${table}`).raw().iterate() as Iterable<[number, string]>;
    for (const [id, text] of known) {
      this.#ids.set(text, id);
      this.#texts[id] = text;
      if (id > this.#last) this.#last = id;
    }
    this.#insert = insert;
    this.#rows = rows;
  }

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = ++this.#last;
      this.#ids.set(text, id);
      this.#texts[id] = text;
      this.#insert(id, text);
    }
    return id;
  }

  text(id: number): string {
    return this.#texts[id]!;
  }

  flush(): void {
    this.#rows.flush();
  }
}
