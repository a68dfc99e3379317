import type { SymbolPlace } from '../index/member-reader.js';
import type { IndexReader, PlaceRow } from '../index/reader.js';
import type { BodyPlace, CodeGraph } from './code-graph.js';

/** The places of a body that has but one name. */
export function knownPlaces(index: IndexReader, graph: CodeGraph, body: number): readonly PlaceRow[] {
  const places: PlaceRow[] = [];
  const count = graph.placeCount(body);
  for (let nth = 0; nth < count; nth++) places.push(new KnownPlace(index, graph.place(body, nth)));
  return places;
}

/** A place of the build's columns: what is seldom printed of it is looked up when it is. */
class KnownPlace implements PlaceRow {
  readonly #index: IndexReader;
  readonly #place: BodyPlace;
  #row: SymbolPlace | undefined;

  constructor(index: IndexReader, place: BodyPlace) {
    this.#index = index;
    this.#place = place;
  }

  get position(): number {
    return this.#place.position;
  }

  get total(): number {
    return this.#place.total;
  }

  get object(): string {
    return this.#index.members.imageName(this.#place.image);
  }

  get #found(): SymbolPlace {
    this.#row ??= this.#index.members.symbolPlace(this.#place.image, this.#place.symbol);
    return this.#row;
  }

  get address(): string {
    return this.#found.address;
  }

  get size(): number {
    return this.#found.size;
  }

  get section(): string | null {
    return this.#found.section;
  }

  get traceable(): boolean | null {
    return this.#found.traceable;
  }
}
