/** What is known of an object's references besides its relocations. */
import type { NearReferences } from '../callgraph/near-calls.js';
import type { ObjectReferences } from '../callgraph/references.js';
import { ReferenceKind } from '../graph/open-ends.js';
import { resolverOf, type versionsOf } from '../symbols/bodies.js';
import type { ReferenceColumns, SymbolColumns } from './unit-facts.js';

/** The choice between a function's versions is a call of each, instead of addresses that are taken. */
export function handOn(found: ObjectReferences, versions: ReturnType<typeof versionsOf>): ObjectReferences {
  if (versions.size === 0) return found;
  const names = [...found.names];
  const word = (text: string) => {
    const known = names.indexOf(text);
    return known >= 0 ? known : names.push(text) - 1;
  };
  const calls = [...versions].flatMap(([caller, callees]) =>
    callees.map((callee) => [word(caller), word(callee)] as const),
  );
  const resolvers = new Map(
    [...versions].flatMap(([name, own]) => [name, resolverOf(name)].map((by) => [by, own])),
  );
  const kept = (_: number, at: number) =>
    !resolvers.get(names[found.addressBy[at]!] ?? '')?.includes(names[found.addressTarget[at]!]!);
  return {
    ...found,
    names,
    callCaller: appended(
      found.callCaller,
      calls.map(([caller]) => caller),
    ),
    callCallee: appended(
      found.callCallee,
      calls.map(([, callee]) => callee),
    ),
    callCount: appended(
      found.callCount,
      calls.map(() => 1),
    ),
    addressTarget: found.addressTarget.filter(kept),
    addressBy: found.addressBy.filter(kept),
    addressSection: found.addressSection.filter(kept),
    addressInit: found.addressInit.filter(kept),
  };
}

/** Calls of inline assembly that no relocation tells, with those that do. */
export function withCalls(
  references: ReferenceColumns,
  calls: readonly { readonly caller: number; readonly callee: number }[],
  symbols: SymbolColumns,
): ReferenceColumns {
  return {
    ...references,
    caller: appended(
      references.caller,
      calls.map(({ caller }) => nameOf(symbols, caller)),
    ),
    callee: appended(
      references.callee,
      calls.map(({ callee }) => nameOf(symbols, callee)),
    ),
    count: appended(
      references.count,
      calls.map(() => 1),
    ),
  };
}

/** What code refers to without a relocation, but for calls by functions, with what has one. */
export function withNear(
  references: ReferenceColumns,
  { addressBy, addressTarget, namelessTarget, namelessSection }: NearReferences,
  symbols: SymbolColumns,
  sectionName: (section: number) => number,
): ReferenceColumns {
  if (addressBy.length + namelessTarget.length === 0) return references;
  const { target, by, section, kind } = references;
  return {
    ...references,
    namelessCallee: appended(
      references.namelessCallee,
      namelessTarget.map((body) => nameOf(symbols, body)),
    ),
    namelessSection: appended(references.namelessSection, namelessSection.map(sectionName)),
    target: appended(
      target,
      addressTarget.map((body) => nameOf(symbols, body)),
    ),
    by: appended(
      by,
      addressBy.map((body) => nameOf(symbols, body)),
    ),
    section: appended(
      section,
      addressBy.map((body) => symbols.bodies.section[body]!),
    ),
    kind: Uint8Array.from([...kind, ...addressBy.map(() => ReferenceKind.address)]),
  };
}

/** The first name of a body. */
function nameOf({ name, body }: SymbolColumns, wanted: number): number {
  return name[body.indexOf(wanted)]!;
}

function appended(column: Int32Array, more: readonly number[]): Int32Array {
  return Int32Array.from([...column, ...more]);
}
