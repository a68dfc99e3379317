/**
 * What linking made of units: which symbol of which linked object each of their functions became, which weak
 * definitions lost, and which names a linker script gave to their code.
 */
import { EM_LOONGARCH, EM_RISCV, STB_LOCAL, STB_WEAK, STT_FUNC, STT_GNU_IFUNC } from '../elf/index.js';
import type { Image } from './image.js';
import { type ImageFunctionSymbol, placeUnits, type UnitFunctionSymbol } from './place-units.js';
import { type InitBounds, Lifetime, lifetimeOf } from './section-lifetime.js';

/** A function symbol of a unit's object. */
export interface LinkSymbol extends UnitFunctionSymbol {
  /** Its place among the unit's bodies. */
  readonly body: number;
  readonly role: number;
}

/** A unit, with what of it linking decides on. */
export interface LinkUnit {
  readonly id: number;
  /** The source's base name, as `STT_FILE` has it. */
  readonly baseName: string;
  readonly symbols: readonly LinkSymbol[];
  /** By body. */
  readonly bodies: readonly {
    readonly section: string;
    readonly sectionIndex: number;
    readonly value: number;
    readonly size: number;
    readonly traceable: boolean;
    readonly lifetime: number;
  }[];
  /** The linked objects that it is known to be part of, as places in the list of images. */
  readonly images: readonly number[];
  /** Whether all modules that it belongs to were not given. */
  readonly elsewhere: boolean;
  /** Where its symbols are, if it was read from linked objects: by symbol, its row or -1. */
  readonly fixed?: readonly { readonly image: number; readonly rows: readonly number[] }[] | undefined;
}

/** Where a body is in a linked object. */
export interface LinkedBody {
  readonly image: number;
  /** A symbol of it. */
  readonly row: number;
}

export interface LinkedUnits {
  /** Unit -> the linked objects that it is in. */
  readonly images: readonly Set<number>[];
  /** Image -> row of a function symbol -> unit. */
  readonly unitOf: readonly Map<number, number>[];
  /** Unit -> body -> where it is. */
  readonly bodies: readonly (LinkedBody | undefined)[][];
  /** Unit -> symbols (places in `LinkUnit.symbols`) whose weak definition another one replaced. */
  readonly lost: readonly ReadonlySet<number>[];
  /** Unit -> names that only the linked object has for its code, with the body. */
  readonly scripted: readonly { readonly name: string; readonly body: number }[][];
  /** Unit -> body -> `Lifetime` and whether ftrace can redirect it. */
  readonly fates: readonly { readonly lifetime: number; readonly traceable: boolean }[][];
}

/** A linked object: its symbols, where they were read from an ELF file. */
export type LinkImage = { readonly source: string } & ({ readonly image: Image } | object);

export function linkUnits(objects: readonly LinkImage[], units: readonly LinkUnit[]): LinkedUnits {
  const images = objects.map((object) => ('image' in object ? object.image : undefined));
  const functions = images.map((image) => (image ? functionsOf(image) : NO_FUNCTIONS));
  const copies = copiesOf(units);
  const placed = placeUnits(
    copies.map(({ unit, image }) => ({
      baseName: units[unit]!.baseName,
      functions: units[unit]!.elsewhere || units[unit]!.fixed ? [] : units[unit]!.symbols,
      ...(image !== undefined && { image }),
    })),
    functions.map(({ symbols }) => symbols),
    new Set(images.flatMap((image, at) => (image && isRelaxed(image) ? [at] : []))),
  );
  const unitOf = images.map(() => new Map<number, number>());
  const unitImages = units.map((unit) => new Set(unit.images));
  const bodies = units.map((unit) => new Array<LinkedBody | undefined>(unit.bodies.length));
  placed.forEach(({ image, symbols }, copy) => {
    const { unit } = copies[copy]!;
    if (image !== undefined) unitImages[unit]!.add(image);
    symbols.forEach((found, symbol) => {
      if (!found) return;
      const row = functions[found.image]!.rows[found.symbol]!;
      unitOf[found.image]!.set(row, unit);
      bodies[unit]![units[unit]!.symbols[symbol]!.body] ??= { image: found.image, row };
    });
  });
  units.forEach(({ fixed, symbols }, unit) => {
    for (const { image, rows } of fixed ?? []) {
      unitImages[unit]!.add(image);
      rows.forEach((row, symbol) => {
        if (row < 0) return;
        unitOf[image]!.set(row, unit);
        bodies[unit]![symbols[symbol]!.body] ??= { image, row };
      });
    }
  });
  const scripted = units.map((): { name: string; body: number }[] => []);
  images.forEach((image, at) => {
    if (image) nameOthers(image, at, functions[at]!.rows, units, bodies, unitOf[at]!, scripted);
  });
  const lost = lostSymbols(images, units, unitImages, unitOf);
  return {
    images: unitImages,
    unitOf,
    bodies,
    lost,
    scripted,
    fates: fatesOf(images, units, unitImages, bodies, lost),
  };
}

/** Whether the linker may have made calls shorter; partial links (modules) leave them. */
function isRelaxed({ kind, machine }: Image): boolean {
  return kind === 'vmlinux' && (machine === EM_RISCV || machine === EM_LOONGARCH);
}

/** Units, once for each linked object that they are known to be part of. */
function copiesOf(units: readonly LinkUnit[]): { readonly unit: number; readonly image?: number }[] {
  return units.flatMap(({ images }, unit) =>
    images.length === 0 ? [{ unit }] : images.map((image) => ({ unit, image })),
  );
}

