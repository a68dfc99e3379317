import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import type { Entry } from '../input/inputs.js';
import { walk } from '../input/walk.js';

/** Why an input has no dumps, as far as what it has instead tells. */
export function noDumps(paths: readonly string[], entries: readonly Entry[]): InputError {
  const where = paths.join(' ');
  if (isOfClang(entries)) {
    return new InputError(
      where,
      'holds no dumps: it was built with Clang, which writes none',
      'build the kernel with GCC and KCFLAGS=-fdump-ipa-clones',
    );
  }
  const found = paths.flatMap(filesBelow);
  const packed = found.find((name) => /\.ipa-clones\.[^/]+$/.test(name));
  if (packed !== undefined) {
    return new InputError(
      where,
      `holds no dumps that can be read: ${packed} is compressed in a form that klp-reach does not know`,
      'compress them with gzip, xz or zstd, or not at all',
    );
  }
  const archive = found.find((name) => /\.(?:tar(?:\.\w+)?|tgz|txz|rpm|deb)$/.test(name));
  if (archive !== undefined) {
    return new InputError(
      where,
      'holds no dumps',
      `if they are in ${archive}, name that file instead of its folder`,
    );
  }
  return new InputError(
    where,
    'holds no dumps',
    'build with KCFLAGS=-fdump-ipa-clones and index that folder',
  );
}

/** More objects than that need not be asked. */
const MOST_ASKED = 8;

function isOfClang(entries: readonly Entry[]): boolean {
  const config = entries.find(({ role }) => role === 'config');
  if (config && safely(() => /^CONFIG_CC_IS_CLANG=y$/m.test(readFileSync(config.path, 'utf8')))) return true;
  return entries
    .filter(({ role }) => role === 'object' || role === 'module')
    .slice(0, MOST_ASKED)
    .some(({ path }) => safely(() => compilerOf(path).includes('clang version')));
}

/** What `.comment` says: `GCC: (Debian 12.2.0) 12.2.0`, `clang version 19.1.0`. */
function compilerOf(path: string): string {
  const elf = openElf(readFileSync(path), path);
  const section = elf.section('.comment');
  return section === undefined ? '' : Buffer.from(elf.sectionBytes(section)).toString('latin1');
}

function filesBelow(path: string): string[] {
  try {
    const folder = resolve(path);
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
    return walk(folder).files.map((file) => file.path);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** What cannot be read tells nothing here. */
function safely(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}
