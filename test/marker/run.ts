import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ANSWERERS } from './answerers.js';
import { type Comparison, compare } from './compare.js';
import { compile } from './compile.js';
import type { Build } from './compilers.js';
import { recordKinds } from './figures.js';
import { generate } from './generate.js';
import { NaiveBuild } from './naive-build.js';
import { NaiveUnit } from './naive-unit.js';

/** A program to make, and how to compile it. */
export interface Job {
  readonly seed: number;
  readonly build: Build;
}

export interface Result {
  readonly job: Job;
  readonly kinds: ReadonlyMap<string, number>;
  /** By the name of who answered. */
  readonly comparisons: Readonly<Record<string, Comparison>>;
}

/** Makes and compiles the programs, several at once, and compares what is answered of them with their objects. */
export async function runAll(jobs: readonly Job[]): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = jobs.values();
  const work = async () => {
    for (const job of waiting) results.push(await run(job));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

async function run(job: Job): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'klp-reach-marker-'));
  try {
    const program = generate(job.seed);
    const units = await compile(program, job.build, directory);
    const naive = new NaiveBuild(units.map((unit) => new NaiveUnit(unit)));
    const comparisons: Record<string, Comparison> = {};
    for (const [name, { open }] of Object.entries(ANSWERERS)) {
      comparisons[name] = compare(program, naive, await open({ directory, naive, build: job.build }));
    }
    return { job, kinds: recordKinds(units), comparisons };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The mistakes that are none to be put up with, each with what makes its program again. */
export function seriousMistakes(results: readonly Result[], answerer: string): string[] {
  return results.flatMap(({ job: { seed, build }, comparisons }) =>
    comparisons[answerer]!.mistakes.filter(
      ({ complete, showsFolding }) => !ANSWERERS[answerer]!.mayBeIncomplete || (complete && showsFolding),
    ).map(
      ({ what, unit, symbol, body }) =>
        `seed ${seed}, ${build.compiler.command} ${build.flags.join(' ')}: ${unit}:${symbol}: ${what} ${body}`,
    ),
  );
}
