/**
 * sympos, livepatch's position of a symbol among those of the same name: klp_find_object_symbol of
 * kernel/livepatch/core.c. 0 says "the only one"; otherwise it counts from 1, in vmlinux by ascending address (as
 * scripts/kallsyms.c sorts them), in a module in the order of its symbol table.
 */
export interface Positions {
  /** Counted from 1; 0 for symbols that are not counted. */
  readonly position: Uint32Array;
  /** How many counted symbols have the symbol's name. */
  readonly total: Uint32Array;
  /** The next symbol of the same name in this order, counted or not; -1 after the last. */
  readonly nextOfName: Int32Array;
}

/**
 * @param counted 1 for those that count; undefined: all
 * @param order by address where it is given, else as they are
 */
export function countPositions(
  names: readonly string[],
  counted: Uint8Array | undefined,
  order: { readonly address: BigUint64Array } | undefined,
): Positions {
  const count = names.length;
  const nextOfName = new Int32Array(count).fill(-1);
  const position = new Uint32Array(count);
  const total = new Uint32Array(count);
  const last = new Map<string, number>();
  const firsts: number[] = [];
  for (let i = 0; i < count; i++) {
    const before = last.get(names[i]!);
    if (before === undefined) firsts.push(i);
    else nextOfName[before] = i;
    last.set(names[i]!, i);
  }
  for (const first of firsts) {
    const rows: number[] = [];
    for (let i = first; i >= 0; i = nextOfName[i]!) rows.push(i);
    if (order !== undefined && rows.length > 1) sortByAddress(rows, order.address);
    let seen = 0;
    for (let r = 0; r < rows.length; r++) {
      const row = rows[r]!;
      if (counted === undefined || counted[row] === 1) position[row] = ++seen;
      nextOfName[row] = rows[r + 1] ?? -1;
    }
    for (const row of rows) total[row] = seen;
  }
  return { position, total, nextOfName };
}

function sortByAddress(rows: number[], address: BigUint64Array): void {
  // Equal addresses stay in the order of the symbol table, as in scripts/kallsyms.c (compare_symbols: start_pos).
  rows.sort((a, b) => {
    const x = address[a]!;
    const y = address[b]!;
    return x < y ? -1 : x > y ? 1 : a - b;
  });
}
