import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../input/inputs.js';
import { companion, foldingName, foldingNames, stemOf, withoutCompression } from '../input/roles.js';
import type { CallSource, UnitJob } from './unit-facts.js';

/** What of a unit is read besides its dump. */
export interface UnitFileOptions {
  /** Where the objects are if not beside the dumps: the same relative paths below this folder. */
  readonly objects?: string;
  /** False leaves objects unread; every function is unverified then. */
  readonly readObjects?: boolean;
  /** Where calls come from: `.ci` files only (the default), or the machine code of objects that have none. */
  readonly calls?: 'ci' | 'objdump' | 'none';
  /** The objdump to run; for another architecture, its cross one. */
  readonly objdump?: string;
}

/** A unit that was found, and what tells whether it changed since it was indexed. */
export interface FileUnit {
  readonly name: string;
  readonly stamp: string;
  readonly job: UnitJob;
}

interface Companion {
  readonly path: string;
  readonly stamp: string;
}

/** Pairs each dump with its object and its calls, and tells from sizes and times whether any of them changed. */
export function pairUnitFiles(entries: readonly Entry[], root: string, options: UnitFileOptions): FileUnit[] {
  const beside = new Map(
    entries
      .filter(({ role }) => role === 'object' || role === 'callgraph' || role === 'folding')
      .map(({ name, path, size, mtimeNs }) => [foldingName(name), { path, stamp: `${size}-${mtimeNs}` }]),
  );
  return entries
    .filter((entry) => entry.role === 'dump')
    .map((dump) => {
      const stem = stemOf(dump.name);
      const object =
        options.readObjects === false
          ? 'not asked'
          : (findObject(companion(stem, '.o'), beside, root, options) ?? 'missing');
      const calls = findCalls(beside.get(companion(stem, '.ci')), object, options);
      const folding = foldingNames(stem).flatMap((name) => beside.get(name) ?? []);
      const parts = [stampOf(object), stampOf(calls), ...folding.map(stampOf)];
      const { objdump } = options;
      const name = withoutCompression(dump.name);
      const job: UnitJob = {
        name,
        dump: dump.path,
        object,
        calls,
        folding: folding.map(({ path }) => path),
        ...(objdump !== undefined && { objdump }),
      };
      return { name, stamp: [`${dump.size}-${dump.mtimeNs}`, ...parts].join(' '), job };
    });
}

function findObject(
  name: string,
  beside: ReadonlyMap<string, Companion>,
  root: string,
  options: UnitFileOptions,
): Companion | undefined {
  if (options.objects === undefined) return beside.get(name);
  const path = join(options.objects, name.startsWith('/') ? name.slice(root.length) : name);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? { path, stamp: `${stat.size}-${stat.mtimeNs}` } : undefined;
}

function findCalls(
  ci: Companion | undefined,
  object: Companion | 'missing' | 'not asked',
  options: UnitFileOptions,
): (CallSource & Companion) | 'missing' | 'not asked' {
  if (options.calls === 'none') return 'not asked';
  if (ci) return { from: 'ci', ...ci };
  if (options.calls !== 'objdump' || typeof object === 'string') return 'missing';
  const program = options.objdump;
  return {
    from: 'objdump',
    path: object.path,
    stamp: `objdump ${program ?? ''}`,
    ...(program !== undefined && { program }),
  };
}

function stampOf(file: Companion | string): string {
  return typeof file === 'string' ? file : file.stamp;
}
