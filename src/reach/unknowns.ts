import { binaryOf } from '../graph/out-of-reach.js';
import type { ProblemCode, ProblemRow } from '../index/problems.js';
import type { IndexReader } from '../index/reader.js';
import { CALL, type Direction, type Member, type Unknown } from './answer.js';
import type { Definition } from './definitions.js';
import { maybeFolded } from './folds.js';
import type { UnitCode } from './unit-code.js';

/** What keeps one unit's answer from being complete; of the hosts of a function, not of what is inside it. */
export function unknownsOf(
  index: IndexReader,
  unit: UnitCode,
  members: readonly Member[],
  direction: Direction,
  definition: Definition,
): Unknown[] {
  const gaps = gapsOf(index, unit.row.build);
  if (direction === 'inlined') return [...gaps.lostRecords, ...(gaps.ofUnit.get(unit.row.path) ?? [])];
  const unknowns: Unknown[] = [...gaps.lostRecords];
  const folded = new Set([...maybeFolded(unit, definition.nameId), ...reachedWrappers(index, unit, members)]);
  for (const name of folded) {
    const [text] = index.members.texts(Int32Array.of(name)) as [string];
    unknowns.push({ unit: unit.row.path, function: text, code: 'folding-unknown' });
  }
  const units = new Set([unit.row]);
  let last = unit.row;
  let unlinked: Member | undefined;
  let unverified: Member | undefined;
  let callersUnknown = false;
  let isEmitted = false;
  for (const member of members) {
    if (member.unit !== last) {
      last = member.unit;
      units.add(last);
    }
    if (!member.verified) unverified ??= member;
    if (member.class === 'gone') continue;
    isEmitted = true;
    for (const open of member.open) {
      unknowns.push({ unit: member.unit.path, function: member.name, code: 'open-end', open });
      if (open.reason === 'callers-unknown') callersUnknown = true;
    }
    if (member.class === 'patch') addPlaceUnknown(unknowns, member);
    if (member.unit.images.length === 0 && !member.unit.imagesKnown) unlinked ??= member;
  }
  // Where nothing of the kernel was read that was linked, all that is said of lifetimes and callers is by the units alone.
  if (unlinked && !unknowns.some(({ code }) => code === 'object-unknown')) {
    unknowns.push({ unit: unlinked.unit.path, function: unlinked.name, code: 'object-unknown' });
  }
  const reach = reachOf(members, definition);
  if (unverified) {
    const { path, object } = unverified.unit;
    unknowns.push({ unit: path, function: '', code: 'unverified', object });
  } else if (reach.hasOpenSymbol) unknowns.push(...gaps.unreadObjects.slice(0, 1));
  const own = new Set(Array.from(units, ({ path }) => path));
  if (gaps.ofUnit.size > 0) unknowns.push(...[...own].flatMap((path) => gaps.ofUnit.get(path) ?? []));
  if (callersUnknown) {
    unknowns.push(...gaps.missingCalls.filter(({ unit: of }) => !own.has(of)).slice(0, 1));
  }
  const isWide = reach.isWide || hasNamesake(definition, members, gaps);
  if (isWide) unknowns.push(...elsewhere(gaps, own));
  const undecided = undecidedNamesake(members, gaps);
  if (undecided) unknowns.push(undecided);
  // Of a unit that linked objects stand in for, they tell whether there is code at all.
  if (isEmitted || unit.row.object === 'image') unknowns.push(...gaps.ofImages);
  if (gaps.ofModules.length > 0 && !unknowns.some(({ code }) => code === 'module-missing')) {
    // Of a function to replace, its position tells.
    const others = members.filter(({ class: of }) => of !== 'patch' && of !== 'gone');
    const isMissing = others.some((member) => isNowhere(member) || isInMissing(member, gaps));
    if (isMissing) unknowns.push(...gaps.ofModules);
  }
  return unknowns;
}

/** What is wrong with a build, wherever: one of each kind, which tells how many more there are. */
export function buildUnknowns(index: IndexReader, build: string): Unknown[] {
  const gaps = gapsOf(index, build);
  return [...gaps.lostRecords, ...elsewhere(gaps, new Set()), ...gaps.ofImages, ...gaps.ofModules];
}

