import { distance } from 'fastest-levenshtein';
import { InputError } from '../errors.js';
import { endsWithPath, sameFile } from '../index/path-normal.js';
import type { IndexReader, UnitFilter, UnitRow } from '../index/reader.js';
import type { SymbolSpec } from './symbol-spec.js';

/** One function that a symbol can mean: same-named statics of different files are different functions. */
export interface Definition {
  readonly name: string;
  readonly nameId: number;
  readonly build: string;
  /** Where it is declared; for one that only an object knows, the unit's source. */
  readonly file: string;
  /** 0 where only an object knows it. */
  readonly line: number;
  /** Whether `file` is taken from a unit's name because no dump declares the function. */
  readonly assumed: boolean;
  /** The units that have it, each with its nodes (none where only the object has it). */
  readonly units: ReadonlyMap<number, readonly number[]>;
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
  const scope = filter.build !== undefined || filter.unit !== undefined ? ' in the units asked about' : '';
  const base = spec.name.replace(/\.cold(\.\d+)?$/, '');
  if (base !== spec.name && index.nameId(base) !== undefined) {
    throw new InputError('', `${spec.name} is a part of ${base}, split off by layout`, `ask for ${base}`);
  }
  const near = nearest(spec.name, index.functionNames());
  throw new InputError(
    '',
    `${spec.name} is not in the index${scope}`,
    near.length > 0
      ? `did you mean ${near.join(', ')}?`
      : 'check the name, or what was indexed with: klp-reach info',
  );
}

interface Draft {
  readonly file: string;
  readonly line: number;
  readonly build: string;
  readonly assumed: boolean;
  readonly units: Map<number, number[]>;
}

function definitionsOf(index: IndexReader, name: string, filter: UnitFilter): Definition[] {
  const nameId = index.nameId(name);
  if (nameId === undefined) return [];
  const drafts: Draft[] = [];
  const exact = filter.unit !== undefined && index.hasUnit(filter.unit);
  const isUnit = (path: string, asked: string) => (exact ? path === asked : endsWithPath(path, asked));
  const wanted = ({ build, path, source }: UnitRow) =>
    (filter.build === undefined || build === filter.build) &&
    (filter.unit === undefined || isUnit(path, filter.unit) || isUnit(source, filter.unit));
  const draftFor = (unit: UnitRow, file: string, line: number, assumed: boolean) => {
    let draft = drafts.find((d) => d.build === unit.build && sameFile(d.file, file));
    if (!draft) {
      draft = { file, line, build: unit.build, assumed, units: new Map() };
      drafts.push(draft);
    }
    return draft;
  };
  const declared = new Set<number>();
  for (const f of index.functionsNamed(nameId)) {
    for (const [unitId, node] of index.nodesOf(f.id)) {
      const unit = index.unit(unitId);
      if (!wanted(unit)) continue;
      declared.add(unitId);
      const { units } = draftFor(unit, f.file, f.line, false);
      units.set(
        unitId,
        [...(units.get(unitId) ?? []), node].sort((a, b) => a - b),
      );
    }
  }
  for (const unitId of index.unitsWithSymbol(nameId)) {
    const unit = index.unit(unitId);
    if (declared.has(unitId) || !wanted(unit)) continue;
    draftFor(unit, unit.source, 0, true).units.set(unitId, []);
  }
  // By name, not by id: the same build answers alike however it was brought into the index.
  const inOrder = (units: Draft['units']) =>
    [...units].sort(([a], [b]) => compare(index.unit(a).path, index.unit(b).path));
  return drafts
    .map((draft) => ({ name, nameId, ...draft, units: new Map(inOrder(draft.units)) }))
    .sort((a, b) => compare(a.build, b.build) || compare(a.file, b.file));
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
