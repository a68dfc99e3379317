/**
 * Whether the units' objects and the linked objects are of one build, and the units all that these were linked from
 * (DOMAIN 4a).
 */
import { type Elf, STT_FUNC, STT_GNU_IFUNC } from '../elf/index.js';
import { functionOfFragment, Role } from '../symbols/bodies.js';
import type { Image } from '../symbols/image.js';
import { abiOf } from '../symbols/object-evidence.js';
import type { Linking } from './image-owners.js';
import { type Problem, problemOf } from './problems.js';
import type { Stray } from './strays.js';

/** A unit, as far as the checks look at it besides its symbols. */
export interface UnitToCheck {
  readonly object: string | null;
  readonly abi: string | null;
  /** Whether it was compiled to be part of a module. */
  readonly isOfModule: boolean;
  /** Whether modules that no file was given of are known to have it. */
  readonly isOfMissing: boolean;
}

export interface BuildToCheck extends Linking {
  /** By place in `units`. */
  readonly toCheck: readonly UnitToCheck[];
  readonly strays: readonly Stray[];
  /** Modules that Kbuild lists and no file was given of, each with an object of it that is a unit's, if one is. */
  readonly missing: ReadonlyMap<string, string | null>;
  /** Names of functions of units whose objects were not read. */
  readonly unverified: ReadonlySet<string>;
}

/** A problem, and the place of its unit in `units`; undefined for one of the build. */
export interface FoundProblem extends Problem {
  readonly unit?: number;
}

interface ReadImage {
  /** Its place among the objects. */
  readonly at: number;
  readonly path: string;
  readonly elf: Elf;
  readonly image: Image;
  /** Name -> rows of functions that belong to no unit. */
  readonly alone: ReadonlyMap<string, readonly number[]>;
}

export function linkProblems(build: BuildToCheck): FoundProblem[] {
  const images = build.objects.flatMap((object, at): ReadImage[] =>
    object.source === 'elf'
      ? [{ ...object, at, alone: functionsAlone(object.image, build.linked.unitOf[at]!) }]
      : [],
  );
  return [
    ...unitProblems(build, images),
    ...strayProblems(build.strays, images),
    ...images.flatMap((image) => withoutUnit(image, build.unverified)),
    ...[...build.missing].slice(0, MOST).map(([name, other]): FoundProblem => {
      return { code: 'module-missing', file: `${name}.ko`, line: null, other, what: name, more: 0 };
    }),
  ];
}

/** More missing modules than this tell nobody anything: they were not given. */
const MOST = 100;

function unitProblems(build: BuildToCheck, images: readonly ReadImage[]): FoundProblem[] {
  const { units, linked, toCheck } = build;
  const vmlinux = images.find(({ image }) => image.kind === 'vmlinux');
  const placed = images.map(({ at, image }) => namesByUnit(image, linked.unitOf[at]!));
  return units.flatMap(({ symbols, baseName }, unit): FoundProblem[] => {
    const { object, abi, isOfModule, isOfMissing } = toCheck[unit]!;
    if (object === null) return [];
    const functions = symbols.filter((symbol, place) => {
      const isOwn = symbol.role === Role.function || symbol.role === Role.clone;
      return isOwn && !linked.lost[unit]!.has(place);
    });
    const own = images.flatMap((image, i) => (linked.images[unit]!.has(image.at) ? [{ image, i }] : []));
    let against: ReadImage | undefined;
    let lacking: string[] = [];
    for (const { image, i } of own) {
      const there = placed[i]!.get(unit) ?? NONE;
      const bodies = new Set(functions.filter(({ name }) => there.has(name)).map(({ body }) => body));
      const absent = functions.filter(({ body }) => !bodies.has(body)).map(({ name }) => name);
      if (absent.length === 0) continue;
      against = image;
      lacking = absent;
    }
    if (own.length === 0) {
      against = images.find((image) => {
        lacking = functions
          .filter(
            ({ name, binding }) => binding !== 'weak' && isAlone(image, name, binding === 'local', baseName),
          )
          .map(({ name }) => name);
        return lacking.length > 0;
      });
    }
    if (vmlinux && abi !== null && abi !== abiOf(vmlinux.elf) && (own.length > 0 || against)) {
      return of(unit, problemOf('object-other-machine', object, vmlinux.path, [abi]));
    }
    if (against) return of(unit, problemOf('object-not-linked', object, against.path, lacking));
    if (own.length === 0 && vmlinux && isOfModule && !isOfMissing && functions.length > 0) {
      return of(
        unit,
        problemOf(
          'object-not-linked',
          object,
          null,
          functions.map(({ name }) => name),
        ),
      );
    }
    return [];
  });
}

const NONE: ReadonlySet<string> = new Set();

function of(unit: number, problems: readonly Problem[]): FoundProblem[] {
  return problems.map((problem) => ({ ...problem, unit }));
}

/** Code without a dump that a linked object has; host programs are in none. */
function strayProblems(strays: readonly Stray[], images: readonly ReadImage[]): FoundProblem[] {
  return strays.flatMap(({ file, source, functions }) => {
    const isLinked =
      images.length === 0
        ? functions.length > 0
        : functions.some(({ name, size }) =>
            images.some((image) =>
              rowsAlone(image, name).some((row) => size === null || image.image.size[row] === size),
            ),
          );
    return isLinked ? problemOf('no-dump', file, null, [source]) : [];
  });
}

/** C functions of a linked object that are no unit's: those that can be traced, and local ones of a C source. */
function withoutUnit({ path, image, alone }: ReadImage, unverified: ReadonlySet<string>): FoundProblem[] {
  const names = [...alone]
    .filter(
      ([name, rows]) =>
        !unverified.has(functionOfFragment(name) ?? name) && rows.some((row) => isOfC(image, row)),
    )
    .map(([name]) => name);
  return problemOf('function-without-unit', path, null, names);
}

function isOfC(image: Image, row: number): boolean {
  return image.traceable[row] === 1 || image.groups[image.group[row]!]?.endsWith('.c') === true;
}

function functionsAlone(image: Image, unitOf: ReadonlyMap<number, number>): Map<string, number[]> {
  const alone = new Map<string, number[]>();
  for (let row = 0; row < image.names.length; row++) {
    const isFunction = image.type[row] === STT_FUNC || image.type[row] === STT_GNU_IFUNC;
    if (!isFunction || image.section[row] === 0 || unitOf.has(row)) continue;
    const name = image.names[row]!;
    const known = alone.get(name);
    if (known) known.push(row);
    else alone.set(name, [row]);
  }
  return alone;
}

function rowsAlone({ alone }: ReadImage, name: string): readonly number[] {
  return alone.get(name) ?? [];
}

function isAlone(of: ReadImage, name: string, isLocal: boolean, source: string): boolean {
  const { image } = of;
  return rowsAlone(of, name).some((row) => {
    const file = image.groups[image.group[row]!];
    return isLocal ? file === source : file === undefined || file === '';
  });
}

function namesByUnit(image: Image, unitOf: ReadonlyMap<number, number>): Map<number, Set<string>> {
  const names = new Map<number, Set<string>>();
  for (const [row, unit] of unitOf) {
    const known = names.get(unit);
    if (known) known.add(image.names[row]!);
    else names.set(unit, new Set([image.names[row]!]));
  }
  return names;
}
