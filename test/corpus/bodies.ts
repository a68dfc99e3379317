import { expect, test } from 'vitest';
import { isStuck, State } from '../../src/graph/unit-symbols.js';
import type { Corpus } from '../helpers/corpus.js';
import { BodyLabels, truthLines } from '../helpers/truth.js';
import { type Kernel, MINUTE } from './kernel.js';

function classOf(state: number): string {
  if (state === State.redirectable) return 'patch';
  if (state === State.init) return 'init';
  return isStuck(state) ? 'stuck' : `state ${state}`;
}

/** Bodies of several names in the truth's columns: unit, place, class, how it is written, names. */
function bodiesOf({ sets, names, query }: Pick<Kernel, 'sets' | 'names' | 'query'>): string[] {
  const { graph } = sets;
  const labels = new BodyLabels(sets, names);
  const several = query(`
    SELECT u.id AS unit, u.path, y.id, sec.text AS section, y.value, group_concat(t.text, ' ') AS names
    FROM body y JOIN unit u ON u.id = y.unit JOIN name sec ON sec.id = y.section
    JOIN symbol s ON s.unit = y.unit AND s.body = y.id JOIN name t ON t.id = s.name
    GROUP BY y.unit, y.id HAVING count(DISTINCT s.name) > 1`);
  return several.map((row) => {
    const body = graph.unit(row['unit'] as number).base + (row['id'] as number);
    const place = `${row['section']}+0x${(row['value'] as number).toString(16)}`;
    const own = [...new Set((row['names'] as string).split(' '))].sort().join(',');
    return [row['path'], place, classOf(graph.state(body)), labels.name(body), own].join('\t');
  });
}

export function bodyTests(corpus: Corpus, kernel: () => Kernel): void {
  test('the bodies of several names are those of the truth', { timeout: MINUTE }, () => {
    const wanted = truthLines(corpus, 'bodies.tsv.zst').map((cells) => cells.join('\t'));
    const { sets, names } = kernel();
    expect(bodiesOf({ sets, names, query: (sql) => kernel().query(sql) }).sort()).toEqual(wanted.sort());
    expect(wanted).toHaveLength(145);
  });
}
