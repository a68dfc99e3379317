/**
 * Which functions of a unit were folded into others before inlining (`-fipa-icf`; DOMAIN: identical code folding): from
 * then on the callers of the one call, or inline, the other. Names are ids, whatever table they are of.
 */

/** What a unit's files say, as far as folding shows in it. */
export interface FoldEvidence {
  /** Pairs that GCC found equal. */
  readonly hits: readonly { readonly kept: number; readonly folded: number }[];
  /** Whether a dump, a call graph or an object has a function of the name. */
  isFunction(name: number): boolean;
  /** The bodies that names stand at; undefined where no object was read. */
  readonly bodies: ReadonlyMap<number, readonly number[]> | undefined;
  /** By body, in bytes. */
  readonly size: ArrayLike<number>;
  /** Name -> those of other functions whose code a record says was inlined into it. */
  readonly inlined: ReadonlyMap<number, ReadonlySet<number>>;
  /** Name -> names that clone records make out of it. */
  readonly clones: ReadonlyMap<number, ReadonlySet<number>>;
  /** Caller -> callees, and whether all these calls lack a place in the source. */
  readonly calls: ReadonlyMap<number, { readonly callees: ReadonlySet<number>; readonly placeless: boolean }>;
  /** Whether calls have places at all: machine code's have none. */
  readonly hasPlaces: boolean;
}

export interface Fold {
  readonly folded: number;
  /** Whose code it is now. */
  readonly kept: number;
}

/** What is left of a function that only hands on: the tracer's call and a jump; GCC's own thunks are no longer anywhere. */
const WRAPPER_SIZE = 16;

export function foldsOf(evidence: FoldEvidence): Fold[] {
  const folds = new Map<string, Fold>();
  const add = (fold: Fold) => folds.set(`${fold.folded} ${fold.kept}`, fold);
  for (const { kept, folded } of evidence.hits) {
    if (evidence.isFunction(kept) && isFolded(evidence, kept, folded)) add({ folded, kept });
  }
  for (const fold of wrappers(evidence)) add(fold);
  return [...folds.values()];
}

/** A hit is a candidate: GCC may still leave both as they are. */
function isFolded(evidence: FoldEvidence, kept: number, folded: number): boolean {
  const { bodies, inlined, calls, hasPlaces } = evidence;
  const own = bodies?.get(folded);
  if (!own) return true;
  const family = withClones(evidence, kept);
  const familyBodies = new Set([...family].flatMap((name) => bodies!.get(name) ?? []));
  if (own.some((body) => familyBodies.has(body))) return true;
  for (const source of inlined.get(folded) ?? []) if (family.has(source)) return true;
  const left = calls.get(folded);
  if (!left || (hasPlaces && !left.placeless)) return false;
  return [...left.callees].every(
    (callee) => family.has(callee) || (bodies!.get(callee) ?? []).some((body) => familyBodies.has(body)),
  );
}

/** The kept function's code can be specialised before what was folded into it calls it. */
function withClones({ clones }: FoldEvidence, name: number): ReadonlySet<number> {
  const family = new Set([name]);
  for (const one of family) for (const clone of clones.get(one) ?? []) family.add(clone);
  return family;
}

/** Bodies that only jump to another function of the unit, which no source says: GCC's wrappers around what it folded. */
function* wrappers(evidence: FoldEvidence): Iterable<Fold> {
  if (!evidence.hasPlaces) return;
  for (const [folded, { callees, placeless }] of evidence.calls) {
    if (!placeless || callees.size !== 1) continue;
    const [kept] = [...callees] as [number];
    // Only now, as few units get here: what is not asked for is not made.
    const own = evidence.bodies?.get(folded);
    const others = evidence.bodies?.get(kept);
    if (!own || !others || own.length !== 1 || others.includes(own[0]!)) continue;
    if (evidence.size[own[0]!]! <= WRAPPER_SIZE) yield { folded, kept };
  }
}
