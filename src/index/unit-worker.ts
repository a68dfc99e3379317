import { parentPort } from 'node:worker_threads';
import { InputError } from '../errors.js';
import { reasonOf } from '../input/names.js';
import type { UnitBatch, UnitJob } from './unit-facts.js';
import { UnitReader } from './unit-reader.js';

/** What a reading thread is told: some units, or that no more come. */
export type WorkerTask = readonly UnitJob[] | null;

/** What it answers a task with. */
export type WorkerAnswer =
  | { readonly batch: UnitBatch }
  | { readonly unreadable: string; readonly reason: string };

const port = parentPort!;
const reader = new UnitReader();

// Answers go out in the order of the tasks, though reading machine code takes its time.
let last: Promise<void> = Promise.resolve();

port.on('message', (task: WorkerTask) => {
  last = last.then(async () => {
    if (task === null) port.close();
    else port.postMessage(await answer(task));
  });
});

async function answer(jobs: readonly UnitJob[]): Promise<WorkerAnswer> {
  const units = [];
  for (const job of jobs) {
    try {
      units.push(await reader.read(job));
    } catch (error) {
      if (error instanceof InputError) return { unreadable: error.where, reason: error.what };
      const { code, path } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return { unreadable: path ?? job.dump, reason: reasonOf(error) };
    }
  }
  return { batch: { units, words: reader.newWords() } };
}
