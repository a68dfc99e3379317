import type { MemberKeys, MemberReader } from '../index/member-reader.js';
import type { CodeGraph } from './code-graph.js';

/** Where some of an answer's members are declared. */
export class Declarations {
  readonly #declared: Float64Array;
  readonly #placeOf: Int32Array;

  /**
   * @param keys all members, by unit and name
   * @param othersOf ids of a member's other names: one of them may be declared where its name is not (an alias that a
   *   macro makes)
   */
  constructor(
    members: MemberReader,
    graph: CodeGraph,
    { unit, name }: MemberKeys,
    isWanted: (key: number) => boolean,
    othersOf: (key: number) => readonly number[],
  ) {
    const own = unit.map((_, key) => key).filter(isWanted);
    this.#placeOf = new Int32Array(unit.length);
    own.forEach((key, place) => {
      this.#placeOf[key] = place;
    });
    const read = (keys: MemberKeys) => members.declarations(keys, (id) => graph.unit(id).nodeName);
    this.#declared = read({ unit: own.map((key) => unit[key]!), name: own.map((key) => name[key]!) });
    const others: { readonly key: number; readonly name: number }[] = [];
    for (const key of own) {
      if (this.of(key) === 0) for (const other of othersOf(key)) others.push({ key, name: other });
    }
    const found = read({
      unit: Int32Array.from(others, ({ key }) => unit[key]!),
      name: Int32Array.from(others, (other) => other.name),
    });
    others.forEach(({ key }, at) => {
      if (this.of(key) === 0) this.#declared[this.#placeOf[key]!] = found[at]!;
    });
  }

  /** path * 2^24 + line, or 0. */
  of(key: number): number {
    return this.#declared[this.#placeOf[key]!]!;
  }
}
