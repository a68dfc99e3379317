import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faults } from '../helpers/index-rows.js';
import { type Kernel, MINUTE } from './kernel.js';

export function indexTests(kernel: () => Kernel): void {
  test('is indexed whole', { timeout: MINUTE }, () => {
    expect(kernel().report).toMatchObject({
      units: 3121,
      added: 3121,
      images: 61,
      warnings: [],
      incomplete: [],
    });
    expect(kernel().query("SELECT count(*) AS units, sum(object = 'missing') AS missing FROM units")).toEqual(
      [{ units: 3121, missing: 4 }],
    );
    expect(
      kernel().query('SELECT kind, count(*) AS count FROM records GROUP BY kind ORDER BY 2 DESC'),
    ).toEqual([
      { kind: 'inlining to', count: 406_087 },
      { kind: 'constprop', count: 7_343 },
      { kind: 'part', count: 5_716 },
      { kind: 'isra', count: 4_604 },
      { kind: '(null)', count: 21 },
    ]);
    expect(faults(kernel().db)).toEqual([]);
  });

  test('every line of the dumps is a record: the rest of them are removals', { timeout: MINUTE }, () => {
    const { directory } = kernel().files;
    const dumps = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ipa-clones'),
    );
    let removals = 0;
    for (const name of dumps) {
      for (const line of readFileSync(join(directory, name), 'latin1').split('\n')) {
        if (line.startsWith('Callgraph removal;')) removals++;
      }
    }
    expect(removals).toBe(214_841);
    expect(kernel().query('SELECT sum(lines) - (SELECT count(*) FROM edge) AS others FROM unit')).toEqual([
      { others: removals },
    ]);
  });

  test('a missing removal record does not mean that a function was emitted', { timeout: MINUTE }, () => {
    const rows = kernel().query(
      `SELECT removed, count(*) AS names, sum(emitted = 0) AS absent, sum(emitted) AS present
       FROM emission WHERE emitted IS NOT NULL GROUP BY removed`,
    );
    expect(rows).toEqual([
      { removed: 0, names: 63_542, absent: 12_339, present: 63_542 - 12_339 },
      { removed: 1, names: 160_347, absent: 160_347, present: 0 },
    ]);
  });

  test('547 weak definitions lost their names, and 3,976 parts belong to functions', () => {
    expect(
      kernel().query(
        `SELECT (SELECT count(*) FROM body WHERE lifetime = 3) AS discarded,
           (SELECT count(*) FROM symbols WHERE role = 'fragment') AS fragments`,
      ),
    ).toEqual([{ discarded: 547, fragments: 3976 }]);
  });
}
