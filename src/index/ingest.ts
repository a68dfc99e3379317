import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { InputError } from '../errors.js';
import { type Entry, findInputs, type InputOptions } from '../input/inputs.js';
import { reasonOf } from '../input/names.js';
import { readArchives } from './archive-units.js';
import { contentsHash } from './checksum.js';
import { beginChange, refusalOf } from './database.js';
import { findImageFiles, type ImageOptions, type LoadedImages, loadImages } from './image-files.js';
import { type IngestProgress, ProgressTeller } from './ingest-progress.js';
import { IngestTally, type IngestWarning } from './ingest-tally.js';
import { noDumps } from './no-dumps.js';
import { buildSwitches } from './object-switches.js';
import { placeholderDumps } from './placeholders.js';
import type { ProblemRow } from './problems.js';
import { readUnits } from './read-units.js';
import { NO_STRAYS, strayFiles } from './strays.js';
import type { UnitBatch } from './unit-facts.js';
import { type FileUnit, pairUnitFiles, type UnitFileOptions } from './unit-files.js';
import { UnitReader } from './unit-reader.js';
import { IndexWriter, type KnownUnit } from './writer.js';

export interface IngestOptions extends InputOptions, UnitFileOptions {
  /** The index's file. */
  readonly db: string;
  /** The name under which the units are kept. */
  readonly build: string;
  readonly images?: ImageOptions;
  /** Keeps the good records of dumps that hold bad ones; their units are marked incomplete. */
  readonly keepGoing?: boolean;
  /** Compares the contents of files whose size and time are those that are known. */
  readonly verify?: boolean;
  /** Lets the build lose every unit it had. */
  readonly replace?: boolean;
  /** How long to wait for a locked index, in milliseconds. */
  readonly wait?: number;
  /** Told when a phase begins, and how far it is. */
  readonly onProgress?: (progress: IngestProgress) => void;
}

export type { IngestProgress };

/** What an indexing did. */
export interface IngestReport {
  readonly build: string;
  readonly units: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly dropped: number;
  /** Units that something is wrong with, read now or before. */
  readonly incomplete: readonly string[];
  /** Of the units that were read. */
  readonly objects: { readonly read: number; readonly missing: number; readonly corrupt: number };
  /** Of the units that were read. */
  readonly calls: { readonly read: number; readonly missing: number; readonly corrupt: number };
  /** vmlinux and modules whose symbols are in the index now. */
  readonly images: number;
  /** What was met now; all of it is among the problems. */
  readonly warnings: readonly IngestWarning[];
  /** What is wrong with the build, read now or before. */
  readonly problems: readonly ProblemRow[];
}

interface FoundUnit {
  readonly name: string;
  readonly stamp: string;
}

/**
 * Reads dumps and what belongs to them into the index, replacing what the build of that name held: unchanged units are
 * skipped, changed ones replaced, vanished ones dropped. All or nothing: on any error the index is as it was.
 *
 * @throws InputError for input that cannot be used
 */
