import { createHash } from 'node:crypto';
import { Open } from '../../src/graph/open-ends.js';
import { SymbolFlags } from '../../src/graph/unit-graph.js';
import { bodiesNamed, isStuck, State } from '../../src/graph/unit-symbols.js';
import type { UnitAnswer } from '../../src/reach/answer.js';
import type { CodeGraph } from '../../src/reach/code-graph.js';
import { FOLD_EDGE, walk } from '../../src/reach/entries.js';
import type { PatchSets, Verdict } from '../../src/reach/patch-set.js';
import { sweep } from '../../src/reach/sweep.js';
import type { UnitCode } from '../../src/reach/unit-code.js';
import { Role } from '../../src/symbols/bodies.js';
import type { Corpus } from './corpus.js';

/** The columns of the truth about patch sets, which an independent model of the definition made. */
export const COLUMNS = [
  'patch',
  'clone',
  'blocked',
  'init',
  'discarded',
  'gone',
  'open',
  'dead',
  'verdict',
  'complete',
] as const;

type Column = (typeof COLUMNS)[number];

/** One function's answer as the truth writes it. */
export type TruthRow = Readonly<Record<Column, string>>;

/** The rows of a file of the truth, a comment or header line left out. */
export function truthLines(corpus: Corpus, name: string): string[][] {
  return corpus
    .file(`truth/${name}`)
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'));
}

/** What is known of a function's answer, however it was asked for. */
interface Answer {
  readonly members: Iterable<number>;
  /** Ids of names. */
  readonly gone: Iterable<number>;
  readonly verdict: Verdict;
}

/** Writes answers as the truth does. */
export class TruthWriter {
  readonly #sets: PatchSets;
  readonly #names: ReadonlyMap<number, string>;
  readonly #labels: BodyLabels;

  /** @param names texts by their ids */
  constructor(sets: PatchSets, names: ReadonlyMap<number, string>) {
    this.#sets = sets;
    this.#names = names;
    this.#labels = new BodyLabels(sets, names);
  }

  /** Of every function of the units that are wanted, by the sweep. */
  *swept(
    wanted: (unit: UnitCode) => boolean,
  ): Generator<{ unit: string; name: string; row: TruthRow; byFolding: boolean }> {
    for (const { unit, functions } of sweep(this.#sets)) {
      if (!wanted(unit)) continue;
      for (const swept of functions) {
        yield {
          unit: unit.row.path,
          name: this.#names.get(swept.name)!,
          row: this.row(unit, swept),
          byFolding: isByFolding(this.#sets.graph, unit, swept.name),
        };
      }
    }
  }

  /** Of the answer to a question. */
  asked({ unit, members, verdict }: UnitAnswer, nameId: (name: string) => number): TruthRow {
    const { graph } = this.#sets;
    const [gone, emitted] = [true, false].map((is) => members.filter((one) => (one.class === 'gone') === is));
    return this.row(graph.unit(unit.id), {
      members: emitted!.flatMap((member) => bodiesNamed(graph.unit(member.unit.id), nameId(member.name))),
      gone: gone!.map(({ name }) => nameId(name)),
      verdict,
    });
  }

  row(unit: UnitCode, { members, gone, verdict }: Answer): TruthRow {
    const sets = this.#sets;
    const lists: Record<Exclude<Column, 'verdict' | 'complete'>, string[]> = {
      patch: [],
      clone: [],
      blocked: [],
      init: [],
      discarded: [],
      gone: Array.from(gone, (name) => this.#names.get(name)!),
      open: [],
      dead: [],
    };
    for (const body of members) {
      const label = this.#labels.of(body, unit);
      const state = sets.graph.state(body);
      lists[classOf(state)].push(label);
      if (!isStuck(state)) continue;
      const open = sets.openEnds(body);
      if (open !== 0) lists.open.push(`${label}=${reasonsOf(open)}`);
      if (sets.isDeadEnd(body)) lists.dead.push(label);
    }
    const cells = Object.fromEntries(Object.entries(lists).map(([column, list]) => [column, listed(list)]));
    const complete = lists.open.length === 0 ? '1' : '0';
    return { ...(cells as Record<keyof typeof lists, string>), verdict, complete };
  }
}

function classOf(state: number): 'patch' | 'clone' | 'blocked' | 'init' | 'discarded' {
  if (state === State.redirectable) return 'patch';
  if (state === State.init) return 'init';
  if (state === State.discarded) return 'discarded';
  if (!isStuck(state)) throw new Error(`a member in state ${state}`);
  return state === State.clone ? 'clone' : 'blocked';
}

function reasonsOf(open: number): string {
  return (
    [
      [Open.address, 'address'],
      [Open.nodumpCaller, 'nodump-caller'],
      [Open.callersUnknown, 'callers-unknown'],
    ] as const
  )
    .filter(([bit]) => (open & bit) !== 0)
    .map(([, reason]) => reason)
    .sort()
    .join('+');
}

/** Whether folding adds to an answer: the truth's model knows nothing of it. */
export function isByFolding(graph: CodeGraph, unit: UnitCode, name: number): boolean {
  if (unit.folded.length === 0) return false;
  return walk(graph, unit, name, 'conservative', 'affected').edges.includes(FOLD_EDGE);
}

/** A list as a cell: sorted, each once; of a long one its length and a hash. */
function listed(items: readonly string[]): string {
  const sorted = [...new Set(items)].sort();
  const text = sorted.join(',');
  if (sorted.length <= 200) return text;
  return `#${sorted.length} sha1:${createHash('sha1').update(text).digest('hex')}`;
}

/** A cell of the truth, with what a member is open for in one order. */
export function normalCell(column: Column, cell: string): string {
  if (cell.startsWith('#')) return cell;
  const items = cell.split(',');
  if (column !== 'open') return items.sort().join(',');
  return items
    .map((item) => item.replace(/=(.*)$/, (_, reasons: string) => `=${reasons.split('+').sort().join('+')}`))
    .sort()
    .join(',');
}

/** Bodies as the truth names them: by the first name that is no clone's, one that lost passed over. */
export class BodyLabels {
  readonly #sets: PatchSets;
  readonly #names: ReadonlyMap<number, string>;
  readonly #known = new Map<number, string>();

  constructor(sets: PatchSets, names: ReadonlyMap<number, string>) {
    this.#sets = sets;
    this.#names = names;
  }

  /** `name`, or `unit:name` of a body of another unit. */
  of(body: number, unit: UnitCode): string {
    const own = this.#sets.graph.unitOf(body);
    return own === unit ? this.name(body) : `${own.row.path}:${this.name(body)}`;
  }

  name(body: number): string {
    let label = this.#known.get(body);
    if (label === undefined) {
      label = this.#choose(body);
      this.#known.set(body, label);
    }
    return label;
  }

  #choose(body: number): string {
    const { graph } = this.#sets;
    const { symbolName, symbolFlags } = graph.unitOf(body);
    const names = graph.symbolsOf(body).map((symbol) => ({
      name: this.#names.get(symbolName[symbol]!)!,
      rank: rank(symbolFlags[symbol]!),
    }));
    names.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
    return names[0]!.name;
  }
}

function rank(flags: number): number {
  if (SymbolFlags.isLost(flags)) return 2;
  return SymbolFlags.role(flags) === Role.clone ? 1 : 0;
}
