import { Role } from './bodies.js';

/** A function whose symbol is not called as the compiler's passes call it. */
export interface Renamed {
  /** The symbol's name. */
  readonly name: string;
  readonly label: string;
  /** `FILE;LINE;COL`, as a dump has it. */
  readonly place: string;
}

/** What a unit's dump names. */
export interface DumpNames extends Iterable<string> {
  has(name: string): boolean;
  declares(name: string, place: string): boolean;
}

export interface CompilerName {
  readonly name: string;
  readonly symbol: number;
}

/**
 * `foo.default` of target_clones (gcc/multiple_target.cc), `foo.default.1` before GCC 12; `foo.lto_priv.0`
 * (gcc/lto/lto-partition.cc).
 */
const SUFFIXED = /^(.+)\.(?:default(?:\.\d+)?|lto_priv\.\d+)$/;
/** A vector function's name (gcc/omp-simd-clone.cc, simd_clone_mangle): instruction set, mask, lanes, parameters, name. */
const VECTOR = /^_ZGV[A-Za-z][MN](?:\d+|x)[^_]*_(.+)$/;

/**
 * The names by which a dump knows functions whose symbols are called otherwise: GCC renames some after it has written
 * its records. The call graph tells which by title, label and place; without one, the names themselves do.
 */
export function compilerNames(
  dump: DumpNames,
  { names, role }: { readonly names: readonly string[]; readonly role: ArrayLike<number> },
  renamed: readonly Renamed[],
): CompilerName[] {
  const found: CompilerName[] = [];
  const told = new Set<string>();
  let symbols: Map<string, number> | undefined;
  const symbolOf = (name: string) => {
    symbols ??= new Map(names.map((text, symbol) => [text, symbol]));
    return symbols.get(name);
  };
  const isFunction = (name: string) => {
    const symbol = symbolOf(name);
    return symbol !== undefined && role[symbol] !== Role.trampoline;
  };
  for (const { name, label, place } of renamed) {
    const symbol = symbolOf(name);
    if (symbol === undefined) continue;
    // A name of the source that no record has can be asked for (a clone's label is none), unless another symbol has it.
    if (dump.has(label) ? !dump.declares(label, place) : isCloneLabel(label, name) || isFunction(label))
      continue;
    found.push({ name: label, symbol });
    told.add(label);
  }
  names.forEach((text, symbol) => {
    if (role[symbol] !== Role.function) return;
    for (const name of namesBehind(text, dump)) {
      if (!told.has(name) && !isFunction(name)) found.push({ name, symbol });
    }
  });
  return found;
}

/** `foo.constprop.isra` is the label of `foo.constprop.0.isra.0`, `foo.part.0.isra` that of `foo.part.0.isra.0`. */
function isCloneLabel(label: string, name: string): boolean {
  return withoutNumbers(label) === withoutNumbers(name);
}

function withoutNumbers(name: string): string {
  return name.replaceAll(/\.\d+(?=\.|$)/g, '');
}

/** The names of a dump that a symbol's name is made of; records of later passes may have the symbol's name itself. */
function namesBehind(text: string, dump: DumpNames): readonly string[] {
  if (text.startsWith('_ZGV')) {
    const scalar = VECTOR.exec(text)?.[1];
    if (scalar === undefined) return [];
    return [...dump].filter((name) => name.startsWith(`${scalar}.simdclone.`));
  }
  const name = text.includes('.') ? SUFFIXED.exec(text)?.[1] : undefined;
  return name !== undefined && dump.has(name) ? [name] : [];
}
