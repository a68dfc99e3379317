import type { CompiledUnit } from './compile.js';
import { type Body, readTruth, type Truth } from './oracle.js';

/** One line of a dump that says that code went somewhere. */
export interface Copy {
  readonly from: DumpNode;
  readonly to: DumpNode;
  readonly kind: string;
}

/** A node of the compiler's call graph. Its name can change on the way: ORDER is what stays. */
export interface DumpNode {
  readonly order: string;
  readonly names: Set<string>;
}

/** A function of the `.ci` file, as it was emitted. */
interface EmittedFunction {
  readonly symbol: string;
  /** The name in C, or the one that a clone had before GCC gave it another. */
  readonly label: string;
}

/** GCC's word that two functions are equal: from then on `kept` is called in the place of `folded`. */
interface Hit {
  readonly kept: DumpNode;
  readonly folded: DumpNode;
}

const INLINING = 'inlining to';
/** The symbol of such a clone is `_ZGV...f` (the vector function ABI); the `.ci` has both names. */
const SIMD_CLONE = /\.simdclone\.\d+$/;

/**
 * What a unit's dump says by the definitions, as plainly as it can be said and with none of the code under test. Only
 * the object is read with its ELF reader.
 */
export class NaiveUnit {
  readonly name: string;
  readonly truth: Truth;
  /** In the dump's order. */
  readonly copies: Copy[] = [];
  readonly nodes = new Map<string, DumpNode>();
  readonly emitted: EmittedFunction[] = [];
  /** Callers and callees by symbol; `unnamed` where the call has no place in a source. */
  readonly calls: { readonly caller: string; readonly callee: string; readonly unnamed: boolean }[] = [];
  readonly hits: Hit[] = [];
  readonly #bodies = new Map<DumpNode, ReadonlySet<Body>>();
  readonly #cloneNames = new Set<string>();

  constructor(compiled: CompiledUnit) {
    this.name = compiled.unit;
    this.truth = readTruth(compiled.object, compiled.unit);
    this.#readDump(compiled.dump);
    this.#readCalls(compiled.calls);
    this.#readHits(compiled.folding);
  }

  /**
   * Every node that code of the symbol's function came to. One pass over the records respects their order.
   *
   * @param folding whether to respect what identical code folding merged
   */
  affected(symbol: string, folding = true): ReadonlySet<DumpNode> {
    const reached = new Set<DumpNode>();
    const reach = (nodes: readonly DumpNode[]) => {
      for (const node of nodes) {
        if (reached.has(node)) continue;
        reached.add(node);
        reach(this.#sameBody(node));
        if (folding) reach(this.hits.filter(({ folded }) => folded === node).map(({ kept }) => kept));
      }
    };
    reach(this.nodesNamed(symbol));
    for (const { from, to } of this.copies) if (reached.has(from)) reach([to]);
    return reached;
  }

  /** The bodies that hold code of the symbol's function, by what the dump says. */
  affectedBodies(symbol: string, folding = true): ReadonlySet<Body> {
    const nodes = [...this.affected(symbol, folding)];
    return new Set([...this.bodiesOfName(symbol), ...nodes.flatMap((node) => [...this.bodiesOf(node)])]);
  }

  nodesNamed(symbol: string): DumpNode[] {
    const names = new Set([symbol, ...this.bodiesOfName(symbol).flatMap((body) => body.names)]);
    return [...this.nodes.values()].filter((node) => [...node.names].some((name) => names.has(name)));
  }

  bodiesOf(node: DumpNode): ReadonlySet<Body> {
    const known = this.#bodies.get(node);
    if (known !== undefined) return known;
    const bodies = new Set([...node.names].flatMap((name) => this.bodiesOfName(name)));
    this.#bodies.set(node, bodies);
    return bodies;
  }

  /** Where the code is that a dump's name, or a question, means. */
  bodiesOfName(name: string): readonly Body[] {
    const { bodyOf } = this.truth;
    const own = bodyOf.get(name);
    if (own === undefined) {
      if (!SIMD_CLONE.test(name)) return [];
      return this.emitted.flatMap(({ label, symbol }) => (label === name ? (bodyOf.get(symbol) ?? []) : []));
    }
    if (!own.isResolver) return [own];
    return [...bodyOf].flatMap(([other, body]) => (isDefaultOf(name, other) ? [body] : []));
  }

  /** The bodies that a call of this name can reach: of a name that a resolver decides, every version. */
  calledBodies(name: string): readonly Body[] {
    const own = this.truth.bodyOf.get(name);
    if (own === undefined || !own.isResolver) return own === undefined ? [] : [own];
    const nodes = this.nodesNamed(name);
    const versions = this.copies.filter(({ from, to }) => nodes.includes(from) && isVersionOf(name, to));
    return [...this.bodiesOfName(name), ...versions.flatMap(({ to }) => [...this.bodiesOf(to)])];
  }

  isClone(body: Body): boolean {
    return body.names.every((name) => this.#cloneNames.has(name) || name.startsWith('_ZGV'));
  }

  #sameBody(node: DumpNode): DumpNode[] {
    return [...this.bodiesOf(node)].flatMap((body) => body.names.flatMap((name) => this.nodesNamed(name)));
  }

  #readDump(text: string): void {
    for (const line of text.split('\n')) {
      const fields = line.split(';');
      if (fields[0] === 'Callgraph removal') this.#node(fields[1]!, fields[2]!);
      if (fields[0] !== 'Callgraph clone') continue;
      if (fields.length !== 12) throw new Error(`not a record of 12 fields: ${line}`);
      const from = this.#node(fields[1]!, fields[2]!);
      const to = this.#node(fields[6]!, fields[7]!);
      const kind = fields[11]!;
      this.copies.push({ from, to, kind });
      if (kind !== INLINING && fields[1] !== fields[6]) this.#cloneNames.add(plain(fields[6]!));
    }
  }

