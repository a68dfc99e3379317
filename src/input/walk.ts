import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { InputError } from '../errors.js';
import { bytewise, type InputWarning, joinName, reasonOf } from './names.js';
import { classify } from './roles.js';

/** A regular file found below a directory. */
export interface FoundFile {
  /** Relative to the directory walked, forward slashes. */
  readonly name: string;
  /** Where to open it. */
  readonly path: string;
  /** Its path with every symbolic link resolved: the file's identity. */
  readonly real: string;
}

export interface Walk {
  /** Sorted by the bytes of `name`. */
  readonly files: readonly FoundFile[];
  readonly warnings: readonly InputWarning[];
}

/** A pipe or a device, where a build has a file: nobody knows what would come out of it, or whether it ends. */
const SPECIAL = 'this was not read: it is no regular file';

interface Place {
  readonly name: string;
  readonly path: string;
}

type ReadDirectory = (path: string) => Dirent[];

/**
 * All files below a directory. Symbolic links are followed, but every real file and directory is reported once: by its
 * own name where that lies below `dir`, else by the first link to it. Two hard links are two files: equal objects of
 * two units may share one inode. `.git` is left out. What cannot be read is a warning.
 *
 * Identity is the real path, not dev:ino, so that neither plain files nor plain directories need a stat.
 *
 * @param readDirectory how a directory is read (tests make it fail)
 * @throws InputError if `dir` itself cannot be read
 */
export function walk(dir: string, readDirectory: ReadDirectory = readDirents): Walk {
  const files: FoundFile[] = [];
  const warnings: InputWarning[] = [];
  const seen = new Set<string>();
  const links: Place[] = [];

  const add = (file: FoundFile): void => {
    if (seen.has(file.real)) return;
    seen.add(file.real);
    files.push(file);
  };

  // A stack of its own: a tree can be deeper than JavaScript's.
  const descend = (start: FoundFile): void => {
    const stack: FoundFile[] = [start];
    for (let here = stack.pop(); here !== undefined; here = stack.pop()) {
      if (seen.has(here.real)) continue;
      seen.add(here.real);
      let entries: Dirent[];
      try {
        entries = readDirectory(here.path);
      } catch (error) {
        if (here.name === '') throw new InputError(dir, `cannot be read: ${reasonOf(error)}`);
        warnings.push({ where: here.path, what: `this directory was not read: ${reasonOf(error)}` });
        continue;
      }
      for (const entry of entries) {
        if (entry.name === '.git') continue;
        const place = { name: joinName(here.name, entry.name), path: joinName(here.path, entry.name) };
        if (entry.isSymbolicLink()) links.push(place);
        else if (entry.isFile()) add({ ...place, real: joinName(here.real, entry.name) });
        else if (entry.isDirectory()) stack.push({ ...place, real: joinName(here.real, entry.name) });
        else if (classify(entry.name) !== undefined) warnings.push({ where: place.path, what: SPECIAL });
      }
    }
  };

  descend({ name: '', path: dir, real: realRoot(dir) });

  // Links come after everything that has a name of its own, links to files after links to directories.
  const fileLinks: FoundFile[] = [];
  while (links.length > 0) {
    for (const link of links.splice(0).sort((a, b) => bytewise(a.name, b.name))) {
      try {
        const target = statSync(link.path);
        if (target.isDirectory()) descend({ ...link, real: realpathSync(link.path) });
        else if (target.isFile()) fileLinks.push({ ...link, real: realpathSync(link.path) });
        else if (classify(link.name) !== undefined) warnings.push({ where: link.path, what: SPECIAL });
      } catch (error) {
        if (isOfInstalledKernel(link.path)) continue;
        warnings.push({ where: link.path, what: `this symbolic link was not followed: ${reasonOf(error)}` });
      }
    }
  }
  for (const link of fileLinks.sort((a, b) => bytewise(a.name, b.name))) add(link);

  files.sort((a, b) => bytewise(a.name, b.name));
  warnings.sort((a, b) => bytewise(a.where, b.where));
  return { files, warnings };
}

/** `make modules_install` links to the build's folders, which an installed or unpacked kernel is without. */
function isOfInstalledKernel(link: string): boolean {
  return /\/lib\/modules\/[^/]+\/(?:build|source)$/.test(link);
}

function readDirents(path: string): Dirent[] {
  return readdirSync(path, { withFileTypes: true });
}

function realRoot(dir: string): string {
  try {
    return realpathSync(dir);
  } catch (error) {
    throw new InputError(dir, `cannot be read: ${reasonOf(error)}`);
  }
}
