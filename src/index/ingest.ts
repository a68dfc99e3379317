import { statSync } from 'node:fs';
import { InputError } from '../errors.js';
import { findInputs, type InputOptions } from '../input/inputs.js';
import { readArchives } from './archive-units.js';
import { beginChange } from './database.js';
import { findImageFiles, type ImageOptions, type LoadedImages, loadImages } from './image-files.js';
import { IngestTally, type IngestWarning } from './ingest-tally.js';
import { readUnits } from './read-units.js';
import type { UnitBatch } from './unit-facts.js';
import { pairUnitFiles, type UnitFileOptions } from './unit-files.js';
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
  /** Lets the build lose every unit it had. */
  readonly replace?: boolean;
  /** How long to wait for a locked index, in milliseconds. */
  readonly wait?: number;
  /** Told after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What an indexing did. */
export interface IngestReport {
  readonly build: string;
  readonly units: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly dropped: number;
  /** Units whose dumps lost records, read now or before. */
  readonly incomplete: readonly string[];
  /** Of the units that were read. */
  readonly objects: { readonly read: number; readonly missing: number; readonly corrupt: number };
  /** Of the units that were read. */
  readonly calls: { readonly read: number; readonly missing: number; readonly corrupt: number };
  /** vmlinux and modules whose symbols are in the index now. */
  readonly images: number;
  readonly warnings: readonly IngestWarning[];
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
  const inputs = await findInputs(paths, options);
  const fileUnits = pairUnitFiles(inputs.entries, inputs.root, options);
  const archiveReader = new UnitReader();
  const archivePaths = inputs.archives.map((archive) => archive.path);
  const archived = await readArchives(archivePaths, archiveReader, options);
  const imageFiles = [...findImageFiles(inputs.entries, options.images ?? {}), ...archived.images];
  const found: FoundUnit[] = [...fileUnits, ...archived.units];
  const stamps = stampsByName(found, paths);

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
    const isNew = (unit: FoundUnit) => known.get(unit.name)?.stamp !== unit.stamp;
    const changed = found.filter((unit) => known.has(unit.name) && isNew(unit));
    writer.drop([...vanished, ...changed.map((unit) => (known.get(unit.name) as KnownUnit).id)]);

    const tally = new IngestTally(options.keepGoing === true);
    const jobs = fileUnits.filter(isNew).map((unit) => unit.job);
    const archiveFacts = archived.units.filter(isNew).map((unit) => unit.facts);
    const total = jobs.length + archiveFacts.length;
    const write = (batch: UnitBatch, reader: number) => {
      tally.take(batch.units);
      writer.add(batch, reader, (name) => stamps.get(name)!);
      options.onProgress?.(tally.units, total);
    };
    if (archiveFacts.length > 0) write({ units: archiveFacts, words: archiveReader.newWords() }, 0);
    const dumpsOnly = jobs.every(
      ({ object, calls }) => typeof object === 'string' && typeof calls === 'string',
    );
    for await (const batch of readUnits(jobs, dumpsOnly)) write(batch, batch.reader + 1);
    tally.refuse();
    writer.finish();

    let loaded: LoadedImages | undefined;
    const imageStamp = imageFiles.map(({ path, stamp }) => `${path} ${stamp}`).join('\n');
    if (total + vanished.length > 0 || writer.imageStamp() !== imageStamp) {
      loaded = await loadImages(imageFiles);
      await writer.setImages(loaded, imageStamp, options.objdump);
    }
    if (known.size > 0 && (vanished.length + changed.length > 0 || loaded)) writer.forgetUnused();
    writer.setIdentity();
    const images = writer.imageCount();
    const incomplete = writer.incomplete();
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
      images,
      warnings: [...inputs.warnings, ...archived.warnings, ...tally.warnings, ...(loaded?.warnings ?? [])],
    };
  } catch (error) {
    change.abandon();
    throw error;
  }
}

function stampsByName(found: readonly FoundUnit[], paths: readonly string[]): Map<string, string> {
  if (found.length === 0) {
    throw new InputError(
      paths.join(' '),
      'holds no dumps',
      'build with KCFLAGS=-fdump-ipa-clones and index that folder',
    );
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
