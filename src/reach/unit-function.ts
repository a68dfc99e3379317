import type { PlaceRow, SymbolRow, UnitRow } from '../index/reader.js';
import { moduleSectionLifetime, sectionLifetime } from '../symbols/section-lifetime.js';

/**
 * What a livepatch has to do with a function:
 * `patch` it is to be replaced, by name; `blocked` it would be to replace, but the kernel cannot redirect it;
 * `clone` it is emitted as a clone that no function compiled from source can replace, so its callers are to be;
 * `gone` it has no symbol, its code lives on only in its hosts; `unverified` no object tells whether it exists.
 */
export type FunctionClass = 'patch' | 'blocked' | 'clone' | 'gone' | 'unverified';

/** In the order to print. */
export const CLASSES: readonly FunctionClass[] = ['patch', 'blocked', 'clone', 'unverified', 'gone'];

/** The step of a chain that is no copying but a call: of a clone, which cannot be replaced itself. */
export const CALL = 'call';

/** The last step of the chain that leads to a function. */
export interface Step {
  /** The function before, as its place in the unit's list. */
  readonly from: number;
  /** `inlining to`, the suffix of the clone, or `call`. */
  readonly kind: string;
  /** The dump's line, counted from 1; null for a call. */
  readonly seq: number | null;
}

/** A function of one unit. */
export interface UnitFunction {
  readonly name: string;
  /** Where it is declared; normal. '' and 0 where nothing tells. */
  readonly file: string;
  readonly line: number;
  readonly class: FunctionClass;
  /** Why the class is `blocked`. */
  readonly blocked?: string;
  /** Whether a clone record made it, so that its signature may be another than the source's. */
  readonly clone: boolean;
  /** Whether the class rests on the object, not on the dump's removal records. */
  readonly verified: boolean;
  /** Its symbol in the unit's object. */
  readonly symbol?: SymbolRow;
  /** Where it is in vmlinux or its module. */
  readonly place?: PlaceRow;
  /** Other function symbols of the same code: replacing one replaces them all. */
  readonly aliases: readonly string[];
  /** Undefined for the function that was asked for. */
  readonly step?: Step;
}

/** What is reached in one unit, the asked function first, each after the one its step comes from. */
export interface UnitReach {
  readonly unit: UnitRow;
  readonly functions: readonly UnitFunction[];
  /** Emitted clones whose callers nothing tells. */
  readonly open: readonly OpenQuestion[];
}

/** An emitted clone that has to be handled through its callers, and why they are not known. */
export interface OpenQuestion {
  readonly clone: string;
  readonly why: string;
}

/** `sympos` as `klp_func.old_sympos` takes it: 0 for the only symbol of its name. */
export function symposOf(place: PlaceRow): number {
  return place.total === 1 ? 0 : place.position;
}

/** Binaries that are built with the kernel but not part of it at run time: livepatch knows vmlinux and modules only. */
const OUT_OF_REACH: readonly (readonly [RegExp, string])[] = [
  [/(^|\/)(vdso(32|64)?|vdso-[^/]*)\//, 'the vDSO'],
  [/(^|\/)realmode\//, 'the real-mode trampoline'],
  [/(^|\/)purgatory\//, 'the kexec purgatory'],
  [/^arch\/[^/]+\/boot\//, 'the boot wrapper'],
];

/**
 * Why the kernel cannot redirect a function that could be named, or undefined if it can.
 *
 * Sources: klp_find_object_symbol and klp_init_object_loaded (kernel/livepatch/core.c) need the symbol in kallsyms,
 * klp_patch_func (kernel/livepatch/patch.c) needs ftrace_location() at its entry.
 */
export function blockedReason(
  unit: UnitRow,
  symbol: SymbolRow,
  place: PlaceRow | undefined,
): string | undefined {
  // Linking may move a section (.meminit.text goes to .text with CONFIG_MEMORY_HOTPLUG): the linked object knows better.
  const section = place?.section ?? symbol.section;
  const inModule = place?.section != null && place.object !== 'vmlinux';
  const lifetime = (inModule ? moduleSectionLifetime : sectionLifetime)(section);
  if (lifetime !== 'core')
    return `in ${section}, which is freed ${lifetime === 'init' ? 'after start' : 'or dropped'}`;
  // These folders hold code of vmlinux too. A unit in no image that was read may also be in a module that was not given.
  const binary = OUT_OF_REACH.find(([where]) => where.test(unit.source));
  if (binary && unit.imagesKnown && unit.image === null)
    return `in ${binary[1]}, which livepatch cannot reach`;
  if (unit.imagesKnown && !place && symbol.binding === 'weak')
    return 'a weak definition that another one replaced at link time';
  const traceable = place?.traceable ?? symbol.traceable;
  return traceable
    ? undefined
    : 'no ftrace site (notrace, which the kernel’s inline implies; noinstr; or built without tracing)';
}
