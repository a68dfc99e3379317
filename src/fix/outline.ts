import { type Token, tokenize } from './c-lexer.js';
import type { UntraceableKind } from './fix.js';
import { nameFunction } from './function-head.js';
import { nameItem } from './item-kind.js';

/** A function definition, as klp-reach's own reading has it. */
export interface OutlineFunction {
  /** Names under which the compiler may know the body; the first is the usual one. */
  readonly names: readonly string[];
  /** Whether a macro nobody knows makes the name. */
  readonly guessed: boolean;
  /** Of the name, as GCC gives it. */
  readonly line: number;
  /** First and last line, attributes included. */
  readonly start: number;
  readonly end: number;
  /** The tokens before the body's brace. */
  readonly head: readonly Token[];
  readonly body: readonly Token[];
}

/** Anything else at the top level, and every directive. */
export interface OutlineItem {
  readonly kind: UntraceableKind;
  readonly name?: string;
  /** What users of the item write: its names, of a tag `struct name`. */
  readonly words: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly Token[];
}

export interface Outline {
  readonly functions: readonly OutlineFunction[];
  readonly items: readonly OutlineItem[];
}

/**
 * The top level of a C file: its functions and everything between them.
 *
 * A grammar of C does not do here: the kernel's source is C before the preprocessor. Braces and semicolons tell
 * where things start and end, `#if` branches are read one after the other from the same state, and a body that
 * opens with a brace in the first column ends with one there (the kernel's coding style), whatever the braces
 * between them count to.
 */
export function outline(source: string): Outline {
  const reader = new OutlineReader(tokenize(source));
  return reader.read();
}

/** What a branch of an `#if` can change. */
interface State {
  /** Tokens of the item that is being read, without directives. */
  readonly tokens: Token[];
  /** How many of `tokens`: the array goes on growing, and a copy at each `#if` would cost its square. */
  readonly length: number;
  readonly depth: number;
  readonly parens: number;
  /** Index in `tokens` of the brace that opened the body, -1 before it. */
  readonly bodyAt: number;
  /** Index of that brace in all tokens. */
  readonly brace: number;
}

const EMPTY: State = { tokens: [], length: 0, depth: 0, parens: 0, bodyAt: -1, brace: -1 };

class OutlineReader {
  private readonly functions: OutlineFunction[] = [];
  private readonly items: OutlineItem[] = [];
  private current: Token[] = [];
  private depth = 0;
  private parens = 0;
  private bodyAt = -1;
  private brace = -1;
  /** The state at each open `#if`, and bodies that its earlier branches left open. */
  private readonly branches: { readonly before: State; readonly open: State[] }[] = [];
  /** Heads of other branches, whose body is the one being read. */
  private shared: State[] = [];

  /** What is known of the item that is being read and of what follows: each is looked at once, however many `;` ask. */
  private names: { readonly of: readonly Token[] | undefined; readonly end: number } = {
    of: undefined,
    end: Infinity,
  };
  private declared = { end: -1, old: false };

  constructor(private readonly tokens: readonly Token[]) {}

  read(): Outline {
    for (let i = 0; i < this.tokens.length; i++) this.take(this.tokens[i]!, i);
    if (this.current.length > 0) this.endItem();
    return { functions: this.functions, items: this.items };
  }

  private take(token: Token, index: number): void {
    if (token.kind === 'directive') this.takeDirective(token);
    else {
      if (this.depth === 0 && this.parens === 0 && this.startsAnew(token)) this.endItem();
      this.current.push(token);
      switch (token.text) {
        case '(':
          this.parens++;
          break;
        case ')':
          if (this.parens > 0) this.parens--;
          break;
        case '{':
          if (this.depth === 0 && token.first) this.parens = 0;
          if (this.depth++ === 0 && this.parens === 0) {
            this.bodyAt = this.current.length - 1;
            this.brace = index;
          }
          break;
        case '}':
          this.closeBrace(token, index);
          break;
        case ';':
          if (this.depth === 0 && this.parens === 0 && !this.isOldStyle(index)) this.endItem();
          break;
      }
    }
  }

  private closeBrace(token: Token, index: number): void {
    const opener = this.current[this.bodyAt];
    if (this.depth > 0) this.depth--;
    if (token.first && opener?.first) this.depth = 0;
    if (this.depth > 0) return;
    if (opener) this.parens = 0;
    const head = this.bodyAt < 0 ? undefined : nameFunction(this.current.slice(0, this.bodyAt));
    if (head && this.parens === 0) this.endFunction(index);
  }

