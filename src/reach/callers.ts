import { Open } from '../graph/open-ends.js';
import { bodiesNamed } from '../graph/unit-symbols.js';
import type { IndexReader } from '../index/reader.js';
import type { Reach } from './affected.js';
import type { Member, OpenReference, ReachAnswer, ReachQuestion, UnitAnswer } from './answer.js';
import { describe } from './describe.js';
import { entriesOf } from './entries.js';
import { bodiesOfFolded } from './folds.js';
import type { PatchSets } from './patch-set.js';
import type { SymbolSpec } from './symbol-spec.js';
import { nodumpCallers } from './what-is.js';

/** A body that calls a body of the function that was asked for. */
export interface Caller {
  readonly member: Member;
  /** How many calls are left in it after optimisation, as far as call graphs count them. */
  readonly calls: number;
  /** Whether it is a member of the patch set. */
  readonly inPatchSet: boolean;
  /** If it is stuck: what is replaced in its stead. */
  readonly standIns: readonly Member[];
}

/** Who calls one function that a symbol can mean, by its units, after optimisation; and its patch set, as `affected` has it. */
export interface CallersAnswer {
  readonly reach: ReachAnswer;
  /** By unit of `reach`, in its order. */
  readonly callers: readonly (readonly Caller[])[];
  /** By unit, too. */
  readonly others: readonly OtherCallers[];
}

/** What calls the function besides the callers that units have. */
export interface OtherCallers {
  /** Code without a dump, as assembly. */
  readonly nodump: readonly OpenReference[];
  /** Whether all calls were read that can be of it. */
  readonly known: boolean;
}

/** @throws InputError for a symbol that the index does not have */
export function findCallers(
  reach: Reach,
  spec: SymbolSpec,
  question: Omit<ReachQuestion, 'direction'>,
): CallersAnswer[] {
  return reach.ask(spec, { ...question, direction: 'affected' }).map((answer) => {
    const sets = reach.sets(answer.definition.build);
    return {
      reach: answer,
      callers: answer.units.map((unit) => callersIn(reach.index, sets, unit, answer.definition.nameId)),
      others: answer.units.map(({ unit }) => othersOf(reach.index, sets, unit.id, answer.definition.nameId)),
    };
  });
}

function othersOf(index: IndexReader, sets: PatchSets, unit: number, name: number): OtherCallers {
  const { graph } = sets;
  const bodies = bodiesNamed(graph.unit(unit), name);
  return {
    nodump: bodies.flatMap((body) => nodumpCallers(index, sets, body)),
    known: bodies.every((body) => (graph.open(body) & Open.callersUnknown) === 0),
  };
}

function callersIn(index: IndexReader, sets: PatchSets, answer: UnitAnswer, name: number): Caller[] {
  const { graph } = sets;
  const unit = graph.unit(answer.unit.id);
  const calls = new Map<number, number>();
  for (const body of [...bodiesNamed(unit, name), ...bodiesOfFolded(graph, unit, name)]) {
    for (const [caller, count] of graph.callCounts(body)) calls.set(caller, (calls.get(caller) ?? 0) + count);
  }
  const patchSet = new Set(answer.members.map(keyOf));
  const bodies = [...calls.keys()];
  const closures = bodies.map((body) => Array.from(sets.close([body]).members).slice(1));
  const lists = [bodies, ...closures].map((list) => entriesOf(unit, list));
  const [members, ...standIns] = describe(index, sets, name, lists);
  return members!
    .map((member, at) => ({
      member,
      calls: calls.get(bodies[at]!)!,
      inPatchSet: patchSet.has(keyOf(member)),
      standIns: standIns[at]!.filter((other) => other.class === 'patch'),
    }))
    .sort((a, b) => compare(a.member.unit.path, b.member.unit.path) || compare(a.member.name, b.member.name));
}

function keyOf({ unit, name }: Member): string {
  return `${unit.id} ${name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
