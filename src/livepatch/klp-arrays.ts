import type { ElfSection } from '../elf/index.js';
import { type ArrayExtent, commonLength, extentOf } from './array-layout.js';
import type { LivepatchWarning, PatchedFunction, PatchedPart } from './livepatch.js';
import type { ModuleData } from './module-data.js';

/** A place in the module's data. */
interface Place {
  readonly section: ElfSection;
  readonly offset: number;
}

/** A klp_object: its name's and its function array's places. */
interface ObjectEntry {
  readonly name: string | undefined;
  readonly functions: Place;
}

/**
 * The arrays of a module as include/linux/livepatch.h has declared them since Linux 4.0: a klp_patch {mod, objs, ...},
 * klp_objects {name, funcs, ...} up to an entry without both, klp_funcs {old_name, new_func, old_sympos, ...} up to an
 * entry without all three (klp_for_each_object_static, klp_for_each_func_static).
 *
 * @throws InputError where there is no klp_patch, or its arrays are none
 */
export function readKlpArrays(module: ModuleData): PatchedPart {
  const patches = findPatches(module);
  if (patches.length === 0)
    throw module.damaged('no klp_patch, and no list of functions of kpatch or objtool');
  const warnings: LivepatchWarning[] = [];
  const objects = readObjects(module, patches, warnings);
  const starts = [...patches, ...objects.map(({ functions }) => functions)];
  const extents = objects.map(({ functions }) =>
    extentOf(module, functions.section, functions.offset, offsetsIn(functions.section, starts)),
  );
  const length = commonLength(module, extents, 'function');
  const seen = new Set<string>();
  const patched: PatchedFunction[] = [];
  objects.forEach(({ name }, i) => {
    const array = extents[i]!;
    const place = `${array.section.index}+${array.start}`;
    if (seen.has(place))
      throw module.damaged(`two objects that share the functions at ${array.section.name}+${array.start}`);
    seen.add(place);
    readFunctions(module, array, length, name ?? 'vmlinux', patched, warnings);
  });
  return { kind: 'module', patched, warnings };
}

/** The object arrays of all klp_patches: a pointer to __this_module, and one to an array of objects behind it. */
function findPatches(module: ModuleData): Place[] {
  const found = new Map<string, Place>();
  for (const section of module.dataSections) {
    for (const at of module.pointerOffsets(section)) {
      const owner = module.pointer(section, at)!;
      if (!isThisModule(owner)) continue;
      const objects = module.pointer(section, at + module.width);
      if (objects?.section === undefined || !isObject(module, objects.section, objects.offset)) continue;
      const place = { section: objects.section, offset: objects.offset };
      found.set(`${place.section.index}+${place.offset}`, place);
    }
  }
  return [...found.values()];
}

/** Before its last link, a module does not define __this_module; after it, the symbol may be its section's. */
function isThisModule({
  section,
  offset,
  symbol,
}: {
  section: ElfSection | undefined;
  offset: number;
  symbol: string;
}): boolean {
  if (offset !== 0) return false;
  return symbol === '__this_module' || (symbol === '' && section?.name === '.gnu.linkonce.this_module');
}

/** Other structures that begin with their module (file_operations) hold code, or no array of functions. */
function isObject(module: ModuleData, section: ElfSection, at: number): boolean {
  const { width } = module;
  const name = module.pointer(section, at);
  const functions = module.pointer(section, at + width);
  if (name !== undefined && module.isCode(name)) return false;
  if (functions?.section === undefined || module.isCode(functions)) return false;
  const { section: array, offset } = functions;
  const first = module.pointer(array, offset);
  const code = module.pointer(array, offset + width);
  if (first === undefined && code === undefined) return module.isZero(array, offset, offset + 3 * width);
  return (first === undefined || !module.isCode(first)) && (code === undefined || module.isCode(code));
}

