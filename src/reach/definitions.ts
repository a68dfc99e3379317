import { distance } from 'fastest-levenshtein';
import { InputError } from '../errors.js';
import { endsWithPath, sameFile } from '../index/path-normal.js';
import type { IndexReader, UnitFilter, UnitRow } from '../index/reader.js';
import { functionOfFragment } from '../symbols/bodies.js';
import type { SymbolSpec } from './symbol-spec.js';

/** One function that a symbol can mean: same-named statics of different files are different functions. */
export interface Definition {
  readonly name: string;
  readonly nameId: number;
  readonly build: string;
  /** Where it, or another name of its body, is declared; for one that only an object knows, the unit's source. */
  readonly file: string;
  /** 0 where only an object knows it. */
  readonly line: number;
  /** Whether `file` is taken from a unit's name because no dump declares the function. */
  readonly assumed: boolean;
  /** The function that the asked name is a fragment of (`foo.cold`), which is answered instead; null if it is none. */
  readonly fragmentOf: string | null;
  /** Ids of the units that have it, in the order of their paths. */
  readonly units: readonly number[];
}

/** Every function that the symbol can mean, by file; none where the index has none. */
export function definitionsNamed(
  index: IndexReader,
  { name, file }: SymbolSpec,
  filter: UnitFilter,
): Definition[] {
  const all = definitionsOf(index, name, filter);
  if (file === undefined) return all;
  const exact = all.filter((d) => d.file === file);
  return exact.length > 0 ? exact : all.filter((d) => endsWithPath(d.file, file));
}

/**
 * The same for a symbol that somebody asked for.
 *
 * @throws InputError when the index has none, with the nearest names
 */
export function findDefinitions(index: IndexReader, spec: SymbolSpec, filter: UnitFilter): Definition[] {
  const found = definitionsNamed(index, spec, filter);
  if (found.length > 0) return found;
  const all = definitionsOf(index, spec.name, filter);
  const { file } = spec;
  if (all.length > 0) {
    const files = all.map((d) => `${d.name}@${d.file}`);
    throw new InputError('', `no ${spec.name} is declared in ${file}`, `there is ${files.join(', ')}`);
  }
  const nameId = index.nameId(spec.name);
  if (nameId !== undefined && index.unitsWithTrampoline(nameId).length > 0) {
    throw new InputError(
      '',
      `${spec.name} is code that only hands on to a function, and no function itself`,
      'ask for that function',
    );
  }
  const where =
    elsewhere(index, spec, filter) ?? elsewhere(index, { text: spec.name, name: spec.name }, filter);
  if (where !== undefined) throw new InputError('', `${spec.name} is not in the units asked about`, where);
  const scope = filter.build !== undefined || filter.unit !== undefined ? ' in the units asked about' : '';
  const near = nearest(spec.name, index.functionNames());
  throw new InputError(
    '',
    `${spec.name} is not in the index${scope}`,
    [
      near.length > 0
        ? `did you mean ${near.join(', ')}?`
        : 'check the name, or what was indexed with: klp-reach info',
      ...gaps(index, filter),
    ].join('; '),
  );
}

/** The units of the build that have a symbol, else the builds that do; undefined where none has it. */
function elsewhere(index: IndexReader, spec: SymbolSpec, { build, unit }: UnitFilter): string | undefined {
  const inBuild = definitionsNamed(index, spec, build === undefined ? {} : { build });
  if (inBuild.length > 0 && unit !== undefined) {
    const sources = inBuild.flatMap(({ units }) => units.map((id) => index.unit(id).source));
    return `it is in ${listOf([...new Set(sources)].sort(compare))}`;
  }
  const builds = definitionsNamed(index, spec, {}).map((definition) => definition.build);
  return builds.length > 0 ? `it is in the build ${listOf([...new Set(builds)])}` : undefined;
}

/** The first few of many. */
function listOf(words: readonly string[]): string {
  const more = words.length > MOST_LISTED ? ` and ${words.length - MOST_LISTED} more` : '';
  return `${words.slice(0, MOST_LISTED).join(', ')}${more}`;
}

