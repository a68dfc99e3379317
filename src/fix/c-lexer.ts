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

// One alternative a token, in the order in which they must be tried; unterminated comments and texts end somewhere.
const TOKEN =
  /(?<space>[ \t\r\f\v]+|\\\r?\n)|(?<newline>\n)|(?<comment>\/\/(?:\\\r?\n|[^\n])*|\/\*[^]*?(?:\*\/|$))|(?<text>(?:u8|[LuU])?"(?:\\[^]|[^"\\\n])*(?:"|(?=\n)|$)|(?:u8|[LuU])?'(?:\\[^]|[^'\\\n])*(?:'|(?=\n)|$))|(?<word>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)|(?<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?<mark>\.\.\.|->|\+\+|--|<<=|>>=|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||##|[^])/y;

// A directive's line goes on behind a backslash and inside a comment.
const DIRECTIVE = /(?:\\\r?\n|\/\*[^]*?(?:\*\/|$)|\/\/(?:\\\r?\n|[^\n])*|"(?:\\[^\n]|[^"\\\n])*"|[^\n])*/y;

/** Reads C source into tokens. Never fails: what is no C comes as single marks. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let fresh = true;
  for (let at = 0; at < source.length; ) {
    if (fresh && source[at] === '#') {
      DIRECTIVE.lastIndex = at;
      const raw = DIRECTIVE.exec(source)![0];
      const endLine = line + newlines(raw);
      tokens.push({ kind: 'directive', text: plainDirective(raw), line, endLine, first: at === lineStart });
      at += raw.length;
      line = endLine;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source)!;
    const text = match[0];
    const groups = match.groups!;
    const next = at + text.length;
    if (groups['newline'] !== undefined) {
      line++;
      lineStart = next;
      fresh = true;
    } else if (groups['space'] !== undefined || groups['comment'] !== undefined) {
      const more = newlines(text);
      if (more > 0) {
        line += more;
        lineStart = at + text.lastIndexOf('\n') + 1;
      }
    } else {
      fresh = false;
      const kind =
        groups['word'] !== undefined
          ? 'word'
          : groups['mark'] !== undefined
            ? 'mark'
            : groups['text'] !== undefined
              ? 'text'
              : 'number';
      const endLine = line + (kind === 'text' ? newlines(text) : 0);
      tokens.push({ kind, text, line, endLine, first: at === lineStart });
      line = endLine;
    }
    at = next;
  }
  return tokens;
}

function newlines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) count++;
  return count;
}

function plainDirective(raw: string): string {
  return raw
    .replace(/\\\r?\n/g, ' ')
    .replace(/"(?:\\.|[^"\\])*"|\/\*[^]*?(?:\*\/|$)|\/\/.*$/g, (part) => (part.startsWith('"') ? part : ' '))
    .replace(/\s+/g, ' ')
    .replace(/^# /, '#')
    .trim();
}

/** What two pieces of source must share to be the same to the compiler. */
export function tokensText(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join('\n');
}
