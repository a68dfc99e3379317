import type { AuditFacts, ChangedFunction, Required, Target } from '../../src/audit/facts.js';
import type { ImageSymbolRow, PlaceRow, UnitRow } from '../../src/index/reader.js';
import { CALL, type Member } from '../../src/reach/answer.js';

/** The unit of mm/NAME.c, in vmlinux unless said otherwise. */
export function unit(id: number, name: string, ...images: readonly string[]): UnitRow {
  const source = `mm/${name}.c`;
  const all = images.length === 0 ? ['vmlinux'] : images;
  return {
    id,
    build: 'b',
    path: `${source}.000i.ipa-clones`,
    source,
    complete: true,
    object: 'read',
    calls: 'ci',
    folding: 'read',
    images: all,
    image: all[0]!,
    imagesKnown: true,
  };
}

export function changed(name: string, more: Partial<ChangedFunction> = {}): ChangedFunction {
  return { name, file: 'mm/a.c', line: 7, how: 'parsed', notes: [], answers: [], unmentionedBy: [], ...more };
}

export const A = unit(1, 'a');

/** The only symbol of its name in an object. */
export function place(object = 'vmlinux', more: Partial<PlaceRow> = {}): PlaceRow {
  const address = 'ffffffff81000000';
  return { object, address, size: 16, position: 1, total: 1, section: '.text', traceable: true, ...more };
}

let nextKey = 0;

/** A function of mm/a.c that can be redirected. */
export function member(name: string, more: Partial<Member> = {}): Member {
  const { images } = more.unit ?? A;
  const places = more.places ?? images.map((object) => place(object));
  return {
    key: nextKey++,
    unit: A,
    name,
    aliases: [],
    folded: [],
    file: 'mm/a.c',
    line: 7,
    class: 'patch',
    clone: false,
    stuck: null,
    binary: null,
    live: false,
    exported: false,
    deadEnd: false,
    open: [],
    calledBy: [],
    verified: true,
    global: false,
    places,
    unplaced: images.filter((object) => !places.some((one) => one.object === object)),
    ...more,
  };
}

/** One that cannot be, and runs. */
export function stuckMember(name: string, more: Partial<Member> = {}): Member {
  return member(name, { class: 'blocked', stuck: 'no-site', live: true, ...more });
}

/** A member of the patch set, since `f` is changed. */
export function required(of: Member, more: Partial<Required> = {}): Required {
  return { member: of, changed: changed('f'), why: `f -[inlined]-> ${of.name}`, callers: [], ...more };
}

/** One that holds a copy. */
export function host(name: string, more: Partial<Member> = {}): Required {
  return required(member(name, { step: { from: 0, kind: 'inlining to', seq: 1 }, ...more }));
}

/** One that calls a stuck member. */
export function caller(name: string, callee: Member): Required {
  return required(member(name, { step: { from: 0, kind: CALL, seq: null } }), { callee });
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
    lifetime: 'core',
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

export function facts(more: Partial<AuditFacts>): AuditFacts {
  return {
    build: 'b',
    kernel: {},
    livepatchKernels: [],
    switchedOff: [],
    changed: [],
    untraceable: [],
    imagesKnown: new Set(['vmlinux', 'xfs']),
    required: [],
    unknowns: [],
    references: [],
    relaSections: [],
    malformed: [],
    staleLists: [],
    ...more,
  };
}
