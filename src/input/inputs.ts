import { type BigIntStats, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { InputError } from '../errors.js';
import { headOf, withFile } from './bytes.js';
import { type ListedName, parseList } from './list.js';
import { compressionOf, HEAD_SIZE, isDump, isTar, isText, isZeroBlock } from './magic.js';
import { bytewise, type InputWarning, joinName, reasonOf } from './names.js';
import { packageKind } from './package.js';
import { classify, companion, foldingName, foldingNames, type Role, stemOf } from './roles.js';
import { walk } from './walk.js';

/** A file of the build. */
export interface Entry {
  /** Relative to the build root with forward slashes; absolute where it lies outside. */
  readonly name: string;
  /** Where to open it. */
  readonly path: string;
  readonly role: Role;
  /** Bytes on disk. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
}

/** An archive of files of the build, for `readArchive`. */
export interface ArchiveEntry {
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
}

export interface Inputs {
  /** The build directory, absolute: the one directory that was given, else the current one. */
  readonly root: string;
  /** Sorted by the bytes of `name`; every real file once. */
  readonly entries: readonly Entry[];
  /** In the order given; every real file once. */
  readonly archives: readonly ArchiveEntry[];
  /** What could not be read and is therefore missing. */
  readonly warnings: readonly InputWarning[];
}

export interface InputOptions {
  /** What relative paths are relative to; by default the current directory. */
  readonly cwd?: string;
  /** Where the path `-` reads its list; by default standard input. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

/**
 * Finds what `klp-reach index PATH...` reads. A path is a directory (all files with a role below it), a dump, an
 * archive, a list of dumps (`@FILE`, a text file, or `-` for standard input). With a dump named by itself or by a list
 * come its object and its call graph where they lie beside it. Relative names in a list are looked up from the current
 * directory, then from the list's.
 *
 * @throws InputError if a path or a listed dump does not exist, or is nothing that can be read
 */
export async function findInputs(paths: readonly string[], options: InputOptions = {}): Promise<Inputs> {
  const cwd = resolve(options.cwd ?? '.');
  const stats = new Map<string, BigIntStats>();
  for (const path of paths) if (path !== '-' && !path.startsWith('@')) stats.set(path, statPath(cwd, path));
  const directories = new Set(
    [...stats].filter(([, stat]) => stat.isDirectory()).map(([path]) => resolve(cwd, path)),
  );
  const [only] = directories;
  const finder = new Finder(cwd, directories.size === 1 && only !== undefined ? only : cwd);

  for (const path of paths) {
    const stat = stats.get(path);
    if (path === '-')
      await finder.addList(await readText(options.stdin ?? process.stdin), '<stdin>', undefined);
    else if (stat === undefined) await finder.addListFile(path.slice(1));
    else if (stat.isDirectory()) finder.addDirectory(path);
    else if (stat.isFile()) await finder.addFile(path, stat);
    else if (stat.isFIFO() || stat.isCharacterDevice()) await finder.addListFile(path);
    else throw new InputError(path, 'is neither a file nor a directory');
  }
  return finder.result();
}

class Finder {
  private readonly entries: Entry[] = [];
  private readonly archives: ArchiveEntry[] = [];
  private readonly warnings: InputWarning[] = [];
  private readonly seen = new Set<string>();
  private readonly realRoot: string;

  constructor(
    private readonly cwd: string,
    private readonly root: string,
  ) {
    this.realRoot = realpathOr(root);
  }

  result(): Inputs {
    this.entries.sort((a, b) => bytewise(a.name, b.name));
    return { root: this.root, entries: this.entries, archives: this.archives, warnings: this.warnings };
  }

  addDirectory(path: string): void {
    const absolute = resolve(this.cwd, path);
    const prefix = this.nameOf(absolute);
    const { files, warnings } = walk(absolute);
    this.warnings.push(...warnings);
    for (const { name, path: file, real } of files) {
      const role = classify(name);
      if (role === undefined || this.seen.has(real)) continue;
      try {
        const stat = statSync(file, { bigint: true });
        this.seen.add(real);
        this.entries.push(entryOf(joinName(prefix, name), file, role, stat));
      } catch (error) {
        this.warnings.push({ where: file, what: `this file was not read: ${reasonOf(error)}` });
      }
    }
  }

  async addFile(path: string, stat: BigIntStats): Promise<void> {
    const absolute = resolve(this.cwd, path);
    const head = await withFile(absolute, async (source) => headOf(source, HEAD_SIZE));
    const role = classify(path);
    if (isArchive(head, path, role)) {
      this.addArchive(absolute, stat);
    } else if (role === 'dump' || isDump(head)) {
      this.addDump(absolute, stat);
    } else if (role === undefined && head.length > 0 && isText(head)) {
      await this.addListFile(path);
    } else {
      throw new InputError(
        path,
        head.length === 0 ? 'is empty' : 'is no dump, no list of dumps and no tar archive',
        role === undefined ? '' : 'give the build directory that it belongs to',
      );
    }
  }

  async addListFile(path: string): Promise<void> {
    const absolute = resolve(this.cwd, path);
    let text: string;
    try {
      text = readFileSync(absolute, 'utf8');
    } catch (error) {
      throw new InputError(path, `cannot be read: ${reasonOf(error)}`);
    }
    await this.addList(text, path, dirname(absolute));
  }

  /** @param directory where the list lies, if it lies anywhere */
  async addList(text: string, list: string, directory: string | undefined): Promise<void> {
    for (const listed of parseList(text, list)) await this.addListed(listed, directory);
  }

  private async addListed({ name, where }: ListedName, directory: string | undefined): Promise<void> {
    for (const base of directory === undefined ? [this.cwd] : [this.cwd, directory]) {
      const path = resolve(base, name);
      let stat: BigIntStats;
      try {
        stat = statSync(path, { bigint: true });
      } catch (error) {
        if (isAbsent(error)) continue;
        throw new InputError(where, `${name} cannot be read: ${reasonOf(error)}`);
      }
      if (!stat.isFile() || (classify(name) !== 'dump' && !(await beginsAsDump(path)))) {
        throw new InputError(where, `${name} is no dump`, 'a list names dumps (*.ipa-clones), one a line');
      }
      this.addDump(path, stat);
      return;
    }
    throw new InputError(where, `there is no ${name}`, 'a list names dumps (*.ipa-clones), one a line');
  }

  /** Adds a dump, and what lies beside it of the same unit. */
  private addDump(path: string, stat: BigIntStats): void {
    this.add(path, 'dump', stat);
    const stem = stemOf(path);
    const companions = COMPANIONS.map(([ending, role]) => [companion(stem, ending), role] as const);
    for (const [beside, role] of [...companions, ...foldingBeside(stem)]) {
      try {
        const found = statSync(beside, { bigint: true });
        if (found.isFile()) this.add(beside, role, found);
      } catch (error) {
        if (isAbsent(error)) continue;
        this.warnings.push({ where: beside, what: `this file was not read: ${reasonOf(error)}` });
      }
    }
  }

  private addArchive(path: string, stat: BigIntStats): void {
    if (!this.isNew(path)) return;
    this.archives.push({ path, size: Number(stat.size), mtimeNs: stat.mtimeNs });
  }

  private add(path: string, role: Role, stat: BigIntStats): void {
    if (this.isNew(path)) this.entries.push(entryOf(this.nameOf(path), path, role, stat));
  }

  private isNew(path: string): boolean {
    const real = realpathOr(path);
    if (this.seen.has(real)) return false;
    this.seen.add(real);
    return true;
  }

  /** A path may also be below the root only after its links, or the root's, are resolved. */
  private nameOf(path: string): string {
    return below(this.root, path) ?? below(this.realRoot, realpathOr(path)) ?? slashed(path);
  }
}

const COMPANIONS = [
  ['.o', 'object'],
  ['.ci', 'callgraph'],
] as const;

/** The folding files of a unit, which lie in its folder. */
function foldingBeside(stem: string): (readonly [string, 'folding'])[] {
  const folder = stem.slice(0, stem.length - basename(stem).length);
  const wanted = foldingNames(stem);
  let names: string[] = [];
  try {
    names = readdirSync(dirname(stem));
  } catch {
    // The dump itself was read from there: a folder that may not be listed has none that can be found.
  }
  return names
    .map((name) => folder + name)
    .filter((path) => wanted.includes(foldingName(path)))
    .map((path) => [path, 'folding']);
}

function entryOf(name: string, path: string, role: Role, stat: BigIntStats): Entry {
  return { name, path, role, size: Number(stat.size), mtimeNs: stat.mtimeNs };
}

function statPath(cwd: string, path: string): BigIntStats {
  if (path === '') throw new InputError('', 'a path is empty');
  try {
    return statSync(resolve(cwd, path), { bigint: true });
  } catch (error) {
    throw new InputError(path, reasonOf(error));
  }
}

function below(root: string, path: string): string | undefined {
  const name = relative(root, path);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? undefined : slashed(name);
}

function slashed(path: string): string {
  return sep === '/' ? path : path.replaceAll(sep, '/');
}

function realpathOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function isArchive(head: Buffer, path: string, role: Role | undefined): boolean {
  if (packageKind(head) !== undefined) return true;
  if (compressionOf(head) !== undefined) return role === undefined;
  return isTar(head) || isEmptyTar(head, path);
}

/** A file of zeros is an archive without members only if it says so. */
function isEmptyTar(head: Buffer, path: string): boolean {
  return isZeroBlock(head) && path.endsWith('.tar');
}

function beginsAsDump(path: string): Promise<boolean> {
  return withFile(path, async (source) => isDump(headOf(source, HEAD_SIZE)));
}

async function readText(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  return Buffer.concat(parts).toString('utf8');
}
