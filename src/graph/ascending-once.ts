/** Those numbers of a list whose places are wanted, ascending and each once. */
export function ascendingOnce(numbers: ArrayLike<number>, isWanted = (_place: number) => true): Int32Array {
  const all = new Int32Array(numbers.length);
  let count = 0;
  for (let place = 0; place < numbers.length; place++) if (isWanted(place)) all[count++] = numbers[place]!;
  const sorted = all.subarray(0, count).sort();
  count = 0;
  for (const number of sorted) if (count === 0 || number !== sorted[count - 1]) sorted[count++] = number;
  return sorted.slice(0, count);
}
