import { expect, test } from 'vitest';
import type { Corpus } from '../helpers/corpus.js';
import { truthLines } from '../helpers/truth.js';
import type { Kernel } from './kernel.js';

/** Functions that GCC folded into equal ones before inlining: DWARF's call places against the sources show where they are. */
export function foldingTests(corpus: Corpus, kernel: () => Kernel): void {
  test('the code of a folded function is where the truth says', () => {
    const rows = truthLines(corpus, 'folded2.tsv') as [string, string, string, string][];
    expect(rows.length).toBeGreaterThanOrEqual(7);
    for (const [unit, folded, kept, host] of rows) {
      const members = kernel()
        .ask(folded, unit)
        .flatMap(({ units }) => units)
        .flatMap((answer) => answer.members);
      const names = members.flatMap(({ name, aliases }) => [name, ...aliases]);
      expect(names, `${unit} ${folded}, folded into ${kept}`).toContain(host);
      const inside = kernel().ask(host, unit, { direction: 'inlined' });
      const said = inside.flatMap(({ units }) => units).flatMap((answer) => answer.members);
      expect(said.map(({ name }) => name)).toContain(folded);
    }
  });

  test('where nothing tells of folding, its sign makes an answer incomplete', () => {
    const signs = kernel().query(
      `SELECT DISTINCT n.unit, n.name FROM nodes n JOIN units u ON u.path = n.unit
       WHERE u.folding = 'missing' AND u.object = 'read' AND n.name = 'xfrm6_ah_rcv.part.0'`,
    );
    for (const { unit } of signs) {
      const [answer] = kernel().ask('xfrm6_ah_rcv', unit as string);
      expect(answer!.units[0]!.unknowns.map(({ code }) => code)).toContain('folding-unknown');
    }
    const codes = kernel()
      .ask('pick_dl_task')
      .flatMap(({ units }) => units.flatMap(({ unknowns }) => unknowns));
    expect(codes).toEqual([]);
  });
}
