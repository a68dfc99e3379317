import type { Body } from './oracle.js';
import type { Program, SourceFunction } from './program.js';

/** Which functions call which in the source, however far down. */
export class SourceCalls {
  readonly #callees = new Map<string, Set<string>>();

  constructor(readonly program: Program) {}

  /** Whether the source of a body calls the function, or is it. */
  leadsTo(body: Body, target: SourceFunction): boolean {
    return body.names.some((name) =>
      this.program.functions.some(
        (one) => isSourceOf(one, name) && (one.name === target.name || this.#closure(one).has(target.name)),
      ),
    );
  }

  #closure({ name }: SourceFunction): ReadonlySet<string> {
    const known = this.#callees.get(name);
    if (known !== undefined) return known;
    const reached = new Set<string>([name]);
    for (const one of reached) {
      for (const { calls } of this.#named(one)) for (const callee of calls) reached.add(callee);
    }
    this.#callees.set(name, reached);
    return reached;
  }

  /** By an alias too. */
  #named(name: string): SourceFunction[] {
    return this.program.functions.filter(
      (one) => one.name === name || one.aliases.some((alias) => alias.name === name),
    );
  }
}

/** A clone's symbol begins with its function's, and a SIMD clone's ends with it. */
function isSourceOf({ symbol, aliases }: SourceFunction, name: string): boolean {
  const plain = name.replace(/^_ZGV[a-z]+[NM]\d+[a-z0-9]*_/, '').replace(/\..*$/, '');
  return plain === symbol || aliases.some((alias) => alias.name === plain);
}