function readObjects(
  module: ModuleData,
  patches: readonly Place[],
  warnings: LivepatchWarning[],
): ObjectEntry[] {
  const { width, file } = module;
  const arrays = patches.map(({ section, offset }) =>
    extentOf(module, section, offset, offsetsIn(section, patches)),
  );
  const bounded = arrays.map((array) =>
    array.exact ? array : { ...array, end: endOfObjects(module, array) },
  );
  const length = commonLength(module, bounded, 'object');
  const objects: ObjectEntry[] = [];
  for (const array of bounded) {
    const { section } = array;
    for (let at = array.start; ; at += length ?? array.end - array.start) {
      if (at + 2 * width > array.end) {
        if (at === array.start) throw module.damaged(`no klp_object at ${section.name}+${at}`);
        if (array.exact && length !== undefined) warnings.push(endless(file, array, 'klp_object'));
        break;
      }
      const name = module.pointer(section, at);
      const functions = module.pointer(section, at + width);
      if (name === undefined && functions === undefined) {
        if (module.pointerOffsets(section, at, array.end).length > 0)
          warnings.push(behindEnd(file, array, 'klp_object'));
        break;
      }
      if (functions?.section === undefined) {
        throw module.damaged(`a klp_object without functions at ${section.name}+${at}`);
      }
      const text = name && module.string(name, `an object name at ${section.name}+${at}`);
      if (text === 'vmlinux') {
        warnings.push({
          where: file,
          what: 'names the object `vmlinux`: the kernel waits for a module of that name; its own name is NULL',
        });
      }
      objects.push({ name: text, functions: { section: functions.section, offset: functions.offset } });
    }
  }
  return objects;
}

/** Where no symbol tells the end of an array of objects: it ends before its first entry's functions at the latest. */
function endOfObjects(module: ModuleData, { section, start, end }: ArrayExtent): number {
  let last = end;
  for (const at of module.pointerOffsets(section, start, end)) {
    if (at >= last) break;
    const target = module.pointer(section, at)!;
    if (target.section === section && target.offset > start && target.offset < last) last = target.offset;
  }
  return last;
}

function readFunctions(
  module: ModuleData,
  array: ArrayExtent,
  length: number | undefined,
  object: string,
  patched: PatchedFunction[],
  warnings: LivepatchWarning[],
): void {
  const { width, file } = module;
  const { section, end } = array;
  for (let at = array.start; ; at += length ?? end - array.start) {
    if (at + 3 * width > end) {
      if (at === array.start) throw module.damaged(`no klp_func at ${section.name}+${at}`);
      if (array.exact && length !== undefined) warnings.push(endless(file, array, 'klp_func'));
      return;
    }
    const name = module.pointer(section, at);
    const code = module.pointer(section, at + width);
    const sympos = module.word(section, at + 2 * width);
    if (name === undefined && code === undefined && sympos === 0) {
      if (module.pointerOffsets(section, at, end).length > 0)
        warnings.push(behindEnd(file, array, 'klp_func'));
      return;
    }
    if (name === undefined) throw module.damaged(`a klp_func without old_name at ${section.name}+${at}`);
    const text = module.string(name, `a function name at ${section.name}+${at}`);
    if (code === undefined) {
      warnings.push({ where: file, what: `gives \`${text}\` no new_func: the kernel refuses it` });
    } else if (!module.isCode(code)) {
      throw module.damaged(`a klp_func whose new_func is no code at ${section.name}+${at}`);
    }
    const stray = module.pointerOffsets(section, at + 2 * width, Math.min(end, at + (length ?? end)));
    if (stray.length > 0)
      throw module.damaged(`a pointer inside of a klp_func at ${section.name}+${stray[0]}`);
    const replacement = code && module.functionAt(code);
    patched.push({
      object,
      function: text,
      sympos,
      ...(replacement !== undefined && { replacement }),
      where: file,
    });
  }
}

function offsetsIn(section: ElfSection, places: readonly Place[]): number[] {
  return places.filter((place) => place.section === section).map(({ offset }) => offset);
}

function endless(where: string, { section, start }: ArrayExtent, what: string): LivepatchWarning {
  return {
    where,
    what: `has an array of ${what} at ${section.name}+${start} without an empty entry at its end: the kernel reads on`,
  };
}

function behindEnd(where: string, { section, start }: ArrayExtent, what: string): LivepatchWarning {
  return {
    where,
    what: `has entries behind the empty ${what} of ${section.name}+${start}: the kernel does not see them`,
  };
}
