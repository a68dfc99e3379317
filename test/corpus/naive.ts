import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isStuck, State } from '../../src/graph/unit-symbols.js';
import { CALL_EDGE, closeOver, walk } from '../../src/reach/entries.js';
import { sweep } from '../../src/reach/sweep.js';
import type { UnitCode } from '../../src/reach/unit-code.js';
import { type NaiveReach, readNaively } from '../helpers/naive-model.js';
import { isByFolding } from '../helpers/truth.js';
import { type Kernel, MINUTE } from './kernel.js';

/** Where bodies are in their objects, as the model says it. */
class Places {
  readonly #kernel: Kernel;
  #unit: UnitCode | undefined;
  #places: string[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  of(unit: UnitCode, bodies: Iterable<number>): string[] {
    if (this.#unit !== unit) {
      this.#unit = unit;
      this.#places = this.#kernel
        .query(`SELECT section_index, value FROM body WHERE unit = ${unit.row.id} ORDER BY id`)
        .map((row) => `${row['section_index']}:${row['value']}`);
    }
    return Array.from(bodies, (body) => this.#places[body - unit.base]!).sort();
  }
}

function conservative({ sets, names }: Kernel, places: Places, unit: UnitCode, name: number): NaiveReach {
  const { entries } = closeOver(sets, walk(sets.graph, unit, name, 'conservative', 'affected'));
  const targets = [...entries.targets].filter((_, place) => entries.edge(place) !== CALL_EDGE);
  return {
    bodies: places.of(
      unit,
      targets.filter((target) => target >= 0),
    ),
    gone: targets
      .filter((target) => target < 0)
      .map((target) => names.get(-1 - target)!)
      .sort(),
  };
}

const inWords = ({ bodies, gone }: NaiveReach) => `${bodies.join(' ')}\t${gone.join(' ')}`;

