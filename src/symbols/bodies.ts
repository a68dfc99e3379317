import type { ObjectFunctions } from './object-functions.js';

/**
 * What a name is of its body; the numbers are those of the index. A linker script's and a compiler's names are no symbols
 * of the object: only the linked file or only the dump and the call graph have them.
 */
export const Role = {
  function: 0,
  clone: 1,
  fragment: 2,
  trampoline: 3,
  linkerScript: 4,
  compilerName: 5,
} as const;

/** A unit's emitted code: every place where function symbols stand, once, in the order of (section, offset). */
export interface Bodies {
  /** Symbol -> its body. */
  readonly body: Int32Array;
  /** Symbol -> `Role.function`, `Role.fragment` or `Role.trampoline`. */
  readonly role: Uint8Array;
  readonly bodies: {
    /** Place in `ObjectFunctions.sections`. */
    readonly section: Int32Array;
    readonly sectionIndex: Uint32Array;
    readonly value: Float64Array;
    /** The largest of its symbols' sizes, in bytes. */
    readonly size: Float64Array;
    /** 1 if ftrace can redirect it. */
    readonly traceable: Uint8Array;
    /** The body that it is a part of: itself, or a fragment's function. */
    readonly owner: Int32Array;
  };
}

/** GCC's hot-cold splitting: `foo.cold`, and `foo.cold.12` before GCC 9. */
const FRAGMENT = /^(.+)\.cold(?:\.\d+)?$/;

/**
 * Code that only hands on: static call trampolines (include/linux/static_call_types.h), s390's expolines
 * (arch/s390/lib/expoline.S and GCC's own), the thunks of position-independent code on i386. No functions of a source.
 */
const TRAMPOLINE =
  /^(?:__SCT__|__s390_indirect_jump_|__x86\.get_pc_thunk\.|__x86_indirect_thunk_|__x86_return_thunk$)/;

export function isTrampoline(name: string): boolean {
  return TRAMPOLINE.test(name);
}

/** The function that a fragment is a part of, or undefined for any other name. */
export function functionOfFragment(name: string): string | undefined {
  return FRAGMENT.exec(name)?.[1];
}

/** Joins an object's function symbols into bodies. */
export function bodiesOf(
  functions: Omit<ObjectFunctions, 'file' | 'machine' | 'hasSites' | 'sections' | 'binding' | 'lostInModule'>,
): Bodies {
  const { names, section, value } = functions;
  const role = Uint8Array.from(names, (name) => (TRAMPOLINE.test(name) ? Role.trampoline : Role.function));
  markResolvers(functions, role);
  const parents = parentsOf(names, role);
  const order = Uint32Array.from(names.keys()).sort(
    (a, b) => section[a]! - section[b]! || value[a]! - value[b]!,
  );
  const body = new Int32Array(names.length);
  const first: number[] = [];
  const size: number[] = [];
  const traceable: number[] = [];
  let last = -1;
  for (const symbol of order) {
    if (last < 0 || section[last] !== section[symbol] || value[last] !== value[symbol]) {
      first.push(symbol);
      size.push(0);
      traceable.push(0);
    }
    const id = first.length - 1;
    body[symbol] = id;
    size[id] = Math.max(size[id]!, functions.size[symbol]!);
    traceable[id] = traceable[id]! | functions.traceable[symbol]!;
    last = symbol;
  }
  const owner = Int32Array.from(first.keys());
  for (const [fragment, parent] of parents) owner[body[fragment]!] = body[parent]!;
  return {
    body,
    role,
    bodies: {
      section: Int32Array.from(first, (symbol) => functions.sectionName[symbol]!),
      sectionIndex: Uint32Array.from(first, (symbol) => section[symbol]!),
      value: Float64Array.from(first, (symbol) => value[symbol]!),
      size: Float64Array.from(size),
      traceable: Uint8Array.from(traceable),
      owner,
    },
  };
}

/** Copies of one version of a function, which take no part in the choice between its versions. */
const COPY = /\.(?:constprop|isra|part|simdclone)(?:\.\d+)?(?:\.|$)/;

/**
 * The functions that target_clones made several versions of: `foo`, an IFUNC of the code that chooses one, hands on to
 * `foo.default`, `foo.avx2`, ... (gcc/multiple_target.cc). A written IFUNC has none; its code is a function.
 */
export function versionsOf({ names, indirect }: FunctionNames): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, readonly string[]>();
  for (const name of names.filter((_, symbol) => indirect[symbol] === 1)) {
    const own = names.filter(
      (other) =>
        other.startsWith(`${name}.`) &&
        other !== resolverOf(name) &&
        !COPY.test(other) &&
        functionOfFragment(other) === undefined,
    );
    if (own.length > 0) versions.set(name, own);
  }
  return versions;
}

type FunctionNames = Pick<ObjectFunctions, 'names' | 'indirect'>;

/** gcc/config/i386/i386-features.c, make_resolver_func. */
export function resolverOf(name: string): string {
  return `${name}.resolver`;
}

function markResolvers(functions: FunctionNames, role: Uint8Array): void {
  const versioned = versionsOf(functions);
  if (versioned.size === 0) return;
  const resolvers = new Set([...versioned.keys()].flatMap((name) => [name, resolverOf(name)]));
  functions.names.forEach((name, symbol) => {
    if (resolvers.has(name)) role[symbol] = Role.trampoline;
  });
}

/** Fragments, each with the symbol of its function, and marks them. One whose function is not told is a body itself. */
function parentsOf(names: readonly string[], role: Uint8Array): Map<number, number> {
  const parents = new Map<number, number>();
  let symbolOf: Map<string, number> | undefined;
  for (let symbol = 0; symbol < names.length; symbol++) {
    if (!names[symbol]!.includes('.cold')) continue;
    const parent = functionOfFragment(names[symbol]!);
    if (parent === undefined) continue;
    symbolOf ??= new Map(names.map((name, at) => [name, at]));
    const at = symbolOf.get(parent);
    if (at === undefined) continue;
    role[symbol] = Role.fragment;
    parents.set(symbol, at);
  }
  return parents;
}
