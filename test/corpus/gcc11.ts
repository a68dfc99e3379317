import { expect, test } from 'vitest';
import { sweep } from '../../src/reach/sweep.js';
import { faults } from '../helpers/index-rows.js';
import { type Kernel, MINUTE } from './kernel.js';

/** The same kernel built by GCC 11, as a second build in one index. */
export function gcc11Tests(kernel: () => Kernel): void {
  test('is indexed whole, beside the other build', { timeout: MINUTE }, () => {
    expect(kernel().report).toMatchObject({
      units: 3121,
      added: 3121,
      images: 61,
      warnings: [],
      incomplete: [],
    });
    expect(faults(kernel().db)).toEqual([]);
    expect(
      kernel()
        .index.builds()
        .map(({ name }) => name),
    ).toEqual(['gcc11', 'kernel']);
    const counts = kernel().index.counts('gcc11');
    console.log(`GCC 11: ${JSON.stringify(counts)}`);
    expect(counts).toMatchObject({ lines: 640_064, edges: 425_469, symbols: 75_423, calls: 331_862 });
  });

  test('every clone of its objects has its record', () => {
    const clones = kernel().query(
      `SELECT unit, name, role FROM symbols WHERE build = 'gcc11'
       AND (name GLOB '*.isra.*' OR name GLOB '*.constprop.*' OR name GLOB '*.part.*')`,
    );
    expect(clones.filter(({ role }) => role !== 'clone' && role !== 'fragment')).toEqual([]);
    expect(clones).toHaveLength(2104);
  });

  test('no function that a dump removes is in its object', { timeout: MINUTE }, () => {
    expect(
      kernel().query(
        "SELECT count(*) AS present FROM emission WHERE build = 'gcc11' AND removed = 1 AND emitted = 1",
      ),
    ).toEqual([{ present: 0 }]);
  });

  test('each function has a patch set and a verdict', { timeout: 3 * MINUTE }, () => {
    const verdicts: Record<string, number> = {};
    for (const { functions } of sweep(kernel().sets)) {
      for (const { verdict } of functions) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    }
    console.log(`GCC 11: functions by verdict: ${JSON.stringify(verdicts)}`);
    const all = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
    expect(all).toBeGreaterThan(200_000);
    expect(verdicts['patch']! / all).toBeGreaterThan(0.8);
  });
}
