import type { Decision, IndexReader } from '../index/reader.js';
import type { SymbolSpec } from './symbol-spec.js';

/** One build of one index. */
export interface BuildSide {
  readonly index: IndexReader;
  readonly build: string;
}

/** An inlining or cloning decision that two builds do not share. */
export interface DecisionChange extends Decision {
  /** How often each build took it; 0 on the side that did not at all. */
  readonly before: number;
  readonly after: number;
}

export interface BuildComparison {
  readonly changes: readonly DecisionChange[];
  /** Units that only one of the builds has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  readonly sameDecisions: number;
}

/**
 * The decisions (which code was copied where, as what) that differ. A unit is compared with the unit of the same path;
 * node numbers and lines differ between any two builds and count for nothing.
 *
 * @param symbols only decisions about these functions, as original or as target; none means all
 */
export function compareBuilds(
  before: BuildSide,
  after: BuildSide,
  symbols: readonly SymbolSpec[],
): BuildComparison {
  const names = symbols.length === 0 ? undefined : new Set(symbols.map(({ name }) => name));
  const unitsBefore = new Set(before.index.unitSources(before.build));
  const unitsAfter = new Set(after.index.unitSources(after.build));
  const merged = new Map<string, DecisionChange>();
  const take = (side: 'before' | 'after', decisions: Iterable<Decision>) => {
    for (const decision of decisions) {
      if (!unitsBefore.has(decision.unit) || !unitsAfter.has(decision.unit)) continue;
      if (!isAbout(decision, names, symbols)) continue;
      const key = [
        decision.unit,
        decision.original,
        decision.file,
        decision.kind,
        plain(decision.target, decision.kind),
      ].join('\0');
      const known = merged.get(key) ?? { ...decision, before: 0, after: 0 };
      merged.set(key, { ...known, [side]: known[side] + decision.count });
    }
  };
  take('before', before.index.decisions(before.build, names));
  take('after', after.index.decisions(after.build, names));
  const all = [...merged.values()];
  return {
    changes: all
      .filter((change) => change.before !== change.after)
      .sort(
        (a, b) => compare(a.unit, b.unit) || compare(a.original, b.original) || compare(a.target, b.target),
      ),
    onlyBefore: [...unitsBefore].filter((unit) => !unitsAfter.has(unit)).sort(),
    onlyAfter: [...unitsAfter].filter((unit) => !unitsBefore.has(unit)).sort(),
    sameDecisions: all.filter((change) => change.before === change.after).length,
  };
}

/** A clone's number says only how many were made before it. */
function plain(target: string, kind: string): string {
  return kind === 'inlining to' ? target : target.replace(/\.\d+$/, '');
}

function isAbout(
  { original, target, file }: Decision,
  names: ReadonlySet<string> | undefined,
  symbols: readonly SymbolSpec[],
) {
  if (!names) return true;
  return symbols.some(
    (spec) =>
      (spec.name === original || spec.name === target) &&
      (spec.file === undefined || file === spec.file || file.endsWith(`/${spec.file}`)),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
