/**
 * Tuples of four integers, each once and known by its place (open addressing, linear probing). A Map with keys made of
 * texts or of products takes three times as long for the functions of a kernel.
 */
export class IntTuples {
  /** Four numbers a tuple. */
  readonly values: number[] = [];
  #slots = new Int32Array(1 << 12).fill(-1);

  get size(): number {
    return this.values.length / 4;
  }

  /** The tuple's place, which is `size` before the call if it is new. */
  place(a: number, b: number, c: number, d: number): number {
    const { values } = this;
    const mask = this.#slots.length - 1;
    let slot = hash(a, b, c, d) & mask;
    for (let place = this.#slots[slot]!; place >= 0; place = this.#slots[slot]!) {
      const at = place * 4;
      if (values[at] === a && values[at + 1] === b && values[at + 2] === c && values[at + 3] === d)
        return place;
      slot = (slot + 1) & mask;
    }
    const place = this.size;
    values.push(a, b, c, d);
    this.#slots[slot] = place;
    if (place * 2 > this.#slots.length) this.#grow();
    return place;
  }

  #grow(): void {
    const { values } = this;
    const slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = slots.length - 1;
    for (let place = 0; place < this.size; place++) {
      const at = place * 4;
      let slot = hash(values[at]!, values[at + 1]!, values[at + 2]!, values[at + 3]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = place;
    }
    this.#slots = slots;
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  const mixed =
    Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  return mixed ^ (mixed >>> 15);
}
