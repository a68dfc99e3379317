import { beforeAll, describe, expect, it } from 'vitest';
import { buildDir } from '../helpers/workplace.js';
import { ANSWERERS } from './answerers.js';
import { compare } from './compare.js';
import { compile } from './compile.js';
import { installed, NATIVE, VARIANTS } from './compilers.js';
import { allKinds, totals } from './figures.js';
import { generate } from './generate.js';
import { NaiveBuild } from './naive-build.js';
import { NaiveUnit } from './naive-unit.js';
import { type Job, type Result, runAll, seriousMistakes } from './run.js';

const SEEDS = 40;
const compilers = installed(NATIVE);
/** What the programs must make the compilers do; of target_clones, `avx2` is the version. */
const RECORDS = ['inlining to', 'constprop', 'isra', 'part', 'simdclone', '(null)', 'avx2', 'removal'];
const KINDS = [...RECORDS, 'folded: function alias', 'folded: wrapper has'];

describe('the generator', () => {
  it('makes the same program of the same seed, and another of another', () => {
    expect(generate(7)).toEqual(generate(7));
    expect(generate(8).files).not.toEqual(generate(7).files);
  });
});

describe.skipIf(compilers.length === 0)('the comparison', () => {
  const [compiler] = compilers;
  const directory = buildDir();
  const program = generate(1);
  let build: NaiveBuild;

  beforeAll(async () => {
    const units = await compile(program, { compiler: compiler!, flags: ['-O2'] }, directory);
    build = new NaiveBuild(units.map((unit) => new NaiveUnit(unit)));
  }, 60_000);

  it('finds nothing wrong with right answers', () => {
    const { mistakes, holders, found } = compare(program, build, (unit, symbol) => build.ask(unit, symbol));
    expect(mistakes).toEqual([]);
    expect(found).toBe(holders);
  });

  it('finds what is missing', () => {
    const { mistakes, holders, found } = compare(program, build, () => undefined);
    expect(found).toBe(0);
    expect(mistakes.filter(({ what }) => what === 'missed').length).toBeGreaterThanOrEqual(holders);
  });

  it('finds what does not belong there', () => {
    const every = new Set(
      build.units.flatMap(({ name, truth }) => truth.bodies.map((body) => `${name}:${body.names[0]}`)),
    );
    const { mistakes, proved } = compare(program, build, (unit, symbol) => {
      const answer = build.ask(unit, symbol);
      return answer && { ...answer, patch: every };
    });
    expect(mistakes.filter(({ what }) => what === 'unproved').length).toBeGreaterThan(proved);
  });

  it('finds callers of stuck functions that are missing', () => {
    const { mistakes } = compare(program, build, (unit, symbol) => {
      const answer = build.ask(unit, symbol);
      return answer && { ...answer, patch: new Set() };
    });
    expect(mistakes.some(({ what }) => what === 'unclosed')).toBe(true);
  });
});

describe.skipIf(compilers.length === 0)('markers in the objects of generated programs', () => {
  let results: readonly Result[];

  beforeAll(async () => {
    results = await runAll(jobs());
  }, 600_000);

  it('cover every kind of record', () => {
    const kinds = allKinds(results);
    for (const kind of KINDS) expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(5);
  });

  it.each(Object.entries(ANSWERERS))('agree with the answers: %s', (answerer, { mayBeIncomplete }) => {
    expect(seriousMistakes(results, answerer)).toEqual([]);
    const { holders, found } = totals(results, answerer);
    expect(holders).toBeGreaterThan(3000);
    if (!mayBeIncomplete) expect(found).toBe(holders);
  });
});

/** Every seed with every compiler, and one after the other all ways to compile. */
function jobs(): Job[] {
  return Array.from({ length: SEEDS }, (_, seed) =>
    compilers.map((compiler, at) => {
      const variant = (seed + Math.floor(seed / 4) + at * 8) % VARIANTS.length;
      return { seed, build: { compiler, flags: VARIANTS[variant]! } };
    }),
  ).flat();
}
