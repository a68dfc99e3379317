import { execFileSync } from 'node:child_process';

/** Why a test that runs these programs has to be skipped, or ''. */
export function missing(...programs: readonly string[]): string {
  for (const program of programs) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return '';
}
