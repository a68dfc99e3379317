import type { KernelConfig } from './config.js';

/** What the build tells of a condition of the preprocessor. */
export type Verdict = 'on' | 'off' | 'unknown';

/** What conditions are decided by. */
export interface ConditionFacts {
  /** Undefined where the build has no .config: every option is unknown then. */
  readonly config?: KernelConfig;
  /** UTS_RELEASE. */
  readonly release?: string;
}

/**
 * Whether a condition holds in the build: `#if` expressions with `defined`, numbers, `CONFIG_X`, and the macros of
 * include/linux/kconfig.h. What is not known stays unknown, unless the rest decides (`0 && X`).
 */
export function evaluateCondition(text: string, facts: ConditionFacts): Verdict {
  const value = new Evaluator(text, facts).run();
  if (value === undefined) return 'unknown';
  return value === 0n ? 'off' : 'on';
}

/** undefined: not known. */
type Value = bigint | undefined;

const TOKEN =
  /\s*(?:([A-Za-z_]\w*)|(0[xX][\da-fA-F]+|\d+)[uUlL]*|(&&|\|\||[=!<>]=|<<|>>|[-+*/%&|^!~<>()?:,]))/y;

/** By how strongly they bind (C11 6.5); `&&` and `||` are below all of these. */
const BINARY: Readonly<
  Record<string, readonly [precedence: number, apply: (a: bigint, b: bigint) => Value]>
> = {
  '|': [1, (a, b) => a | b],
  '^': [2, (a, b) => a ^ b],
  '&': [3, (a, b) => a & b],
  '==': [4, (a, b) => truth(a === b)],
  '!=': [4, (a, b) => truth(a !== b)],
  '<': [5, (a, b) => truth(a < b)],
  '>': [5, (a, b) => truth(a > b)],
  '<=': [5, (a, b) => truth(a <= b)],
  '>=': [5, (a, b) => truth(a >= b)],
  '<<': [6, (a, b) => (b >= 0n && b < 64n ? a << b : undefined)],
  '>>': [6, (a, b) => (b >= 0n && b < 64n ? a >> b : undefined)],
  '+': [7, (a, b) => a + b],
  '-': [7, (a, b) => a - b],
  '*': [8, (a, b) => a * b],
  '/': [8, (a, b) => (b === 0n ? undefined : a / b)],
  '%': [8, (a, b) => (b === 0n ? undefined : a % b)],
};

/** How deep brackets may be in each other. */
const DEEPEST = 100;

class Evaluator {
  readonly #tokens: string[];
  readonly #facts: ConditionFacts;
  #at = 0;
  #depth = 0;
  /** Whether it is an expression that is understood. */
  #isSound: boolean;

  constructor(text: string, facts: ConditionFacts) {
    const tokens = tokensOf(text);
    this.#tokens = tokens ?? [];
    this.#isSound = tokens !== undefined;
    this.#facts = facts;
  }

  run(): Value {
    const value = this.#choice();
    return this.#isSound && this.#at === this.#tokens.length ? value : undefined;
  }

  #choice(): Value {
    if (++this.#depth > DEEPEST) return this.#fail();
    const value = this.#chosen();
    this.#depth--;
    return value;
  }

  #chosen(): Value {
    const condition = this.#either();
    if (!this.#take('?')) return condition;
    const yes = this.#choice();
    if (!this.#take(':')) return this.#fail();
    const no = this.#choice();
    if (condition === undefined) return yes === no ? yes : undefined;
    return condition === 0n ? no : yes;
  }

  #either(): Value {
    let value = this.#both();
    while (this.#take('||')) {
      const other = this.#both();
      if (isTrue(value) || isTrue(other)) value = 1n;
      else value = value === undefined || other === undefined ? undefined : 0n;
    }
    return value;
  }

  #both(): Value {
    let value = this.#binary(1);
    while (this.#take('&&')) {
      const other = this.#binary(1);
      if (value === 0n || other === 0n) value = 0n;
      else value = value === undefined || other === undefined ? undefined : 1n;
    }
    return value;
  }

  #binary(lowest: number): Value {
    let left = this.#unary();
    for (;;) {
      const [precedence, apply] = BINARY[this.#tokens[this.#at] ?? ''] ?? [0, undefined];
      if (!apply || precedence < lowest) return left;
      this.#at++;
      const right = this.#binary(precedence + 1);
      left = left === undefined || right === undefined ? undefined : apply(left, right);
    }
  }

  #unary(): Value {
    if (++this.#depth > DEEPEST) return this.#fail();
    const value = this.#operand();
    this.#depth--;
    return value;
  }

  #operand(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) return this.#fail();
    if (token === '(') {
      const value = this.#choice();
      return this.#take(')') ? value : this.#fail();
    }
    if (UNARY[token]) {
      const value = this.#unary();
      return value === undefined ? undefined : UNARY[token](value);
    }
    if (/^\d/.test(token)) return numberOf(token);
    if (!/^\w/.test(token)) return this.#fail();
    return token === 'defined' ? this.#defined() : this.#name(token);
  }

  #defined(): Value {
    const inBrackets = this.#take('(');
    const name = this.#tokens[this.#at++];
    if (name === undefined || !/^[A-Za-z_]/.test(name) || (inBrackets && !this.#take(')')))
      return this.#fail();
    return isDefined(name, this.#facts);
  }

  #name(name: string): Value {
    const args = this.#take('(') ? this.#arguments() : undefined;
    return args ? macroValue(name, args, this.#facts) : expansionOf(name, this.#facts);
  }

  /** To the bracket that closes them: each one's only token, or undefined for more than one. */
  #arguments(): readonly (string | undefined)[] {
    const args: (string | undefined)[] = [];
    let depth = 0;
    let start = this.#at;
    for (; this.#at < this.#tokens.length; this.#at++) {
      const token = this.#tokens[this.#at]!;
      if (depth === 0 && (token === ',' || token === ')')) {
        args.push(this.#at === start + 1 ? this.#tokens[start] : undefined);
        start = this.#at + 1;
        if (token === ',') continue;
        this.#at++;
        return args;
      }
      if (token === '(') depth++;
      if (token === ')') depth--;
    }
    this.#fail();
    return args;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #fail(): undefined {
    this.#isSound = false;
    return undefined;
  }
}

const UNARY: Readonly<Record<string, (value: bigint) => bigint>> = {
  '!': (value) => truth(value === 0n),
  '~': (value) => ~value,
  '-': (value) => -value,
  '+': (value) => value,
};

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) return undefined;
    tokens.push((match[1] ?? match[2] ?? match[3])!);
  }
  return tokens;
}

