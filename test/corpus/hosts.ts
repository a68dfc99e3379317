import { expect, test } from 'vitest';
import { CALL_EDGE, closeOver, walk } from '../../src/reach/entries.js';
import type { WalkMode } from '../../src/reach/walk.js';
import type { Corpus } from '../helpers/corpus.js';
import { truthLines } from '../helpers/truth.js';
import { type Kernel, MINUTE } from './kernel.js';

/** The names of all bodies that a function's code went to, in its own unit; callers that stand in for them are none. */
function hostsOf(
  { sets, names, index, units }: Kernel,
  path: string,
  name: string,
  mode: WalkMode,
): Set<string> {
  const { graph } = sets;
  const unit = graph.unit(units.get(path)!);
  const { entries } = closeOver(sets, walk(graph, unit, index.nameId(name)!, mode, 'affected'));
  const hosts = new Set<string>();
  entries.targets.forEach((target, place) => {
    if (target < 0 || entries.edge(place) === CALL_EDGE) return;
    for (const symbol of graph.symbolsOf(target)) hosts.add(names.get(unit.symbolName[symbol]!)!);
  });
  return hosts;
}

export function hostTests(corpus: Corpus, kernel: () => Kernel): void {
  const modes: readonly WalkMode[] = ['ordered', 'conservative'];
  test.each(modes)(
    'every host that the compiler’s own debug information proves is found, %s',
    {
      timeout: 5 * MINUTE,
    },
    (mode) => {
      const rows = truthLines(corpus, 'inlined2.tsv.zst');
      const missed: string[] = [];
      let key = '';
      let found = new Set<string>();
      for (const [unit, name, place, hosts] of rows as [string, string, string, string, string][]) {
        if (key !== `${unit} ${name}`) {
          key = `${unit} ${name}`;
          found = hostsOf(kernel(), unit, name, mode);
        }
        if (!hosts.split(',').some((host) => found.has(host))) missed.push(`${key} (${place}) -> ${hosts}`);
      }
      console.log(`hosts found, ${mode}: ${rows.length - missed.length} of ${rows.length}`);
      expect(missed).toEqual([]);
      expect(rows).toHaveLength(54_438);
    },
  );
}
