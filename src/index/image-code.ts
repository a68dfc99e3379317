/**
 * The code of one linked object as units that have no object are read from it: places, what refers to what, and code
 * that has no name.
 */
import { CodeMap, type CodeRange } from '../callgraph/code-map.js';
import { readImageReferences } from '../callgraph/image-references.js';
import { type Elf, ET_REL, SHF_ALLOC, STT_OBJECT } from '../elf/index.js';
import { groupOf, type ImagePlace, imagePlaces, isLocal } from '../symbols/code-places.js';
import { type FtraceSites, objectSites, vmlinuxSites } from '../symbols/ftrace-sites.js';
import type { Image } from '../symbols/image.js';

/** Columns of references by functions: places, or for what another object defines `-1 - name`. */
export interface PlaceReferences {
  readonly by: number[];
  readonly target: number[];
  readonly isCall: boolean[];
  readonly section: number[];
}

/** Code that no symbol names, between two places. */
export interface NamelessCode {
  readonly section: number;
  readonly start: number;
  readonly end: number;
  /** The place before it. */
  readonly after: number;
  /** Whether ftrace has a site in it: a function of C. */
  readonly hasSite: boolean;
}

export class ImageCode {
  readonly elf: Elf;
  readonly image: Image;
  readonly places: readonly ImagePlace[];
  readonly #map: CodeMap;
  readonly #placeAt = new Map<string, number>();
  readonly #placeOf = new Map<CodeRange, number>();

  constructor(elf: Elf, image: Image) {
    this.elf = elf;
    this.image = image;
    this.places = imagePlaces(elf, image);
    this.#map = new CodeMap(elf);
    this.places.forEach(({ section, offset }, place) => {
      this.#placeAt.set(`${section} ${offset}`, place);
    });
  }

  /**
   * Reads the code.
   *
   * @param told the group of a place that its names do not tell, where it uses what only that group's code can name
   * @throws InputError if it cannot be disassembled
   */
  async read(
    nameId: (name: string) => number,
    told: (place: number, group: number) => void,
    objdump?: string,
  ): Promise<PlaceReferences> {
    const found: PlaceReferences = { by: [], target: [], isCall: [], section: [] };
    const known = new Set<string>();
    const base = this.#base();
    const data = this.#localData(base);
    await readImageReferences(
      this.elf,
      this.#map,
      base,
      {
        reference: (kind, by, section, target) => {
          const from = this.#placeOfRange(by);
          if (from < 0) return;
          const to = target.code ? this.#placeOfRange(target.code) : -1 - nameId(target.name);
          if (target.code && to < 0) return;
          const group = to >= 0 ? this.#localGroup(to) : -1;
          if (group >= 0) told(from, group);
          const key = `${from} ${to} ${kind} ${section.index}`;
          if (known.has(key)) return;
          known.add(key);
          found.by.push(from);
          found.target.push(to);
          found.isCall.push(kind === 'call');
          found.section.push(section.index);
        },
        data: (by, address) => {
          const group = data.get(address);
          if (group === undefined) return;
          const from = this.#placeOfRange(by);
          if (from >= 0) told(from, group);
        },
      },
      objdump,
    );
    return found;
  }

  /** A function's code, as it stands in the file. */
  bytesOf(row: number): Uint8Array {
    const section = this.elf.sections[this.image.section[row]!]!;
    const start = Number(this.image.address[row]! - section.address);
    return this.elf.sectionBytes(section).subarray(start, start + this.image.size[row]!);
  }

  /** Whether all that a function does is a jump, behind the tracer's call and what may be jumped to indirectly (ENDBR). */
  onlyJumps(place: number): boolean {
    const { section, offset, size } = this.places[place]!;
    const code = this.elf.sectionBytes(this.elf.sections[section]!).subarray(offset, offset + size);
    let at = code[0] === 0xf3 && code[1] === 0x0f && code[2] === 0x1e && code[3] === 0xfa ? 4 : 0;
    if (code[at] === 0xe8 || (code[at] === 0x0f && code[at + 1] === 0x1f && code[at + 2] === 0x44)) at += 5;
    return code[at] === 0xe9 || code[at] === 0xeb;
  }

