import type { UntraceableKind } from './fix.js';

/** What a whole file is, from its path: 'c' for what can hold C functions. */
export function fileKind(path: string): 'c' | UntraceableKind {
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (
    /^Kconfig(\.|$)|^Kconfig-|_defconfig$|^defconfig$/.test(base) ||
    /(^|\/)configs\/[^/]+\.config$/.test(path)
  )
    return 'kconfig';
  if (/^(Makefile|Kbuild|GNUmakefile)(\.|$)|\.mk$/.test(base)) return 'makefile';
  if (/\.(S|s|asm)$|\.lds$/.test(base)) return 'assembly';
  if (/\.(c|h|inc|cc|cpp|hpp|y|l|def)$/.test(base)) return 'c';
  if (/^Documentation\/|\.(rst|txt|md)$|^(MAINTAINERS|CREDITS|README|\.mailmap)$/.test(path))
    return 'documentation';
  return 'other';
}
