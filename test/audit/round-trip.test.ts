import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForReading } from '../../src/index/database.js';
import { IndexReader } from '../../src/index/reader.js';
import { Reach } from '../../src/reach/affected.js';
import { isComplete, type ReachAnswer } from '../../src/reach/answer.js';
import type { Verdict } from '../../src/reach/patch-set.js';
import { klpReach, type Ran } from '../helpers/command.js';
import { unpackBuild, whyNoBuild } from '../helpers/corpus-build.js';
import { ingest } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';
import { Random } from '../marker/random.js';
import {
  answersFor,
  askedAs,
  deadEnds,
  differences,
  errorsOf,
  roundTrip,
  sweptSets,
  verdicts,
  verdictsByName,
  withoutOne,
} from './round-trip.js';

/**
 * What `affected` writes, `audit` takes: all of it covers the change, all but one line does not, and the functions that
 * cannot be livepatched are the same ones for both.
 */
const SEED = 8;
/** Answers with more members take seconds each: only some of them are drawn. */
const MANY_MEMBERS = 1000;
const MOST_LARGE = 3;
const MINUTE = 60_000;
const why = whyNoBuild();
if (why !== '') console.warn(`exports are not audited for functions of a real kernel: ${why}`);

type Kind = 'patch' | 'partial' | 'unpatchable';

/** What an answer of one or several units comes to; undefined for what neither is to be patched nor cannot be. */
function kindOf(answer: ReachAnswer): Kind | undefined {
  const all = verdicts(answer);
  if (all.has('partial') || (all.has('patch') && all.has('unpatchable'))) return 'partial';
  if (all.size !== 1) return undefined;
  if (all.has('patch')) return isComplete(answer) ? 'patch' : undefined;
  return all.has('unpatchable') ? 'unpatchable' : undefined;
}

function isLarge({ units }: ReachAnswer): boolean {
  return units.reduce((sum, { members }) => sum + members.length, 0) > MANY_MEMBERS;
}

/** Everything that does not hold for one answer, in words. */
function faultsOf(
  reach: Reach,
  answer: ReachAnswer,
  kind: Kind,
  swept: ReturnType<typeof sweptSets>,
): string[] {
  const trip = roundTrip(reach, answer);
  const faults: string[] = [];
  const expectSame = (what: string, said: unknown, wanted: unknown) => {
    const [a, b] = [JSON.stringify(said), JSON.stringify(wanted)];
    if (a !== b) faults.push(`${askedAs(answer)}: ${what}: ${a}, not ${b}`);
  };
  const ends = deadEnds(answer).map(({ name }) => `cannot-be-livepatched ${name}`);
  expectSame('errors', errorsOf(trip).sort(), ends.sort());
  expectSame('all is said to be written', trip.written.leftOut, kind !== 'patch');
  expectSame('something is written', trip.written.text !== null, kind !== 'unpatchable');
  if (kind === 'unpatchable') expectSame('it is said why', trip.written.notes.length > 0, true);
  const needless = trip.findings
    .filter(({ rule }) => rule === 'unneeded-target')
    .map(({ subject }) => subject);
  expectSame('needless targets', needless, []);
  if (kind === 'patch') {
    for (const { line, errors } of withoutOne(trip)) expectSame(`without ${line}`, errors, [line]);
  }
  expectSame('sets that differ', differences(reach, answer, trip, swept), []);
  return faults;
}

describe('samples/demo', () => {
  const db = newIndex();
  let index: IndexReader;
  beforeAll(async () => {
    const build = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
    expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
    index = new IndexReader(openForReading(db));
  });
  afterAll(() => index.close());

  test('every function', () => {
    const reach = new Reach(index);
    const sets = new Reach(index).sets('default');
    const byName = verdictsByName(sets);
    const names = index.members.texts(Int32Array.from(byName.keys()).sort());
    const swept = sweptSets(sets, new Set(byName.keys()));
    const asked = new Map<Kind, number>();
    for (const name of names) {
      for (const answer of answersFor(reach, 'default', name)) {
        const kind = kindOf(answer);
        if (kind === undefined) continue;
        asked.set(kind, (asked.get(kind) ?? 0) + 1);
        expect(faultsOf(reach, answer, kind, swept)).toEqual([]);
      }
    }
    expect(asked.get('patch')).toBeGreaterThan(15);
    expect(asked.get('partial')).toBeGreaterThan(0);
  });
});