  /** Macro calls without a semicolon end where a line starts with a word in the first column. */
  private startsAnew(token: Token): boolean {
    if (!token.first || this.bodyAt >= 0) return false;
    if (token.kind !== 'word' || token.text.startsWith('__')) return token.text === '}';
    if (this.current.length < 3 || this.current.at(-1)!.text !== ')') return false;
    const names: string[] = [];
    let depth = 0;
    for (const { text, kind } of this.current) {
      if (text === '(') depth++;
      else if (text === ')') depth--;
      else if (depth === 0) {
        if (kind !== 'word') return false;
        names.push(text);
      }
    }
    // One call may be any name's; what follows `f(x)` without a line of its own is a declarator or an attribute.
    const groups = this.current.filter(({ text }) => text === '(').length;
    if (names.length > groups || names.some((name) => /^__[a-z]/.test(name))) return false;
    return names.length === 1 || names.every((name) => /^_*[A-Z][A-Z0-9_]*$/.test(name));
  }

  /** `int f(a, b) int a; char *b; {`: the semicolon is inside the function's head. */
  private isOldStyle(index: number): boolean {
    if (this.bodyAt >= 0 || this.namesEnd() > this.current.length - 4) return false;
    if (index >= this.declared.end) this.declared = this.declarationsFrom(index + 1);
    return this.declared.old;
  }

  /** Where the list of names of an old head ends in the item that is being read; Infinity where it has none. */
  private namesEnd(): number {
    if (this.names.of === this.current) return this.names.end;
    const close = this.current.findIndex(({ text }) => text === ')');
    if (close < 0) return Infinity;
    const open = this.current.findIndex(({ text }) => text === '(');
    const isList =
      open >= 1 &&
      close >= open + 2 &&
      this.current
        .slice(open + 1, close)
        .every(({ text, kind }, i) => (i % 2 === 0 ? kind === 'word' : text === ','));
    this.names = { of: this.current, end: isList ? close : Infinity };
    return this.names.end;
  }

  /** How far declarations go from a token on, and whether a body follows them. */
  private declarationsFrom(start: number): { readonly end: number; readonly old: boolean } {
    for (let i = start; i < this.tokens.length; i++) {
      const { text, kind } = this.tokens[i]!;
      if (text === '{') return { end: i, old: this.tokens[i - 1]!.text === ';' };
      if (kind !== 'word' && kind !== 'number' && !['*', '[', ']', ',', ';'].includes(text)) {
        return { end: i, old: false };
      }
    }
    return { end: this.tokens.length, old: false };
  }

  private takeDirective(token: Token): void {
    this.items.push({ ...nameItem([token]), start: token.line, end: token.endLine, tokens: [token] });
    const word = /^#(\w+)/.exec(token.text)?.[1] ?? '';
    if (/^if/.test(word)) {
      this.branches.push({ before: this.state(), open: [] });
    } else if (/^el/.test(word)) {
      const branch = this.branches.at(-1);
      if (!branch) return;
      if (this.begunIn(branch.before)) branch.open.push(this.state());
      this.restore(branch.before);
    } else if (word === 'endif') {
      const branch = this.branches.pop();
      if (!branch || branch.open.length === 0) return;
      // The branch that began a function is the one to go on with; its siblings share what follows.
      if (!this.begunIn(branch.before)) this.restore(branch.open.pop()!);
      this.shared.push(...branch.open);
    }
  }

  /** Whether a branch leaves a function begun: its head, or its open body. */
  private begunIn(before: State): boolean {
    if (before.depth > 0) return false;
    return this.depth > 0 ? this.bodyAt >= 0 : this.current.length > before.length;
  }

  private state(): State {
    return {
      tokens: this.current,
      length: this.current.length,
      depth: this.depth,
      parens: this.parens,
      bodyAt: this.bodyAt,
      brace: this.brace,
    };
  }

  private restore({ tokens, length, depth, parens, bodyAt, brace }: State): void {
    this.current = tokens.slice(0, length);
    this.depth = depth;
    this.parens = parens;
    this.bodyAt = bodyAt;
    this.brace = brace;
  }

  private endFunction(close: number): void {
    const end = this.tokens[close]!.line;
    for (const { tokens, length, bodyAt, brace } of [...this.shared, this.state()]) {
      // The head of another branch has its body behind the #endif.
      const head = tokens.slice(0, bodyAt < 0 ? length : bodyAt);
      const named = nameFunction(head);
      const body = this.tokens.slice(brace < 0 ? this.brace : brace, close + 1);
      if (named) this.functions.push({ ...named, start: head[0]!.line, end, head, body });
    }
    this.shared = [];
    this.restore(EMPTY);
  }

  private endItem(): void {
    const tokens = this.current;
    this.restore(EMPTY);
    this.shared = [];
    const [first] = tokens;
    const last = tokens.at(-1);
    if (!first || !last || tokens.every(({ text }) => text === ';')) return;
    this.items.push({ ...nameItem(tokens), start: first.line, end: last.endLine, tokens });
  }
}
