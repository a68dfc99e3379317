/**
 * Which unit each function of a linked image comes from.
 *
 * A local symbol's `STT_FILE` holds a base name only, and dozens of files have the same one. What tells them apart is
 * that the linker moves a unit's section as one block: if its function at offset 0x40 came to A, the one at 0x90 came to
 * A + 0x50. So each function of a unit votes for where its section's start could be, by every symbol of its name and
 * size, and the place that all of them can agree on is the right one.
 *
 * Linkers of RISC-V and LoongArch make calls shorter (relaxation), so that functions shrink and move against each other:
 * there a name that only one function has tells where a section is, and others are looked for beside it.
 */

type Binding = 'local' | 'global' | 'weak' | 'unique';

/** A function symbol of a unit's object. */
export interface UnitFunctionSymbol {
  readonly name: string;
  /** The section's index in the object. */
  readonly section: number;
  /** Offset in the section, in bytes. */
  readonly value: number;
  readonly size: number;
  readonly binding: Binding;
}

export interface UnitToPlace {
  /** The source's base name, as `STT_FILE` has it. */
  readonly baseName: string;
  readonly functions: readonly UnitFunctionSymbol[];
  /** The image that it is known to be part of. */
  readonly image?: number;
}

/** A function symbol of an image. */
export interface ImageFunctionSymbol {
  readonly name: string;
  /** Where it is, counted in bytes from any fixed point of its section (of the image, for vmlinux). */
  readonly offset: number;
  /** The section's index in a module; 0 for vmlinux, where addresses count across sections. */
  readonly section: number;
  readonly size: number;
  readonly binding: Binding;
  /** The `STT_FILE` before it, for a local one. */
  readonly file: string | undefined;
}

/** Where a unit's functions are: image and symbol, or undefined for those that are in no image. */
export interface PlacedUnit {
  readonly image: number | undefined;
  readonly symbols: readonly ({ readonly image: number; readonly symbol: number } | undefined)[];
}

interface Candidate {
  readonly image: number;
  readonly symbol: number;
}

/** One section of one unit, while its place is looked for. */
interface Block {
  readonly unit: number;
  /** The unit's functions in this section, and the symbols each can be. */
  readonly members: { readonly place: number; readonly candidates: readonly Candidate[] }[];
}

/**
 * @param images their function symbols, by image
 * @param relaxed the images whose code the linker made shorter
 */
export function placeUnits(
  units: readonly UnitToPlace[],
  images: readonly (readonly ImageFunctionSymbol[])[],
  relaxed: ReadonlySet<number> = new Set(),
): PlacedUnit[] {
  const placed = units.map(({ functions }) => new Array<Candidate | undefined>(functions.length));
  const taken = images.map((symbols) => new Int32Array(symbols.length).fill(-1));
  let open = blocksOf(units, images, relaxed);
  // A block that has only one place left settles it, which may leave only one for another block: until nothing moves.
  for (let before = -1; open.length !== before; ) {
    before = open.length;
    const settled: [Block, Map<number, Candidate>][] = [];
    open = open.filter((block) => {
      const winner = bestPlace(block, units, images, taken, relaxed);
      if (winner) settled.push([block, winner]);
      return !winner;
    });
    settle(settled, placed, taken);
  }
  return placed.map((symbols, unit) => ({
    image: units[unit]!.image ?? mostOften(symbols),
    symbols: [...symbols],
  }));
}

function blocksOf(
  units: readonly UnitToPlace[],
  images: readonly (readonly ImageFunctionSymbol[])[],
  relaxed: ReadonlySet<number>,
): Block[] {
  const byName = new Map<string, Candidate[]>();
  images.forEach((symbols, image) => {
    symbols.forEach(({ name }, symbol) => {
      const known = byName.get(name);
      if (known) known.push({ image, symbol });
      else byName.set(name, [{ image, symbol }]);
    });
  });
  const blocks: Block[] = [];
  units.forEach((unit, index) => {
    const bySection = new Map<number, Block>();
    unit.functions.forEach((f, place) => {
      const candidates = (byName.get(f.name) ?? []).filter(({ image, symbol }) => {
        const s = images[image]![symbol]!;
        return (
          (unit.image === undefined || unit.image === image) &&
          (s.size === f.size || (relaxed.has(image) && s.size < f.size)) &&
          canBecome(f.binding, s, unit.baseName)
        );
      });
      if (candidates.length === 0) return;
      let block = bySection.get(f.section);
      if (!block) {
        block = { unit: index, members: [] };
        bySection.set(f.section, block);
        blocks.push(block);
      }
      block.members.push({ place, candidates });
    });
  });
  return blocks;
}

/**
 * Whether linking makes this symbol of one with that binding. A weak one stays weak where it is chosen, so a global one
 * of its name is another unit's; a hidden global one becomes local, in a group that has no file (bfd/elflink.c,
 * elf_link_output_extsym).
 */
