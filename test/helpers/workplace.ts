import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A folder of its own with these files in it, as a build leaves them; gone after the test file. */
export function buildDir(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-'));
  made.push(directory);
  put(directory, files);
  return directory;
}

/** Writes files into a folder, over what was there. */
export function put(directory: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

/** The path of an index that does not exist yet, in a folder of its own. */
export function newIndex(): string {
  return join(buildDir(), 'index.db');
}
