import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { readArchive } from '../input/archive.js';
import { type Entry, findInputs, type InputOptions } from '../input/inputs.js';
import { companion, stemOf } from '../input/roles.js';
import { beginChange } from './database.js';
import { readUnits } from './read-units.js';
import type { ObjectFacts, UnitBatch, UnitFacts, UnitJob } from './unit-facts.js';
import { UnitReader } from './unit-reader.js';
import { IndexWriter, type KnownUnit } from './writer.js';

export interface IngestOptions extends InputOptions {
  /** The index's file. */
  readonly db: string;
  /** The name under which the units are kept. */
  readonly build: string;
  /** Where the objects are if not beside the dumps: the same relative paths below this folder. */
  readonly objects?: string;
  /** False leaves objects unread; every function is unverified then. */
  readonly readObjects?: boolean;
  /** Keeps the good records of dumps that hold bad ones; their units are marked incomplete. */
  readonly keepGoing?: boolean;
  /** Lets the build lose every unit it had. */
  readonly replace?: boolean;
  /** How long to wait for a locked index, in milliseconds. */
  readonly wait?: number;
  /** Told after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Something that is missing from the index, and why. */
export interface IngestWarning {
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
  readonly what: string;
}

/** What an indexing did. */
export interface IngestReport {
  readonly build: string;
  readonly units: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly dropped: number;
  readonly incomplete: readonly string[];
  readonly objects: { readonly read: number; readonly missing: number; readonly corrupt: number };
  readonly warnings: readonly IngestWarning[];
}

/** A unit that was found, and what tells whether it changed. */
interface FoundUnit {
  readonly name: string;
  readonly stamp: string;
}

interface FileUnit extends FoundUnit {
  readonly job: UnitJob;
}

interface ArchiveUnit extends FoundUnit {
  readonly facts: UnitFacts;
}

/**
 * Reads dumps and their objects into the index, replacing what the build of that name held: unchanged units are
 * skipped, changed ones replaced, vanished ones dropped. All or nothing: on any error the index is as it was.
 *
 * @throws InputError for input that cannot be used
 */
export async function ingest(paths: readonly string[], options: IngestOptions): Promise<IngestReport> {
  const inputs = await findInputs(paths, options);
  const fileUnits = unitsOf(inputs.entries, inputs.root, options);
  const archiveReader = new UnitReader();
  const archived = await readArchives(
    inputs.archives.map((archive) => archive.path),
    archiveReader,
    options,
  );
  const found: FoundUnit[] = [...fileUnits, ...archived.units];
  if (found.length === 0) {
    throw new InputError(
      paths.join(' '),
      'holds no dumps',
      'build with KCFLAGS=-fdump-ipa-clones and index that folder',
    );
  }
  const stamps = new Map(found.map((unit) => [unit.name, unit.stamp]));
  if (stamps.size < found.length) {
    const seen = new Set<string>();
    const twice = found.find(({ name }) => seen.size === seen.add(name).size);
    throw new InputError(twice!.name, 'the dump is in the input twice', 'index one build at a time');
  }

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

    const tally = new Tally(options);
    const jobs = fileUnits.filter(isNew).map((unit) => unit.job);
    const archiveFacts = archived.units.filter(isNew).map((unit) => unit.facts);
    const total = jobs.length + archiveFacts.length;
    const write = (batch: UnitBatch, reader: number) => {
      tally.take(batch.units);
      writer.add(batch, reader, (name) => stamps.get(name)!);
      options.onProgress?.(tally.units, total);
    };
    if (archiveFacts.length > 0) write({ units: archiveFacts, words: archiveReader.newWords() }, 0);
    const dumpsOnly = jobs.every((job) => typeof job.object === 'string');
    for await (const batch of readUnits(jobs, dumpsOnly)) write(batch, batch.reader + 1);
    tally.refuse();
    writer.finish(vanished.length + changed.length > 0);
    change.commit();
    return {
      build: options.build,
      units: found.length,
      added: total - changed.length,
      changed: changed.length,
      unchanged: found.length - total,
      dropped: vanished.length,
      incomplete: tally.incomplete,
      objects: tally.objects,
      warnings: [...inputs.warnings, ...archived.warnings, ...tally.warnings],
    };
  } catch (error) {
    change.abandon();
    throw error;
  }
}

