/** The corpus of one real kernel build: archives in $KLP_REACH_CORPUS or ../shared/corpus, unpacked into .corpus/. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const archives = resolve(project, process.env.KLP_REACH_CORPUS ?? '../shared/corpus');
const unpacked = join(project, '.corpus');

/** What a build directory is made of; `vmlinux.zst` is read as it is. */
const BUILD = ['ipa-clones', 'objects', 'callgraph-info', 'modules'];

export function hasCorpus() {
  return existsSync(join(archives, 'ipa-clones.tar.zst'));
}

export function whereCorpus() {
  return archives;
}

/** A folder with the dumps and nothing else. */
export function dumpsOnly() {
  return unpack('dumps', ['ipa-clones']);
}

/** The whole build directory, or undefined where archives are missing; and its vmlinux. */
export function wholeBuild() {
  const vmlinux = join(archives, 'vmlinux.zst');
  const all = [...BUILD.map((name) => join(archives, `${name}.tar.zst`)), vmlinux];
  return all.every((path) => existsSync(path)) ? { directory: unpack('build', BUILD), vmlinux } : undefined;
}

/** Unpacked beside its place and then moved there, so that a folder of that name is whole. */
function unpack(name, members) {
  const target = join(unpacked, name);
  if (existsSync(target)) return target;
  const draft = `${target}.part`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  for (const member of members) {
    const archive = join(archives, `${member}.tar.zst`);
    console.error(`unpacking ${archive}`);
    execFileSync('tar', ['-I', 'zstd -d --long=27', '-xf', archive, '-C', draft]);
  }
  renameSync(draft, target);
  return target;
}

/** The dumps below a folder: how many, and their bytes. */
export function sizeOfDumps(directory) {
  const names = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith('.ipa-clones'));
  return {
    count: names.length,
    bytes: names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0),
  };
}
