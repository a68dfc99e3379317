import { type Callee, fill, makeBody } from './body.js';
import {
  type Alias,
  HEADER,
  type Linkage,
  type Program,
  type Signature,
  type SourceFunction,
  type Trait,
} from './program.js';
import { Random } from './random.js';
import { type Table, writeHeader, writeUnit } from './write-c.js';

/**
 * Makes a program of one to three C units and a header: functions of many kinds that call each other, each with markers
 * at its entry and its exits. The same seed makes the same program.
 *
 * Conditions around calls depend on volatile variables, so that the compiler can delete no call that it has copied;
 * every fourth program (`decidable`) does without that.
 */
export function generate(seed: number): Program {
  return new Generator(seed).program();
}

/** Something that can be called in a unit. */
interface Known extends Callee {
  readonly init: boolean;
}

interface Wish {
  readonly file: string;
  readonly name: string;
  readonly linkage: Linkage;
  readonly signature: Signature;
  readonly traits: ReadonlySet<Trait>;
  readonly callees: readonly Callee[];
  readonly table?: string;
  readonly marked?: boolean;
}

const UNITS = ['a.c', 'b.c', 'c.c'];

class Generator {
  readonly #random: Random;
  readonly #decidable: boolean;
  readonly #units: readonly string[];
  readonly #functions: SourceFunction[] = [];
  /** What all units see: the header's functions, and global functions of other units. */
  readonly #shared: Known[] = [];
  /** Weak functions of earlier units that have no strong definition yet. */
  readonly #weak: SourceFunction[] = [];
  #ids = 0;
  #names = 0;

  constructor(readonly seed: number) {
    this.#random = new Random(seed);
    this.#decidable = seed % 4 === 3;
    this.#units = UNITS.slice(0, this.#random.between(1, UNITS.length));
  }

