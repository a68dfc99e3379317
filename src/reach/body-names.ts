import { ascendingOnce } from '../graph/ascending-once.js';
import { SymbolFlags } from '../graph/unit-graph.js';
import { findName } from '../graph/unit-symbols.js';
import type { IndexReader } from '../index/reader.js';
import { Role } from '../symbols/bodies.js';
import type { CodeGraph } from './code-graph.js';

/** Decides by which of its names a body is written out, and has the texts of names. */
export class BodyNames {
  readonly #graph: CodeGraph;
  readonly #index: IndexReader;
  readonly #targets: Int32Array;
  readonly #texts: Texts;
  /** Of names without a body, read when the first is asked for: most answers only count them. */
  #textsOfGone: Texts | undefined;
  readonly #asked: number;
  /** Of bodies with several names: ids, the one that it is written by first. */
  readonly #several = new Map<number, readonly number[]>();

  /** @param targets bodies, and names without one as `-1 - name` */
  constructor(index: IndexReader, graph: CodeGraph, asked: number, targets: Int32Array) {
    this.#graph = graph;
    this.#asked = asked;
    this.#index = index;
    this.#targets = targets;
    this.#texts = textsOf(index, namesOf(graph, targets));
  }

  text(name: number): string {
    const text = this.#texts.get(name);
    if (text !== undefined) return text;
    this.#textsOfGone ??= textsOf(
      this.#index,
      this.#targets.filter((target) => target < 0).map((target) => -1 - target),
    );
    return this.#textsOfGone.get(name)!;
  }

  /** The id of the name that a body is written by. */
  own(body: number): number {
    return this.#graph.onlyName(body) || this.#names(body)[0]!;
  }

  /** The flags of that name's symbol. */
  ownFlags(body: number): number {
    if (this.#graph.onlyName(body) !== 0) return this.#graph.onlyFlags(body);
    const { symbolName, symbolFlags } = this.#graph.unitOf(body);
    return symbolFlags[findName({ symbolName }, this.own(body))]!;
  }

  /** The ids of its other names, without those that lost, the better ones first. */
  others(body: number): readonly number[] {
    return this.#graph.onlyName(body) !== 0 ? [] : this.#names(body).slice(1);
  }

  /** The same, their texts, sorted. */
  aliases(body: number): readonly string[] {
    if (this.#graph.onlyName(body) !== 0) return NONE;
    return this.others(body)
      .map((name) => this.text(name))
      .sort();
  }

  isClone(body: number): boolean {
    if (this.#graph.onlyName(body) !== 0) {
      return SymbolFlags.role(this.#graph.onlyFlags(body)) === Role.clone;
    }
    const { symbolFlags } = this.#graph.unitOf(body);
    return this.#graph.symbolsOf(body).every((symbol) => {
      const role = SymbolFlags.role(symbolFlags[symbol]!);
      return role === Role.clone || role === Role.compilerName;
    });
  }

  /**
   * The one asked for if the image has it, else the first global name, never a clone's or a linker script's if there is
   * another, nor one that lost or that only the compiler has.
   */
  #names(body: number): readonly number[] {
    let names = this.#several.get(body);
    if (!names) {
      const { symbolName, symbolFlags } = this.#graph.unitOf(body);
      const all = this.#graph
        .symbolsOf(body)
        .map((symbol) => ({ name: symbolName[symbol]!, flags: symbolFlags[symbol]! }))
        .filter(({ flags }) => SymbolFlags.role(flags) !== Role.compilerName)
        .sort((a, b) => rank(a.flags) - rank(b.flags) || (this.text(a.name) < this.text(b.name) ? -1 : 1));
      const kept = all.filter(({ flags }) => !SymbolFlags.isLost(flags));
      const own = kept.find(({ name }) => name === this.#asked) ?? all[0]!;
      names = [...new Set([own.name, ...kept.map(({ name }) => name)])];
      this.#several.set(body, names);
    }
    return names;
  }
}

const NONE: readonly string[] = [];

interface Texts {
  get(name: number): string | undefined;
}

function textsOf(index: IndexReader, of: ArrayLike<number>): Texts {
  const names = ascendingOnce(of);
  const texts = index.members.texts(names);
  const [first = 0, last = -1] = [names[0], names.at(-1)];
  return last - first === names.length - 1
    ? new RunOfTexts(first, texts)
    : new Map(texts.map((text, at) => [names[at]!, text]));
}

/** Texts of names that follow each other: a map of a million takes half a second. */
class RunOfTexts implements Texts {
  readonly #first: number;
  readonly #texts: readonly string[];

  constructor(first: number, texts: readonly string[]) {
    this.#first = first;
    this.#texts = texts;
  }

  get(name: number): string | undefined {
    return this.#texts[name - this.#first];
  }
}

/** Every name of bodies. */
function namesOf(graph: CodeGraph, targets: Int32Array): number[] {
  const names: number[] = [];
  for (let at = 0; at < targets.length; at++) {
    const target = targets[at]!;
    if (target < 0) continue;
    const only = graph.onlyName(target);
    if (only !== 0) names.push(only);
    else for (const symbol of graph.symbolsOf(target)) names.push(graph.unitOf(target).symbolName[symbol]!);
  }
  return names;
}

/** The better name first. */
function rank(flags: number): number {
  if (SymbolFlags.isLost(flags)) return 4;
  const role = SymbolFlags.role(flags);
  if (role === Role.linkerScript) return 3;
  if (role === Role.clone) return 2;
  return SymbolFlags.isLocal(flags) ? 1 : 0;
}
