import type { ReachAnswer, ReachQuestion } from './affected.js';
import type { Caveat } from './caveats.js';

/** Something that an answer rests on and that nothing tells. */
export interface Unknown {
  readonly unit: string;
  /** The function that it is about; '' for a whole unit. */
  readonly function: string;
  readonly why: string;
}

/** What was asked, and what of the index is incomplete. */
export interface Asked {
  readonly direction: ReachQuestion['direction'];
  /** Units that lost records: something may be missing, and every answer says so. */
  readonly caveats: readonly Caveat[];
}

/** What keeps an answer from being complete; of the hosts of a function, not of what is inside it. */
export function unknownsOf(answer: ReachAnswer, asked: Asked): Unknown[] {
  const lost = asked.caveats
    .filter(({ build }) => build === answer.definition.build)
    .map(({ unit, what }) => ({ unit, function: '', why: `its dump lost records: ${what}` }));
  if (asked.direction === 'inlined') return lost;
  return [
    ...lost,
    ...answer.units.flatMap(({ unit, functions, open }) => [
      ...open.map(({ clone, why }) => ({
        unit: unit.path,
        function: clone,
        why: `who calls it is unknown: ${why}`,
      })),
      ...functions
        .filter((f) => f.class === 'patch' && !f.place && (unit.image !== null || unit.imagesKnown))
        .map((f) => ({
          unit: unit.path,
          function: f.name,
          why:
            unit.image === null
              ? 'which object it is in is unknown: not vmlinux, nor a module that was given'
              : `which of ${unit.image}'s symbols it is is unknown`,
        })),
      ...(functions.some(({ verified }) => !verified)
        ? [
            {
              unit: unit.path,
              function: '',
              why: `${OBJECT_STATES[unit.object]}: what is emitted is unverified`,
            },
          ]
        : []),
    ]),
  ];
}

const OBJECT_STATES = {
  read: 'the object was read',
  missing: 'there is no object',
  corrupt: 'the object cannot be read',
  'not asked': 'the object was not read',
} as const;
