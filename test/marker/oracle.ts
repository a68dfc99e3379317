import {
  type Elf,
  NO_SECTION,
  openElf,
  type RelocationTable,
  SHT_REL,
  SHT_RELA,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_GNU_IFUNC,
} from '../../src/elf/index.js';

/** A place where function symbols stand, with all of them. */
export interface Body {
  /** In the order of the symbol table. */
  readonly names: readonly string[];
  /** Whether one of the names is an IFUNC: then the body chooses the one to be called, and is no function of a source. */
  readonly isResolver: boolean;
  readonly section: number;
  readonly sectionName: string;
  readonly start: number;
  readonly end: number;
}

/** What an object tells of who holds whose code. */
export interface Truth {
  /** All bodies but fragments (`f.cold`). */
  readonly bodies: readonly Body[];
  /** Symbol -> its body; a fragment's is its function's. */
  readonly bodyOf: ReadonlyMap<string, Body>;
  /** Marker -> the bodies that hold it. */
  readonly holders: ReadonlyMap<number, ReadonlySet<Body>>;
  readonly markers: number;
  /** Those that ftrace can redirect. */
  readonly sites: ReadonlySet<Body>;
  /** Function symbol -> who can mean it. */
  readonly bindings: ReadonlyMap<string, 'local' | 'global' | 'weak'>;
}

const TABLE = '.klp_marks';
const SITE_TABLES = ['__mcount_loc', '__patchable_function_entries'];
/** How far behind its symbol a function's ftrace site may be: ppc64le sets up a register first. */
const ENTRY_SIZE = 16;
const BEFORE_ENTRY = 8;
/** What GCC calls the part of a function that it moves out of the way. */
const FRAGMENT = /\.cold(?:\.\d+)?$/;

/** Reads who holds which markers off an object. */
export function readTruth(object: Uint8Array, file: string): Truth {
  const elf = openElf(object, file);
  const bindings = new Map<string, 'local' | 'global' | 'weak'>();
  const all = readBodies(elf, bindings);
  const bodyOf = new Map<string, Body>();
  for (const body of all) for (const name of body.names) bodyOf.set(name, body);
  for (const [name, body] of bodyOf) bodyOf.set(name, wholeOf(body, bodyOf));
  const holders = new Map<number, Set<Body>>();
  let markers = 0;
  const bodyAt = ({ section, offset }: Place) =>
    all.find((body) => body.section === section && body.start <= offset && offset < body.end);
  for (const { id, place } of readMarkers(elf)) {
    const at = bodyAt(place);
    if (at === undefined) throw new Error(`${file}: marker ${id} is outside of all functions`);
    const set = holders.get(id) ?? new Set<Body>();
    holders.set(id, set.add(wholeOf(at, bodyOf)));
    markers++;
  }
  const sites = new Set<Body>();
  for (const { section, offset } of sitePlaces(elf)) {
    // GCC puts the site of a MIPS function before its symbol.
    const body = bodyAt({ section, offset }) ?? bodyAt({ section, offset: offset + BEFORE_ENTRY });
    if (body !== undefined && offset <= body.start + ENTRY_SIZE) sites.add(body);
  }
  const bodies = all.filter((body) => wholeOf(body, bodyOf) === body);
  return { bodies, bodyOf, holders, markers, sites, bindings };
}

function sitePlaces(elf: Elf): Place[] {
  const tables = elf.sections.filter(({ name }) => SITE_TABLES.includes(name));
  return tables.flatMap(({ index }) => [...relocatedPlaces(elf, index).values()]);
}

function wholeOf(body: Body, bodyOf: ReadonlyMap<string, Body>): Body {
  const fragment = body.names.every((name) => FRAGMENT.test(name));
  if (!fragment) return body;
  const whole = bodyOf.get(body.names[0]!.replace(FRAGMENT, ''));
  if (whole === undefined) throw new Error(`there is a fragment without its function: ${body.names[0]}`);
  return whole;
}

function readBodies(elf: Elf, bindings: Map<string, 'local' | 'global' | 'weak'>): Body[] {
  const symbols = elf.symbols();
  const bodies = new Map<string, { -readonly [K in keyof Body]: Body[K] } & { names: string[] }>();
  for (let i = 1; i < symbols.count; i++) {
    const type = symbols.type(i);
    const section = symbols.sectionIndex(i);
    if ((type !== STT_FUNC && type !== STT_GNU_IFUNC) || section === 0 || section === NO_SECTION) continue;
    const start = symbols.offsetValue(i);
    const key = `${section}:${start}`;
    const { name: sectionName } = elf.sections[section]!;
    const body = bodies.get(key) ?? { names: [], isResolver: false, section, sectionName, start, end: start };
    const name = symbols.name(i);
    body.names.push(name);
    const bind = symbols.bind(i);
    bindings.set(name, bind === STB_LOCAL ? 'local' : bind === STB_WEAK ? 'weak' : 'global');
    if (type === STT_GNU_IFUNC) body.isResolver = true;
    body.end = Math.max(body.end, start + symbols.size(i));
    bodies.set(key, body);
  }
  return [...bodies.values()];
}

interface Place {
  readonly section: number;
  readonly offset: number;
}

interface Marker {
  readonly id: number;
  readonly place: Place;
}

/** The table has two words an entry: a relocated address and the marker's number. */
function readMarkers(elf: Elf): Marker[] {
  const table = elf.section(TABLE);
  if (table === undefined) return [];
  const word = elf.class / 8;
  const places = relocatedPlaces(elf, table.index);
  const markers: Marker[] = [];
  for (let at = 0; at < table.size; at += word * 2) {
    const place = places.get(at);
    if (place === undefined) throw new Error(`${elf.file}: the marker at ${at} has no relocation`);
    markers.push({ id: elf.pointerAt(table, at + word).low, place });
  }
  return markers;
}

function relocatedPlaces(elf: Elf, target: number): Map<number, Place> {
  const places = new Map<number, Place>();
  for (const section of elf.sections) {
    if ((section.type !== SHT_RELA && section.type !== SHT_REL) || section.info !== target) continue;
    const relocations = elf.relocations(section);
    for (let i = 0; i < relocations.count; i++) {
      places.set(relocations.targetOffset(i), placeOf(elf, relocations, i));
    }
  }
  return places;
}

function placeOf(elf: Elf, relocations: RelocationTable, i: number): Place {
  const symbols = elf.symbols();
  const symbol = relocations.symbol(i);
  return {
    section: symbols.sectionIndex(symbol),
    offset: symbols.offsetValue(symbol) + relocations.addend(i),
  };
}
