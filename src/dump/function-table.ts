import { IntTuples } from './int-tuples.js';

/**
 * The functions seen so far, each once however many dumps speak of it: a function of a header is a node in every
 * unit that uses it. Ids count from 0 in the order of first sight, so what is new since a moment is a slice.
 */
export class FunctionTable {
  readonly names: string[] = [];
  readonly paths: string[] = [];
  readonly kinds: string[] = [];

  readonly #nameIds = new Map<string, number>();
  readonly #pathIds = new Map<string, number>();
  readonly #kindIds = new Map<string, number>();
  /** `FILE;LINE;COL` as written -> the place's id. */
  readonly #placeIds = new Map<string, number>();
  readonly #places: number[] = [];
  readonly #functions = new IntTuples();

  /** Four numbers a function: name id, path id, line, column. */
  get functions(): readonly number[] {
    return this.#functions.values;
  }

  name(text: string): number {
    return intern(this.#nameIds, this.names, text);
  }

  kind(text: string): number {
    return intern(this.#kindIds, this.kinds, text);
  }

  /**
   * @param name the assembler name as the dump has it
   * @param place `FILE;LINE;COL`; FILE may hold semicolons
   * @returns the function's id
   */
  function(name: string, place: string): number {
    const nameId = this.name(symbolName(name));
    let placeId = this.#placeIds.get(place);
    if (placeId === undefined) {
      placeId = this.#places.length / 3;
      this.#placeIds.set(place, placeId);
      const col = place.lastIndexOf(';');
      const line = place.lastIndexOf(';', col - 1);
      const path = intern(this.#pathIds, this.paths, place.slice(0, line));
      this.#places.push(path, Number(place.slice(line + 1, col)), Number(place.slice(col + 1)));
    }
    const at = placeId * 3;
    return this.#functions.place(nameId, this.#places[at]!, this.#places[at + 1]!, this.#places[at + 2]!);
  }
}

const STAR = 0x2a;

/** A symbol's name: GCC marks one that the source gave (`asm("name")`) with a `*` before it (gcc/varasm.cc). */
export function symbolName(assemblerName: string): string {
  return assemblerName.charCodeAt(0) === STAR ? assemblerName.slice(1) : assemblerName;
}

function intern(ids: Map<string, number>, texts: string[], text: string): number {
  let id = ids.get(text);
  if (id === undefined) {
    id = texts.length;
    ids.set(text, id);
    texts.push(text);
  }
  return id;
}
