/**
 * The functions seen so far, each once however many dumps speak of it: a function of a header is a node in every
 * unit that uses it. Ids count from 0 in the order of first sight, so what is new since a moment is a slice.
 */
export class FunctionTable {
  readonly names: string[] = [];
  readonly paths: string[] = [];
  /** Four numbers a function: name id, path id, line, column. */
  readonly functions: number[] = [];
  readonly kinds: string[] = [];

  readonly #nameIds = new Map<string, number>();
  readonly #pathIds = new Map<string, number>();
  readonly #kindIds = new Map<string, number>();
  /** `FILE;LINE;COL` as written -> the place's id. */
  readonly #placeIds = new Map<string, number>();
  readonly #places: number[] = [];
  /** Function -> place id, beside its name id in `functions`: the key that `#slots` is probed for. */
  readonly #placeOf: number[] = [];
  /** Function ids by name and place (open addressing: a Map of pairs costs half of the whole interning). */
  #slots = new Int32Array(1 << 12).fill(-1);

  name(text: string): number {
    return intern(this.#nameIds, this.names, text);
  }

  kind(text: string): number {
    return intern(this.#kindIds, this.kinds, text);
  }

  /**
   * @param place `FILE;LINE;COL`; FILE may hold semicolons
   * @returns the function's id
   */
  function(name: string, place: string): number {
    const nameId = this.name(name);
    let placeId = this.#placeIds.get(place);
    if (placeId === undefined) {
      placeId = this.#places.length / 3;
      this.#placeIds.set(place, placeId);
      const col = place.lastIndexOf(';');
      const line = place.lastIndexOf(';', col - 1);
      const path = intern(this.#pathIds, this.paths, place.slice(0, line));
      this.#places.push(path, Number(place.slice(line + 1, col)), Number(place.slice(col + 1)));
    }
    const mask = this.#slots.length - 1;
    let slot = pairHash(nameId, placeId) & mask;
    for (let id = this.#slots[slot]!; id >= 0; id = this.#slots[slot]!) {
      if (this.#placeOf[id] === placeId && this.functions[id * 4] === nameId) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.#placeOf.length;
    const at = placeId * 3;
    this.functions.push(nameId, this.#places[at]!, this.#places[at + 1]!, this.#places[at + 2]!);
    this.#placeOf.push(placeId);
    this.#slots[slot] = id;
    if (id * 2 > this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#placeOf.length; id++) {
      let slot = pairHash(this.functions[id * 4]!, this.#placeOf[id]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}

function pairHash(a: number, b: number): number {
  const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
  return hash ^ (hash >>> 15);
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