/** What of a unit's own members only hands on, as far as its image tells: it may have been folded into what it calls. */
function reachedWrappers(index: IndexReader, unit: UnitCode, members: readonly Member[]): number[] {
  if (unit.maybeFolded.length === 0) return [];
  const wrappers = new Set(unit.maybeFolded);
  return members.flatMap(({ unit: of, name, step }) => {
    const id = of.id === unit.row.id && step?.kind !== CALL ? index.nameId(name) : undefined;
    return id !== undefined && wrappers.has(id) ? [id] : [];
  });
}

/** A livepatch has to name the object and, where the name is not the only one, the position. */
function addPlaceUnknown(unknowns: Unknown[], { unit, name, unplaced }: Member): void {
  if (unit.images.length === 0) unknowns.push({ unit: unit.path, function: name, code: 'object-unknown' });
  for (const object of unplaced) {
    unknowns.push({ unit: unit.path, function: name, code: 'position-unknown', object });
  }
}

/** In a unit that no linked object has, though nothing says that it is of another binary. */
function isNowhere({ unit }: Member): boolean {
  return unit.images.length === 0 && binaryOf(unit.source) === undefined;
}

function isInMissing({ unit }: Member, { ofModules }: Gaps): boolean {
  return ofModules.some(({ what }) => unit.images.includes(what));
}

/**
 * Whether a linked object has a function that is no unit's and has the name of what is asked for, or of what is reached:
 * it may be another copy of it (an object can be linked into several modules).
 */
function hasNamesake({ name }: Definition, members: readonly Member[], { unclaimed }: Gaps): boolean {
  if (unclaimed.size === 0) return false;
  return (
    unclaimed.has(name) || members.some((member) => member.class !== 'gone' && unclaimed.has(member.name))
  );
}

/** A function of a linked object that may be of several units, and may be another copy of a member. */
function undecidedNamesake(members: readonly Member[], { undecided }: Gaps): Unknown | undefined {
  if (undecided.size === 0) return undefined;
  for (const { unit, name, class: of } of members) {
    const path = of === 'gone' ? undefined : undecided.get(name);
    if (path !== undefined && path !== unit.path)
      return { unit: path, function: name, code: 'unverified', object: 'image' };
  }
  return undefined;
}

/**
 * Whether code that is not known could hold a copy of the function, or call a stuck member: not where the function is a
 * source file's own and nothing outside of its unit can name the members that matter.
 */
function reachOf(members: readonly Member[], { file, units }: Definition) {
  const isShared = !file.endsWith('.c') || units.length > 1;
  const hasOpenSymbol = members.some((member) => member.stuck !== null && member.global);
  const asked = members.find(({ step }) => step === undefined);
  return { isWide: isShared || hasOpenSymbol || asked?.global === true, hasOpenSymbol };
}

/** What is wrong with a build, by what it bears on. */
interface Gaps {
  /** A dump that lost records can hold a copy of any function of the build. */
  readonly lostRecords: readonly Unknown[];
  /** Unit -> what is wrong with its files. */
  readonly ofUnit: ReadonlyMap<string, readonly ProblemUnknown[]>;
  /** Code of the build that is not known; of a missing module, where no unit of it is known either. */
  readonly ofBuild: readonly ProblemUnknown[];
  /** Linked objects that could not be read. */
  readonly ofImages: readonly ProblemUnknown[];
  readonly ofModules: readonly ProblemUnknown[];
  readonly missingCalls: readonly ProblemUnknown[];
  readonly unreadObjects: readonly Unknown[];
  /** Functions of linked objects that are no unit's, if some code of the build is not known. */
  readonly unclaimed: ReadonlySet<string>;
  /** Functions of linked objects that may be of several units -> the unit that they stand in. */
  readonly undecided: ReadonlyMap<string, string>;
}

type ProblemUnknown = Extract<Unknown, { readonly what: string }>;

/**
 * What is wrong elsewhere; a dump without object or call graph still tells of all copies. One of each kind, which tells how many
 * more files have it: an answer of a thousand units has each a thousand times.
 */