  program(): Program {
    const files: Record<string, string> = {};
    this.#header();
    for (const unit of this.#units) files[unit] = this.#unit(unit);
    files[HEADER] = writeHeader(this.#functions);
    return {
      seed: this.seed,
      decidable: this.#decidable,
      files,
      units: this.#units,
      functions: this.#functions,
    };
  }

  #header(): void {
    const random = this.#random;
    for (let i = random.between(3, 7); i > 0; i--) {
      const signature = random.weighted<Signature>({ scalar: 3, pair: 1, variadic: 0, noreturn: 0 });
      const traits = new Set<Trait>([random.pick<Trait>(['inline', 'inline', 'always_inline', 'noinline'])]);
      if (random.chance(10)) traits.add('notrace');
      this.#shared.push(this.#makeStatic(HEADER, 'h', signature, traits, this.#shared));
    }
    if (random.chance(40)) this.#shared.push(...this.#equal(HEADER, 'h', this.#shared));
    if (this.#units.length > 1 && random.chance(40)) this.#externInline();
  }

  /** A function whose body in the header is only for inlining; the last unit has the one that is called. */
  #externInline(): void {
    const name = this.#newName('gi');
    const wish = { name, signature: 'scalar', traits: new Set<Trait>(['inline']) } as const;
    const callees = this.#someOf(this.#shared, 1);
    this.#make({ ...wish, file: HEADER, linkage: 'extern inline', callees });
    this.#make({ ...wish, file: this.#units.at(-1)!, linkage: 'global', callees, traits: new Set() });
    this.#shared.push({ name, signature: 'scalar', init: false });
  }

  #unit(unit: string): string {
    const random = this.#random;
    const prefix = unit[0]!;
    const known: Known[] = [...this.#shared];
    const own: Known[] = [];
    const add = (one: Known) => {
      known.push(one);
      own.push(one);
    };
    this.#overrideWeak(unit, known);
    add(this.#noreturn(unit, prefix));
    for (let i = random.between(7, 16); i > 0; i--) {
      for (const one of this.#someFunctions(unit, prefix, known)) add(one);
    }
    this.#sameNamed(unit, known).forEach(add);
    const table = this.#table(prefix, own);
    this.#roots(unit, prefix, own, table);
    for (const { name, signature, linkage, file } of this.#functions) {
      const isShared = file === unit && linkage === 'global' && signature !== 'noreturn';
      if (isShared) this.#shared.push({ name, signature, init: false });
    }
    return writeUnit(random.shuffled(this.#functions.filter(({ file }) => file === unit)), table);
  }

  /** A strong definition of what an earlier unit has defined weakly: the linker drops the weak one. */
  #overrideWeak(unit: string, known: Known[]): void {
    for (const { name, signature, symbol } of this.#weak.splice(0)) {
      known.push({ name, signature, init: false });
      if (name !== symbol || !this.#random.chance(60)) continue;
      const callees = this.#someOf(this.#shared, 2);
      this.#make({ file: unit, name, linkage: 'global', signature, traits: new Set(), callees });
    }
  }

  #noreturn(unit: string, prefix: string): Known {
    const traits = new Set<Trait>(['cold', this.#random.pick<Trait>(['noinline', 'inline'])]);
    const callees = this.#someOf(this.#shared, 1);
    return this.#makeStatic(unit, prefix, 'noreturn', traits, callees);
  }

  /** A function; at times a pair that calls each other, or several with equal bodies. */
  #someFunctions(unit: string, prefix: string, known: readonly Known[]): Known[] {
    const random = this.#random;
    const kind = random.weighted({ one: 76, cycle: 8, equal: 16 });
    if (kind === 'cycle') return this.#cycle(unit, prefix, known);
    if (kind === 'equal') return this.#equal(unit, prefix, known);
    const signature = random.weighted<Signature>({ scalar: 60, pair: 30, variadic: 3, noreturn: 0 });
    const traits = this.#traits(signature);
    const linkage = this.#linkage(traits);
    const isInit = traits.has('init');
    const callees = this.#someOf(known, random.between(0, 3), isInit);
    const made = this.#make({ file: unit, name: this.#newName(prefix), linkage, signature, traits, callees });
    if (linkage === 'weak') this.#weak.push(made);
    return this.#knownAs(made);
  }

  #cycle(unit: string, prefix: string, known: readonly Known[]): Known[] {
    const random = this.#random;
    const names = [this.#newName(prefix), this.#newName(prefix), this.#newName(prefix)].slice(
      random.below(2),
    );
    const signature = random.pick<Signature>(['scalar', 'pair']);
    return names.map((name, at) => {
      const next = { name: names[(at + 1) % names.length]!, signature };
      const callees = [next, ...this.#someOf(known, random.below(2))];
      const linkage = random.weighted<Linkage>({ static: 4, global: 1, weak: 0, 'extern inline': 0 });
      const traits = new Set<Trait>(random.chance(25) ? ['noinline'] : []);
      this.#make({ file: unit, name, linkage, signature, traits, callees });
      return { name, signature, init: false };
    });
  }

  /** Functions with equal bodies, which identical code folding makes one. Some have a common callee instead of markers. */
  #equal(unit: string, prefix: string, known: readonly Known[]): Known[] {
    const random = this.#random;
    const signature = random.weighted<Signature>({ scalar: 7, pair: 2, variadic: 1, noreturn: 0 });
    const marked = random.chance(70);
    const callees = this.#someOf(known, marked ? random.below(3) : 1);
    const isShared = unit === HEADER;
    const traits = new Set<Trait>(
      isShared || random.chance(30) ? [random.pick<Trait>(['inline', 'noinline', 'notrace'])] : [],
    );
    const first = this.#make({
      file: unit,
      name: this.#newName(prefix),
      linkage: isShared ? 'static' : this.#linkage(traits),
      signature,
      traits,
      callees,
      marked,
    });
    const all = [first];
    for (let i = random.between(1, 2); i > 0; i--) all.push(this.#copyOf(first, this.#newName(prefix)));
    return all.map(({ name }) => ({ name, signature, init: false }));
  }

  #copyOf(first: SourceFunction, name: string): SourceFunction {
    const linkage = first.file === HEADER ? 'static' : this.#linkage(first.traits);
    const body = first.body.map((line) => line.replaceAll(`${first.name}(`, `${name}(`));
    const copy = { ...first, name, symbol: name, linkage, aliases: [], body };
    this.#functions.push(copy);
    return copy;
  }

  /** A static function of a name that each unit has one of. */
  #sameNamed(unit: string, known: readonly Known[]): Known[] {
    const random = this.#random;
    if (!random.chance(40)) return [];
    const traits = new Set<Trait>(random.chance(30) ? ['noinline'] : []);
    const callees = this.#someOf(known, random.between(1, 2));
    this.#make({ file: unit, name: 'same_name', linkage: 'static', signature: 'scalar', traits, callees });
    return [{ name: 'same_name', signature: 'scalar', init: false }];
  }

  #table(prefix: string, own: readonly Known[]): Table | undefined {
    const entries = own
      .filter(({ signature, init }) => signature === 'scalar' && !init)
      .map(({ name }) => name);
    if (entries.length === 0 || !this.#random.chance(70)) return undefined;
    const [first, second] = [this.#random.pick(entries), this.#random.pick(entries)];
    return { name: `${prefix}_table`, entries: [first, second, this.#random.pick(entries), first] };
  }

  /** Global functions which call what nothing else may call, most of it. */
  #roots(unit: string, prefix: string, own: readonly Known[], table: Table | undefined): void {
    const random = this.#random;
    const alive = own.filter(({ signature, init }) => signature !== 'noreturn' && !init && random.chance(92));
    const run = own.filter(({ init }) => init);
    for (const init of [false, true]) {
      const waiting = random.shuffled(init ? run : alive);
      while (waiting.length > 0) {
        const callees = waiting.splice(0, random.between(2, 4));
        const name = this.#newName(`${prefix}_${init ? 'init' : 'root'}`);
        const traits = new Set<Trait>(init ? ['init'] : []);
        const wish = { file: unit, name, linkage: 'global', signature: 'scalar', traits, callees } as const;
        this.#make(table !== undefined && random.chance(40) ? { ...wish, table: table.name } : wish);
      }
    }
  }

  #traits(signature: Signature): Set<Trait> {
    const random = this.#random;
    const traits = new Set<Trait>();
    const hint = random.weighted({
      none: 50,
      inline: 15,
      noinline: 17,
      always_inline: 8,
      noipa: 4,
      noclone: 4,
      flatten: 2,
    });
    if (hint !== 'none' && !(hint === 'always_inline' && signature === 'variadic')) traits.add(hint);
    if (random.chance(20)) traits.add('notrace');
    const special = random.weighted({
      none: 78,
      cold: 6,
      hot: 3,
      used: 3,
      init: 4,
      target_clones: 4,
      simd: 2,
    });
    if (special === 'none' || hint === 'always_inline') return traits;
    if (special !== 'target_clones') traits.add(special);
    else if (hint === 'none' || hint === 'noinline') traits.add(special);
    return traits;
  }

  #linkage(traits: ReadonlySet<Trait>): Linkage {
    if (traits.has('simd')) return 'global';
    if (traits.has('always_inline') || traits.has('inline')) return 'static';
    const weak = traits.has('target_clones') || traits.has('init') ? 0 : 6;
    return this.#random.weighted<Linkage>({ static: 64, global: 30, weak, 'extern inline': 0 });
  }

  #makeStatic(
    file: string,
    prefix: string,
    signature: Signature,
    traits: Set<Trait>,
    from: readonly Known[] | readonly Callee[],
  ): Known {
    const callees =
      signature === 'noreturn' ? from : this.#someOf(from as readonly Known[], this.#random.below(3));
    const name = this.#newName(prefix);
    this.#make({ file, name, linkage: 'static', signature, traits, callees });
    return { name, signature, init: false };
  }

