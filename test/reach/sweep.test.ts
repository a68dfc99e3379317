import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodiesNamed } from '../../src/graph/unit-symbols.js';
import type { Member, UnitAnswer } from '../../src/reach/answer.js';
import type { PatchSets } from '../../src/reach/patch-set.js';
import { type SweptFunction, sweep } from '../../src/reach/sweep.js';
import { Asked, askKernel, askUnit } from '../helpers/asked.js';
import { randomKernel } from '../helpers/random-kernel.js';

/** A function's answer in one form, wherever it comes from: bodies as places in their units, names without a body. */
interface Plain {
  readonly members: readonly string[];
  readonly gone: readonly string[];
  readonly verdict: string;
}

type Texts = ReadonlyMap<number, string>;

function ofSweep(texts: Texts, { graph }: PatchSets, { members, gone, verdict }: SweptFunction): Plain {
  return {
    members: [...members].map((body) => placeOf(graph, body)).sort(),
    gone: gone.map((name) => texts.get(name)!).sort(),
    verdict,
  };
}

function ofAnswer({ index }: Asked, { graph }: PatchSets, { members, verdict }: UnitAnswer): Plain {
  const bodyOf = ({ unit, name }: Member) => {
    const bodies = bodiesNamed(graph.unit(unit.id), index.nameId(name)!);
    expect(bodies).toHaveLength(1);
    return bodies[0]!;
  };
  const [gone, emitted] = [true, false].map((is) => members.filter((one) => (one.class === 'gone') === is));
  return {
    members: emitted!.map((member) => placeOf(graph, bodyOf(member))).sort(),
    gone: gone!.map(({ name }) => name).sort(),
    verdict,
  };
}

function placeOf(graph: PatchSets['graph'], body: number): string {
  const { row, base } = graph.unitOf(body);
  return `${row.path} ${body - base}`;
}

/** Each function of the sweep with its answer, by `unit name`. */
function sweepOf(asked: Asked): Map<string, Plain> {
  const found = new Map<string, Plain>();
  const texts = asked.names();
  const sets = asked.reach.sets('b');
  for (const { unit, functions } of sweep(sets)) {
    for (const swept of functions) {
      found.set(`${unit.row.path} ${texts.get(swept.name)}`, ofSweep(texts, sets, swept));
    }
  }
  return found;
}

test('the sweep says of every function what a question for it says', { timeout: 120_000 }, async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(randomKernel, async (kernel) => {
      const asked = await askKernel(kernel);
      // Read anew: questions read only what they need, where the sweep reads all.
      for (const [key, swept] of sweepOf(new Asked(asked.db))) {
        const [unit, name] = key.split(' ') as [string, string];
        const answer = asked.unit(name, { filter: { unit } });
        expect(ofAnswer(asked, asked.reach.sets('b'), answer), key).toEqual(swept);
        compared++;
      }
    }),
    { numRuns: 30 },
  );
  expect(compared).toBeGreaterThan(300);
});

test('functions of the sweep are those of a source: no clones, fragments or trampolines', async () => {
  const asked = await askUnit({
    dump: 'inlined > f\nf > f.isra.0 isra\n- inlined',
    object: `f
      f.isra.0
      f.cold notrace in .text.unlikely
      alias = f global
      only_here
      __SCT__hook global notrace
      __SCT__hook jumps to f`,
    calls: '',
  });
  const names = [...sweepOf(asked).keys()].map((key) => key.split(' ')[1]);
  expect(names.sort()).toEqual(['alias', 'f', 'inlined', 'only_here']);
});

test('so are those that only the object tells of, where no call graph says who made them', async () => {
  const asked = await askUnit({ dump: 'f > g', object: 'g\nonly_here', calls: null });
  const names = [...sweepOf(asked).keys()].map((key) => key.split(' ')[1]);
  expect(names.sort()).toEqual(['f', 'g', 'only_here']);
});

test('a unit too large for sets is walked, and says the same', async () => {
  const length = 17_000;
  const hosts = Array.from({ length }, (_, at) => `h${at}`);
  const asked = await askUnit({
    dump: hosts.map((host, at) => `${at === 0 ? 'f' : hosts[at - 1]} > ${host}`).join('\n'),
    object: `h0\nh${length - 1}`,
  });
  const [unit] = sweep(asked.reach.sets('b'));
  const [f] = unit!.functions;
  expect(asked.names().get(f!.name)).toBe('f');
  expect(f!.bodies).toHaveLength(2);
  expect(f!.gone).toHaveLength(length - 1);
  expect(f!.verdict).toBe('patch');
});
