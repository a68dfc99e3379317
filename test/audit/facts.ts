import type { AuditFacts, ChangedFunction, Required, StandIn, Target } from '../../src/audit/facts.js';
import type { ImageSymbolRow, UnitRow } from '../../src/index/reader.js';
import type { UnitFunction } from '../../src/reach/unit-function.js';

/** The unit of mm/NAME.c, in vmlinux unless said otherwise. */
export function unit(id: number, name: string, image: string | null = 'vmlinux'): UnitRow {
  const source = `mm/${name}.c`;
  return {
    id,
    build: 'b',
    path: `${source}.000i.ipa-clones`,
    source,
    complete: true,
    object: 'read',
    calls: 'ci',
    image,
    imagesKnown: true,
  };
}

export function changed(name: string, more: Partial<ChangedFunction> = {}): ChangedFunction {
  return { name, file: 'mm/a.c', line: 7, how: 'parsed', notes: [], answers: [], ...more };
}

export const A = unit(1, 'a');

/** A function of mm/a.c that has to be patched, since `f` is changed. */
export function required(
  name: string,
  more: Partial<UnitFunction> = {},
  rest: Partial<Required> = {},
): Required {
  const f: UnitFunction = {
    name,
    file: 'mm/a.c',
    line: 7,
    class: 'patch',
    clone: false,
    verified: true,
    aliases: [],
    ...more,
  };
  return { unit: A, function: f, changed: changed('f'), why: `f -[inlined]-> ${name}`, ...rest };
}

/** A symbol of mm/a.c in vmlinux. */
export function symbol(name: string, more: Partial<ImageSymbolRow> = {}): ImageSymbolRow {
  return {
    object: 'vmlinux',
    name,
    address: 'ffffffff81000000',
    size: 16,
    type: 'func',
    binding: 'local',
    section: '.text',
    file: 'a.c',
    position: 1,
    total: 1,
    traceable: true,
    unit: 1,
    source: 'mm/a.c',
    ...more,
  };
}

/** A target that means the one symbol of its name in vmlinux. */
export function target(name: string, more: Partial<Target> = {}): Target {
  const one = symbol(name);
  return {
    object: 'vmlinux',
    name,
    sympos: 0,
    where: 'lp.c:3',
    candidates: [one],
    symbol: one,
    elsewhere: [],
    ...more,
  };
}

/** The same without the symbol that it means. */
export function targetWithout(name: string, more: Partial<Target> = {}): Target {
  const { symbol: _, ...rest } = target(name, { candidates: [], ...more });
  return rest;
}

/** A function that calls one that cannot be redirected. */
export function standIn(name: string, blocked: Required): StandIn {
  return { ...required(name), blocked };
}

export function facts(more: Partial<AuditFacts>): AuditFacts {
  return {
    build: 'b',
    changed: [],
    untraceable: [],
    imagesKnown: new Set(['vmlinux', 'xfs']),
    required: [],
    unknown: [],
    references: [],
    relaSections: [],
    malformed: [],
    staleLists: [],
    standIns: [],
    ...more,
  };
}