  /** Code longer than what aligns functions, in sections that have some. */
  nameless(): NamelessCode[] {
    const sites = this.#sites();
    const found: NamelessCode[] = [];
    const ranges = [...this.#map.ranges()];
    ranges.sort((a, b) => a.section - b.section || a.start - b.start);
    let after = -1;
    let [section, end] = [-1, 0];
    for (const range of ranges) {
      if (range.section !== section) [section, end, after] = [range.section, range.end, -1];
      else if (range.start > end && after >= 0 && this.#isCode(section, end, range.start)) {
        const hasSite = hasSiteIn(sites, section, end, range.start);
        found.push({ section, start: end, end: range.start, after, hasSite });
      }
      end = Math.max(end, range.end);
      after = this.#placeAt.get(`${range.section} ${range.start}`) ?? -1;
    }
    return found;
  }

  #isCode(section: number, start: number, end: number): boolean {
    if (end - start < MIN_CODE) return false;
    const bytes = this.elf.sectionBytes(this.elf.sections[section]!).subarray(start, end);
    return !bytes.every((byte) => PADDING.has(byte));
  }

  #sites(): FtraceSites {
    const symbols = this.elf.symbols();
    if (this.elf.type === ET_REL) return objectSites(this.elf, symbols);
    let [start, stop] = [-1, -1];
    this.image.names.forEach((name, row) => {
      if (name === '__start_mcount_loc') start = this.image.symbolIndex[row]!;
      else if (name === '__stop_mcount_loc') stop = this.image.symbolIndex[row]!;
    });
    return vmlinuxSites(this.elf, symbols, start, stop);
  }

  #placeOfRange(range: CodeRange): number {
    let place = this.#placeOf.get(range);
    if (place === undefined) {
      place = this.#placeAt.get(`${range.section} ${range.start}`) ?? -1;
      this.#placeOf.set(range, place);
    }
    return place;
  }

  /** Whether only its own object can name a place. */
  isLocalPlace(place: number): boolean {
    return this.places[place]!.rows.every((row) => isLocal(this.image, row));
  }

  /** The group of a place that only its own object can name. */
  #localGroup(place: number): number {
    const { rows } = this.places[place]!;
    return this.isLocalPlace(place) ? (groupOf(this.image, rows[0]!) ?? -1) : -1;
  }

  /** Addresses, counted from the base, at which local data stand, and whose they are. */
  #localData(base: bigint): Map<number, number> {
    const data = new Map<number, number>();
    if (this.elf.type === ET_REL) return data;
    const { image } = this;
    for (let row = 0; row < image.names.length; row++) {
      const group = groupOf(image, row);
      // An empty one (`struct lock_class_key` without lockdep) stands where the next begins, which may be another unit's.
      if (group === undefined || image.type[row] !== STT_OBJECT) continue;
      const address = Number(image.address[row]! - base);
      data.set(address, data.has(address) && data.get(address) !== group ? -1 : group);
    }
    for (const [address, group] of data) if (group < 0) data.delete(address);
    return data;
  }

  /** The lowest address of code: from it others are exact. */
  #base(): bigint {
    if (this.elf.type === ET_REL) return 0n;
    let base = 2n ** 64n;
    for (const section of this.elf.sections) {
      if ((section.flags & SHF_ALLOC) === 0 || !this.#map.codeSections.has(section.index)) continue;
      if (section.address < base) base = section.address;
    }
    return base;
  }
}

/** Functions are aligned to 16 bytes; more than that is no padding of one function. */
const MIN_CODE = 16;
/** The bytes of x86's nops, of int3 and of zeroes. */
const PADDING = new Set([0x00, 0x0f, 0x1f, 0x2e, 0x40, 0x44, 0x66, 0x80, 0x84, 0x90, 0xcc]);

function hasSiteIn({ section, offset }: FtraceSites, wanted: number, start: number, end: number): boolean {
  let low = 0;
  let high = section.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const isBefore = section[middle]! < wanted || (section[middle]! === wanted && offset[middle]! < start);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return section[low] === wanted && offset[low]! < end;
}
