/** The places in a linked object's code where function symbols stand, and what its symbol table alone tells of them. */
import {
  type Elf,
  ET_REL,
  SHF_EXECINSTR,
  STB_LOCAL,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
} from '../elf/index.js';
import { functionOfFragment } from './bodies.js';
import type { Image } from './image.js';

export interface ImagePlace {
  /** The section's index. */
  readonly section: number;
  /** Offset in the section. */
  readonly offset: number;
  /** The largest of its symbols' sizes. */
  readonly size: number;
  /** Between two bounds that the linker script sets, contributions stand in link order. */
  readonly segment: number;
  /** Rows of the image. */
  readonly rows: readonly number[];
  /** The image's group that it certainly is of, as a local symbol stands there; -1 where none does. */
  readonly group: number;
  /** The group that has local symbols of its names, unless they are of another, lost definition of the name; or -1. */
  readonly named: number;
}

/** By section and offset. */
export function imagePlaces(elf: Elf, image: Image): ImagePlace[] {
  const places = new Map<string, { section: number; offset: number; rows: number[] }>();
  for (let row = 0; row < image.names.length; row++) {
    const isFunction = image.type[row] === STT_FUNC || image.type[row] === STT_GNU_IFUNC;
    const section = image.section[row]!;
    if (!isFunction || section <= 0) continue;
    const offset = Number(image.address[row]! - elf.sections[section]!.address);
    const key = `${section} ${offset}`;
    const known = places.get(key);
    if (known) known.rows.push(row);
    else places.set(key, { section, offset, rows: [row] });
  }
  const sorted = [...places.values()].sort((a, b) => a.section - b.section || a.offset - b.offset);
  const segmentOf = segments(elf, image);
  const told = groupsTold(image);
  return sorted.map(({ section, offset, rows }) => ({
    section,
    offset,
    rows,
    size: Math.max(...rows.map((row) => image.size[row]!)),
    segment: segmentOf(section, offset),
    group: Math.max(...rows.map((row) => groupOf(image, row) ?? -1)),
    named: Math.max(...rows.map((row) => told.get(image.names[row]!) ?? -1)),
  }));
}

/**
 * The group of a local symbol. What ld made local itself (a hidden global symbol) stands in a group without a name, and is
 * global as far as its object goes (bfd/elflink.c, elf_link_output_extsym).
 */
export function groupOf(image: Image, row: number): number | undefined {
  const group = image.group[row]!;
  return group < 0 || image.groups[group] === '' ? undefined : group;
}

export function isLocal(image: Image, row: number): boolean {
  return image.binding[row] === STB_LOCAL && image.groups[image.group[row]!] !== '';
}

/** Functions that a tracepoint's definition makes beside the local `__tpstrtab_NAME` (include/linux/tracepoint.h). */
const OF_TRACEPOINT = ['__traceiter_', '__SCT__tp_func_', '__probestub_'];
const TRACEPOINT = /^__tpstrtab_(.+)$/;

/** Global functions whose object other, local symbols tell: a `.cold` part, a tracepoint's name. */
function groupsTold(image: Image): Map<string, number> {
  const told = new Map<string, number>();
  image.names.forEach((name, row) => {
    const group = groupOf(image, row);
    if (group === undefined) return;
    const parent = name.includes('.cold') ? functionOfFragment(name) : undefined;
    if (parent !== undefined) told.set(parent, told.has(parent) ? -1 : group);
    const tracepoint = TRACEPOINT.exec(name)?.[1];
    if (tracepoint !== undefined) for (const prefix of OF_TRACEPOINT) told.set(prefix + tracepoint, group);
  });
  return told;
}

/** The linker script's bounds between kinds of code (include/asm-generic/vmlinux.lds.h: SCHED_TEXT, LOCK_TEXT, ...). */
const BOUND = /^(?:__\w+_(?:start|end|begin)|_[se]\w*text)$/;

function segments(elf: Elf, image: Image): (section: number, offset: number) => number {
  if (elf.type === ET_REL) return (section) => section;
  const bounds = new Set<string>();
  const bySection = new Map<number, number[]>();
  image.names.forEach((name, row) => {
    const section = image.section[row]!;
    if (image.type[row] !== STT_NOTYPE || image.binding[row] === STB_LOCAL || section <= 0) return;
    if ((elf.sections[section]!.flags & SHF_EXECINSTR) === 0 || !BOUND.test(name)) return;
    const offset = Number(image.address[row]! - elf.sections[section]!.address);
    if (bounds.has(`${section} ${offset}`)) return;
    bounds.add(`${section} ${offset}`);
    bySection.set(section, [...(bySection.get(section) ?? []), offset]);
  });
  for (const offsets of bySection.values()) offsets.sort((a, b) => a - b);
  return (section, offset) => {
    const offsets = bySection.get(section) ?? [];
    const before = offsets.findLastIndex((bound) => bound <= offset);
    return section * 4096 + before + 1;
  };
}
