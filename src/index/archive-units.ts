import { createHash } from 'node:crypto';
import { type EqualityHit, parseFolding } from '../callgraph/folding.js';
import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { type Member, readArchive } from '../input/archive.js';
import { companion, foldingName, foldingNames, stemOf, withoutCompression } from '../input/roles.js';
import { isDebugAlone, symbolsAlone } from '../kernel/debug-file.js';
import { checksum } from './checksum.js';
import { type ImageFile, isImageRole } from './image-files.js';
import { type StrayFiles, strayOf } from './strays.js';
import type { UnitFacts } from './unit-facts.js';
import type { UnitFileOptions } from './unit-files.js';
import {
  type ReadCalls,
  type ReadObject,
  type UnitReader,
  withoutCalls,
  withoutObject,
} from './unit-reader.js';

/** A unit of an archive: what it says, and what tells whether it changed. */
export interface ArchiveUnit {
  readonly name: string;
  readonly stamp: string;
  readonly facts: UnitFacts;
}

export interface ArchiveContents {
  readonly units: readonly ArchiveUnit[];
  readonly images: readonly ImageFile[];
  readonly strays: StrayFiles;
  readonly warnings: readonly { readonly where: string; readonly what: string }[];
}

interface Part<T> {
  readonly stamp: string;
  readonly facts: T;
}

/**
 * Reads the members of archives. An archive is read in one pass and its members come in any order, so each becomes facts
 * at once, and a dump is paired with its object and its calls at the end.
 */
export async function readArchives(
  archives: readonly string[],
  reader: UnitReader,
  options: UnitFileOptions,
): Promise<ArchiveContents> {
  const dumps = new Map<string, Part<UnitFacts['dump']> & { file: string }>();
  const objects = new Map<string, Part<ReadObject>>();
  const calls = new Map<string, Part<ReadCalls>>();
  const folding = new Map<string, Part<readonly EqualityHit[]>>();
  const images: ImageFile[] = [];
  const warnings: { where: string; what: string }[] = [];
  for (const archive of archives) {
    const take = ({ name: member, role, bytes }: Member) => {
      const name = role === 'dump' ? withoutCompression(member) : member;
      // Archives made for distribution have one time for all members: only the content tells.
      const stamp = createHash('sha1').update(bytes).digest('hex');
      const file = `${archive}(${member})`;
      if (role === 'dump') {
        if (dumps.has(name))
          throw new InputError(file, 'the dump is in the input twice', 'index one build at a time');
        dumps.set(name, { file, stamp, facts: reader.readDump(bytes) });
      } else if (role === 'object' && options.readObjects !== false) {
        objects.set(name, { stamp, facts: reader.readObject(bytes, file) });
      } else if (role === 'callgraph' && options.calls !== 'none') {
        calls.set(name, { stamp, facts: reader.readCalls(bytes, file) });
      } else if (role === 'folding') {
        folding.set(foldingName(name), { stamp, facts: parseFolding(bytes) });
      } else if (isImageRole(role)) {
        images.push(imageMember(role, member, { file, stamp, bytes }));
      }
    };
    warnings.push(...(await readArchive(archive, take)).warnings);
  }
  const paired = new Set<string>();
  const units = [...dumps].map(([name, { file, stamp, facts }]): ArchiveUnit => {
    const stem = stemOf(name);
    const noObject = stateWithout(options.readObjects !== false);
    const own = companion(stem, '.o');
    const object = objects.get(own) ?? { stamp: noObject, facts: withoutObject(noObject) };
    paired.add(own);
    const noCalls = stateWithout(options.calls !== 'none');
    const call = calls.get(companion(stem, '.ci')) ?? { stamp: noCalls, facts: withoutCalls(noCalls) };
    const told = foldingNames(stem).flatMap((one) => folding.get(one) ?? []);
    const hits = told.length === 0 ? undefined : told.flatMap((one) => one.facts);
    const contents = [stamp, object.stamp, call.stamp, ...told.map((one) => one.stamp)].join(' ');
    return {
      name,
      stamp: contents,
      facts: reader.unit({
        name,
        file,
        dump: facts,
        object: object.facts,
        calls: call.facts,
        hits,
        contents,
      }),
    };
  });
  units.sort((a, b) => (a.name < b.name ? -1 : 1));
  const alone = [...objects].filter(([name]) => !paired.has(name));
  const strays = {
    stamp: alone.map(([name, { stamp }]) => `${name} ${stamp}`).join('\n'),
    read: () => alone.flatMap(([name, { facts }]) => strayOf(name, facts.toCheck) ?? []),
  };
  return { units, images, strays, warnings };
}

/** Of debug files only the symbols are kept: they are many times as large. */
function imageMember(
  role: ImageFile['role'],
  name: string,
  { file, stamp, bytes }: { file: string; stamp: string; bytes: Buffer },
): ImageFile {
  const member = { role, name, path: file, stamp, archived: true };
  if (role !== 'debug') return { ...member, bytes: async () => bytes };
  try {
    const elf = openElf(bytes, file);
    if (!isDebugAlone(elf)) return { ...member, bytes: async () => bytes };
    const kept = Buffer.from(symbolsAlone(elf));
    return { ...member, crc: checksum(bytes), bytes: async () => kept };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...member, bytes: () => Promise.reject(error) };
  }
}

function stateWithout(asked: boolean): 'missing' | 'not asked' {
  return asked ? 'missing' : 'not asked';
}
