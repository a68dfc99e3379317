import type { Token } from './c-lexer.js';
import type { UntraceableKind } from './fix.js';

export interface ItemName {
  readonly kind: UntraceableKind;
  readonly name?: string;
  /** What users of the item write: its names, of a tag `struct name`. */
  readonly words: readonly string[];
}

/** Macros whose first argument names a variable that they define. */
const DEFINERS =
  /^_*(DEFINE|DECLARE|LIST_HEAD|HLIST_HEAD|LLIST_HEAD|RADIX_TREE|ATOMIC|BLOCKING|SRCU|DEVICE_ATTR|CLASS_ATTR|BUS_ATTR|DRIVER_ATTR|STATIC_KEY|ATTRIBUTE_GROUPS|RATELIMIT)/;

/** What a top-level item is, from its tokens (a directive's, or up to the semicolon). */
export function nameItem(tokens: readonly Token[]): ItemName {
  const [first] = tokens;
  if (first?.kind === 'directive') return nameDirective(first.text);
  if (!first) return { kind: 'other', words: [] };
  if (/^(asm|__asm__|__asm)$/.test(first.text)) return { kind: 'assembly', words: [] };
  const top = topLevel(tokens);
  const has = (text: string) => top.some((token) => token.text === text);
  if (first.text === 'typedef') return named('typedef', typedefName(top, tokens));
  const assigned = top.findIndex(({ text }) => text === '=');
  if (assigned > 0) {
    const kind = top[assigned + 1]?.text === '{' ? 'initialiser' : 'variable';
    return named(kind, nameBefore(top.slice(0, assigned), tokens));
  }
  const aggregate = top.findIndex(({ text }) => /^(struct|union|enum)$/.test(text));
  if (aggregate >= 0 && has('{')) return nameAggregate(top, aggregate, tokens);
  if (has('(')) return nameWithParentheses(top, tokens);
  const name = nameBefore(top, tokens);
  if (first.text === 'extern' || (aggregate >= 0 && top.filter(({ kind }) => kind === 'word').length === 2)) {
    return named('declaration', name);
  }
  return named('variable', name);
}

function nameDirective(text: string): ItemName {
  const [, word = '', rest = ''] = /^#(\w*) ?(.*)$/s.exec(text) ?? [];
  if (word === 'include' || word === 'include_next') return { kind: 'include', name: rest, words: [] };
  if (word === 'define' || word === 'undef') return named('macro', /^[\w$]+/.exec(rest)?.[0]);
  return { kind: 'other', name: text, words: [] };
}

function nameAggregate(top: readonly Token[], at: number, tokens: readonly Token[]): ItemName {
  const kind = top[at]!.text as 'struct' | 'union' | 'enum';
  const open = top.findIndex(({ text }) => text === '{');
  const tag = top
    .slice(at + 1, open)
    .findLast(({ kind: k, text }) => k === 'word' && !text.startsWith('__'))?.text;
  const close = top.findLastIndex(({ text }) => text === '}');
  const variable = top
    .slice(close + 1)
    .find(({ kind: k, text }) => k === 'word' && !text.startsWith('__'))?.text;
  const inside = kind === 'enum' ? enumerators(tokens) : [];
  const name = tag ?? variable ?? inside[0];
  const words = [tag && `${kind} ${tag}`, variable, ...inside].filter((word) => word !== undefined);
  return { kind, ...(name !== undefined && { name }), words };
}

function enumerators(tokens: readonly Token[]): string[] {
  return tokens
    .filter(({ kind }, i) => kind === 'word' && /^[{,]$/.test(tokens[i - 1]?.text ?? ''))
    .map(({ text }) => text);
}

function nameWithParentheses(top: readonly Token[], tokens: readonly Token[]): ItemName {
  const words = top.filter(
    ({ text }) => !/^(static|extern|const)$/.test(text) && !text.startsWith('__attribute'),
  );
  const [first, paren] = words;
  // A macro call stands alone: `DEFINE_MUTEX(x);`, `static DEFINE_PER_CPU(int, x);`.
  if (first && paren?.text === '(' && words.filter(({ text }) => text === '(').length === 1) {
    const open = tokens.findIndex(({ text }) => text === '(');
    const args = tokens
      .slice(open + 1)
      .filter(({ kind }) => kind === 'word')
      .map(({ text }) => text);
    if (DEFINERS.test(first.text)) {
      const name = /PER_CPU/.test(first.text) ? args.findLast((word) => !word.startsWith('__')) : args[0];
      return { ...named('variable', name), words: args };
    }
    if (/^(TRACE_EVENT|DECLARE_EVENT_CLASS|DEFINE_EVENT|TRACE_)/.test(first.text))
      return named('macro', args[0]);
    const name = args[0] === undefined ? first.text : `${first.text}(${args[0]})`;
    return { kind: 'other', name, words: [] };
  }
  const at = top.findIndex(
    ({ kind, text }, i) =>
      kind === 'word' &&
      top[i + 1]?.text === '(' &&
      !/^__attribute|^__aligned|^__section|^typeof$/.test(text),
  );
  const name = top[at]?.text;
  // `int (*hook)(void);` is a variable.
  if (name === undefined || /^(int|void|char|long|short|unsigned|bool|u\d+)$/.test(name)) {
    const open = tokens.findIndex(({ text }, i) => text === '(' && tokens[i + 1]?.text === '*');
    return named('variable', tokens[open + 2]?.text);
  }
  return { kind: 'declaration', name, words: [] };
}

function typedefName(top: readonly Token[], tokens: readonly Token[]): string | undefined {
  const open = tokens.findIndex(({ text }, i) => text === '(' && tokens[i + 1]?.text === '*');
  return top.some(({ text }) => text === '(') && open >= 0 ? tokens[open + 2]?.text : nameBefore(top, tokens);
}

/** The declared name at the end: the last word, arrays and attributes left out. */
function nameBefore(top: readonly Token[], tokens: readonly Token[]): string | undefined {
  const parens = top.findIndex(({ text }, i) => text === '(' && top[i - 1]?.kind === 'word');
  // `static DEFINE_PER_CPU(int, x) = 3`
  if (parens > 0 && DEFINERS.test(top[parens - 1]!.text)) {
    const open = tokens.findIndex(({ text }) => text === '(');
    const close = tokens.findIndex(({ text }) => text === ')');
    return tokens.slice(open, close).findLast(({ kind }) => kind === 'word')?.text;
  }
  const pointer = tokens.findIndex(({ text }, i) => text === '(' && tokens[i + 1]?.text === '*');
  if (pointer >= 0 && top.some(({ text }) => text === '(') && tokens[pointer + 2]?.kind === 'word')
    return tokens[pointer + 2]!.text;
  const comma = top.findIndex(({ text }) => text === ',');
  const declarator = comma < 0 ? top : top.slice(0, comma);
  return declarator.findLast(
    ({ kind, text }) => kind === 'word' && !/^(__\w+|____\w+|const|static)$/.test(text),
  )?.text;
}

/** Without what is in brackets of any kind (they themselves stay). */
function topLevel(tokens: readonly Token[]): Token[] {
  let depth = 0;
  return tokens.filter(({ text }) => {
    if (/^[)\]}]$/.test(text)) depth--;
    const top = depth <= 0;
    if (/^[([{]$/.test(text)) depth++;
    return top;
  });
}

function named(kind: UntraceableKind, name: string | undefined): ItemName {
  return name === undefined ? { kind, words: [] } : { kind, name, words: [name] };
}