/** Function symbols that stand where a unit's body is, and that placing did not give to it: its aliases' and a script's. */
function nameOthers(
  image: Image,
  at: number,
  rows: readonly number[],
  units: readonly LinkUnit[],
  bodies: readonly (LinkedBody | undefined)[][],
  unitOf: Map<number, number>,
  scripted: readonly { name: string; body: number }[][],
): void {
  const open = rows.filter((row) => !unitOf.has(row));
  if (open.length === 0) return;
  const key = (row: number) => `${image.kind === 'module' ? image.section[row] : ''} ${image.address[row]}`;
  const wanted = new Set(open.map(key));
  const found = new Map<string, { unit: number; body: number }>();
  bodies.forEach((list, unit) => {
    list.forEach((body, id) => {
      if (body?.image === at && wanted.has(key(body.row))) found.set(key(body.row), { unit, body: id });
    });
  });
  for (const row of open) {
    const owner = found.get(key(row));
    if (!owner) continue;
    unitOf.set(row, owner.unit);
    const name = image.names[row]!;
    const own = units[owner.unit]!.symbols.some(
      (symbol) => symbol.name === name && symbol.body === owner.body,
    );
    if (!own) scripted[owner.unit]!.push({ name, body: owner.body });
  }
}

/** Weak definitions whose name another unit's (or assembly's) definition has in the linked object. */
function lostSymbols(
  images: readonly (Image | undefined)[],
  units: readonly LinkUnit[],
  unitImages: readonly ReadonlySet<number>[],
  unitOf: readonly ReadonlyMap<number, number>[],
): Set<number>[] {
  const globals = images.map((image) => image && globalsOf(image));
  return units.map(({ symbols }, unit) => {
    const lost = new Set<number>();
    symbols.forEach(({ name, binding }, symbol) => {
      if (binding !== 'weak') return;
      for (const image of unitImages[unit]!) {
        const row = globals[image]?.get(name);
        if (row !== undefined && unitOf[image]!.get(row) !== unit) lost.add(symbol);
      }
    });
    return lost;
  });
}

/** Name -> the row of the definition that linking chose. */
function globalsOf(image: Image): Map<string, number> {
  const globals = new Map<string, number>();
  for (let row = 0; row < image.names.length; row++) {
    // A hidden global one is local in the linked file, in no file's group (bfd/elflink.c, elf_link_output_extsym).
    const isGlobal = image.binding[row] !== STB_LOCAL || image.groups[image.group[row]!] === '';
    if (isGlobal && image.section[row] !== 0) globals.set(image.names[row]!, row);
  }
  return globals;
}

function fatesOf(
  images: readonly (Image | undefined)[],
  units: readonly LinkUnit[],
  unitImages: readonly ReadonlySet<number>[],
  placed: readonly (LinkedBody | undefined)[][],
  lost: readonly ReadonlySet<number>[],
): { lifetime: number; traceable: boolean }[][] {
  const bounds = images.map((image) => image && initBounds(image));
  return units.map((unit, at) => {
    const kept = new Uint8Array(unit.bodies.length);
    unit.symbols.forEach(({ body }, symbol) => {
      if (!lost[at]!.has(symbol)) kept[body] = 1;
    });
    const inModule = [...unitImages[at]!].some((image) => images[image]?.kind === 'module');
    return unit.bodies.map(({ section, traceable, lifetime }, body) => {
      if (lifetime === Lifetime.undecided) return { lifetime, traceable };
      if (kept[body] === 0) return { lifetime: Lifetime.discarded, traceable };
      const place = placed[at]![body];
      const image = place && images[place.image];
      if (!place || !image) {
        const lifetime = Lifetime[lifetimeOf({ inModule, section, address: null }, undefined)];
        return { lifetime, traceable };
      }
      const where = {
        inModule: image.kind === 'module',
        section: image.sections[image.section[place.row]!] ?? section,
        address: image.address[place.row]!,
      };
      return {
        lifetime: Lifetime[lifetimeOf(where, bounds[place.image])],
        traceable: image.traceable[place.row] === 1,
      };
    });
  });
}

export function initBounds(image: Image): InitBounds | undefined {
  if (image.kind !== 'vmlinux') return undefined;
  const start = image.names.indexOf('__init_begin');
  const end = image.names.indexOf('__init_end');
  return start < 0 || end < 0 ? undefined : { start: image.address[start]!, end: image.address[end]! };
}

/** An image's function symbols, and which of its rows each is. */
interface ImageFunctions {
  readonly rows: readonly number[];
  readonly symbols: readonly ImageFunctionSymbol[];
}

const NO_FUNCTIONS: ImageFunctions = { rows: [], symbols: [] };

function functionsOf(image: Image): ImageFunctions {
  const rows: number[] = [];
  for (let i = 0; i < image.names.length; i++) {
    const isFunction = image.type[i] === STT_FUNC || image.type[i] === STT_GNU_IFUNC;
    if (isFunction && image.section[i] !== 0) rows.push(i);
  }
  // Differences between addresses fit a double exactly; addresses do not.
  let lowest = 2n ** 64n;
  for (const row of rows) if (image.address[row]! < lowest) lowest = image.address[row]!;
  return {
    rows,
    symbols: rows.map((row) => ({
      name: image.names[row]!,
      offset: Number(image.address[row]! - lowest),
      section: image.kind === 'module' ? image.section[row]! : 0,
      size: image.size[row]!,
      binding: bindingName(image.binding[row]!),
      file: image.groups[image.group[row]!],
    })),
  };
}

/** STB_... in words. */
export function bindingName(binding: number): UnitFunctionSymbol['binding'] {
  if (binding === STB_LOCAL) return 'local';
  return binding === STB_WEAK ? 'weak' : binding === 1 ? 'global' : 'unique';
}
