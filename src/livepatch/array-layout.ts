import type { ElfSection } from '../elf/index.js';
import type { ModuleData } from './module-data.js';

/**
 * How long the entries of a module's arrays are.
 *
 * `struct klp_func` and `struct klp_object` begin with what the author writes: two pointers, then at most four more
 * words (old_sympos; callbacks since Linux 4.15). The rest is the kernel's own, holds no pointer before the module is
 * loaded, and its length depends on the kernel: its version (klp_func has 136 bytes in 4.16, 152 since 5.1), its
 * configuration (DEBUG_KOBJECT_RELEASE makes the kobject inside larger) and what a distribution put in. So it is
 * measured: where an entry's own pointers end and the next pointers begin, the next entry begins. An array of one entry
 * needs no length: nothing but zeros follows.
 */
export interface ArrayExtent {
  readonly section: ElfSection;
  readonly start: number;
  /** Where it ends, or where at the latest. */
  readonly end: number;
  /** Whether `end` is the symbol's. */
  readonly exact: boolean;
}

/** The words that the author writes, callbacks among them; further pointers are another entry's. */
const OWN_WORDS = 7;
/** Of the shortest entry: klp_object of Linux 4.12 is a name, functions, a kobject of 8 words, a module and flags. */
const SHORTEST = 12;

export function extentOf(
  module: ModuleData,
  section: ElfSection,
  start: number,
  others: readonly number[],
): ArrayExtent {
  const size = module.objectSize(section, start);
  const own = size !== undefined && start + size <= section.size;
  let end = own ? start + size : module.nextObject(section, start);
  for (const other of others) if (other > start && other < end && !own) end = other;
  return { section, start, end, exact: own };
}

/**
 * The length that one array shows, in bytes; undefined where it has one entry.
 *
 * @param kind tells a function's entry (a name, then code) from an object's (perhaps a name, then functions)
 */
export function entryLength(
  module: ModuleData,
  array: ArrayExtent,
  kind: 'function' | 'object',
): number | undefined {
  const { section, start, end } = array;
  const { width } = module;
  const [next] = module.pointerOffsets(section, start + OWN_WORDS * width, end);
  if (next === undefined) return undefined;
  const first = module.pointer(section, next)!;
  const second = next + width < end ? module.pointer(section, next + width) : undefined;
  const named =
    kind === 'function'
      ? !(second === undefined && module.isCode(first))
      : second !== undefined && !module.isCode(second);
  const length = next - start - (named ? 0 : width);
  if (length < SHORTEST * width || length % width !== 0) {
    throw module.damaged(
      `an array at ${section.name}+${start} that is not made of klp_${kind === 'function' ? 'func' : 'object'} entries`,
    );
  }
  return length;
}

/** The one length that all arrays agree on; undefined where none has more than one entry. */
export function commonLength(
  module: ModuleData,
  arrays: readonly ArrayExtent[],
  kind: 'function' | 'object',
): number | undefined {
  let common: number | undefined;
  for (const array of arrays) {
    const length = entryLength(module, array, kind);
    // An array with an empty entry between others shows a multiple: the kernel stops at the empty entry.
    if (length !== undefined) common = common === undefined ? length : divisor(common, length);
  }
  if (common !== undefined && common < SHORTEST * module.width) {
    throw module.damaged('arrays whose entries have different lengths');
  }
  return common;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
