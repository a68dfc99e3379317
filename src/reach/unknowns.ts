import type { IndexReader } from '../index/reader.js';
import type { Direction, Member, Unknown } from './answer.js';
import type { UnitCode } from './code-graph.js';
import { maybeFolded } from './folds.js';

/** What keeps one unit's answer from being complete; of the hosts of a function, not of what is inside it. */
export function unknownsOf(
  index: IndexReader,
  unit: UnitCode,
  asked: number,
  members: readonly Member[],
  direction: Direction,
): Unknown[] {
  const unknowns: Unknown[] = [...lostRecords(index, unit.row.build)];
  if (direction === 'inlined') return unknowns;
  for (const name of maybeFolded(unit, asked)) {
    const [text] = index.members.texts(Int32Array.of(name)) as [string];
    unknowns.push({ unit: unit.row.path, function: text, code: 'folding-unknown' });
  }
  for (const member of members) {
    const about = { unit: member.unit.path, function: member.name };
    for (const open of member.open) unknowns.push({ ...about, code: 'open-end', open });
    if (member.class === 'patch') unknowns.push(...placeUnknown(member));
  }
  const unverified = members.find(({ verified }) => !verified);
  if (unverified) {
    const { path, object } = unverified.unit;
    unknowns.push({ unit: path, function: '', code: 'unverified', object });
  }
  return unknowns;
}

/** A livepatch has to name the object and, where the name is not the only one, the position. */
function placeUnknown({ unit, name, places }: Member): Unknown[] {
  const about = { unit: unit.path, function: name };
  if (unit.images.length === 0) return [{ ...about, code: 'object-unknown' }];
  return unit.images
    .filter((object) => !places.some((place) => place.object === object))
    .map((object) => ({ ...about, code: 'position-unknown', object }));
}

const known = new WeakMap<IndexReader, Map<string, readonly Unknown[]>>();

/** A dump that lost records can hold a copy of any function of the build. */
function lostRecords(index: IndexReader, build: string): readonly Unknown[] {
  const byBuild = known.get(index) ?? new Map<string, readonly Unknown[]>();
  known.set(index, byBuild);
  let lost = byBuild.get(build);
  if (!lost) {
    const incomplete = index.incompleteUnits({ build });
    const problems = incomplete.length === 0 ? [] : index.problems({ build });
    lost = incomplete.map(({ path }): Unknown => {
      const own = problems.filter((problem) => problem.unit === path && problem.line !== null);
      const first = own[0];
      return {
        unit: path,
        function: '',
        code: 'incomplete-dump',
        file: first?.file ?? path,
        line: first?.line ?? null,
        problem: first?.what ?? 'records are missing',
        more: Math.max(own.length - 1, 0),
      };
    });
    byBuild.set(build, lost);
  }
  return lost;
}
