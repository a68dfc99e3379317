import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Corpus, openCorpus } from './corpus.js';

/** The whole corpus as the build directory that it was (about 350 MB). */
export interface CorpusBuild {
  readonly directory: string;
  remove(): void;
}

const ARCHIVES = ['ipa-clones.tar.zst', 'objects.tar.zst', 'callgraph-info.tar.zst', 'modules.tar.zst'];
/** What GCC said of folding: of one build only, and not in every copy of the corpus. */
const FOLDING = 'folding.tar.zst';

/** @param folder of the corpus: '' for the kernel of GCC 12, `gcc11` for the same built with that */
export function unpackBuild(corpus: Corpus = openCorpus(), folder = ''): CorpusBuild {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-build-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    for (const archive of [...ARCHIVES, FOLDING]) {
      const path = pathOf(folder, archive);
      if (archive === FOLDING && !existsSync(path)) continue;
      execFileSync('tar', ['-I', 'zstd -d --long=27', '-xf', path, '-C', directory]);
    }
    writeFileSync(join(directory, 'vmlinux'), corpus.file(join(folder, 'vmlinux.zst')));
  } catch (error) {
    remove();
    throw error;
  }
  return { directory, remove };
}

/** Why the whole build cannot be used, though some of the corpus may be there; '' if it can. */
export function whyNoBuild(corpus: Corpus = openCorpus(), folder = ''): string {
  if (corpus.why !== '') return corpus.why;
  const missing = [...ARCHIVES, 'vmlinux.zst'].filter((archive) => !existsSync(pathOf(folder, archive)));
  return missing.length === 0
    ? ''
    : `the corpus lacks ${missing.map((name) => join(folder, name)).join(', ')}`;
}

function pathOf(folder: string, file: string): string {
  const { KLP_REACH_CORPUS = '../shared/corpus' } = process.env;
  return resolve(KLP_REACH_CORPUS, folder, file);
}
