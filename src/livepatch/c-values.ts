import { type CExpression, isMark } from './c-initialiser.js';
import type { CFile, CToken } from './c-tokens.js';

/** How often a macro may name another one, and how many casts and brackets may be around an expression. */
const DEEPEST = 16;

/** The expression with its one macro, where it is nothing else, replaced; casts and brackets around it taken off. */
function meaning(file: CFile, tokens: readonly CToken[], depth = 0): readonly CToken[] {
  const bare = withoutBrackets(tokens);
  const [only] = bare;
  const macro = bare.length === 1 && only?.kind === 'name' ? file.macros.get(only.text) : undefined;
  return macro === undefined || depth === DEEPEST ? bare : meaning(file, macro, depth + 1);
}

function withoutBrackets(tokens: readonly CToken[]): readonly CToken[] {
  let bare = tokens;
  for (let taken = 0; taken < DEEPEST && isMark(bare[0], '('); taken++) {
    const close = closingBracket(bare);
    if (close < 0) break;
    // `(x)` is x; `(void *)x` is x.
    if (close === bare.length - 1) bare = bare.slice(1, close);
    else if (bare.slice(1, close).every((token) => token.kind === 'name' || isMark(token, '*'))) {
      bare = bare.slice(close + 1);
    } else break;
  }
  return bare;
}

function closingBracket(tokens: readonly CToken[]): number {
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (isMark(tokens[i], '(')) depth++;
    if (isMark(tokens[i], ')') && --depth === 0) return i;
  }
  return -1;
}

/** A string: literals (side by side they are one), `__stringify(name)`, or a macro for them. */
export function stringOf(file: CFile, { tokens }: CExpression): string | undefined {
  const value = meaning(file, tokens);
  if (value.length > 0 && value.every(({ kind }) => kind === 'string'))
    return value.map(({ text }) => text).join('');
  if (
    value.length === 4 &&
    value[0]?.text === '__stringify' &&
    isMark(value[1], '(') &&
    isMark(value[3], ')')
  ) {
    return value[2]!.text;
  }
  return undefined;
}

/** NULL or 0. */
export function isNull(file: CFile, { tokens }: CExpression): boolean {
  const value = meaning(file, tokens);
  return value.length === 1 && (value[0]!.text === 'NULL' || numberIn(value[0]!) === 0);
}

/** A number without arithmetic, or a macro for one. */
export function numberOf(file: CFile, { tokens }: CExpression): number | undefined {
  const value = meaning(file, tokens);
  return value.length === 1 ? numberIn(value[0]!) : undefined;
}

function numberIn({ kind, text }: CToken): number | undefined {
  const digits = /^(0[xX][\da-fA-F]+|\d+)[uUlL]*$/.exec(text)?.[1];
  if (kind !== 'number' || digits === undefined) return undefined;
  const number = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The variable or function that is named: `f`, `&f`, `f[0]`, `&f[0]`, `(void *)f`. */
export function nameOf(file: CFile, { tokens }: CExpression): string | undefined {
  const value = meaning(file, tokens);
  const rest = isMark(value[0], '&') ? withoutBrackets(value.slice(1)) : value;
  const [name, bracket, index, close] = rest;
  if (name?.kind !== 'name') return undefined;
  if (rest.length === 1) return name.text;
  const first = rest.length === 4 && isMark(bracket, '[') && index?.text === '0' && isMark(close, ']');
  return first ? name.text : undefined;
}
