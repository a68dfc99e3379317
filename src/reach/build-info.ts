import type { IndexReader } from '../index/reader.js';

/** What the index holds of one build. */
export interface BuildInfo {
  readonly name: string;
  readonly root: string;
  /** ISO 8601. */
  readonly indexedAt: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly kinds: readonly { readonly kind: string; readonly count: number }[];
  readonly problems: readonly {
    readonly file: string;
    readonly line: number | null;
    readonly what: string;
  }[];
}

export function buildInfo(index: IndexReader, build?: string): BuildInfo[] {
  return index
    .builds()
    .filter(({ name }) => build === undefined || name === build)
    .map(({ name, root, indexedAt }) => ({
      name,
      root,
      indexedAt,
      counts: index.counts(name),
      kinds: index.edgeKinds(name),
      problems: index.problems({ build: name }).map(({ file, line, what }) => ({ file, line, what })),
    }));
}
