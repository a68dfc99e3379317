import { InputError } from '../errors.js';
import type { ImageSymbolRow, IndexReader } from '../index/reader.js';
import { UNKNOWN_OBJECT } from '../livepatch/livepatch.js';
import type { References } from '../livepatch/references.js';
import type { Reach } from '../reach/affected.js';
import {
  CALL,
  type Member,
  type ReachAnswer,
  type ReachQuestion,
  type UnitAnswer,
  type Unknown,
} from '../reach/answer.js';
import type { SymbolSpec } from '../reach/symbol-spec.js';
import { buildUnknowns } from '../reach/unknowns.js';
import type { WalkMode } from '../reach/walk.js';
import { chainText } from '../report/chain-text.js';
import { decideConditions, withoutSwitchedOff } from './conditions.js';
import type { AuditFacts, ChangedFunction, Required, Target, UntraceableChange } from './facts.js';
import { resolveReferences } from './gather-references.js';
import { type SymbolList, staleLists } from './symbol-lists.js';
import { chosen, fateOf, isDefined, membersOf } from './symbols-meant.js';

/** What a fix changes, before the index is asked. */
export type ChangeToAsk = Omit<ChangedFunction, 'answers' | 'unmentionedBy'>;

/** What a livepatch names. */
export interface NamedTarget {
  readonly object: string;
  readonly name: string;
  readonly sympos: number;
  /** The preprocessor's condition that it is patched under. */
  readonly condition?: string;
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

/**
 * Looks up all that the rules look at.
 *
 * @throws InputError where somebody names a changed function that the index does not have
 */
export function gatherFacts(reach: Reach, input: AuditInput): AuditFacts {
  const { index } = reach;
  const changed = input.changed.map((change): ChangedFunction => {
    const answers = answersOf(reach, change, input);
    const unmentionedBy =
      answers.length > 0 || change.file === '' ? [] : index.unitsOfSource(input.build, change.file);
    return { ...change, answers, unmentionedBy };
  });
  const required = requiredOf(changed);
  const kernel = index.kernel(input.build);
  const { standing, switchedOff } = decideConditions(input.targets ?? [], kernel);
  const targets = input.targets && resolveTargets(reach, input.build, standing);
  const references = (input.references ?? []).map((file) => withoutSwitchedOff(file, kernel));
  return {
    build: input.build,
    kernel,
    livepatchKernels: references.flatMap((of) => (of.kernel ? [{ ...of.kernel, file: of.file }] : [])),
    changed,
    untraceable: input.untraceable,
    ...(targets && { targets }),
    switchedOff,
    references: references.flatMap((file) =>
      resolveReferences(reach, input.build, file, filesOf(required, targets)),
    ),
    relaSections: references.flatMap(({ file, relaSections }) =>
      relaSections.map((section) => ({ ...section, file })),
    ),
    malformed: references.flatMap(({ malformed }) => malformed),
    staleLists: (input.symbolLists ?? []).flatMap((list) => staleLists(index, input.build, list)),
    imagesKnown: new Set(index.images(input.build).map(({ name }) => name)),
    required,
    // Of a livepatch alone, any of it can matter.
    unknowns: changed.length === 0 ? buildUnknowns(index, input.build) : unknownsOf(changed),
  };
}

/** The sources that the fix or, without one, the livepatch is about. */
function filesOf(required: readonly Required[], targets: readonly Target[] = []): ReadonlySet<string> {
  const fixed = required.map(({ member }) => member.unit.source);
  const patched = targets.flatMap(({ symbol }) => symbol?.source ?? []);
  return new Set(fixed.length > 0 ? fixed : patched);
}

function answersOf(reach: Reach, change: ChangeToAsk, { build, mode }: AuditInput): ReachAnswer[] {
  const { name, file, how } = change;
  const spec: SymbolSpec = file === '' ? { text: name, name } : { text: `${name}@${file}`, name, file };
  const question: ReachQuestion = { filter: { build }, mode, direction: 'affected' };
  // A function of a diff that is in no unit is a finding, not the end of the audit; a name that somebody gives is not.
  return how === 'named' ? reach.ask(spec, question) : reach.askIfKnown(spec, question);
}

/** The union of all changes' patch sets: each body of each unit once, whatever it was asked as. */
function requiredOf(changed: readonly ChangedFunction[]): Required[] {
  const required = new Map<string, Required>();
  for (const change of changed) {
    for (const unit of change.answers.flatMap(({ units }) => units)) {
      unit.members.forEach((member, place) => {
        const key = keyOf(member);
        if (hasNoBody(member) || required.has(key)) return;
        required.set(key, requiredIn(change, unit, place));
      });
    }
  }
  return [...required.values()];
}

function requiredIn(changed: ChangedFunction, { members }: UnitAnswer, place: number): Required {
  const member = members[place]!;
  const { step } = member;
  return {
    member,
    changed,
    why: chainText(members, place, 'affected'),
    ...(step?.kind === CALL && { callee: members[step.from]! }),
    callers: member.calledBy.map((at) => members[at]!),
  };
}

/** Code that is nowhere, or not in the kernel, is in no livepatch's way. */
function hasNoBody(member: Member): boolean {
  return member.class === 'gone' || member.class === 'discarded';
}

/** Where a body is in its unit: by name, answers for two of its names would call it two. */
function keyOf({ unit, name, symbol }: Member): string {
  return `${unit.id} ${symbol ? `${symbol.sectionIndex}:${symbol.value}` : name}`;
}

function unknownsOf(changed: readonly ChangedFunction[]): Unknown[] {
  const unknowns = new Map<string, Unknown>();
  for (const { name, answers, unmentionedBy } of changed) {
    const own = unmentionedBy.map((unit): Unknown => ({ unit, function: name, code: 'unmentioned' }));
    for (const unknown of [
      ...own,
      ...answers.flatMap(({ units }) => units.flatMap((unit) => unit.unknowns)),
    ]) {
      unknowns.set(JSON.stringify(unknown), unknown);
    }
  }
  return [...unknowns.values()];
}

/** Which symbols targets can mean, and what became of the names of those that have none. */
function resolveTargets(reach: Reach, build: string, named: readonly NamedTarget[]): Target[] {
  const found = named.map((target) => symbolsOf(reach.index, build, target));
  const members = membersOf(
    reach.index,
    reach.sets(build),
    found.map(({ symbol }) => symbol),
  );
  return found.map((target, at): Target => {
    const member = members[at];
    const fate = isTold(target, member) ? undefined : fateOf(reach, build, target.name);
    return { ...target, ...(member && { member }), ...(fate && { fate }) };
  });
}

function symbolsOf(index: IndexReader, build: string, target: NamedTarget): Omit<Target, 'member' | 'fate'> {
  const nameId = index.nameId(target.name);
  const all = nameId === undefined ? [] : index.imageSymbols(build, nameId).filter(isDefined);
  const object = target.object === UNKNOWN_OBJECT ? onlyObject(all) : target.object.replaceAll('-', '_');
  const inObject = all.filter((symbol) => symbol.object === object);
  const candidates = inObject.filter(({ position }) => position > 0);
  // Init symbols of a module have no position: they are gone when livepatch looks.
  const freed = candidates.length === 0 ? inObject.find(({ lifetime }) => lifetime === 'init') : undefined;
  const symbol = chosen(candidates, target.sympos) ?? freed;
  return {
    ...target,
    object,
    candidates,
    ...(symbol && { symbol }),
    elsewhere: all.filter((other) => other.object !== object),
  };
}

/** A symbol of an ELF file that is no unit's is assembly's: nothing of the units tells of it. */
function isTold({ symbol }: Pick<Target, 'symbol'>, member: Member | undefined): boolean {
  return member !== undefined || (symbol !== undefined && symbol.traceable !== null);
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