function elsewhere({ ofUnit, ofBuild }: Gaps, own: ReadonlySet<string>): ProblemUnknown[] {
  const others = [...ofUnit].flatMap(([path, problems]) =>
    own.has(path) ? [] : problems.filter(({ code }) => code !== 'calls-missing'),
  );
  const kinds = new Map<ProblemCode, ProblemUnknown>();
  for (const problem of [...ofBuild, ...others]) {
    const known = kinds.get(problem.code);
    const more = known ? known.more + 1 + problem.more : problem.more;
    kinds.set(problem.code, { ...(known ?? problem), more });
  }
  return [...kinds.values()];
}

const known = new WeakMap<IndexReader, Map<string, Gaps>>();

function gapsOf(index: IndexReader, build: string): Gaps {
  const byBuild = known.get(index) ?? new Map<string, Gaps>();
  known.set(index, byBuild);
  let gaps = byBuild.get(build);
  if (!gaps) {
    gaps = readGaps(index, build);
    byBuild.set(build, gaps);
  }
  return gaps;
}

/** Linked objects that were not read, or that are another kernel's. */
const OF_IMAGES: ReadonlySet<ProblemCode> = new Set([
  'image-unread',
  'image-other-kernel',
  'debug-other-build',
]);

const NO_NAMES: ReadonlySet<string> = new Set();

function readGaps(index: IndexReader, build: string): Gaps {
  const problems = index.problems({ build });
  const ofUnit = new Map<string, ProblemUnknown[]>();
  const ofBuild: ProblemUnknown[] = [];
  const ofImages: ProblemUnknown[] = [];
  const ofModules: ProblemUnknown[] = [];
  for (const problem of problems) {
    const unknown = unknownOf(problem);
    // Where it matters, `unverified` tells the same, unless an image stands in.
    if (!unknown || (problem.code === 'object-missing' && problem.what === '')) continue;
    if (problem.unit !== null) {
      const own = ofUnit.get(problem.unit);
      if (own) own.push(unknown);
      else ofUnit.set(problem.unit, [unknown]);
    } else if (OF_IMAGES.has(problem.code)) ofImages.push(unknown);
    else if (problem.code === 'module-missing') ofModules.push(unknown);
    else ofBuild.push(unknown);
  }
  return {
    lostRecords: lostRecords(problems),
    ofUnit,
    ofBuild: [...ofBuild, ...ofModules.filter(({ other }) => other === null)],
    ofImages,
    ofModules,
    missingCalls: [...ofUnit.values()].flat().filter(({ code }) => code === 'calls-missing'),
    unreadObjects: unreadObjects(index, build),
    undecided: index.undecidedFunctions(build),
    unclaimed: ofBuild.length > 0 ? new Set(index.unclaimedFunctions(build)) : NO_NAMES,
  };
}

/** Of what is in another binary, which vmlinux's symbols do not reach, and is in no linked object, nothing is missed. */
function unreadObjects(index: IndexReader, build: string): Unknown[] {
  const isLinked = index.imageId(build, 'vmlinux') !== undefined;
  return index
    .unverifiedUnits(build)
    .filter(({ source }) => !isLinked || binaryOf(source) === undefined)
    .slice(0, 1)
    .map(({ path, object }) => ({ unit: path, function: '', code: 'unverified', object }));
}

function unknownOf({ unit, code, file, line, other, what, more }: ProblemRow): ProblemUnknown | undefined {
  if (code === 'incomplete-dump') return undefined;
  return { unit: unit ?? '', function: '', code, file, line, other, what, more };
}

function lostRecords(problems: readonly ProblemRow[]): Unknown[] {
  const byUnit = new Map<string, { first: ProblemRow; more: number }>();
  for (const problem of problems) {
    if (problem.code !== 'incomplete-dump') continue;
    const known = byUnit.get(problem.unit!);
    if (known) known.more++;
    else byUnit.set(problem.unit!, { first: problem, more: 0 });
  }
  return [...byUnit].map(([unit, { first, more }]): Unknown => {
    const { file, line, what } = first;
    return { unit, function: '', code: 'incomplete-dump', file, line, problem: what, more };
  });
}
