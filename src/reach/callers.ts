import type { CallerRow, IndexReader, UnitFilter } from '../index/reader.js';
import { ask, type ReachAnswer } from './affected.js';
import type { SymbolSpec } from './symbol-spec.js';
import { CALL, type UnitFunction, type UnitReach } from './unit-function.js';
import { chainTo, UnitFunctions } from './unit-functions.js';
import type { WalkMode } from './walk.js';

/**
 * What a change of the function asks of a caller:
 * `patch` it has a copy of the function, or calls a clone that cannot be replaced;
 * `instead` it calls the function by name, but the function itself cannot be redirected, so this one has to be replaced;
 * `none` it calls the function by name, and a livepatch of the function redirects that call.
 */
export type CallerNeed = 'patch' | 'instead' | 'none';

export interface Caller {
  readonly unit: UnitReach['unit'];
  readonly function: UnitFunction;
  readonly need: CallerNeed;
  readonly why: string;
  /** How many calls are left in it after optimisation; 0 where the code was only copied. */
  readonly calls: number;
}

/** Who calls one function that a symbol can mean, after optimisation. */
export interface CallersAnswer {
  readonly reach: ReachAnswer;
  readonly callers: readonly Caller[];
}

/** @throws InputError for a symbol that the index does not have */
export function findCallers(
  index: IndexReader,
  spec: SymbolSpec,
  filter: UnitFilter,
  mode: WalkMode,
): CallersAnswer[] {
  return ask(index, spec, { filter, mode, direction: 'affected' }).map((reach) => ({
    reach,
    callers: callersOf(index, reach),
  }));
}

function callersOf(index: IndexReader, reach: ReachAnswer): Caller[] {
  const { definition } = reach;
  const direct = new Map<string, CallerRow>();
  for (const row of directCallers(index, reach)) direct.set(`${row.unit} ${row.name}`, row);
  const callers: Caller[] = [];
  for (const { unit, functions } of reach.units) {
    functions.forEach((f, place) => {
      if (!f.step || f.class === 'gone') return;
      const key = `${unit.id} ${f.name}`;
      const calls = direct.get(key)?.count ?? 0;
      direct.delete(key);
      callers.push({ unit, function: f, need: 'patch', why: whyPatch(functions, place), calls });
    });
  }
  const blocked = reach.units.flatMap(({ functions }) => functions[0]?.blocked ?? [])[0];
  for (const { unit: unitId, nameId, name, count } of direct.values()) {
    if (nameId === definition.nameId) continue;
    const unit = index.unit(unitId);
    const f = new UnitFunctions(index, unit).byName(nameId, name);
    callers.push(
      blocked === undefined
        ? {
            unit,
            function: f,
            need: 'none',
            why: `calls ${definition.name}, which is replaced`,
            calls: count,
          }
        : {
            unit,
            function: f,
            need: 'instead',
            why: `calls ${definition.name}, which is ${blocked}`,
            calls: count,
          },
    );
  }
  return callers;
}

/** A static function is called in its own unit only; a global one anywhere but where a static one has its name. */
function directCallers(index: IndexReader, reach: ReachAnswer): CallerRow[] {
  const { definition, units } = reach;
  const own = new Set(units.map(({ unit }) => unit.id));
  const global = units.some(({ functions }) => {
    const binding = functions[0]?.symbol?.binding;
    return binding !== undefined && binding !== 'local';
  });
  if (!global) return units.flatMap(({ unit }) => index.callers(unit.id, definition.nameId));
  return index
    .callersInBuild(definition.build, definition.nameId)
    .filter(({ unit }) => own.has(unit) || index.symbol(unit, definition.nameId)?.binding !== 'local');
}

function whyPatch(functions: readonly UnitFunction[], place: number): string {
  const { step } = functions[place]!;
  const from = functions[step!.from]!.name;
  if (step!.kind === CALL) return `calls ${from}, a clone that cannot be replaced`;
  const chain = chainTo(functions, place);
  const through = chain.length > 2 ? ` (through ${chain[1]!.name})` : '';
  return step!.kind === 'inlining to'
    ? `${chain[0]!.name} was inlined there${through}`
    : `is its ${step!.kind} clone${through}`;
}
