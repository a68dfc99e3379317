import type { Cell } from './csv.js';

/** Which klp-reach answered, from what: stands in every document that is written. */
export interface Provenance {
  /** klp-reach's version. */
  readonly version: string;
  /** The builds that were asked, each with what tells its input (`build.identity` of the index). */
  readonly builds: readonly { readonly name: string; readonly identity: string }[];
}

/** `klp-reach 1.0.0, build "default" (identity 0123)`. */
export function provenanceText({ version, builds }: Provenance): string {
  const read = builds.map(({ name, identity }) => `build "${name}" (identity ${identity})`);
  return `klp-reach ${version}, ${read.join(', ')}`;
}

/** The last columns of every CSV: RFC 4180 knows no comments, so that each row says where it comes from. */
export const PROVENANCE_COLUMNS = ['version', 'identity'] as const;

/** Under them: of one build, or of all that were asked. */
export function provenanceCells({ version, builds }: Provenance, build?: string): Cell[] {
  const own = builds.filter(({ name }) => build === undefined || name === build);
  return [version, own.map(({ identity }) => identity).join(' ')];
}