describe.skipIf(why !== '')(`a real kernel${why === '' ? '' : ` (skipped: ${why})`}`, () => {
  const db = newIndex();
  const drawn: Record<Kind, ReachAnswer[]> = { patch: [], partial: [], unpatchable: [] };
  let index: IndexReader;
  let reach: Reach;
  let swept: ReturnType<typeof sweptSets>;

  beforeAll(async () => {
    const build = unpackBuild();
    try {
      await ingest([build.directory], { db, build: 'default' });
    } finally {
      build.remove();
    }
    index = new IndexReader(openForReading(db));
    reach = new Reach(index);
    const sets = new Reach(index).sets('default');
    const byName = verdictsByName(sets);
    draw(byName, 'patch', 500, (all) => all.has('patch'));
    draw(byName, 'partial', 200, (all) => all.has('partial') || (all.has('patch') && all.has('unpatchable')));
    draw(byName, 'unpatchable', 100, (all) => all.has('unpatchable'));
    const asked = Object.values(drawn).flat();
    swept = sweptSets(sets, new Set(asked.map(({ definition }) => definition.nameId)));
  }, 4 * MINUTE);
  afterAll(() => index?.close());

  /** Functions of a kind, by chance, among the names whose verdicts make that likely. */
  function draw(
    byName: ReadonlyMap<number, ReadonlySet<Verdict>>,
    kind: Kind,
    count: number,
    isLikely: (verdicts: ReadonlySet<Verdict>) => boolean,
  ): void {
    const ids = [...byName].filter(([, all]) => isLikely(all)).map(([name]) => name);
    const names = index.members.texts(Int32Array.from(ids).sort()).sort();
    let large = 0;
    for (const name of new Random(SEED).shuffled(names)) {
      const all = answersFor(reach, 'default', name).filter((answer) => kindOf(answer) === kind);
      for (const answer of all) {
        if (isLarge(answer) && ++large > MOST_LARGE) continue;
        drawn[kind].push(answer);
        if (drawn[kind].length === count) return;
      }
    }
  }

  test.each<[Kind, number]>([
    ['patch', 500],
    ['partial', 200],
    ['unpatchable', 100],
  ])(
    '%s: %i functions',
    (kind, count) => {
      expect(drawn[kind]).toHaveLength(count);
      expect(drawn[kind].flatMap((answer) => faultsOf(reach, answer, kind, swept))).toEqual([]);
    },
    3 * MINUTE,
  );

  describe('by the command', () => {
    const affected = (answer: ReachAnswer): Promise<Ran> =>
      klpReach(['affected', askedAs(answer), '--db', db, '--format', 'patched-funcs']);
    const audit = (answer: ReachAnswer, input: string): Promise<Ran> =>
      klpReach(['audit', '--changed', askedAs(answer), '--db', db, '--livepatch', '-'], { input });

    test(
      'patch: covered, and not without a line',
      async () => {
        for (const answer of drawn.patch.slice(0, 5)) {
          const { code, out } = await affected(answer);
          expect(code).toBe(0);
          expect(await audit(answer, out)).toMatchObject({
            code: 0,
            err: '',
            out: expect.stringMatching(/^covered: /m),
          });
          const [first, ...others] = out.trimEnd().split('\n');
          const without = await audit(answer, `${others.join('\n')}\n`);
          expect(without.code).toBe(1);
          expect(without.out).toMatch(/^not covered: 1 error/m);
          expect(without.out).toContain(`] ${first!.split(' ').slice(0, 2).join(':')}`);
        }
      },
      MINUTE,
    );

    test(
      'partial: what is left cannot be livepatched',
      async () => {
        for (const answer of drawn.partial.slice(0, 3)) {
          const { code, out } = await affected(answer);
          expect(code).toBe(1);
          const { code: audited, out: said } = await audit(answer, out);
          expect(audited).toBe(1);
          const rules = [...said.matchAll(/^error \[(.*?)\]/gm)].map(([, rule]) => rule);
          expect(new Set(rules)).toEqual(new Set(['cannot-be-livepatched']));
        }
      },
      MINUTE,
    );

    test(
      'unpatchable: nothing is written',
      async () => {
        for (const answer of drawn.unpatchable.slice(0, 3)) {
          const { code, out, err } = await affected(answer);
          expect({ code, out }).toEqual({ code: 1, out: '' });
          expect(err).toContain('cannot be livepatched');
        }
      },
      MINUTE,
    );
  });
});
