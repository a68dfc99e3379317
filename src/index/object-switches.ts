import { readFileSync } from 'node:fs';
import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { producersIn, type Switches, switchesOf } from '../kernel/switches.js';
import type { LoadedImages } from './image-files.js';
import type { FileUnit } from './unit-files.js';

/** Kbuild gives nearly all objects the same switches: a sample of them tells. */
const SAMPLE = 16;

/** How the build's objects were compiled, as a sample of them says; else as what was linked of them does. */
export function buildSwitches(units: readonly FileUnit[], { objects }: LoadedImages): Switches | undefined {
  const paths = units.flatMap(({ job }) => (typeof job.object === 'string' ? [] : [job.object.path]));
  const sample = Array.from({ length: Math.min(SAMPLE, paths.length) }, (_, i) => {
    return paths[Math.floor((i * paths.length) / Math.min(SAMPLE, paths.length))]!;
  });
  const told = sample.flatMap(producersOf);
  if (told.length > 0) return switchesOf(told);
  return switchesOf(objects.flatMap((object) => (object.source === 'elf' ? producersIn(object.elf) : [])));
}

function producersOf(path: string): string[] {
  try {
    return producersIn(openElf(readFileSync(path), path));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