export function naiveTests(kernel: () => Kernel): void {
  const full = process.env['KLP_REACH_FULL'] === '1';

  test('code goes where the definition says, for every function of a third of the kernel', {
    timeout: 10 * MINUTE,
  }, () => {
    const { sets, names, index, units, files } = kernel();
    const chosen = [...units.keys()]
      .filter((path) => index.unit(units.get(path)!).object === 'read')
      .sort()
      .filter((_, at) => full || at % 3 === 0);
    const naive = readNaively(files.directory, chosen);
    const places = new Places(kernel());
    const wrong: string[] = [];
    let [compared, alsoConservative, byFolding] = [0, 0, 0];
    for (const { unit, functions } of sweep(sets)) {
      const model = naive.get(unit.row.path);
      if (!model) continue;
      const left = new Set(model.functions);
      for (const { name, bodies, gone } of functions) {
        const text = names.get(name)!;
        // Names that only a linker script gives are no object's; some that were folded are nobody's.
        const isKnown = left.delete(text) || unit.folded.includes(name);
        if (!isKnown && !isScripted(kernel(), unit, text))
          wrong.push(`${unit.row.path} ${text}: what is it?`);
        compared++;
        if (isByFolding(sets.graph, unit, name)) {
          byFolding++;
          continue;
        }
        const said = { bodies: places.of(unit, bodies), gone: gone.map((each) => names.get(each)!).sort() };
        check(unit, text, 'ordered', said);
        if (chosen.indexOf(unit.row.path) % 10 !== 0) continue;
        check(unit, text, 'conservative', conservative(kernel(), places, unit, name));
        alsoConservative++;
      }
      wrong.push(...[...left].map((text) => `${unit.row.path} ${text}: not in the sweep`));
    }
    function check(unit: UnitCode, text: string, mode: 'ordered' | 'conservative', said: NaiveReach) {
      const model = naive.get(unit.row.path)!;
      if (!model.functions.has(text)) return;
      const wanted = inWords(model.affected(text, mode));
      if (inWords(said) !== wanted) {
        wrong.push(`${mode} ${unit.row.path} ${text}: ${inWords(said)}\n  by the definition: ${wanted}`);
      }
    }
    console.log(
      `reach compared with the definition: ${compared} functions of ${chosen.length} units ` +
        `(${full ? 'all' : 'every third; all with KLP_REACH_FULL=1'}), ${alsoConservative} without the order too; ` +
        `${byFolding} whose code was folded, which the model knows nothing of`,
    );
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(70_000);
    expect(byFolding).toBeLessThan(2000);
    if (full) expect(compared).toBe(223_598);
  });

  test('what is to be replaced is in the linked object, and not where start-up code is freed', {
    timeout: 3 * MINUTE,
  }, () => {
    const { sets, names, files } = kernel();
    const { graph } = sets;
    graph.loadAll();
    const linked = linkedFunctions(files.directory);
    const [start, end] = ['_sinittext', '_einittext'].map((name) => addressOf(kernel(), name));
    const addresses = addressesOf(kernel());
    const wrong: string[] = [];
    const reasons: Record<string, number> = {};
    for (const id of graph.unitIds()) {
      const unit = graph.unit(id);
      for (let body = unit.base; body < unit.base + unit.bodyCount; body++) {
        const state = graph.state(body);
        if (isStuck(state)) reasons[REASON[state]!] = (reasons[REASON[state]!] ?? 0) + 1;
        if (state !== State.redirectable) continue;
        const own = graph.symbolsOf(body).map((symbol) => names.get(unit.symbolName[symbol]!)!);
        for (const image of unit.row.images) {
          if (!own.some((name) => linked.get(image)!.has(name)))
            wrong.push(`${unit.row.path} ${own}: not in ${image}`);
        }
        const address = addresses.get(`${unit.row.id} ${own[0]}`);
        if (address !== undefined && address >= start! && address < end!)
          wrong.push(`${unit.row.path} ${own}: is init`);
      }
    }
    console.log(`bodies that cannot be redirected: ${JSON.stringify(reasons)}`);
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(Object.keys(reasons).sort()).toEqual(['clone', 'moduleExit', 'noSite', 'outOfReach']);
  });
}

const REASON: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(State).map(([name, state]) => [state, name]),
);

function isScripted(kernel: Kernel, unit: UnitCode, name: string): boolean {
  const rows = kernel.query(
    `SELECT 1 FROM symbols WHERE unit = '${unit.row.path}' AND name = '${name}' AND role = 'linker script'`,
  );
  return rows.length > 0;
}

function addressOf(kernel: Kernel, name: string): string {
  const [row] = kernel.query(
    `SELECT address FROM image_symbols WHERE object = 'vmlinux' AND name = '${name}'`,
  );
  return row!['address'] as string;
}

/** `UNIT NAME` -> address in vmlinux. */
function addressesOf(kernel: Kernel): Map<string, string> {
  const rows = kernel.query(
    `SELECT s.unit AS id, t.text AS name, printf('%016x', s.address) AS address
     FROM image_symbol s JOIN image i ON i.id = s.image JOIN name t ON t.id = s.name
     WHERE i.name = 'vmlinux' AND s.unit IS NOT NULL`,
  );
  return new Map(rows.map(({ id, name, address }) => [`${id} ${name}`, address as string]));
}

/** Object -> the functions that nm finds in it. */
function linkedFunctions(directory: string): Map<string, Set<string>> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const images = ['vmlinux', ...files.filter((file) => file.endsWith('.ko'))];
  return new Map(
    images.map((file) => {
      const said = execFileSync('nm', ['-f', 'posix', '--defined-only', join(directory, file)], {
        encoding: 'latin1',
        maxBuffer: 1 << 30,
      });
      const functions = [...said.matchAll(/^(\S+) [tTwWi] /gm)].map((match) => match[1]!);
      return [file.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_'), new Set(functions)];
    }),
  );
}
