import { InputError } from '../errors.js';
import type { ImageSymbolRow, IndexReader, UnitFilter } from '../index/reader.js';
import { UNKNOWN_OBJECT } from '../livepatch/livepatch.js';
import type { References } from '../livepatch/references.js';
import { askIfKnown, type ReachAnswer } from '../reach/affected.js';
import { findCallers } from '../reach/callers.js';
import { caveatsOf } from '../reach/caveats.js';
import { chainText } from '../reach/chain-text.js';
import type { SymbolSpec } from '../reach/symbol-spec.js';
import { type Asked, type Unknown, unknownsOf } from '../reach/unknowns.js';
import type { WalkMode } from '../reach/walk.js';
import { sectionLifetime } from '../symbols/section-lifetime.js';
import type { AuditFacts, ChangedFunction, Required, StandIn, Target, UntraceableChange } from './facts.js';
import { resolveReferences } from './gather-references.js';
import { type SymbolList, staleLists } from './symbol-lists.js';
import { chosen, fateOf, isDefined, isFreed } from './symbols-meant.js';

/** What a fix changes, before the index is asked. */
export type ChangeToAsk = Omit<ChangedFunction, 'answers'>;

/** What a livepatch names. */
export interface NamedTarget {
  readonly object: string;
  readonly name: string;
  readonly sympos: number;
  readonly where: string;
}

export interface AuditInput {
  readonly build: string;
  readonly mode: WalkMode;
  readonly changed: readonly ChangeToAsk[];
  readonly untraceable: readonly UntraceableChange[];
  readonly targets?: readonly NamedTarget[];
  /** What the livepatch's files refer to. */
  readonly references?: readonly References[];
  /** The symbols.klp files that are given with it. */
  readonly symbolLists?: readonly SymbolList[];
}

/** Looks up all that the rules look at. */
export function gatherFacts(index: IndexReader, input: AuditInput): AuditFacts {
  const filter: UnitFilter = { build: input.build };
  const changed = input.changed.map((change) => ({
    ...change,
    answers: answersOf(index, change, filter, input.mode),
  }));
  const caveats = caveatsOf(index, filter);
  const asked: Asked = { direction: 'affected', caveats };
  const unknown = new Map<string, Unknown>();
  for (const { answers } of changed) {
    for (const answer of answers) {
      for (const one of unknownsOf(answer, asked)) unknown.set(`${one.unit} ${one.function} ${one.why}`, one);
    }
  }
  const required = requiredOf(changed);
  const targets = input.targets?.map((target) => resolveTarget(index, input.build, target));
  const references = input.references ?? [];
  return {
    build: input.build,
    changed,
    untraceable: input.untraceable,
    ...(targets && { targets }),
    references: references.flatMap((file) =>
      resolveReferences(index, input.build, file, filesOf(required, targets)),
    ),
    relaSections: references.flatMap(({ file, relaSections }) =>
      relaSections.map((section) => ({ ...section, file })),
    ),
    malformed: references.flatMap(({ malformed }) => malformed),
    staleLists: (input.symbolLists ?? []).flatMap((list) => staleLists(index, input.build, list)),
    imagesKnown: new Set(index.images(input.build).map(({ name }) => name)),
    required,
    unknown: [...unknown.values()],
    standIns: required.filter(needsStandIns).flatMap((blocked) => standInsFor(index, blocked, input)),
  };
}

/** The sources that the fix or, without one, the livepatch is about. */
function filesOf(required: readonly Required[], targets: readonly Target[] = []): ReadonlySet<string> {
  const fixed = required.map(({ unit }) => unit.source);
  const patched = targets.flatMap(({ symbol }) => symbol?.source ?? []);
  return new Set(fixed.length > 0 ? fixed : patched);
}

function answersOf(
  index: IndexReader,
  change: ChangeToAsk,
  filter: UnitFilter,
  mode: WalkMode,
): ReachAnswer[] {
  const text = `${change.name}@${change.file}`;
  const spec: SymbolSpec =
    change.file === ''
      ? { text: change.name, name: change.name }
      : { text, name: change.name, file: change.file };
  // A function that is in no unit is a finding, not the end of the audit.
  return askIfKnown(index, spec, { filter, mode, direction: 'affected' });
}

/** The patch set of all changes together: each function of each unit once. */
function requiredOf(changed: readonly ChangedFunction[]): Required[] {
  const required = new Map<string, Required>();
  for (const change of changed) {
    for (const { units } of change.answers) {
      for (const { unit, functions } of units) {
        functions.forEach((f, place) => {
          const key = `${unit.id} ${f.name}`;
          if (f.class === 'gone' || required.has(key)) return;
          required.set(key, {
            unit,
            function: f,
            changed: change,
            why: chainText(functions, place, 'affected'),
          });
        });
      }
    }
  }
  return [...required.values()];
}

/** Init and exit code has run, or never will, by the time a livepatch is there: nobody needs to stand in for it. */
function needsStandIns({ function: f }: Required): boolean {
  return (
    f.class === 'blocked' && (!f.symbol || sectionLifetime(f.place?.section ?? f.symbol.section) === 'core')
  );
}

function standInsFor(index: IndexReader, blocked: Required, input: AuditInput): StandIn[] {
  const { unit, function: f, changed, why } = blocked;
  const spec: SymbolSpec = { text: f.name, name: f.name, ...(f.file !== '' && { file: f.file }) };
  return findCallers(index, spec, { build: input.build, unit: unit.path }, input.mode)
    .flatMap(({ callers }) => callers)
    .filter(({ need, function: caller }) => need !== 'patch' && caller.class !== 'gone')
    .map((caller) => ({
      unit: caller.unit,
      function: caller.function,
      changed,
      why: `${why} (which cannot be redirected) <-[called by]- ${caller.function.name}`,
      blocked,
    }));
}

/** Which symbols a target can mean, and what became of its name where it has none. */
export function resolveTarget(index: IndexReader, build: string, target: NamedTarget): Target {
  const nameId = index.nameId(target.name);
  const all = nameId === undefined ? [] : index.imageSymbols(build, nameId).filter(isDefined);
  const object = target.object === UNKNOWN_OBJECT ? onlyObject(all) : target.object.replaceAll('-', '_');
  const inObject = all.filter((symbol) => symbol.object === object);
  const candidates = inObject.filter(({ position }) => position > 0);
  // Init symbols of a module have no position: they are gone when livepatch looks.
  const freed = candidates.length === 0 ? inObject.find(({ section }) => isFreed(section)) : undefined;
  const symbol = chosen(candidates, target.sympos) ?? freed;
  const fate = nameId === undefined ? undefined : fateOf(index, build, target.name);
  return {
    ...target,
    object,
    candidates,
    ...(symbol && { symbol }),
    elsewhere: all.filter((other) => other.object !== object),
    ...(fate && { fate }),
  };
}

/** A list of bare names says no object: the one that has the name is meant, vmlinux where several do. */
function onlyObject(symbols: readonly ImageSymbolRow[]): string {
  const objects = new Set(symbols.map(({ object }) => object));
  const [only] = objects;
  return objects.size === 1 && only !== undefined ? only : 'vmlinux';
}

/** The build to ask where none was named: the only one. */
export function onlyBuild(index: IndexReader, db: string): string {
  const [first, ...others] = index.builds();
  if (!first) throw new InputError(db, 'the index is empty', 'fill it with: klp-reach index PATH');
  if (others.length > 0) {
    const names = index.builds().map(({ name }) => name);
    throw new InputError(db, `has several builds: ${names.join(', ')}`, 'name one with --build');
  }
  return first.name;
}
