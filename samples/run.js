/** `npm start`: indexes the demo's build and asks two questions about it, each command printed before it runs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'klp-reach-'));
const db = ['--db', join(directory, 'demo.db')];

/** Runs klp-reach from the project's folder; its exit code, or 1 where a signal ended it. */
function klpReach(...args) {
  console.log(`$ klp-reach ${args.join(' ')}`);
  const { status, error } = spawnSync(process.execPath, ['bin/klp-reach.js', ...args], {
    cwd: project,
    stdio: 'inherit',
  });
  if (error) throw error;
  console.log();
  return status ?? 1;
}

try {
  process.exitCode =
    klpReach('index', 'samples/demo/build', ...db) ||
    klpReach('affected', 'record_fits', '--why', ...db) ||
    klpReach('affected', 'state_show', ...db);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