function canBecome(binding: Binding, symbol: ImageFunctionSymbol, baseName: string): boolean {
  const { file } = symbol;
  // A file's name is compared only where both sides have one: assembler output may lack it.
  const nameless = file === undefined || file === '';
  if (symbol.binding !== 'local') return symbol.binding === binding;
  return nameless || (binding === 'local' && file === baseName);
}

/** The symbols of the one place that most members agree on, by member; undefined where two places are as good. */
function bestPlace(
  block: Block,
  units: readonly UnitToPlace[],
  images: readonly (readonly ImageFunctionSymbol[])[],
  taken: readonly Int32Array[],
  relaxed: ReadonlySet<number>,
): Map<number, Candidate> | undefined {
  const { functions } = units[block.unit]!;
  const places = new Map<string, Map<number, Candidate>>();
  for (const image of relaxed) {
    const near = nearOnlyOnes(block, functions, image, images[image]!, taken[image]!);
    if (near.size > 0) places.set(`${image}`, near);
  }
  for (const { place, candidates } of block.members) {
    for (const candidate of candidates) {
      if (relaxed.has(candidate.image) || taken[candidate.image]![candidate.symbol]! >= 0) continue;
      const symbol = images[candidate.image]![candidate.symbol]!;
      const key = `${candidate.image} ${symbol.section} ${symbol.offset - functions[place]!.value}`;
      let agreed = places.get(key);
      if (!agreed) {
        agreed = new Map();
        places.set(key, agreed);
      }
      agreed.set(place, candidate);
    }
  }
  let best: Map<number, Candidate> | undefined;
  let equal = false;
  for (const agreed of places.values()) {
    if (!best || agreed.size > best.size) {
      best = agreed;
      equal = false;
    } else if (agreed.size === best.size) {
      equal = true;
    }
  }
  return equal ? undefined : best;
}

/** In a relaxed image: the symbols that only one of the block's functions can be, and those of others that are no farther. */
function nearOnlyOnes(
  { members }: Block,
  functions: readonly UnitFunctionSymbol[],
  image: number,
  symbols: readonly ImageFunctionSymbol[],
  taken: Int32Array,
): Map<number, Candidate> {
  const open = members.map(({ place, candidates }) => ({
    place,
    candidates: candidates.filter((one) => one.image === image && taken[one.symbol]! < 0),
  }));
  const startOf = (place: number, { symbol }: Candidate) => symbols[symbol]!.offset - functions[place]!.value;
  const found = new Map<number, Candidate>();
  let [lowest, highest, length] = [Infinity, -Infinity, 0];
  for (const { place, candidates } of open) {
    length = Math.max(length, functions[place]!.value + functions[place]!.size);
    if (candidates.length !== 1) continue;
    found.set(place, candidates[0]!);
    lowest = Math.min(lowest, startOf(place, candidates[0]!));
    highest = Math.max(highest, startOf(place, candidates[0]!));
  }
  if (highest - lowest > length) return new Map();
  for (const { place, candidates } of open) {
    if (candidates.length < 2) continue;
    const near = candidates.filter((candidate) => {
      const start = startOf(place, candidate);
      return start >= lowest - length && start <= highest + length;
    });
    if (near.length === 1) found.set(place, near[0]!);
  }
  return found;
}

/** Symbols that two units claim in the same round belong to the one with more agreement, or stay open. */
function settle(
  settled: readonly [Block, Map<number, Candidate>][],
  placed: (Candidate | undefined)[][],
  taken: readonly Int32Array[],
): void {
  const claims = new Map<string, number>();
  for (const [, winner] of settled) {
    for (const { image, symbol } of winner.values()) {
      const key = `${image} ${symbol}`;
      claims.set(key, Math.max(claims.get(key) ?? 0, winner.size));
    }
  }
  const equals = new Map<string, number>();
  for (const [, winner] of settled) {
    for (const { image, symbol } of winner.values()) {
      const key = `${image} ${symbol}`;
      if (claims.get(key) === winner.size) equals.set(key, (equals.get(key) ?? 0) + 1);
    }
  }
  for (const [block, winner] of settled) {
    for (const [place, candidate] of winner) {
      const key = `${candidate.image} ${candidate.symbol}`;
      if (claims.get(key) !== winner.size || equals.get(key) !== 1) continue;
      if (taken[candidate.image]![candidate.symbol]! >= 0) continue;
      taken[candidate.image]![candidate.symbol] = block.unit;
      placed[block.unit]![place] = candidate;
    }
  }
}

function mostOften(symbols: readonly (Candidate | undefined)[]): number | undefined {
  const counts = new Map<number, number>();
  for (const symbol of symbols) if (symbol) counts.set(symbol.image, (counts.get(symbol.image) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