/** How an option is set: built in, as a module, to a number or a text, or not; undefined without a configuration. */
function stateOf(name: string, { config }: ConditionFacts): 'y' | 'm' | 'n' | 'value' | undefined {
  if (!config || !name.startsWith('CONFIG_')) return undefined;
  const value = config.get(name);
  if (value === undefined) return 'n';
  // __is_defined (include/linux/kconfig.h) holds for 1 alone.
  if (value === 'y' || value === '1') return 'y';
  return value === 'm' ? 'm' : 'value';
}

/** As include/generated/autoconf.h defines it (scripts/kconfig/confdata.c, print_symbol_for_c). */
function isDefined(name: string, facts: ConditionFacts): Value {
  if (name in OF_ANY_MODULE) return OF_ANY_MODULE[name] === undefined ? 0n : 1n;
  if (MACROS.has(name)) return 1n;
  const state = stateOf(name, facts);
  if (state === undefined) return undefined;
  return truth(state === 'y' || state === 'value' || isModuleForm(name, facts));
}

/** `CONFIG_X_MODULE` is defined for CONFIG_X=m. */
function isModuleForm(name: string, facts: ConditionFacts): boolean {
  return name.endsWith('_MODULE') && stateOf(name.slice(0, -'_MODULE'.length), facts) === 'm';
}

/** What a name is in an #if: 0 for one that is not defined. */
function expansionOf(name: string, facts: ConditionFacts): Value {
  if (name === 'LINUX_VERSION_CODE') return versionOf(facts.release);
  if (name in OF_ANY_MODULE) return OF_ANY_MODULE[name] ?? 0n;
  const defined = isDefined(name, facts);
  if (defined !== 1n) return defined;
  const value = facts.config?.get(name);
  if (value === undefined) return isModuleForm(name, facts) ? 1n : undefined;
  if (value === 'y') return 1n;
  return /^(?:0[xX][\da-fA-F]+|\d+)$/.test(value) ? numberOf(value) : undefined;
}

/** What the build of any module defines, and what only other programs than the compiler do. */
const OF_ANY_MODULE: Readonly<Record<string, bigint | undefined>> = {
  __KERNEL__: 1n,
  MODULE: 1n,
  __GENKSYMS__: undefined,
  __CHECKER__: undefined,
};

/** include/linux/kconfig.h, include/generated/uapi/linux/version.h. */
const MACROS = new Set([
  'IS_ENABLED',
  'IS_BUILTIN',
  'IS_MODULE',
  'IS_REACHABLE',
  'KERNEL_VERSION',
  'LINUX_VERSION_CODE',
]);

function macroValue(name: string, args: readonly (string | undefined)[], facts: ConditionFacts): Value {
  if (name === 'KERNEL_VERSION') return versionCode(args);
  const [option, ...others] = args;
  const state = option !== undefined && others.length === 0 ? stateOf(option, facts) : undefined;
  if (state === undefined) return undefined;
  switch (name) {
    // A livepatch is a module, so what is built as one is in its reach.
    case 'IS_REACHABLE':
    case 'IS_ENABLED':
      return truth(state === 'y' || state === 'm');
    case 'IS_BUILTIN':
      return truth(state === 'y');
    case 'IS_MODULE':
      return truth(state === 'm');
    default:
      return undefined;
  }
}

function versionOf(release: string | undefined): Value {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release ?? '') ?? [];
  return major === undefined ? undefined : versionCode([major, minor, patch ?? '0']);
}

/** The Makefile's KERNEL_VERSION(a,b,c): the last part counts to 255 only. */
function versionCode(parts: readonly (string | undefined)[]): Value {
  if (parts.length !== 3 || !parts.every((part) => part !== undefined && /^\d+$/.test(part)))
    return undefined;
  const [a, b, c] = parts.map((part) => BigInt(part!)) as [bigint, bigint, bigint];
  return (a << 16n) + (b << 8n) + (c > 255n ? 255n : c);
}

function numberOf(text: string): Value {
  return /^0\d/.test(text)
    ? /^[0-7]+$/.test(text)
      ? BigInt(`0o${text.slice(1)}`)
      : undefined
    : BigInt(text);
}

function truth(holds: boolean): bigint {
  return holds ? 1n : 0n;
}

function isTrue(value: Value): boolean {
  return value !== undefined && value !== 0n;
}