const MOST_LISTED = 5;

/** A name may be unknown because not all of the build is known. */
function gaps(index: IndexReader, filter: UnitFilter): string[] {
  const files = [...new Set(index.problems(filter).map(({ file }) => file))];
  if (files.length === 0) return [];
  return [`not all of the build is known, see klp-reach info (${listOf(files)})`];
}

interface Draft {
  readonly file: string;
  readonly line: number;
  readonly build: string;
  readonly assumed: boolean;
  readonly units: Set<number>;
}

function definitionsOf(index: IndexReader, asked: string, filter: UnitFilter): Definition[] {
  const fragmentId = index.nameId(asked);
  if (fragmentId === undefined) return [];
  const parent = functionOfFragment(asked);
  const within = parent === undefined ? [] : index.unitsWithFragment(fragmentId);
  const isFragment = within.length > 0;
  const name = isFragment ? parent! : asked;
  const nameId = isFragment ? index.nameId(name)! : fragmentId;
  const wanted = unitTest(index, filter);
  const handOn = index.unitsWithTrampoline(nameId);
  const has = (unit: UnitRow) =>
    wanted(unit) && (!isFragment || within.includes(unit.id)) && !handOn.includes(unit.id);
  const drafts: Draft[] = [];
  const draftFor = (unit: UnitRow, file: string, line: number, assumed: boolean) => {
    let draft = drafts.find((d) => d.build === unit.build && sameFile(d.file, file));
    if (!draft) {
      draft = { file, line, build: unit.build, assumed, units: new Set() };
      drafts.push(draft);
    }
    draft.units.add(unit.id);
  };
  const declared = new Set<number>();
  for (const f of index.functionsNamed(nameId)) {
    const units = index.unitsOf(f.id);
    index.expectUnits(units.length);
    for (const unitId of units) {
      const unit = index.unit(unitId);
      if (!has(unit)) continue;
      declared.add(unitId);
      draftFor(unit, f.file, f.line, false);
    }
  }
  for (const unitId of [...index.unitsWithSymbol(nameId), ...index.unitsWithFold(nameId)]) {
    const unit = index.unit(unitId);
    if (declared.has(unitId) || !has(unit)) continue;
    const alias = index.members.declarationOfAlias(unitId, nameId);
    draftFor(unit, alias?.file ?? unit.source, alias?.line ?? 0, alias === undefined);
  }
  // By name, not by id: the same build answers alike however it was brought into the index.
  const inOrder = (units: Draft['units']) =>
    [...units].sort((a, b) => compare(index.unit(a).path, index.unit(b).path));
  const fragmentOf = isFragment ? name : null;
  return drafts
    .map((draft) => ({ name, nameId, fragmentOf, ...draft, units: inOrder(draft.units) }))
    .sort((a, b) => compare(a.build, b.build) || compare(a.file, b.file));
}

/** Which units a question is about. */
function unitTest(index: IndexReader, { build, unit: asked }: UnitFilter): (unit: UnitRow) => boolean {
  const exact = asked !== undefined && index.hasUnit(asked);
  const isUnit = (path: string) => (exact ? path === asked : endsWithPath(path, asked!));
  return (unit) =>
    (build === undefined || unit.build === build) &&
    (asked === undefined || isUnit(unit.path) || isUnit(unit.source));
}

/** The names at the smallest edit distances, at most five, or those that contain what was asked. */
function nearest(name: string, names: readonly string[]): string[] {
  const most = Math.max(2, Math.floor(name.length / 3));
  const near = names
    .filter((other) => Math.abs(other.length - name.length) <= most)
    .map((other) => ({ other, edits: distance(name, other) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits || compare(a.other, b.other));
  if (near.length > 0) return near.slice(0, 5).map(({ other }) => other);
  return name.length < 3
    ? []
    : names
        .filter((other) => other.includes(name))
        .sort((a, b) => a.length - b.length || compare(a, b))
        .slice(0, 5);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
