/** What each body is to an answer: its class, why it is stuck, what keeps it open. DOMAIN section 4 has the definitions. */
import { Open, ReferenceKind } from '../graph/open-ends.js';
import { isStuck, State } from '../graph/unit-symbols.js';
import type { IndexReader } from '../index/reader.js';
import {
  type Member,
  MOST_REFERENCES,
  type OpenEnd,
  type OpenReason,
  type OpenReference,
  type StuckReason,
} from './answer.js';
import type { BodyNames } from './body-names.js';
import type { PatchSets } from './patch-set.js';

/** What a member is, whatever its name and place. */
export type What = Pick<
  Member,
  'class' | 'clone' | 'stuck' | 'binary' | 'live' | 'exported' | 'deadEnd' | 'open' | 'verified'
>;

const NOT_STUCK = {
  stuck: null,
  binary: null,
  live: false,
  exported: false,
  deadEnd: false,
  open: [],
} as const;

/** Classes of bodies that are not stuck; clones among them are told apart. */
const UNSTUCK: Readonly<Record<number, readonly [What, What]>> = Object.fromEntries(
  (
    [
      [State.redirectable, 'patch', true],
      [State.init, 'init', true],
      [State.discarded, 'discarded', true],
      [State.unverified, 'unverified', false],
      [State.unverifiedClone, 'unverified', false],
    ] as const
  ).map(([state, of, verified]) => {
    const what = { class: of, verified, ...NOT_STUCK };
    return [
      state,
      [
        { ...what, clone: false },
        { ...what, clone: true },
      ],
    ];
  }),
);

const REASON_OF_STATE: Readonly<Record<number, StuckReason>> = {
  [State.clone]: 'clone',
  [State.noSite]: 'no-site',
  [State.outOfReach]: 'out-of-reach',
  [State.moduleExit]: 'module-exit',
  [State.folded]: 'folded',
};

/** Of a name without a body: of a function, and of a clone. */
export function whatIsGone(verified: boolean): readonly [What, What] {
  const gone = { class: 'gone', verified, ...NOT_STUCK } as const;
  return [
    { ...gone, clone: false },
    { ...gone, clone: true },
  ];
}

export function whatIs(index: IndexReader, sets: PatchSets, names: BodyNames, body: number): What {
  const { graph } = sets;
  const state = graph.state(body);
  if (state === State.unverifiedClone) return UNSTUCK[state]![1];
  const clone = state !== State.unverified && names.isClone(body);
  if (!isStuck(state)) return UNSTUCK[state]![clone ? 1 : 0];
  const stuck = REASON_OF_STATE[state]!;
  const live = sets.isLive(body);
  return {
    class: stuck === 'clone' ? 'clone' : 'blocked',
    clone,
    stuck,
    binary: graph.binary(body)?.name ?? null,
    live,
    exported: !live && isExported(index, sets, names, body),
    deadEnd: sets.isDeadEnd(body),
    open: openEnds(index, sets, body),
    verified: true,
  };
}

function isExported(index: IndexReader, sets: PatchSets, names: BodyNames, body: number): boolean {
  return sets.graph
    .linkNames(body)
    .some(({ name, local }) => !local && index.exporters(sets.graph.build, names.text(name)).length > 0);
}

const REASONS: readonly (readonly [bit: number, reason: OpenReason, kind: number | undefined])[] = [
  [Open.address, 'address', ReferenceKind.address],
  [Open.nodumpCaller, 'nodump-caller', ReferenceKind.namelessCall],
  [Open.callersUnknown, 'callers-unknown', undefined],
];

function openEnds(index: IndexReader, sets: PatchSets, body: number): OpenEnd[] {
  const bits = sets.openEnds(body);
  return REASONS.filter(([bit]) => (bits & bit) !== 0).map(
    ([, reason, kind]) =>
      new LazyOpenEnd(reason, () => (kind === undefined ? [] : referencesTo(index, sets, body, kind))),
  );
}

/** Its references are looked up when they are printed: most of a large answer's never are. */
class LazyOpenEnd implements OpenEnd {
  readonly reason: OpenReason;
  readonly #find: () => OpenEnd['references'];
  #references: OpenEnd['references'] | undefined;

  constructor(reason: OpenReason, find: () => OpenEnd['references']) {
    this.reason = reason;
    this.#find = find;
  }

  get references(): OpenEnd['references'] {
    this.#references ??= this.#find();
    return this.#references;
  }
}

/** More than all references to a function. */
const ALL = 1_000_000;

/** The code without a dump that calls a body, init code too; each place once. */
export function nodumpCallers(index: IndexReader, sets: PatchSets, body: number): OpenReference[] {
  const kinds = [ReferenceKind.namelessCall, ReferenceKind.namelessInitCall];
  const all = kinds.flatMap((kind) => referencesTo(index, sets, body, kind, ALL));
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

/** By the body's own names first, then by those of trampolines that hand on to it. */
function referencesTo(
  index: IndexReader,
  sets: PatchSets,
  body: number,
  kind: number,
  most = MOST_REFERENCES,
): OpenEnd['references'] {
  const found: OpenEnd['references'][number][] = [];
  for (const link of sets.graph.referenceNames(body)) {
    const { unit, name, local } = link;
    for (const { from, ...reference } of index.members.references(
      name,
      kind,
      local ? unit.row.id : undefined,
    )) {
      if (found.length >= most) return found;
      if (sets.graph.isMeant(from, link)) found.push(reference);
    }
    found.push(...index.members.outsideReferences(unit.row.id, name, kind, most));
  }
  return found.slice(0, most);
}
