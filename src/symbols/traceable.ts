/**
 * Which functions ftrace, and so livepatch, can redirect.
 *
 * The rule: a function is traceable if a site lies in [its address, its address + size). That is what livepatch asks:
 * klp_patch_func (kernel/livepatch/patch.c) calls ftrace_location (kernel/trace/ftrace.c), which, given a function's
 * first byte, looks for a site in the whole symbol. Compilers write one site a function, at its entry, after what has
 * to come first: nothing (x86 without IBT, s390x), endbr64 (x86, +4), the global entry (ppc64le, +8 or +16), `bti c`
 * (arm64, +4). Kernels before 5.18 asked for less: the exact address, or the first 16 bytes on ppc64le
 * (klp_get_ftrace_location); code for them has its sites there, so the answer is the same.
 *
 * The size is the symbol's own. The kernel takes the distance to the next symbol, and so may find the site of a weak
 * function whose symbol the linker dropped, behind an untraceable one; that redirects dead code, so it is not counted.
 */
import type { FtraceSites } from './ftrace-sites.js';

/** Functions to be looked up, as columns. */
export interface FunctionPlaces {
  readonly section: ArrayLike<number>;
  /** Offset in the section, in bytes. */
  readonly offset: ArrayLike<number>;
  /** In bytes; 0 is unknown. */
  readonly size: ArrayLike<number>;
}

/** An assembler function without a size: the farthest entry code before a site is ppc64le's, 16 bytes. */
const UNSIZED = 20;

/** 1 for every function that ftrace can redirect, written into `traceable`. */
export function markTraceable(functions: FunctionPlaces, sites: FtraceSites, traceable: Uint8Array): void {
  if (sites.section.length === 0) return;
  for (let i = 0; i < functions.section.length; i++) {
    const section = functions.section[i]!;
    const start = functions.offset[i]!;
    const site = firstSite(sites, section, start);
    if (isBefore(sites, site, section, endOf(functions, i))) traceable[i] = 1;
  }
  if (sites.before > 0) markPrefixed(functions, sites, traceable);
}

function endOf(functions: FunctionPlaces, i: number): number {
  return functions.offset[i]! + (functions.size[i]! || UNSIZED);
}

/** Sites in no function belong to the one that begins after them, if it is near. */
function markPrefixed(functions: FunctionPlaces, sites: FtraceSites, traceable: Uint8Array): void {
  const { section, offset } = functions;
  const order = Array.from({ length: section.length }, (_, i) => i);
  order.sort((a, b) => section[a]! - section[b]! || offset[a]! - offset[b]!);
  let next = 0; // in `order`: the first function that does not begin before the site
  let done = -1; // the entry in `order` that was last marked
  let covered = 0; // where the last of the functions before it, in its section, ends
  let inSection = -1;
  for (let site = 0; site < sites.section.length; site++) {
    const at = sites.offset[site]!;
    if (sites.section[site] !== inSection) {
      inSection = sites.section[site]!;
      covered = 0;
    }
    for (; next < order.length; next++) {
      const i = order[next]!;
      if (section[i]! > inSection || (section[i] === inSection && offset[i]! >= at)) break;
      if (section[i] === inSection) covered = Math.max(covered, endOf(functions, i));
    }
    if (at < covered || next === order.length || next === done) continue;
    const entry = offset[order[next]!]!;
    if (entry - at > sites.before) continue;
    done = next;
    // Aliases share the entry.
    for (let n = next; n < order.length; n++) {
      const i = order[n]!;
      if (section[i] !== inSection || offset[i] !== entry) break;
      traceable[i] = 1;
    }
  }
}

/** The first site that is not before `offset` of `section`. */
function firstSite(sites: FtraceSites, section: number, offset: number): number {
  let low = 0;
  let high = sites.section.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(sites, middle, section, offset)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a site is in front of `offset` of `section`, or in a lower section. */
function isBefore(sites: FtraceSites, site: number, section: number, offset: number): boolean {
  if (site >= sites.section.length) return false;
  const own = sites.section[site]!;
  return own < section || (own === section && sites.offset[site]! < offset);
}
