import type { Numbers } from './unit-graph.js';

/** A column of twice the length that begins with the same numbers. */
export function doubled(column: Int32Array): Int32Array {
  const twice = new Int32Array(column.length * 2);
  twice.set(column);
  return twice;
}

/** Makes where each key's list begins out of how long it is: the length of the list of key n stands at n + 1. */
export function sumUp(lengths: Int32Array): Int32Array {
  for (let key = 1; key < lengths.length; key++) lengths[key]! += lengths[key - 1]!;
  return lengths;
}

/** Where the list of each key below `keys` begins, in a list that is ordered by key; one more than there are keys. */
export function startsOf(key: ArrayLike<number>, keys: number): Int32Array {
  const lengths = new Int32Array(keys + 1);
  for (let at = 0; at < key.length; at++) lengths[key[at]! + 1]!++;
  return sumUp(lengths);
}

/** Places by their keys, below `keys`, those of equal keys in the order that they had (or have in `places`). */
export function orderBy(key: ArrayLike<number>, keys: number, places?: Int32Array): Int32Array {
  const next = startsOf(key, keys);
  const order = new Int32Array(key.length);
  for (let at = 0; at < key.length; at++) {
    const place = places === undefined ? at : places[at]!;
    order[next[key[place]!]!++] = place;
  }
  return order;
}

/** The last place of an ascending column whose value is not above one. */
export function lastNotAbove(column: Numbers, value: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Whether an ascending column has a value. */
export function hasAscending(column: Numbers, value: number): boolean {
  return column[lastNotAbove(column, value)] === value;
}
