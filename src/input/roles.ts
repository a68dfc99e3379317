/** What a file of a build is to klp-reach, told by its name alone. */
export type Role =
  | 'dump'
  | 'object'
  | 'callgraph'
  | 'folding'
  | 'module'
  | 'modlist'
  | 'modorder'
  | 'vmlinux'
  | 'systemmap'
  | 'symvers'
  | 'symbolsklp'
  | 'config'
  | 'debug'
  | 'release';

const WHOLE_NAMES: ReadonlyMap<string, Role> = new Map([
  ['vmlinux', 'vmlinux'],
  ['vmlinux.gz', 'vmlinux'],
  ['vmlinux.xz', 'vmlinux'],
  ['vmlinux.zst', 'vmlinux'],
  ['vmlinux.bz2', 'vmlinux'],
  ['System.map', 'systemmap'],
  ['Module.symvers', 'symvers'],
  ['modules.order', 'modorder'],
  ['symbols.klp', 'symbolsklp'],
  ['.config', 'config'],
  ['kernel.release', 'release'],
  ['utsrelease.h', 'release'],
]);

const ENDINGS: readonly (readonly [string, Role])[] = [
  ['.o', 'object'],
  ['.ci', 'callgraph'],
  ['.opt', 'folding'],
  ['.ipa-clones', 'dump'],
  ['.ipa-clones.gz', 'dump'],
  ['.ipa-clones.xz', 'dump'],
  ['.ipa-clones.zst', 'dump'],
  ['.ipa-clones.bz2', 'dump'],
  ['.mod', 'modlist'],
  ['.ko', 'module'],
  ['.ko.gz', 'module'],
  ['.ko.xz', 'module'],
  ['.ko.zst', 'module'],
];

/**
 * The role of a file, or undefined if klp-reach has no use for it.
 *
 * @param name the file's name, with or without its directories (forward slashes)
 */
export function classify(name: string): Role | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (isDebugFile(name, base)) return 'debug';
  const whole = WHOLE_NAMES.get(base);
  if (whole !== undefined) return whole;
  for (const [ending, role] of ENDINGS) {
    if (base.length > ending.length && base.endsWith(ending)) return role;
  }
  if (INSTALLED_VMLINUX.test(base)) return 'vmlinux';
  if (INSTALLED_SYMVERS.test(base)) return 'symvers';
  if (ICF_SUFFIX.test(base)) return 'folding';
  return INSTALLED_CONFIG.test(name) ? 'config' : undefined;
}

/** Where distributions put the configuration of an installed kernel. */
const INSTALLED_CONFIG = /(?:^|\/)(?:config-\d[^/]*|lib\/modules\/[^/]+\/config)$/;

/** boot/vmlinux-VERSION, as openSUSE installs it beside the image that boots. */
const INSTALLED_VMLINUX = /^vmlinux-\d[\w.+~-]*$/;
const INSTALLED_SYMVERS = /^symvers-\d[\w.+~-]*$/;

/** What was stripped off a linked object: `vmlinux.debug`, `ext4.ko.debug`, and what lies below usr/lib/debug. */
function isDebugFile(name: string, base: string): boolean {
  if (/^vmlinux.*\.debug$|.\.ko\.debug$/.test(base)) return true;
  return /(?:^|\/)usr\/lib\/debug\//.test(name) && /^vmlinux|.\.ko(?:$|\.)/.test(base);
}

/** GCC's pass number, three digits at least, and the kind of pass (dumpfile.cc, `get_dump_file_name`: i, l, r or t). */
const DUMP_SUFFIX = /(?:\.\d{3,}[ilrt])?\.ipa-clones$/;
const ICF_SUFFIX = /.\.\d{3,}[ilrt]\.icf$/;

/** What GCC names a dump after: `mm/migrate.c.000i.ipa-clones` -> `mm/migrate.c`. Other names come back unchanged. */
export function stemOf(dumpPath: string): string {
  return withoutCompression(dumpPath).replace(DUMP_SUFFIX, '');
}

/** How a dump is known, compressed or not. */
export function withoutCompression(dumpPath: string): string {
  return dumpPath.replace(/(\.ipa-clones)\.(?:gz|xz|zst|bz2)$/, '$1');
}

/** The source extensions that GCC's drivers know (gcc.cc `default_compilers` and the languages' lang-specs.h). */
const SOURCE_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    'c i ii h C cc cp cpp CPP cxx c++ m mi mm M mii ' +
    'f F for FOR ftn FTN fpp FPP f90 F90 f95 F95 f03 F03 f08 F08 ' +
    'ada adb ads go d rs s S sx'
  ).split(' '),
);

/**
 * Where the object or call graph of a dump lies, if it was kept.
 *
 * GCC names a dump after the output's stem plus the source's extension (`-o foo.o bar.c` gives `foo.c...`), so the
 * extension is taken off again. A link-time partition has no source (`a.ltrans0.ltrans`): nothing is taken off there.
 *
 * @param stem as `stemOf` gives it
 */
export function companion(stem: string, ending: '.o' | '.ci' | '.opt'): string {
  const dot = stem.lastIndexOf('.');
  const isSource = dot > stem.lastIndexOf('/') + 1 && SOURCE_EXTENSIONS.has(stem.slice(dot + 1));
  return (isSource ? stem.slice(0, dot) : stem) + ending;
}

/**
 * What tells of one unit's identical code folding: the dump of the pass (`-fdump-ipa-icf-optimized`, whose pass number
 * differs between compilers), without that number, and `-fopt-info-ipa-optimized=FILE` if FILE is named after the object.
 *
 * @param stem as `stemOf` gives it
 */
export function foldingNames(stem: string): readonly string[] {
  return [`${stem}.icf`, companion(stem, '.opt')];
}

/** A folding file's name as {@link foldingNames} has it: `a.c.079i.icf` -> `a.c.icf`. */
export function foldingName(name: string): string {
  return name.replace(/\.\d{3,}[ilrt]\.icf$/, '.icf');
}
