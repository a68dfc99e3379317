import { InputError } from '../errors.js';
import { Conditions } from './c-conditions.js';

export interface CToken {
  readonly kind: 'name' | 'number' | 'string' | 'character' | 'mark';
  /** A string without its quotes, its escapes resolved as far as names need it; everything else as written. */
  readonly text: string;
  readonly line: number;
  /** The preprocessor's conditions that it is under. */
  readonly conditions: readonly string[];
}

/** The tokens of a C file that may reach the compiler, and its object-like macros. */
export interface CFile {
  readonly path: string;
  readonly tokens: readonly CToken[];
  /** NAME -> the tokens of its last `#define NAME ...`. */
  readonly macros: ReadonlyMap<string, readonly CToken[]>;
}

const LINE_END = /\n/g;
const SPACE = /[ \t\f\v]+|\\\n/y;
const NAME = /[A-Za-z_$][\w$]*/y;
const NUMBER = /\.?\d[\w.]*/y;

/**
 * Comments, strings and directives are understood; macros are not expanded.
 *
 * @throws InputError where a comment, a string or an #if has no end
 */
export function readTokens(text: string, path: string): CFile {
  const lexer = new Lexer(text, path, 1);
  lexer.run();
  return { path, tokens: lexer.tokens, macros: lexer.macros };
}

class Lexer {
  readonly tokens: CToken[] = [];
  readonly macros = new Map<string, readonly CToken[]>();
  private readonly conditions: Conditions;
  private current: readonly string[] = [];
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly path: string,
    private line: number,
  ) {
    this.conditions = new Conditions(path);
  }

  /** @param inMacro whether the text is a macro's, where a `#` begins no directive */
  run(inMacro = false): void {
    let lineStart = !inMacro;
    while (this.at < this.text.length) {
      const char = this.text[this.at]!;
      if (char === '\n') {
        this.at++;
        this.line++;
        lineStart = true;
      } else if (this.skipBlank()) {
        // Blanks and comments; a directive may stand behind them.
      } else if (char === '#' && lineStart) {
        this.directive();
      } else if (this.conditions.skipped) {
        // What is left out need not be C: an apostrophe there opens nothing.
        this.skipPlain();
        lineStart = false;
      } else {
        lineStart = false;
        this.token(char);
      }
    }
    this.conditions.end();
  }

  private token(char: string): void {
    const { at, line, text } = this;
    const add = (kind: CToken['kind'], value: string) => {
      this.tokens.push({ kind, text: value, line, conditions: this.current });
    };
    if (char === '"' || char === "'") {
      const body = this.quoted(char);
      add(char === '"' ? 'string' : 'character', body);
      return;
    }
    const name = match(NAME, text, at);
    const number = name === undefined ? match(NUMBER, text, at) : undefined;
    const found = name ?? number ?? char;
    this.at += found.length;
    add(name !== undefined ? 'name' : number !== undefined ? 'number' : 'mark', found);
  }

  /** Blanks, spliced lines, and comments, each one a time. */
  private skipBlank(): boolean {
    const space = match(SPACE, this.text, this.at);
    if (space !== undefined) {
      this.pass(space);
      return true;
    }
    if (this.text.startsWith('/*', this.at)) {
      const end = this.text.indexOf('*/', this.at + 2);
      if (end < 0) throw this.unended('comment');
      this.pass(this.text.slice(this.at, end + 2));
      return true;
    }
    if (this.text.startsWith('//', this.at)) {
      this.pass(this.restOfLine());
      return true;
    }
    return false;
  }

  private skipPlain(): void {
    this.at++;
    while (this.at < this.text.length && !/[\n/\\]/.test(this.text[this.at]!)) this.at++;
  }

  private quoted(quote: string): string {
    const { text } = this;
    let body = '';
    for (let at = this.at + 1; at < text.length; at++) {
      const char = text[at]!;
      if (char === quote) {
        this.at = at + 1;
        return body;
      }
      if (char === '\n') break;
      if (char !== '\\') {
        body += char;
        continue;
      }
      at++;
      if (text[at] === '\n') this.line++;
      else body += text[at] ?? '';
    }
    throw this.unended(quote === '"' ? 'string' : 'character');
  }

  private directive(): void {
    const { line } = this;
    this.at++;
    const body = this.directiveText();
    const [, word = '', rest = ''] = /^\s*(\w*)\s*(.*)$/s.exec(body)!;
    if (this.conditions.directive(word, rest.trim(), line)) {
      this.current = this.conditions.current;
      return;
    }
    if (this.conditions.skipped) return;
    const [, name, value = ''] = /^(\w+)(?![\w(])(.*)$/s.exec(rest) ?? [];
    if (name === undefined || (word !== 'define' && word !== 'undef')) return;
    if (word === 'undef') {
      this.macros.delete(name);
      return;
    }
    if (this.tokens.length === 0) {
      this.conditions.ignoreGuard(name);
      this.current = this.conditions.current;
    }
    const inner = new Lexer(value, this.path, line);
    inner.run(true);
    this.macros.set(name, inner.tokens);
  }

  /** A directive to its end, without comments and with spliced lines joined. */
  private directiveText(): string {
    let body = '';
    while (this.at < this.text.length && this.text[this.at] !== '\n') {
      if (this.skipBlank()) {
        body += ' ';
        continue;
      }
      const start = this.at;
      this.at = this.text[start] === '"' ? this.endOfString(start) : start + 1;
      body += this.text.slice(start, this.at);
    }
    return body;
  }

  /** Behind the string that begins there, or behind its quote where the line ends before it does. */
  private endOfString(start: number): number {
    for (let at = start + 1; at < this.text.length && this.text[at] !== '\n'; at++) {
      if (this.text[at] === '\\') at++;
      else if (this.text[at] === '"') return at + 1;
    }
    return start + 1;
  }

  /** A spliced line goes on in the next. */
  private restOfLine(): string {
    let end = this.text.indexOf('\n', this.at);
    while (end > 0 && this.text[end - 1] === '\\') end = this.text.indexOf('\n', end + 1);
    return end < 0 ? this.text.slice(this.at) : this.text.slice(this.at, end);
  }

  private pass(text: string): void {
    this.at += text.length;
    this.line += text.match(LINE_END)?.length ?? 0;
  }

  private unended(what: string): InputError {
    return new InputError(
      `${this.path}:${this.line}`,
      `has a ${what} without an end`,
      'is the file cut off?',
    );
  }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
