import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { InputError } from '../errors.js';
import { beforeChange, changesOf, undoStopped } from './database.js';
import type { IndexMessage, IndexTask } from './index-worker.js';
import type { IngestProgress, IngestReport } from './ingest.js';

/**
 * Of threads that begin later. V8 lets a heap grow to several times of what is in use before it looks for what is not, and
 * that of each thread. Measured on a kernel: three quarters of the memory for a twentieth more CPU time.
 */
const HEAP_FLAGS = ['--heap-growing-percent=20', '--max-semi-space-size=4'];

/** What stops an indexing: ^C, a polite kill, a terminal that was closed. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** An indexing that somebody stopped. */
export class Stopped extends Error {
  override readonly name = 'Stopped';

  constructor(
    readonly signal: StopSignal,
    /** Whether the index was written before: the end is all that was stopped. */
    readonly isWritten: boolean,
  ) {
    super(signal);
  }
}

/**
 * Indexes in a thread of its own: this one is free to be told to stop, which ends the other in the middle of whatever it
 * does, and takes back what it began.
 *
 * @throws Stopped if a signal ended it
 */
export async function runIndex(
  task: IndexTask,
  onProgress: (progress: IngestProgress) => void,
): Promise<IngestReport> {
  const { db, wait } = task.options;
  const state = beforeChange(db);
  const before = changesOf(db);
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
  // From before there is anything to take back.
  let stopped: (signal: StopSignal) => void = () => {};
  const signal = new Promise<StopSignal>((resolve) => {
    stopped = resolve;
  });
  for (const one of STOP_SIGNALS) process.on(one, stopped);
  // What the thread makes for other programs to read, so that it is gone with it.
  const scratch = mkdtempSync(join(tmpdir(), 'klp-reach-'));
  const worker = new Worker(new URL('./index-worker.js', import.meta.url), {
    workerData: task,
    env: { ...process.env, TMPDIR: scratch },
  });
  try {
    const ended = await Promise.race([reportOf(worker, onProgress), signal]);
    if (typeof ended !== 'string') return ended;
    await worker.terminate();
    undoStopped(db, state, wait);
    throw new Stopped(ended, changesOf(db) !== before);
  } finally {
    await worker.terminate();
    rmSync(scratch, { recursive: true, force: true });
    for (const one of STOP_SIGNALS) process.off(one, stopped);
  }
}

function reportOf(worker: Worker, onProgress: (progress: IngestProgress) => void): Promise<IngestReport> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: IndexMessage) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('report' in message) resolve(message.report);
      else if ('refused' in message) {
        const { where, what, advice } = message.refused;
        reject(new InputError(where, what, advice));
      } else reject(Object.assign(new Error(message.failed.message), message.failed));
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the thread that indexes ended without an answer')));
  });
}