  #make(wish: Wish): SourceFunction {
    const random = this.#random;
    const { name, file, linkage, signature, traits, callees, marked = true } = wish;
    const isPlain = !traits.has('always_inline') && signature !== 'noreturn';
    const hasLabel = isPlain && file !== HEADER && linkage !== 'weak' && random.chance(8);
    const id = marked ? ++this.#ids : undefined;
    const body = makeBody(random, {
      signature,
      weight: random.weighted({ small: 40, medium: 35, large: 25 }),
      callees,
      table: wish.table,
      marked,
      decidable: this.#decidable,
      recursive: isPlain && signature !== 'variadic' && random.chance(12),
    });
    const isDefinedTwice = this.#functions.some((other) => other.name === name && other.linkage !== 'static');
    const made: SourceFunction = {
      id,
      name,
      symbol: hasLabel && !isDefinedTwice ? `${name}_label` : name,
      file,
      linkage,
      signature,
      traits,
      aliases: isPlain && file !== HEADER && !isDefinedTwice ? this.#aliases(name, linkage, traits) : [],
      calls: callees.map((callee) => callee.name),
      body: fill(body, name, id),
    };
    this.#functions.push(made);
    return made;
  }

  #aliases(name: string, linkage: Linkage, traits: ReadonlySet<Trait>): Alias[] {
    if (traits.has('target_clones') || traits.has('simd') || !this.#random.chance(8)) return [];
    const kinds = linkage === 'static' ? (['static', 'global'] as const) : (['global', 'weak'] as const);
    return [{ name: `${name}_alias`, linkage: this.#random.pick(kinds) }];
  }

  #knownAs({ name, signature, traits, aliases }: SourceFunction): Known[] {
    const rest = { signature, init: traits.has('init') };
    return [name, ...aliases.map((alias) => alias.name)].map((one) => ({ name: one, ...rest }));
  }

  /** Init code may call everything, and nothing else may call init code. */
  #someOf(known: readonly Known[], most: number, init = false): Callee[] {
    const callable = known.filter((one) => init || !one.init);
    if (callable.length === 0) return [];
    // Those that came last are the ones that nothing calls yet.
    const at = () => Math.max(this.#random.below(callable.length), this.#random.below(callable.length));
    return Array.from({ length: most }, () => callable[at()]!);
  }

  #newName(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}
