import type { ProblemRow } from '../index/problems.js';
import type { IndexReader } from '../index/reader.js';
import type { KernelIdentity } from '../kernel/identity.js';

/** What the index holds of one build. */
export interface BuildInfo {
  readonly name: string;
  readonly root: string;
  /** ISO 8601. */
  readonly indexedAt: string;
  readonly kernel: KernelIdentity;
  readonly compiled: ReturnType<IndexReader['compiled']>;
  readonly counts: Readonly<Record<string, number>>;
  readonly kinds: readonly { readonly kind: string; readonly count: number }[];
  /** By linked object. */
  readonly coverage: readonly Coverage[];
  readonly problems: readonly ProblemRow[];
}

/** How much of a linked object the units tell of. */
export interface Coverage {
  readonly object: string;
  readonly functions: number;
  /** Of those, how many belong to units. */
  readonly covered: number;
  /** Some of the others. */
  readonly without: readonly string[];
}

export function buildInfo(index: IndexReader, build?: string): BuildInfo[] {
  return index
    .builds()
    .filter(({ name }) => build === undefined || name === build)
    .map(({ name, root, indexedAt }) => ({
      name,
      root,
      indexedAt,
      kernel: index.kernel(name),
      compiled: index.compiled(name),
      counts: index.counts(name),
      kinds: index.edgeKinds(name),
      coverage: index.coverage(name).map(({ without, ...of }) => {
        return { ...of, without: without.split(' ').filter((text) => text !== '') };
      }),
      problems: index.problems({ build: name }),
    }));
}
