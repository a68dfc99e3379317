import type { EqualityHit } from '../callgraph/folding.js';
import type { FunctionTable } from '../dump/function-table.js';
import type { DumpFacts } from '../dump/parse.js';
import { INLINING } from '../dump/record.js';
import type { FoldEvidence } from '../symbols/folds.js';
import type { CallFacts, CompilerNameColumns, ObjectFacts } from './unit-facts.js';

/** A unit's facts as what shows folding; each part is looked at when it is asked for, as most units have no hit. */
export function foldEvidence(
  table: FunctionTable,
  dump: DumpFacts,
  object: ObjectFacts,
  calls: CallFacts,
  compilerNames: CompilerNameColumns,
  hits: readonly EqualityHit[],
): FoldEvidence {
  const { functions } = table;
  const names = () => Int32Array.from(dump.nodeFunction, (f) => functions[f * 4]!);
  const declared = once(() => {
    const inCalls = 'functions' in calls ? Array.from(calls.functions, (f) => functions[f * 4]!) : [];
    return new Set([...names(), ...inCalls]);
  });
  const bodies = once(() =>
    object.state === 'read' ? bodiesByName(object.symbols, compilerNames) : undefined,
  );
  const copies = once(() => copiesByName(names(), dump, table.kinds.indexOf(INLINING)));
  const called = once(() => calleesByCaller(calls));
  return {
    hits: hits.map(({ kept, folded }) => ({ kept: table.name(kept), folded: table.name(folded) })),
    isFunction: (name) => declared().has(name) || bodies()?.has(name) === true,
    get bodies() {
      return bodies();
    },
    size: object.state === 'read' ? object.symbols.bodies.size : [],
    get inlined() {
      return copies().inlined;
    },
    get clones() {
      return copies().clones;
    },
    get calls() {
      return called();
    },
    hasPlaces: calls.state === 'ci',
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function bodiesByName(
  { name, body }: { readonly name: Int32Array; readonly body: Int32Array },
  compilerNames: CompilerNameColumns,
): Map<number, number[]> {
  const bodies = new Map<number, number[]>();
  const add = (one: number, at: number) => {
    const known = bodies.get(one);
    if (known) known.push(at);
    else bodies.set(one, [at]);
  };
  name.forEach((one, symbol) => {
    add(one, body[symbol]!);
  });
  compilerNames.name.forEach((one, at) => {
    add(one, body[compilerNames.symbol[at]!]!);
  });
  return bodies;
}

function copiesByName(names: Int32Array, { edgeSrc, edgeDst, edgeKind }: DumpFacts, inlining: number) {
  const inlined = new Map<number, Set<number>>();
  const clones = new Map<number, Set<number>>();
  for (let edge = 0; edge < edgeKind.length; edge++) {
    const from = names[edgeSrc[edge]!]!;
    const to = names[edgeDst[edge]!]!;
    if (edgeKind[edge] === inlining) addTo(inlined, to, from);
    else if (from !== to) addTo(clones, from, to);
  }
  return { inlined, clones };
}

function calleesByCaller(calls: CallFacts) {
  const called = new Map<number, { callees: Set<number>; placeless: boolean }>();
  if (!('caller' in calls)) return called;
  calls.caller.forEach((caller, at) => {
    const known = called.get(caller) ?? { callees: new Set(), placeless: true };
    known.callees.add(calls.callee[at]!);
    if (calls.placeless[at] === 0) known.placeless = false;
    called.set(caller, known);
  });
  return called;
}

function addTo(sets: Map<number, Set<number>>, key: number, value: number): void {
  const known = sets.get(key);
  if (known) known.add(value);
  else sets.set(key, new Set([value]));
}