  #node(name: string, order: string): DumpNode {
    const node = this.nodes.get(order) ?? { order, names: new Set() };
    node.names.add(plain(name));
    this.nodes.set(order, node);
    return node;
  }

  #readCalls(text: string): void {
    for (const [, title, label] of text.matchAll(/^node: \{ title: "([^"]*)" label: "(.*?)\\n.*" \}$/gm)) {
      this.emitted.push({ symbol: symbolOf(title!), label: plain(label!) });
    }
    for (const [line, from, to] of text.matchAll(
      /^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)".*/gm,
    )) {
      this.calls.push({
        caller: symbolOf(from!),
        callee: symbolOf(to!),
        unnamed: !line.includes('" label: "'),
      });
    }
  }

  /**
   * A hit is a candidate: GCC may still leave both as they are. What was folded may have no other record and no symbol;
   * then the hit alone knows its name. The line before this one has the names in C.
   */
  #readHits(text: string): void {
    for (const [, kept, keptOrder, folded, foldedOrder] of text.matchAll(
      /Assembler symbol names:(\S+)\/(\d+)->(\S+)\/(\d+)$/gm,
    )) {
      const hit = { kept: this.#node(kept!, keptOrder!), folded: this.#node(folded!, foldedOrder!) };
      if (this.#isFolded(hit.kept, hit.folded)) this.hits.push(hit);
    }
  }

  #isFolded(kept: DumpNode, folded: DumpNode): boolean {
    const bodies = this.bodiesOf(folded);
    if (bodies.size === 0) return true;
    if ([...this.bodiesOf(kept)].some((body) => bodies.has(body))) return true;
    // What is left of it is a call of the other, which may have been specialised before it was inlined.
    const family = this.#withClones(kept);
    return (
      this.copies.some(({ from, to, kind }) => family.has(from) && to === folded && kind === INLINING) ||
      [...bodies].every((body) => this.#onlyJumpsTo(body, family))
    );
  }

  /** Whether a body is only there to jump to the function that it was folded into. */
  isWrapper(body: Body): boolean {
    return this.hits.some(
      ({ kept, folded }) =>
        this.bodiesOf(folded).has(body) && this.#onlyJumpsTo(body, this.#withClones(kept)),
    );
  }

  #withClones(node: DumpNode): ReadonlySet<DumpNode> {
    const family = new Set([node]);
    for (const { from, to, kind } of this.copies) if (kind !== INLINING && family.has(from)) family.add(to);
    return family;
  }

  #onlyJumpsTo(body: Body, targets: ReadonlySet<DumpNode>): boolean {
    const calls = this.calls.filter(({ caller }) => body.names.includes(caller));
    // By any name: `f.localalias` is f.
    const entries = new Set([...targets].flatMap((node) => [...this.bodiesOf(node)]));
    const isTarget = (name: string) => this.calledBodies(name).some((callee) => entries.has(callee));
    return calls.length > 0 && calls.every(({ callee, unnamed }) => unnamed && isTarget(callee));
  }
}

/** `*name` is a name that an asm label gives. */
function plain(name: string): string {
  return name.replace(/^\*/, '');
}

/** `file:name` for a local function, `name` for others. */
function symbolOf(title: string): string {
  return plain(title.slice(title.lastIndexOf(':') + 1));
}

/** `f.default` is what f becomes with target_clones; GCC 11 adds a number. */
function isDefaultOf(name: string, other: string): boolean {
  return other.startsWith(`${name}.default`) && /^(?:\.\d+)?$/.test(other.slice(name.length + 8));
}

/** A version is named as a clone is, but none of those takes part in the choice of a version. */
function isVersionOf(name: string, node: DumpNode): boolean {
  return [...node.names].some(
    (other) => other.startsWith(`${name}.`) && !/\.(?:constprop|isra|part|simdclone)\.\d+$/.test(other),
  );
}
