import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as a user runs it, on the built code. */
export const COMMAND = fileURLToPath(new URL('../../bin/klp-reach.js', import.meta.url));

export interface Ran {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs klp-reach to its end; no variable of the tester's own changes what it does. */
export function klpReach(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = start(args, options);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout!.on('data', (part: Buffer) => out.push(part));
  child.stderr!.on('data', (part: Buffer) => err.push(part));
  child.stdin!.on('error', () => {});
  child.stdin!.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() });
    });
  });
}

/** Starts klp-reach and leaves it running. */
export function start(args: readonly string[], options: RunOptions = {}): ChildProcess {
  return spawn(process.execPath, [COMMAND, ...args], {
    env: { ...cleanEnvironment(), ...options.env },
    // Nothing that a test starts outlives it.
    timeout: 100_000,
    killSignal: 'SIGKILL',
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
}

/** What changes how klp-reach answers. */
const OWN = [
  ...['NO_COLOR', 'FORCE_COLOR', 'COLUMNS', 'KLP_REACH_PAGER', 'PAGER', 'LESS', 'LV'],
  ...['KLP_REACH_DB', 'KLP_REACH_DEBUG', 'NODE_OPTIONS'],
];

export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN.includes(name)));
}