/** Pairs each dump with its object, and tells from sizes and times whether either changed. */
function unitsOf(entries: readonly Entry[], root: string, options: IngestOptions): FileUnit[] {
  const objects = new Map(
    entries.filter((entry) => entry.role === 'object').map((entry) => [entry.name, entry]),
  );
  return entries
    .filter((entry) => entry.role === 'dump')
    .map((dump) => {
      const name = companion(stemOf(dump.name), '.o');
      const object = options.readObjects === false ? 'not asked' : findObject(name, objects, root, options);
      const stamp = `${dump.size}-${dump.mtimeNs} ${typeof object === 'string' ? object : object.stamp}`;
      return { name: dump.name, stamp, job: { name: dump.name, dump: dump.path, object } };
    });
}

function findObject(name: string, beside: ReadonlyMap<string, Entry>, root: string, options: IngestOptions) {
  if (options.objects === undefined) {
    const entry = beside.get(name);
    return entry ? { path: entry.path, stamp: `${entry.size}-${entry.mtimeNs}` } : 'missing';
  }
  const path = join(options.objects, name.startsWith('/') ? name.slice(root.length) : name);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? { path, stamp: `${stat.size}-${stat.mtimeNs}` } : 'missing';
}

/** Archives are read in one pass, so each member becomes facts at once and is paired with its object at the end. */
async function readArchives(archives: readonly string[], reader: UnitReader, options: IngestOptions) {
  const dumps = new Map<string, { file: string; stamp: string; facts: UnitFacts['dump'] }>();
  const objects = new Map<string, { stamp: string; facts: ObjectFacts }>();
  const warnings: IngestWarning[] = [];
  for (const archive of archives) {
    const summary = await readArchive(archive, ({ name, role, bytes }) => {
      // Archives made for distribution have one time for all: only the content tells.
      const stamp = createHash('sha1').update(bytes).digest('hex');
      const file = `${archive}(${name})`;
      if (role === 'dump') {
        if (dumps.has(name))
          throw new InputError(file, 'the dump is in the input twice', 'index one build at a time');
        dumps.set(name, { file, stamp, facts: reader.readDump(bytes) });
      } else if (role === 'object' && options.readObjects !== false) {
        objects.set(name, { stamp, facts: reader.readObject(bytes, file) });
      }
    });
    warnings.push(...summary.warnings);
  }
  const units = [...dumps].map(([name, { file, stamp, facts }]): ArchiveUnit => {
    const object = objects.get(companion(stemOf(name), '.o'));
    const none: ObjectFacts = { state: options.readObjects === false ? 'not asked' : 'missing' };
    return {
      name,
      stamp: `${stamp} ${object?.stamp ?? none.state}`,
      facts: { name, file, dump: facts, object: object?.facts ?? none },
    };
  });
  units.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { units, warnings };
}

/** Counts what was read and gathers what was wrong with it. */
class Tally {
  units = 0;
  readonly incomplete: string[] = [];
  readonly warnings: IngestWarning[] = [];
  readonly objects = { read: 0, missing: 0, corrupt: 0 };
  readonly #keepGoing: boolean;
  readonly #refused: IngestWarning[] = [];

  constructor(options: IngestOptions) {
    this.#keepGoing = options.keepGoing === true;
  }

  take(units: readonly UnitFacts[]): void {
    for (const { name, file, dump, object } of units) {
      this.units++;
      const problems = dump.problems.map(({ line, what }) => ({ where: `${file}:${line}`, what }));
      if (problems.length > 0) this.incomplete.push(name);
      (this.#keepGoing ? this.warnings : this.#refused).push(...problems);
      if (object.state === 'corrupt')
        this.warnings.push({ where: object.file, what: `the object ${object.what}` });
      if (object.state !== 'not asked') this.objects[object.state]++;
    }
  }

  /** Ends the run if a dump held what is no record, naming every such line up to a screenful. */
  refuse(): void {
    const [first, ...others] = this.#refused;
    if (!first) return;
    const shown = others.slice(0, 19).map(({ where, what }) => `\n  ${where}: ${what}`);
    const rest = others.length > 19 ? `\n  and ${others.length - 19} more` : '';
    throw new InputError(
      first.where,
      first.what,
      `build the file again, or say --keep-going to keep its good records${shown.join('')}${rest}`,
    );
  }
}
