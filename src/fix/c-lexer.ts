/** A token of C source. Comments and white space are none; a preprocessor directive is one token, however long. */
export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'mark' | 'directive';
  /** As written; of a directive, comments and line joins taken out. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  readonly endLine: number;
  /** Whether it starts in the first column. */
  readonly first: boolean;
}

const WORD = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /\.?\d(?:[eEpP][+-]|[\w.])*/y;
// Unterminated comments and texts end at the end of the file and of the line.
const COMMENT = /\/\/(?:\\\r?\n|[^\n])*|\/\*[\s\S]*?(?:\*\/|$)/y;
const TEXT =
  /(?:u8|[LuU])?(?:"(?:\\[\s\S]|[^"\\\n])*(?:"|(?=\n)|\\?$)|'(?:\\[\s\S]|[^'\\\n])*(?:'|(?=\n)|\\?$))/y;
const MARK = /\.\.\.|->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||##|[\s\S]/y;
const JOIN = /\\\r?\n/y;

// A directive's line goes on behind a backslash and inside a comment.
const DIRECTIVE =
  /(?:\\\r?\n|\/\*[\s\S]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*|"(?:\\(?:\r\n|[\s\S])|[^"\\\n])*"?|'(?:[^\\\n]|\\[^\n]{1,4})'|[^\n])*/y;

/** Reads C source into tokens. Never fails: what is no C comes as single marks. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let fresh = true;
  for (let at = 0; at < source.length; ) {
    const code = source.charCodeAt(at);
    // White space by its codes, not by an expression: half of the time of a large file.
    if (code === 0x0a) {
      line++;
      lineStart = ++at;
      fresh = true;
      continue;
    }
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) {
      at++;
      continue;
    }
    const blank = (code === 0x2f && match(COMMENT, source, at)) || (code === 0x5c && match(JOIN, source, at));
    if (blank) {
      const more = newlines(blank);
      line += more;
      if (more > 0) lineStart = at + blank.lastIndexOf('\n') + 1;
      at += blank.length;
      continue;
    }
    const first = at === lineStart;
    const start = line;
    let kind: Token['kind'] = 'mark';
    let text: string | undefined;
    if (code === 0x23 && fresh) [kind, text] = ['directive', match(DIRECTIVE, source, at)];
    else if (code === 0x22 || code === 0x27) [kind, text] = ['text', match(TEXT, source, at)];
    else {
      text = match(WORD, source, at);
      if (text !== undefined) {
        kind = 'word';
        const quote = source[at + text.length];
        const whole =
          (quote === '"' || quote === "'") && text.length < 3 ? match(TEXT, source, at) : undefined;
        if (whole !== undefined) [kind, text] = ['text', whole];
      } else {
        text = match(NUMBER, source, at);
        if (text !== undefined) kind = 'number';
      }
    }
    text ??= match(MARK, source, at)!;
    if (kind === 'directive' || kind === 'text') line += newlines(text);
    at += text.length;
    fresh = false;
    if (kind === 'directive') {
      text = plainDirective(text);
      fresh = true;
    }
    tokens.push({ kind, text, line: start, endLine: line, first });
  }
  return tokens;
}

function match(expression: RegExp, source: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(source)?.[0];
}

function newlines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  return count;
}

function plainDirective(raw: string): string {
  return raw
    .replace(/\\\r?\n/g, ' ')
    .replace(/"(?:\\.|[^"\\])*"?|'(?:[^\\]|\\.{1,4})'|\/\*[\s\S]*?(?:\*\/|$)|\/\/.*$/g, (part) =>
      part.startsWith('"') ? part : ' ',
    )
    .replace(/\s+/g, ' ')
    .replace(/^# /, '#')
    .trim();
}

/** What two pieces of source must share to be the same to the compiler. */
export function tokensText(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('\n');
}
