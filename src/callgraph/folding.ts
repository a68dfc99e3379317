/**
 * What GCC says of identical code folding: `-fdump-ipa-icf-optimized` (`foo.c.079i.icf`), or
 * `-fopt-info-ipa-optimized=FILE`. Both have, for each pair of equal functions or variables,
 *
 *     FILE:LINE:COL: optimized: Semantic equality hit:A/ORDER->B/ORDER
 *     FILE:LINE:COL: optimized: Assembler symbol names:A/ORDER->B/ORDER
 *
 * (gcc/ipa-icf.cc, sem_item_optimizer::merge_classes; ORDER is the dump's, and is missing before GCC 9). Everything else
 * in them is of no interest here.
 */

/** Two that GCC found equal: where it merged them, B's code is A's from then on. A candidate only: it may refuse. */
export interface EqualityHit {
  /** A: the assembler name, without a `*`. */
  readonly kept: string;
  /** B */
  readonly folded: string;
}

const NAMES = 'Assembler symbol names:';
const NAMED = /^(\S+?)(?:\/\d+)?->(\S+?)(?:\/\d+)?$/;

export function parseFolding(bytes: Buffer): EqualityHit[] {
  const hits: EqualityHit[] = [];
  for (let at = bytes.indexOf(NAMES); at >= 0; at = bytes.indexOf(NAMES, at + 1)) {
    const end = bytes.indexOf(0x0a, at);
    const text = bytes.toString('utf8', at + NAMES.length, end < 0 ? bytes.length : end).trimEnd();
    const match = NAMED.exec(text);
    if (match) hits.push({ kept: plain(match[1]!), folded: plain(match[2]!) });
  }
  return hits;
}

function plain(name: string): string {
  return name.startsWith('*') ? name.slice(1) : name;
}
