import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));

/** A copy of the demo's build that can be changed. */
export function copyDemo(build: string): void {
  cpSync(DEMO, build, { recursive: true });
}

/** Whether a program can be run. */
export function hasTool(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}
