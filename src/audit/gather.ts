import { InputError } from '../errors.js';
import type { ImageSymbolRow, IndexReader, UnitFilter } from '../index/reader.js';
import { UNKNOWN_OBJECT } from '../livepatch/livepatch.js';
import { ask, type ReachAnswer } from '../reach/affected.js';
import { findCallers } from '../reach/callers.js';
import { caveatsOf } from '../reach/caveats.js';
import { definitionsNamed } from '../reach/definitions.js';
import type { SymbolSpec } from '../reach/symbol-spec.js';
import type { WalkMode } from '../reach/walk.js';
import { chainText, type ReachReport, type Unknown, unknownsOf } from '../report/reach-report.js';
import type {
  AuditFacts,
  ChangedFunction,
  Required,
  Target,
  TargetFate,
  UntraceableChange,
} from './facts.js';

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
}

/** Looks up all that the rules look at. */
export function gatherFacts(index: IndexReader, input: AuditInput): AuditFacts {
  const filter: UnitFilter = { build: input.build };
  const changed = input.changed.map((change) => ({
    ...change,
    answers: answersOf(index, change, filter, input.mode),
  }));
  const caveats = caveatsOf(index, filter);
  const report: ReachReport = { direction: 'affected', mode: input.mode, why: false, answers: [], caveats };
  const unknown = new Map<string, Unknown>();
  for (const { answers } of changed) {
    for (const answer of answers) {
      for (const one of unknownsOf(answer, report))
        unknown.set(`${one.unit} ${one.function} ${one.why}`, one);
    }
  }
  const callers = new Map<string, ReturnType<AuditFacts['callersOf']>>();
  return {
    build: input.build,
    changed,
    untraceable: input.untraceable,
    ...(input.targets && {
      targets: input.targets.map((target) => resolveTarget(index, input.build, target)),
    }),
    imagesKnown: new Set(index.images(input.build).map(({ name }) => name)),
    required: requiredOf(changed),
    unknown: [...unknown.values()],
    callersOf: (required) => {
      const key = `${required.unit.id} ${required.function.name}`;
      let known = callers.get(key);
      if (!known) {
        known = callersByName(index, required, input);
        callers.set(key, known);
      }
      return known;
    },
  };
}

function answersOf(
  index: IndexReader,
  change: ChangeToAsk,
  filter: UnitFilter,
  mode: WalkMode,
): ReachAnswer[] {
  const text = `${change.name}@${change.file}`;
  const spec: SymbolSpec =
    change.file === '' ? { text: change.name, name: change.name } : { text, ...change };
  // A function that is in no unit is a finding, not the end of the audit.
  if (definitionsNamed(index, spec, filter).length === 0) return [];
  return ask(index, spec, { filter, mode, direction: 'affected' });
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

function callersByName(index: IndexReader, { unit, function: f }: Required, input: AuditInput) {
  const spec: SymbolSpec = { text: f.name, name: f.name, ...(f.file !== '' && { file: f.file }) };
  return findCallers(index, spec, { build: input.build, unit: unit.path }, input.mode)
    .flatMap(({ callers }) => callers)
    .filter(({ need, function: caller }) => need !== 'patch' && caller.class !== 'gone')
    .map((caller) => ({ unit: caller.unit, name: caller.function.name }));
}

/** Which symbols a target can mean, and what became of its name where it has none. */
export function resolveTarget(index: IndexReader, build: string, target: NamedTarget): Target {
  const nameId = index.nameId(target.name);
  const all = nameId === undefined ? [] : index.imageSymbols(build, nameId).filter(isDefined);
  const object = target.object === UNKNOWN_OBJECT ? onlyObject(all) : target.object.replaceAll('-', '_');
  const candidates = all.filter((symbol) => symbol.object === object && symbol.position > 0);
  const symbol = chosen(candidates, target.sympos);
  const fate = nameId === undefined ? undefined : fateOf(index, build, target);
  return {
    ...target,
    object,
    candidates,
    ...(symbol && { symbol }),
    elsewhere: all.filter((other) => other.object !== object),
    ...(fate && { fate }),
  };
}

function isDefined({ type }: ImageSymbolRow): boolean {
  return type !== 'undefined';
}

/** A list of bare names says no object: the one that has the name is meant, vmlinux where several do. */
function onlyObject(symbols: readonly ImageSymbolRow[]): string {
  const objects = new Set(symbols.map(({ object }) => object));
  const [only] = objects;
  return objects.size === 1 && only !== undefined ? only : 'vmlinux';
}

/** As klp_find_object_symbol chooses (kernel/livepatch/core.c). */
export function chosen(candidates: readonly ImageSymbolRow[], sympos: number): ImageSymbolRow | undefined {
  if (sympos === 0) return candidates.length === 1 ? candidates[0] : undefined;
  return candidates.find(({ position }) => position === sympos);
}

function fateOf(index: IndexReader, build: string, { name }: NamedTarget): TargetFate | undefined {
  const filter = { build };
  if (definitionsNamed(index, { text: name, name }, filter).length === 0) return undefined;
  const functions = ask(
    index,
    { text: name, name },
    { filter, mode: 'ordered', direction: 'affected' },
  ).flatMap(({ units }) => units.flatMap((unit) => unit.functions));
  const own = functions.filter((f) => f.step === undefined);
  return {
    isClone: own.length > 0 && own.every((f) => f.clone),
    hosts: namesOf(functions.filter((f) => f.step && f.class === 'patch')),
    clones: namesOf(functions.filter((f) => f.step && f.class === 'clone')),
  };
}

function namesOf(functions: readonly { readonly name: string }[]): string[] {
  return [...new Set(functions.map(({ name }) => name))];
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
