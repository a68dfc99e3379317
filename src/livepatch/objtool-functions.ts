import type { ElfSection } from '../elf/index.js';
import type { PatchedFunction, PatchedPart } from './livepatch.js';
import type { ModuleData } from './module-data.js';

const OBJECT_SECTIONS = ['.init.klp_objects', '__klp_objects'];

/**
 * struct klp_object_ext (include/linux/livepatch_external.h) is name, funcs, callbacks and nr_funcs. Its callbacks are
 * four pointers and a flag; without the flag, or the callbacks, it would be shorter, and the file tells by its size and
 * by the functions that the entries count.
 */
const OBJECT_WORDS = [8, 7, 3];
/** struct klp_func_ext: old_name, new_func, sympos. */
const FUNCTION_WORDS = 3;

interface ObjectEntry {
  readonly at: number;
  readonly count: number;
}

/** What objtool (`klp diff`, Linux 6.19) wrote: its functions are counted, no zero entry ends them. */
export function readObjtoolFunctions(module: ModuleData): PatchedPart | undefined {
  const sections = module.dataSections.filter(({ name }) => OBJECT_SECTIONS.includes(name));
  if (sections.length === 0) return undefined;
  const patched: PatchedFunction[] = [];
  const seen = new Set<string>();
  for (const section of sections) {
    for (const { at, count } of readObjects(module, section)) {
      const name = module.pointer(section, at);
      const object = name ? module.string(name, `an object name in ${section.name}`) : 'vmlinux';
      const functions = module.pointer(section, at + module.width);
      if (functions?.section === undefined) continue;
      readFunctions(module, functions.section, functions.offset, count, object, seen, patched);
    }
  }
  return { kind: 'objtool', patched, warnings: [] };
}

function readObjects(module: ModuleData, section: ElfSection): ObjectEntry[] {
  for (const words of OBJECT_WORDS) {
    const size = words * module.width;
    if (section.size % size !== 0) continue;
    const entries: ObjectEntry[] = [];
    for (let at = 0; at < section.size; at += size)
      entries.push({ at, count: countAt(module, section, at + size) });
    if (entries.every((entry) => isObject(module, section, entry, size))) return entries;
  }
  throw module.damaged(`a ${section.name} that is not made of object entries`);
}

/** nr_funcs: an unsigned int at the start of an entry's last word. */
function countAt(module: ModuleData, section: ElfSection, end: number): number {
  const bytes = module.elf.sectionBytes(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(end - module.width, module.elf.littleEndian);
}

function isObject(
  module: ModuleData,
  section: ElfSection,
  { at, count }: ObjectEntry,
  size: number,
): boolean {
  const { width } = module;
  const name = module.pointer(section, at);
  const functions = module.pointer(section, at + width);
  if (name !== undefined && module.isCode(name)) return false;
  if (module.pointer(section, at + size - width) !== undefined) return false;
  for (const offset of module.pointerOffsets(section, at + 2 * width, at + size - width)) {
    const callback = module.pointer(section, offset);
    if (callback && !module.isCode(callback)) return false;
  }
  // An object may have callbacks only.
  if (functions === undefined) return count === 0;
  const last = functions.offset + count * FUNCTION_WORDS * width;
  return (
    count > 0 && functions.section !== undefined && functions.offset >= 0 && last <= functions.section.size
  );
}

function readFunctions(
  module: ModuleData,
  section: ElfSection,
  start: number,
  count: number,
  object: string,
  seen: Set<string>,
  patched: PatchedFunction[],
): void {
  const { width, file } = module;
  for (let i = 0; i < count; i++) {
    const at = start + i * FUNCTION_WORDS * width;
    const place = `${section.index}+${at}`;
    if (seen.has(place)) throw module.damaged(`two objects that share functions in ${section.name}`);
    seen.add(place);
    const name = module.pointer(section, at);
    const code = module.pointer(section, at + width);
    if (name === undefined || code === undefined) {
      throw module.damaged(`a function entry without a name or code in ${section.name}`);
    }
    const replacement = module.functionAt(code);
    patched.push({
      object,
      function: module.string(name, `a function name in ${section.name}`),
      sympos: module.word(section, at + 2 * width),
      ...(replacement !== undefined && { replacement }),
      where: file,
    });
  }
}
