import type { Numbers } from './unit-graph.js';

/** What linking goes by. */
export interface LinkedUnit {
  /** Ids of the linked objects that it is in. */
  readonly images: Numbers;
  /** Of its source, with the slash. */
  readonly folder: string;
}

/** Of a source, with the slash. */
export function folderOf(source: string): string {
  return source.slice(0, source.lastIndexOf('/') + 1);
}

/**
 * The definitions that an undefined (or lost weak) name of a unit resolves to: of its own linked object first; a unit
 * without one is linked with its folder. vmlinux has all that it refers to; a module's other names are exports of vmlinux
 * or of other modules (kernel/module/main.c, resolve_symbol).
 *
 * @param found bodies, at least one
 * @param vmlinux its id, or -1
 */
export function linkable(
  found: number[],
  from: LinkedUnit,
  unitOf: (body: number) => LinkedUnit,
  vmlinux: number,
): number[] {
  const isIn = (image: number) => (body: number) => unitOf(body).images.includes(image);
  const isAlone = (body: number) => unitOf(body).images.length === 0;
  if (from.images.length === 0) {
    if (vmlinux < 0) return found;
    const alone = found.filter(isAlone);
    const near = alone.filter((body) => unitOf(body).folder === from.folder);
    return near.length > 0 ? near : alone;
  }
  const same = found.filter((body) => from.images.some((image) => isIn(image)(body)));
  if (same.length > 0 || from.images.includes(vmlinux)) return same;
  const inVmlinux = found.filter(isIn(vmlinux));
  return inVmlinux.length > 0 ? inVmlinux : found.filter((body) => !isAlone(body));
}
