import type { Entry } from '../input/inputs.js';
import { companion, stemOf } from '../input/roles.js';

/** Of a file that nobody compiled, the time is not that of the build. */
const LATE_NS = 600_000_000_000n;

/** What modpost writes is compiled last, and holds no function. */
const OF_MODPOST = /\.mod\.c$|(?:^|\/)\.vmlinux\.export\.c$/;

/**
 * Empty dumps that may be none. klp-build (klpbuild/plugins/setup.py, Path.touch) makes an empty file where a dump is missing;
 * of a dump that has an object or a call graph those tell what was copied, and the others of a build are as old as it is.
 */
export function placeholderDumps(entries: readonly Entry[]): string[] {
  const dumps = entries.filter(({ role }) => role === 'dump');
  const last = dumps.reduce((late, { size, mtimeNs }) => (size > 0 && mtimeNs > late ? mtimeNs : late), 0n);
  const late = dumps.filter(({ size, mtimeNs }) => size === 0 && last > 0n && mtimeNs > last + LATE_NS);
  if (late.length === 0) return [];
  const names = new Set(entries.map(({ name }) => name));
  const isAlone = (stem: string) => !names.has(companion(stem, '.o')) && !names.has(companion(stem, '.ci'));
  return late
    .filter(({ name }) => isAlone(stemOf(name)) && !OF_MODPOST.test(stemOf(name)))
    .map(({ name }) => name);
}
