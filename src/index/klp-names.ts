import type { IndexReader } from './reader.js';

/**
 * The names that the kernel's build lists of an object with `nm -f posix`, sorted, each as often as it occurs: all of
 * vmlinux's; of a module those that it has before modpost, so without what modpost's `*.mod.c` adds to it.
 */
export function klpNamesOf(index: IndexReader, build: string, object: string): string[] {
  const names: string[] = [];
  for (const { name, file } of index.imageNames(build, object)) {
    const byModpost = object !== 'vmlinux' && (file?.endsWith('.mod.c') || name === '__this_module');
    if (!byModpost) names.push(name);
  }
  if (object !== 'vmlinux') names.push(...index.lostNames(build, object));
  return names.sort();
}
