import type { Signature } from './program.js';
import type { Random } from './random.js';

/** What a body may call. */
export interface Callee {
  readonly name: string;
  readonly signature: Signature;
}

export interface BodyPlan {
  readonly signature: Signature;
  readonly weight: 'small' | 'medium' | 'large';
  readonly callees: readonly Callee[];
  /** An array of functions to call through. */
  readonly table: string | undefined;
  readonly marked: boolean;
  readonly decidable: boolean;
  readonly recursive: boolean;
}

/** Stands in a body for the function's own name. */
export const SELF = '@SELF@';
const IN = 'IN(@ID@);';
const OUT = 'OUT(@ID@);';

/** The lines of a function's body. Its own name and its marker's number are put in by `fill`. */
export function makeBody(random: Random, plan: BodyPlan): string[] {
  return new BodyWriter(random, plan).write();
}

export function fill(lines: readonly string[], name: string, id: number | undefined): string[] {
  return lines.map((line) => line.replaceAll(SELF, name).replaceAll('@ID@', String(id ?? 0)));
}

class BodyWriter {
  readonly #lines: string[] = [];

  constructor(
    readonly random: Random,
    readonly plan: BodyPlan,
  ) {}

  write(): string[] {
    const { plan, random } = this;
    this.#begin();
    if (plan.signature !== 'noreturn' && random.chance(30)) this.#guard();
    if (random.chance(25)) this.#switch();
    this.#work();
    for (const callee of plan.callees) {
      this.#call(callee.name, callee.signature);
      if (random.chance(50)) this.#arithmetic();
    }
    if (plan.recursive) this.#add(`if (${this.#knob()} > x) r += ${this.#expression(SELF, plan.signature)};`);
    if (plan.table !== undefined) this.#add(`r += ${plan.table}[${this.#knob()} & 3](r, ${this.#number()});`);
    this.#end();
    return this.#lines;
  }

  #begin(): void {
    const { signature } = this.plan;
    if (signature === 'pair') this.#add('int x = p->a, r = p->b;');
    else if (signature === 'variadic') this.#add('int r = 0, k = x;');
    else this.#add(`int r = ${this.random.chance(70) ? 'k' : this.#number()};`);
    this.#mark(IN);
    if (signature === 'variadic') {
      this.#add('va_list list;', 'va_start(list, x);', 'r += va_arg(list, int) * x;', 'va_end(list);');
    }
  }

  /** What makes partial inlining worth while: a cheap way out, taken nearly always. */
  #guard(): void {
    const condition = this.plan.decidable && this.random.chance(50) ? 'k != 1' : `${this.#knob()} < x`;
    this.#add(`if (__builtin_expect(${condition}, 1)) {`);
    this.#mark(OUT);
    this.#add(`return ${this.#number()};`, '}');
  }

  /** What makes a copy for a constant argument worth while. */
  #switch(): void {
    this.#add('switch (k) {');
    for (let value = 0; value < 5; value++) {
      this.#add(`case ${value}:`, `r = r * ${this.#number()} + ${this.#knob()};`);
      if (this.random.chance(30)) this.#add(`r ^= r >> ${this.#number()};`);
      const [callee] = this.plan.callees;
      if (this.plan.decidable && callee !== undefined && this.random.chance(30)) {
        this.#call(callee.name, callee.signature);
      }
      this.#add('break;');
    }
    this.#add('}');
  }

  #work(): void {
    const lines = { small: 1, medium: this.random.between(3, 7), large: this.random.between(12, 24) };
    for (let i = 0; i < lines[this.plan.weight]; i++) this.#arithmetic();
  }

  #arithmetic(): void {
    const number = this.#number();
    this.#add(
      this.random.pick([
        `r = (r << ${number}) ^ (r >> 5);`,
        `r += x * ${number};`,
        `r ^= ${this.#knob()};`,
        `r -= k + ${number};`,
        `${this.#knob()} = r;`,
        `r += external(r);`,
      ]),
    );
  }

  #call(name: string, signature: Signature): void {
    if (signature === 'noreturn') {
      this.#add(`if (__builtin_expect(${this.#knob()} == 77, 0)) ${name}(r, ${this.#number()});`);
      return;
    }
    const call = this.#expression(name, signature);
    const condition = this.plan.decidable && this.random.chance(50) ? 'k == 2' : `${this.#knob()} > r`;
    this.#add(
      this.random.weighted({
        [`r += ${call};`]: 5,
        [`${call};`]: 2,
        [`if (${condition}) r ^= ${call};`]: 3,
        [`for (int i = 0; i < ${this.#knob()}; i++) r += ${call};`]: 1,
        [`r += ${call} - ${call};`]: 1,
      }),
    );
  }

  #expression(name: string, signature: Signature): string {
    const { random } = this;
    const x = random.pick(['x', 'r', `x + ${this.#number()}`, `${this.#knob()}`, '3']);
    const k = random.weighted({ [`${random.below(5)}`]: 6, '2': 3, k: 2, 'r & 3': 2 });
    if (signature === 'variadic') return `${name}(2, ${x}, ${k})`;
    if (signature === 'scalar') return `${name}(${x}, ${k})`;
    return this.plan.signature === 'pair' && random.chance(40)
      ? `${name}(p, ${k})`
      : `${name}(&(struct pair){ ${x}, r }, ${k})`;
  }

  #end(): void {
    const { plan, random } = this;
    if (plan.signature === 'noreturn') {
      this.#mark(OUT);
      this.#add('stop(r);');
      return;
    }
    const last = plan.callees.at(-1);
    if (last !== undefined && last.signature === 'scalar' && random.chance(25)) {
      this.#mark(OUT);
      this.#add(`return ${last.name}(r, ${this.#number()});`);
      return;
    }
    if (random.chance(25)) {
      this.#add(`if (${this.#knob()} == r) {`);
      this.#mark(OUT);
      this.#add('return x;', '}');
    }
    this.#mark(OUT);
    this.#add('return r;');
  }

  #mark(mark: string): void {
    if (this.plan.marked) this.#add(mark);
  }

  #knob(): string {
    return `knob[${this.random.below(16)}]`;
  }

  #number(): number {
    return this.random.between(1, 7);
  }

  #add(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }
}
