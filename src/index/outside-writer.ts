import type { Database } from 'better-sqlite3';
import { linkedAlternatives } from '../callgraph/alternatives.js';
import { type CodeSpan, readCode } from '../callgraph/image-code.js';
import { readReferences } from '../callgraph/references.js';
import {
  type Elf,
  type ElfSection,
  EM_AARCH64,
  EM_PPC64,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHT_NOBITS,
  SHT_RELA,
} from '../elf/index.js';
import { InputError } from '../errors.js';
import { ReferenceKind } from '../graph/open-ends.js';
import type { Image } from '../symbols/image.js';
import { initBounds } from '../symbols/link-units.js';
import { type InitBounds, lifetimeOf } from '../symbols/section-lifetime.js';
import type { Dictionary } from './dictionary.js';
import { type Linking, type Owner, Owners } from './image-owners.js';

export interface LinkedBuild extends Linking {
  /** The linked objects' ids. */
  readonly ids: readonly number[];
  readonly dictionary: Dictionary;
  /** The objdump to run; unless given, the machine's own or the cross one. */
  readonly objdump?: string;
}

/** A reference by code or data of a linked object. */
interface Found {
  readonly how: 'call' | 'init' | 'address';
  readonly section: string;
  readonly address: bigint;
  /** The symbol whose code it is. */
  readonly by: string | undefined;
}

/**
 * Keeps which functions of units are called, or have their address taken, by code and data without a dump: assembly, and
 * what modpost adds to a module. Units' own references are known from their objects, and are not kept twice.
 *
 * Relocations tell where the object keeps them (modules; a vmlinux linked with --emit-relocs), else the machine code.
 */
export async function writeOutside(db: Database, build: number, of: LinkedBuild): Promise<void> {
  const known = new KnownReferences(db, build, of.dictionary);
  const setSource = db.prepare('UPDATE image SET code = ? WHERE id = ?');
  const owners = of.objects.map((object, at) =>
    'image' in object ? new Owners(object.image, at, of) : undefined,
  );
  const vmlinux = owners[of.objects.findIndex(({ name }) => name === 'vmlinux')];
  for (const [at, object] of of.objects.entries()) {
    if (object.source !== 'elf') continue;
    const rows = new OutsideRows(db, of, at, object.image, known);
    const here = owners[at]!;
    if (object.image.kind === 'module' || keepsRelocations(object.elf)) {
      fromRelocations(object, here, vmlinux, rows);
      setSource.run('relocations', of.ids[at]);
    } else {
      setSource.run(
        (await fromCode(object.elf, object.image, here, rows, of.objdump)) ? 'disassembly' : 'unread',
        of.ids[at],
      );
    }
  }
  of.dictionary.flush();
}

function keepsRelocations(elf: Elf): boolean {
  return elf.sections.some(
    (section) =>
      section.type === SHT_RELA && ((elf.sections[section.info]?.flags ?? 0) & SHF_EXECINSTR) !== 0,
  );
}

function fromRelocations(
  { elf, image }: { readonly elf: Elf; readonly image: Image },
  here: Owners,
  vmlinux: Owners | undefined,
  rows: OutsideRows,
): void {
  let labels: Labels | undefined;
  /** Assembly may give its code names that are no functions'. */
  const labelAt = (section: ElfSection, address: bigint) => {
    if (image.kind === 'module' || (section.flags & SHF_EXECINSTR) === 0) return undefined;
    labels ??= new Labels(image);
    return labels.before(address);
  };
  readReferences(elf, {
    reference(how, section, offset, by, target) {
      if (here.holds(section.index, offset, by)) return;
      if (how === 'call' && here.isLost(section.index, offset)) return;
      const owner = target.code
        ? here.at(target.code.section, target.code.start)
        : vmlinux?.named(target.name);
      if (!owner) return;
      const address = section.address + BigInt(offset);
      rows.add(owner, { how, section: section.name, address, by: by?.name ?? labelAt(section, address) });
    },
  });
}

/** Machines that make an address in two instructions, which are not put together: not all that takes one is seen. */
const IN_TWO: ReadonlySet<number> = new Set([EM_AARCH64, EM_PPC64]);

