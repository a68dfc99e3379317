import type { CodeRange } from '../callgraph/code-map.js';
import { type ElfSection, SHF_ALLOC } from '../elf/index.js';
import type { Image } from '../symbols/image.js';
import type { LinkedUnits, LinkUnit } from '../symbols/link-units.js';
import type { ObjectSymbols } from './image-files.js';

/** What linking gave, by the places of linked objects and units in their lists. */
export interface Linking {
  readonly objects: readonly ObjectSymbols[];
  readonly units: readonly LinkUnit[];
  readonly linked: LinkedUnits;
  /** By image: code without a name that is known to be of weak definitions that lost. */
  readonly lost?: ReadonlyMap<number, readonly { section: number; start: number; end: number }[]>;
}

export interface Owner {
  /** The unit's id. */
  readonly unit: number;
  /** Names of the body, of which a reference may use any. */
  readonly names: readonly string[];
}

/** Which unit the code and the functions of one linked object belong to. */
export class Owners {
  /** `SECTION ADDRESS` of a body -> unit. */
  readonly #bodies = new Map<string, Owner>();
  readonly #named = new Map<string, Owner>();
  readonly #sections: readonly ElfSection[];
  readonly #lost: readonly { section: number; start: number; end: number }[];
  #addresses: Map<bigint, Owner> | undefined;
  #highs: Set<number> | undefined;
  #lows: Set<number> | undefined;
  /** By section, ascending: the code of units. */
  readonly #code = new Map<number, Range[]>();

  constructor(image: Image, at: number, { objects, units, linked, lost }: Linking) {
    this.#lost = lost?.get(at) ?? [];
    const object = objects[at]!;
    const { sections } = (object as Extract<ObjectSymbols, { source: 'elf' }>).elf;
    this.#sections = sections;
    const offsetOf = (row: number) => {
      const section = sections[image.section[row]!];
      return section === undefined ? undefined : Number(image.address[row]! - section.address);
    };
    for (const [row, unitAt] of linked.unitOf[at]!) {
      const offset = offsetOf(row);
      if (offset === undefined) continue;
      const section = image.section[row]!;
      const key = `${section} ${offset}`;
      const name = image.names[row]!;
      const known = this.#bodies.get(key);
      const owner = { unit: units[unitAt]!.id, names: [...(known?.names ?? []), name] };
      this.#bodies.set(key, owner);
      if (image.binding[row] !== 0) this.#named.set(name, owner);
      this.#addCode(section, offset, offset + image.size[row]!);
    }
    this.#addLost(image, at, units, linked, offsetOf);
    for (const [section, ranges] of this.#code) this.#code.set(section, joined(ranges));
  }

  /** The body at a place. */
  at(section: number, offset: number): Owner | undefined {
    return this.#bodies.get(`${section} ${offset}`);
  }

  named(name: string): Owner | undefined {
    return this.#named.get(name);
  }

  /** The body at an address, of a linked image. */
  atAddress(address: bigint): Owner | undefined {
    return this.#byAddress().get(address);
  }

  /** Whether addresses of bodies have these upper 32 bits. */
  isHigh(high: number): boolean {
    this.#highs ??= new Set(Array.from(this.#byAddress().keys(), (address) => Number(address >> 32n)));
    return this.#highs.has(high);
  }

  /** Whether a place is code of a unit, whose object tells of it. */
  holds(section: number, offset: number, by: CodeRange | undefined): boolean {
    return this.#isCode(section, offset) || (by !== undefined && this.#isCode(by.section, by.start));
  }

  /** Whether an address is in the code of a unit. */
  holdsAddress(address: bigint): boolean {
    const section = this.#sectionAt(address);
    return section !== undefined && this.#isCode(section.index, Number(address - section.address));
  }

  /** The parts of a section that are no code of a unit. */
  gaps({ index, size }: ElfSection): Range[] {
    const gaps: Range[] = [];
    let start = 0;
    for (const range of this.#code.get(index) ?? []) {
      if (range.start > start) gaps.push({ start, end: range.start });
      start = Math.max(start, range.end);
    }
    if (start < size) gaps.push({ start, end: size });
    return gaps;
  }

  /** Whether code is of a weak definition that lost: nothing calls it, so its calls are none. */
  isLost(section: number, offset: number): boolean {
    return this.#lost.some((code) => code.section === section && offset >= code.start && offset < code.end);
  }

  isLostAt(address: bigint): boolean {
    return this.#lost.some(({ section, start, end }) => {
      const offset = Number(address - this.#sections[section]!.address);
      return offset >= start && offset < end;
    });
  }

  /** The name of the section that has an address. */
  sectionAt(address: bigint): string {
    return this.#sectionAt(address)?.name ?? '';
  }

  #sectionAt(address: bigint): ElfSection | undefined {
    return this.#sections.find(
      (section) =>
        (section.flags & SHF_ALLOC) !== 0 &&
        address >= section.address &&
        address < section.address + BigInt(section.size),
    );
  }

  /** Whether some address of a body has these lower 32 bits. */
  isLow(low: number): boolean {
    this.#lows ??= new Set(Array.from(this.#byAddress().keys(), (address) => Number(address & 0xffff_ffffn)));
    return this.#lows.has(low);
  }

  #byAddress(): Map<bigint, Owner> {
    if (!this.#addresses) {
      this.#addresses = new Map();
      for (const [key, owner] of this.#bodies) {
        const [section, offset] = key.split(' ').map(Number) as [number, number];
        this.#addresses.set(this.#sections[section]!.address + BigInt(offset), owner);
      }
    }
    return this.#addresses;
  }

  #isCode(section: number, offset: number): boolean {
    const ranges = this.#code.get(section);
    if (!ranges) return false;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle]!.start <= offset) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low - 1];
    return range !== undefined && offset < range.end;
  }

  #addCode(section: number, start: number, end: number): void {
    const ranges = this.#code.get(section);
    if (ranges) ranges.push({ start, end });
    else this.#code.set(section, [{ start, end }]);
  }

  /** A weak definition that lost is still there, without a name: where it lies, its section's other functions tell. */
  #addLost(
    image: Image,
    at: number,
    units: readonly LinkUnit[],
    linked: LinkedUnits,
    offsetOf: (row: number) => number | undefined,
  ): void {
    units.forEach(({ bodies, fixed }, unit) => {
      if (fixed) return;
      const placed = linked.bodies[unit]!;
      bodies.forEach(({ sectionIndex, value, size }, body) => {
        if (placed[body]) return;
        const near = bodies.findIndex(
          (other, id) => placed[id]?.image === at && other.sectionIndex === sectionIndex,
        );
        if (near < 0) return;
        const { row } = placed[near]!;
        const start = offsetOf(row)! - bodies[near]!.value + value;
        this.#addCode(image.section[row]!, start, start + size);
      });
    });
  }
}

interface Range {
  readonly start: number;
  end: number;
}

/** The same places, ascending and without overlaps: aliases may have other sizes. */
function joined(ranges: readonly Range[]): Range[] {
  const all: Range[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last && start < last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}