export async function ingest(paths: readonly string[], options: IngestOptions): Promise<IngestReport> {
  const { objects } = options;
  if (objects !== undefined && !statSync(objects, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InputError(
      objects,
      'is no folder of objects',
      'name the one that --objects is to take them from',
    );
  }
  if (options.objdump !== undefined) checkObjdump(options.objdump);
  const progress = new ProgressTeller(options.onProgress);
  progress.at('looking for files');
  const inputs = await findInputs(paths, options);
  const fileUnits = pairUnitFiles(inputs.entries, inputs.root, options);
  const archiveReader = new UnitReader();
  const archivePaths = inputs.archives.map((archive) => archive.path);
  const archived = await readArchives(archivePaths, archiveReader, options);
  const imageInputs = findImageFiles(inputs.entries, options.images ?? {});
  const imageFiles = [...imageInputs.files, ...archived.images];
  const unread = [...inputs.warnings, ...archived.warnings, ...imageInputs.warnings];
  const strays = options.readObjects === false ? NO_STRAYS : strayFiles(inputs.entries);
  const found: FoundUnit[] = [...fileUnits, ...archived.units];
  const stamps = stampsByName(found, paths, inputs.entries);

  const change = beginChange(options.db, options.wait);
  try {
    const writer = new IndexWriter(change.db, change.fresh, options.build, inputs.root);
    const known = writer.known();
    const vanished = [...known].filter(([name]) => !stamps.has(name)).map(([, unit]) => unit.id);
    if (known.size > 0 && vanished.length === known.size && !options.replace) {
      throw new InputError(
        options.db,
        `the build "${options.build}" has ${known.size} units and none of them is in this input`,
        'give this one a name of its own with --build NAME, or say --replace',
      );
    }
    const stale = options.verify ? staleUnits(fileUnits, known) : new Set<string>();
    const isNew = (unit: FoundUnit) => known.get(unit.name)?.stamp !== unit.stamp || stale.has(unit.name);
    const changed = found.filter((unit) => known.has(unit.name) && isNew(unit));
    writer.drop([...vanished, ...changed.map((unit) => (known.get(unit.name) as KnownUnit).id)]);

    const tally = new IngestTally(options.keepGoing === true);
    const jobs = fileUnits.filter(isNew).map((unit) => unit.job);
    const archiveFacts = archived.units.filter(isNew).map((unit) => unit.facts);
    const total = jobs.length + archiveFacts.length;
    const write = (batch: UnitBatch, reader: number) => {
      tally.take(batch.units);
      writer.add(batch, reader, (name) => stamps.get(name)!);
      progress.at('reading units', tally.units / total);
    };
    if (archiveFacts.length > 0) write({ units: archiveFacts, words: archiveReader.newWords() }, 0);
    const dumpsOnly = jobs.every(
      ({ object, calls }) => typeof object === 'string' && typeof calls === 'string',
    );
    for await (const batch of readUnits(jobs, dumpsOnly)) write(batch, batch.reader + 1);
    tally.refuse();
    progress.at('writing units');
    writer.finish();

    let loaded: LoadedImages | undefined;
    const images = imageFiles.map(({ path, stamp }) => `${path} ${stamp}`);
    const imageStamp = [...images, strays.stamp, archived.strays.stamp].join('\n');
    if (total + vanished.length > 0 || writer.imageStamp() !== imageStamp || options.verify) {
      progress.at('reading linked objects');
      loaded = await loadImages(imageFiles);
      progress.at('linking units');
      const code = [...strays.read(), ...archived.strays.read()];
      const onStep = (done: number) => progress.at('linking units', done);
      await writer.setImages(loaded, code, imageStamp, options.objdump, onStep);
      writer.setSwitches(buildSwitches(fileUnits, loaded));
    }
    progress.at('writing the index');
    writer.setUnread(unread, objects === undefined ? placeholderDumps(inputs.entries) : []);
    if (known.size > 0 && (vanished.length + changed.length > 0 || loaded)) writer.forgetUnused();
    writer.setIdentity();
    const imageCount = writer.imageCount();
    const incomplete = writer.incomplete();
    const problems = writer.problems();
    change.commit();
    return {
      build: options.build,
      units: found.length,
      added: total - changed.length,
      changed: changed.length,
      unchanged: found.length - total,
      dropped: vanished.length,
      incomplete,
      objects: tally.objects,
      calls: tally.calls,
      images: imageCount,
      warnings: [...unread, ...tally.warnings, ...(loaded?.warnings ?? [])],
      problems,
    };
  } catch (error) {
    change.abandon();
    throw refusalOf(error, options.db) ?? error;
  }
}

/** Somebody who names an objdump wants this one, or to know why not. */
function checkObjdump(program: string): void {
  const { error, status, stdout } = spawnSync(program, ['--version'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const isOne = status === 0 && /objdump/i.test(String(stdout));
  if (error || !isOne) {
    const said = status === 0 ? 'says nothing of objdump' : `ends with ${status}`;
    const why = error ? reasonOf(error) : `--version ${said}`;
    throw new InputError(
      program,
      `is no objdump that can be run (${why})`,
      'give the right one with --objdump PATH',
    );
  }
}

/** Units of which some file has other contents than when it was read; archives are known by their contents anyway. */
function staleUnits(units: readonly FileUnit[], known: ReadonlyMap<string, KnownUnit>): Set<string> {
  const isStale = ({ name, stamp, job }: FileUnit) => {
    const unit = known.get(name);
    if (unit?.stamp !== stamp) return false;
    return contentsHash(filesOf(job).map((path) => readFileSync(path))) !== unit.contents;
  };
  return new Set(units.filter(isStale).map(({ name }) => name));
}

function filesOf({ dump, object, calls }: FileUnit['job']): string[] {
  const files = [dump];
  if (typeof object !== 'string') files.push(object.path);
  if (typeof calls !== 'string' && calls.from === 'ci') files.push(calls.path);
  return files;
}

function stampsByName(
  found: readonly FoundUnit[],
  paths: readonly string[],
  entries: readonly Entry[],
): Map<string, string> {
  if (found.length === 0) {
    throw noDumps(paths, entries);
  }
  const stamps = new Map<string, string>();
  for (const { name, stamp } of found) {
    if (stamps.has(name)) {
      throw new InputError(name, 'the dump is in the input twice', 'index one build at a time');
    }
    stamps.set(name, stamp);
  }
  return stamps;
}
