/**
 * A path in the form in which two spellings of one file compare equal: `./include/x.h`, `include//x.h`,
 * `../include/x.h` (a build in a subfolder of the source) and `arch/../include/x.h` are all `include/x.h`.
 * An absolute path stays absolute: see {@link sameFile}.
 */
export function normalPath(path: string): string {
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `${absolute ? '/' : ''}${parts.join('/')}`;
}

/** Whether `path` ends with `suffix` at a folder's border; both normal. */
export function endsWithPath(path: string, suffix: string): boolean {
  return path === suffix || path.endsWith(suffix.startsWith('/') ? suffix : `/${suffix}`);
}

/**
 * Whether two normal paths may name the same file: equal, or one absolute and ending with the other (a build that
 * names its headers absolutely beside one that names them relative to the source).
 */
export function sameFile(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.startsWith('/') === b.startsWith('/')) return false;
  return a.startsWith('/') ? endsWithPath(a, b) : endsWithPath(b, a);
}
