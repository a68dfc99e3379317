import { InputError } from '../errors.js';
import type { CFile, CToken } from './c-tokens.js';

/** `{ ... }`, perhaps with the type of a compound literal before it. */
export interface CList {
  readonly kind: 'list';
  readonly items: readonly CItem[];
  readonly open: CToken;
}

export interface CExpression {
  readonly kind: 'expression';
  readonly tokens: readonly CToken[];
}

export interface CItem {
  /** `.name =`, where it is designated so. */
  readonly field?: string;
  readonly value: CList | CExpression;
  readonly first: CToken;
}

/** How deep lists may be in each other. */
const DEEPEST = 64;

/**
 * Reads the initialiser that begins at a token.
 *
 * @returns it, and the index of the token behind it
 * @throws InputError where the file ends inside it, or its brackets do not match
 */
export function readInitialiser(file: CFile, at: number): { value: CList | CExpression; next: number } {
  const reader = new Reader(file, at);
  const value = reader.value(0);
  return { value, next: reader.at };
}

class Reader {
  constructor(
    private readonly file: CFile,
    public at: number,
  ) {}

  value(depth: number): CList | CExpression {
    if (depth > DEEPEST) throw this.error('has an initialiser that is too deep');
    if (this.is('{')) return this.list(depth);
    const literal = compoundLiteral(this.file.tokens, this.at);
    if (literal !== undefined) {
      this.at = literal;
      return this.list(depth);
    }
    return { kind: 'expression', tokens: this.expression() };
  }

  private list(depth: number): CList {
    const open = this.file.tokens[this.at++]!;
    const items: CItem[] = [];
    while (!this.is('}')) {
      const first = this.peek();
      const field = this.designator();
      const value = this.value(depth + 1);
      const empty = value.kind === 'expression' && value.tokens.length === 0;
      if (empty && field === undefined && !this.is(','))
        throw this.error('has an initialiser that cannot be read');
      if (!empty) items.push({ ...(field !== undefined && { field }), value, first });
      if (this.is(',')) this.at++;
      // Two entries without a comma between them: the entries of macros that bring their own.
    }
    this.at++;
    return { kind: 'list', items, open };
  }

  /** `.name =`, `[n] =`, `name:`; the innermost name of `.a.b =`. */
  private designator(): string | undefined {
    const { tokens } = this.file;
    let field: string | undefined;
    let at = this.at;
    for (;;) {
      if (isMark(tokens[at], '.') && tokens[at + 1]?.kind === 'name') {
        field = tokens[at + 1]!.text;
        at += 2;
      } else if (isMark(tokens[at], '[')) {
        while (at < tokens.length && !isMark(tokens[at], ']')) at++;
        at++;
      } else {
        break;
      }
    }
    if (at === this.at) {
      if (tokens[at]?.kind !== 'name' || !isMark(tokens[at + 1], ':')) return undefined;
      this.at += 2;
      return tokens[at]!.text;
    }
    if (!isMark(tokens[at], '=')) throw this.error('has a designator without a value');
    this.at = at + 1;
    return field;
  }

  private expression(): CToken[] {
    const { tokens } = this.file;
    const found: CToken[] = [];
    let depth = 0;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'mark') {
        const { text } = token;
        if (depth === 0 && (text === ',' || text === '}' || text === ';')) return found;
        if (text === '{') {
          // A macro's arguments do not hold braces, and a statement's do not hold entries.
          if (depth === 0) return found;
        }
        if (text === '(' || text === '[' || text === '{') depth++;
        if (text === ')' || text === ']' || text === '}') depth--;
        if (depth < 0) throw this.error(`has a \`${text}\` too much`);
      }
      found.push(tokens[this.at++]!);
    }
  }

  private is(mark: string): boolean {
    return isMark(this.peek(), mark);
  }

  private peek(): CToken {
    const token = this.file.tokens[this.at];
    if (token === undefined) throw this.error('ends inside of an initialiser');
    return token;
  }

  private error(what: string): InputError {
    const token = this.file.tokens[Math.min(this.at, this.file.tokens.length - 1)];
    return new InputError(
      `${this.file.path}:${token?.line ?? 1}`,
      what,
      'is it the whole C file, as the compiler reads it?',
    );
  }
}

/** Whether `( TYPE ) {` is here: gives the index of its brace. */
function compoundLiteral(tokens: readonly CToken[], at: number): number | undefined {
  if (!isMark(tokens[at], '(')) return undefined;
  for (let i = at + 1; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (isMark(token, ')')) return isMark(tokens[i + 1], '{') ? i + 1 : undefined;
    if (token.kind !== 'name' && token.kind !== 'number' && !/^[[\]*]$/.test(token.text)) return undefined;
  }
  return undefined;
}

export function isMark(token: CToken | undefined, text: string): boolean {
  return token?.kind === 'mark' && token.text === text;
}
