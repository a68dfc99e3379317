import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The corpus of one real kernel build, which is too large to come with the tests: archives in $KLP_REACH_CORPUS, or in
 * ../shared/corpus beside the project. A test that needs it skips itself where `why` says why.
 */
export interface Corpus {
  /** '' where the corpus can be used, else the reason to skip. */
  readonly why: string;
  /** One file, decompressed if it is compressed (`vmlinux.zst`). */
  file(name: string): Buffer;
  /** Unpacks members of an archive (all, or those that match shell patterns) for as long as `use` runs. */
  unpacked<T>(archive: string, members: readonly string[], use: (directory: string) => T): T;
}

export function openCorpus(): Corpus {
  const { KLP_REACH_CORPUS = '../shared/corpus' } = process.env;
  const directory = resolve(KLP_REACH_CORPUS);
  return {
    why: reason(directory),
    // With -f, what is not compressed comes as it is.
    file: (name) => execFileSync('zstd', ['-dcqf', join(directory, name)], { maxBuffer: 1 << 30 }),
    unpacked: (archive, members, use) => {
      const target = mkdtempSync(join(tmpdir(), 'klp-reach-corpus-'));
      try {
        unpack(join(directory, archive), target, members.length === 0 ? [] : ['--wildcards', ...members]);
        return use(target);
      } finally {
        rmSync(target, { recursive: true, force: true });
      }
    },
  };
}

function unpack(archive: string, target: string, wanted: readonly string[]): void {
  execFileSync('tar', ['-I', 'zstd -d --long=27', '-xf', archive, '-C', target, ...wanted]);
}

function reason(directory: string): string {
  if (!existsSync(join(directory, 'vmlinux.zst'))) return `no corpus in ${directory} (set KLP_REACH_CORPUS)`;
  try {
    execFileSync('zstd', ['--version'], { stdio: 'ignore' });
    execFileSync('tar', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'no tar or zstd to unpack the corpus with';
  }
  return '';
}
