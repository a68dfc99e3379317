import { type CExpression, type CList, isMark, readInitialiser } from './c-initialiser.js';
import type { CFile, CToken } from './c-tokens.js';

/** A structure or an array of structures with its initialiser: a variable, or a compound literal. */
export interface CVariable {
  readonly file: CFile;
  /** The structure's tag: `klp_func`. */
  readonly tag: string;
  /** '' for a compound literal. */
  readonly name: string;
  readonly value: CList | CExpression;
}

/** All variables and compound literals of these structure types, outermost ones only, in the file's order. */
export function findVariables(file: CFile, tags: ReadonlySet<string>): CVariable[] {
  const { tokens } = file;
  const found: CVariable[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const tag = tokens[at + 1]?.text ?? '';
    if (tokens[at]!.text !== 'struct' || tokens[at]!.kind !== 'name' || !tags.has(tag)) continue;
    const start = isMark(tokens[at - 1], '(') ? literalAt(tokens, at + 2) : undefined;
    if (start !== undefined) {
      const { value, next } = readInitialiser(file, start);
      found.push({ file, tag, name: '', value });
      at = next - 1;
      continue;
    }
    const declared = declaratorAt(tokens, at + 2);
    if (declared === undefined) continue;
    const { value, next } = readInitialiser(file, declared.value);
    found.push({ file, tag, name: declared.name, value });
    at = next - 1;
  }
  return found;
}

/** Behind `(struct TAG`: the brace of `[] ) {`. */
function literalAt(tokens: readonly CToken[], at: number): number | undefined {
  let i = at;
  while (i < tokens.length && !isMark(tokens[i], ')')) {
    if (!/^[[\]*]$|^\w+$/.test(tokens[i]!.text)) return undefined;
    i++;
  }
  return isMark(tokens[i + 1], '{') ? i + 1 : undefined;
}

/** Behind `struct TAG`: `* NAME [N] ATTRIBUTES =`. Undefined for a parameter, a declaration, a function or a definition. */
function declaratorAt(tokens: readonly CToken[], at: number): { name: string; value: number } | undefined {
  let i = at;
  let name: string | undefined;
  while (i < tokens.length) {
    const token = tokens[i]!;
    if (isMark(token, '=')) return name === undefined ? undefined : { name, value: i + 1 };
    if (isMark(token, '(') || isMark(token, '[')) {
      // Before the name, or a parameter list right behind it, this declares no variable of the type.
      if (name === undefined || (isMark(token, '(') && tokens[i - 1]!.text === name)) return undefined;
      i = closing(tokens, i);
      continue;
    }
    if (token.kind === 'name') {
      if (token.text !== 'const' && token.text !== '__initdata') name ??= token.text;
    } else if (!isMark(token, '*')) {
      return undefined;
    }
    i++;
  }
  return undefined;
}

/** Behind the bracket that closes the one at `at`. */
function closing(tokens: readonly CToken[], at: number): number {
  let depth = 0;
  for (let i = at; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== 'mark') continue;
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    if (depth === 0) return i + 1;
  }
  return tokens.length;
}
