import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether a GCC that makes x86_64 objects is here. */
export function hasGcc(): boolean {
  try {
    return execFileSync('gcc', ['-dumpmachine'], { encoding: 'utf8' }).startsWith('x86_64');
  } catch {
    return false;
  }
}

/** Compiles C source to an object, and tells what `nm` says of it. */
export function compile(source: string, flags: readonly string[]): { object: Uint8Array; nm: string } {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-gcc-'));
  try {
    writeFileSync(join(directory, 'a.c'), source);
    execFileSync('gcc', [...flags, '-c', 'a.c', '-o', 'a.o'], { cwd: directory });
    const nm = execFileSync('nm', ['-f', 'posix', 'a.o'], { cwd: directory, encoding: 'utf8' });
    return { object: readFileSync(join(directory, 'a.o')), nm };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