/** @returns whether the code could be read, and tells of all that it refers to */
async function fromCode(
  elf: Elf,
  image: Image,
  here: Owners,
  rows: OutsideRows,
  objdump: string | undefined,
): Promise<boolean> {
  const labels = new Labels(image);
  const spans: CodeSpan[] = [];
  for (const section of elf.sections) {
    if ((section.flags & SHF_EXECINSTR) === 0 || (section.flags & SHF_ALLOC) === 0 || !section.hasData)
      continue;
    const bytes = elf.sectionBytes(section);
    const isReplacement = section.name === '.altinstr_replacement';
    for (const { start, end } of isReplacement
      ? foreignReplacements(elf, section, here)
      : here.gaps(section)) {
      const from = section.address + BigInt(start);
      spans.push({
        start: from,
        bytes: bytes.subarray(start, end),
        labels: labels.within(from, end - start),
      });
    }
  }
  const take = (how: Found['how'], from: bigint, target: bigint) => {
    if (how === 'call' && here.isLostAt(from)) return;
    const owner = here.atAddress(target);
    if (owner)
      rows.add(owner, { how, section: here.sectionAt(from), address: from, by: labels.before(from) });
  };
  wordsOf(elf, here, take);
  relativeWords(elf, image, here, take);
  relativeRelocations(elf, here, take);
  try {
    await readCode(elf, spans, (address) => here.atAddress(address) !== undefined, take, objdump);
    return !IN_TWO.has(elf.machine);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/**
 * Parts of `.altinstr_replacement` that are patched over code of no unit: a replacement is code of the function that it is
 * patched over. All of it where the table of alternatives is not understood.
 */
function foreignReplacements(
  elf: Elf,
  section: ElfSection,
  here: Owners,
): { readonly start: number; readonly end: number }[] {
  const table = elf.sections.find(({ name }) => name === '.altinstructions');
  const all = table ? linkedAlternatives(elf, table) : [];
  if (all.length === 0) return [{ start: 0, end: section.size }];
  const offset = (address: bigint) => Number(address - section.address);
  const starts = [...new Set(all.map(({ replacement }) => offset(replacement)))].sort((a, b) => a - b);
  const endOf = new Map(starts.map((start, at) => [start, starts[at + 1] ?? section.size]));
  const foreign = all.filter(({ original }) => !here.holdsAddress(original));
  const found = new Set(foreign.map(({ replacement }) => offset(replacement)));
  return [...found]
    .filter((start) => start >= 0 && start < section.size)
    .sort((a, b) => a - b)
    .map((start) => ({ start, end: endOf.get(start)! }));
}

/** Pointers that the image's own start-up code writes (a relocatable kernel, linked as position-independent). */
function relativeRelocations(
  elf: Elf,
  here: Owners,
  take: (how: 'address', from: bigint, target: bigint) => void,
): void {
  for (const section of elf.sections) {
    if (section.type !== SHT_RELA || (section.flags & SHF_ALLOC) === 0) continue;
    const relocations = elf.relocations(section);
    for (let i = 0; i < relocations.count; i++) {
      if (relocations.symbol(i) !== 0) continue;
      const target = (BigInt(relocations.addendHigh(i)) << 32n) | BigInt(relocations.addendLow(i));
      if (here.atAddress(target)) take('address', relocations.offset(i), target);
    }
  }
}

/** Pointers in data, at any place: entries of functions are nothing that other data look like. */
function wordsOf(elf: Elf, here: Owners, take: (how: 'address', from: bigint, target: bigint) => void): void {
  for (const section of elf.sections) {
    const isData = (section.flags & SHF_ALLOC) !== 0 && (section.flags & SHF_EXECINSTR) === 0;
    if (!isData || section.type === SHT_NOBITS) continue;
    const bytes = elf.sectionBytes(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const high = elf.littleEndian ? 4 : 0;
    for (let at = 0; at + 8 <= bytes.length; at++) {
      if (!here.isHigh(view.getUint32(at + high, elf.littleEndian))) continue;
      if (!here.isLow(view.getUint32(at + 4 - high, elf.littleEndian))) continue;
      const target = view.getBigUint64(at, elf.littleEndian);
      if (here.atAddress(target)) take('address', section.address + BigInt(at), target);
    }
  }
}

/**
 * Tables of functions by their distance, where the architecture has such (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS; include/
 * linux/init.h, include/linux/pci.h), by their bounds.
 */
const RELATIVE: readonly (readonly [start: string, end: string])[] = [
  ['__initcall_start', '__initcall_end'],
  ['__con_initcall_start', '__con_initcall_end'],
  ['__start_pci_fixups_early', '__end_pci_fixups_suspend_late'],
];

function relativeWords(
  elf: Elf,
  image: Image,
  here: Owners,
  take: (how: 'address', from: bigint, target: bigint) => void,
): void {
  for (const [start, end] of boundsOf(image, RELATIVE)) {
    const section = elf.sections.find(
      ({ address, size, type }) =>
        type !== SHT_NOBITS && start >= address && end <= address + BigInt(size) && start < end,
    );
    if (section === undefined) continue;
    const from = Number(start - section.address);
    const bytes = elf.sectionBytes(section).subarray(from, Number(end - section.address));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const place = start + BigInt(at);
      const target = place + BigInt(view.getInt32(at, elf.littleEndian));
      if (here.atAddress(target)) take('address', place, target);
    }
  }
}

function boundsOf(
  image: Image,
  tables: readonly (readonly [start: string, end: string])[],
): [start: bigint, end: bigint][] {
  const wanted = new Set(tables.flat());
  const at = new Map<string, bigint>();
  image.names.forEach((name, row) => {
    if (wanted.has(name)) at.set(name, image.address[row]!);
  });
  return tables.flatMap(([start, end]): [bigint, bigint][] => {
    const [from, to] = [at.get(start), at.get(end)];
    return from === undefined || to === undefined ? [] : [[from, to]];
  });
}

/** Names of places in code, by address. */
class Labels {
  readonly #address: BigUint64Array;
  readonly #names: string[];

  constructor(image: Image) {
    const rows = [...image.names.keys()].filter((row) => image.section[row]! > 0 && image.type[row]! <= 2);
    rows.sort((a, b) =>
      image.address[a]! < image.address[b]! ? -1 : image.address[a]! > image.address[b]! ? 1 : a - b,
    );
    this.#address = BigUint64Array.from(rows, (row) => image.address[row]!);
    this.#names = rows.map((row) => image.names[row]!);
  }

  within(start: bigint, size: number): bigint[] {
    const end = start + BigInt(size);
    const found: bigint[] = [];
    for (let at = this.#after(start - 1n); at < this.#address.length && this.#address[at]! < end; at++) {
      if (found.at(-1) !== this.#address[at]) found.push(this.#address[at]!);
    }
    return found;
  }

  before(address: bigint): string | undefined {
    return this.#names[this.#after(address) - 1];
  }

  #after(address: bigint): number {
    let low = 0;
    let high = this.#address.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#address[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The rows of one linked object. */
class OutsideRows {
  readonly #insert;
  readonly #of: LinkedBuild;
  readonly #image: number;
  readonly #inModule: boolean;
  readonly #bounds: InitBounds | undefined;
  readonly #tables: readonly Table[];
  readonly #known: KnownReferences;

  constructor(db: Database, of: LinkedBuild, at: number, image: Image, known: KnownReferences) {
    this.#insert = db.prepare('INSERT OR IGNORE INTO outside VALUES (?, ?, ?, ?, ?, ?)');
    this.#of = of;
    this.#image = of.ids[at]!;
    this.#inModule = image.kind === 'module';
    this.#bounds = initBounds(image);
    this.#tables = this.#inModule ? [] : vmlinuxTables(image);
    this.#known = known;
  }

  add({ unit, names }: Owner, { how, section, address, by }: Found): void {
    const table = this.#tables.find(({ start, end }) => address >= start && address < end);
    if (table?.use === 'metadata') return;
    const isInit = lifetimeOf({ inModule: this.#inModule, section, address }, this.#bounds) === 'init';
    const kind = table?.use === 'init' ? ReferenceKind.initTable : kindOf(how, isInit);
    if (this.#known.has(this.#image, unit, names, kind)) return;
    const { dictionary } = this.#of;
    const name = by === undefined ? 0 : dictionary.name(by);
    this.#insert.run(unit, dictionary.name(names[0]!), this.#image, dictionary.name(section), name, kind);
  }
}

function kindOf(how: Found['how'], isInit: boolean): number {
  if (how === 'init') return ReferenceKind.initTable;
  if (how === 'address') return ReferenceKind.address;
  return isInit ? ReferenceKind.namelessInitCall : ReferenceKind.namelessCall;
}

/** What the units' objects say already: of global names in each linked object, of a unit's own in the unit. */
class KnownReferences {
  /** Ids of linked object and name, and the kind, in one number each. */
  readonly #names = new Set<number>();
  /** The same with the unit's id. */
  readonly #local = new Set<number>();
  readonly #dictionary: Dictionary;

  constructor(db: Database, build: number, dictionary: Dictionary) {
    this.#dictionary = dictionary;
    const local = db
      .prepare(
        `SELECT DISTINCT s.unit, s.name FROM symbol s JOIN unit u ON u.id = s.unit
         WHERE s.binding = 0 AND u.build = ?`,
      )
      .raw()
      .iterate(build) as Iterable<[number, number]>;
    const statics = new Set<number>();
    for (const [unit, name] of local) statics.add(keyOf(unit, name, 0));
    const rows = db
      .prepare(
        `SELECT DISTINCT r.unit, r.target, r.kind, l.image FROM reference r
         JOIN unit_image l ON l.unit = r.unit JOIN unit u ON u.id = r.unit WHERE u.build = ?`,
      )
      .raw()
      .iterate(build) as Iterable<[number, number, number, number]>;
    for (const [unit, name, kind, image] of rows) {
      if (!statics.has(keyOf(unit, name, 0))) this.#names.add(keyOf(image, name, kind));
      this.#local.add(keyOf(unit, name, kind));
    }
  }

  /** @param image the linked object that holds the reference */
  has(image: number, unit: number, names: readonly string[], kind: number): boolean {
    return names.some((text) => {
      const name = this.#dictionary.name(text);
      return this.#names.has(keyOf(image, name, kind)) || this.#local.has(keyOf(unit, name, kind));
    });
  }
}

/** @param holder a linked object's or a unit's id; no index has 2^21 of them, nor 2^28 names: an exact double */
function keyOf(holder: number, name: number, kind: number): number {
  return (holder * KINDS + kind) * NAMES + name;
}

const NAMES = 2 ** 28;
const KINDS = 2 ** 3;

interface Table {
  readonly start: bigint;
  readonly end: bigint;
  readonly use: 'metadata' | 'init';
}

/** Tables that vmlinux's linker script (include/asm-generic/vmlinux.lds.h) gathers into other sections, by their bounds. */
const TABLES: readonly (readonly [start: string, end: string, use: Table['use']])[] = [
  ['__initcall_start', '__initcall_end', 'init'],
  ['__con_initcall_start', '__con_initcall_end', 'init'],
  ['__setup_start', '__setup_end', 'init'],
  ['__start_mcount_loc', '__stop_mcount_loc', 'metadata'],
  ['__start_kprobe_blacklist', '__stop_kprobe_blacklist', 'metadata'],
  ['__start___ex_table', '__stop___ex_table', 'metadata'],
  ['__start___bug_table', '__stop___bug_table', 'metadata'],
  ['__start___jump_table', '__stop___jump_table', 'metadata'],
  ['__start___ksymtab', '__stop___ksymtab', 'metadata'],
  ['__start___ksymtab_gpl', '__stop___ksymtab_gpl', 'metadata'],
  ['__start_orc_unwind_ip', '__stop_orc_unwind_ip', 'metadata'],
  ['__start_orc_unwind', '__stop_orc_unwind', 'metadata'],
  ['__start_static_call_sites', '__stop_static_call_sites', 'metadata'],
  ['__alt_instructions', '__alt_instructions_end', 'metadata'],
  ['__parainstructions', '__parainstructions_end', 'metadata'],
  ['__smp_locks', '__smp_locks_end', 'metadata'],
  ['__retpoline_sites', '__retpoline_sites_end', 'metadata'],
  ['__return_sites', '__return_sites_end', 'metadata'],
  ['__call_sites', '__call_sites_end', 'metadata'],
];

function vmlinuxTables(image: Image): Table[] {
  const wanted = new Set(TABLES.flat());
  const at = new Map<string, bigint>();
  image.names.forEach((name, row) => {
    if (wanted.has(name)) at.set(name, image.address[row]!);
  });
  return TABLES.flatMap(([start, end, use]) => {
    const [from, to] = [at.get(start), at.get(end)];
    return from === undefined || to === undefined ? [] : [{ start: from, end: to, use }];
  });
}
