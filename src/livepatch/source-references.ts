import { allOf } from './c-conditions.js';
import { isMark, readInitialiser } from './c-initialiser.js';
import { type CFile, type CToken, readTokens } from './c-tokens.js';
import { nameOf, numberOf } from './c-values.js';
import { textOf } from './content.js';
import { KLP_SYM_RELA, parseKlpSymRela } from './klp-names.js';
import type { LivepatchWarning } from './livepatch.js';
import type { MalformedName, References, ReferenceTarget } from './references.js';

/**
 * The annotations of a C source: `KLP_RELOC_SYMBOL(LP_OBJECT, SYM_OBJECT, NAME)` and `..._POS(..., POS)`, the asm labels
 * that they expand to, and `KLP_SYMPOS(symbol, pos)` in `KLP_MODULE_RELOC(OBJECT)` arrays. Definitions of the macros are
 * no uses of them.
 */
export function readSourceReferences(path: string, bytes: Uint8Array): References {
  const reader = new Reader(readTokens(textOf(bytes), path));
  reader.run();
  const { targets, malformed, warnings } = reader;
  return {
    kind: 'source',
    file: path,
    targets,
    undefinedSymbols: [],
    relaSections: [],
    malformed,
    earlySections: [],
    warnings,
  };
}

class Reader {
  readonly targets: ReferenceTarget[] = [];
  readonly malformed: MalformedName[] = [];
  readonly warnings: LivepatchWarning[] = [];

  constructor(private readonly file: CFile) {}

  run(): void {
    const { tokens } = this.file;
    for (let at = 0; at < tokens.length; at++) {
      const token = tokens[at]!;
      if (token.kind === 'string') {
        this.label(token);
      } else if (token.kind === 'name' && isMark(tokens[at + 1], '(')) {
        if (token.text === 'KLP_RELOC_SYMBOL' || token.text === 'KLP_RELOC_SYMBOL_POS') this.annotation(at);
        else if (token.text === 'KLP_MODULE_RELOC') at = this.array(at);
      }
    }
  }

  /** An asm label: a quoted symbol inside of a string. */
  private label(token: CToken): void {
    const raw = token.text.replaceAll('"', '');
    if (!raw.startsWith(KLP_SYM_RELA)) return;
    const where = this.where(token);
    const parsed = parseKlpSymRela(raw);
    if (parsed.problem !== undefined)
      this.malformed.push({ what: 'symbol', raw, problem: parsed.problem, where });
    if (!('name' in parsed)) return;
    this.targets.push({ how: 'annotated-minimal', raw, ...parsed, ...under(token), uses: [], where });
  }

  private annotation(at: number): void {
    const token = this.file.tokens[at]!;
    const parts = this.arguments(at + 1).map((part) => part.map(({ text }) => text).join(''));
    // Some writers gave KLP_RELOC_SYMBOL a position too.
    if (parts.length < 3 || parts.length > 4 || (parts.length === 3 && token.text.endsWith('_POS'))) {
      this.warn(token, `has a ${token.text} with ${parts.length} arguments, which is not read`);
      return;
    }
    const [livepatchObject, symbolObject, name, position = '0'] = parts;
    this.label({ ...token, text: `${KLP_SYM_RELA}${livepatchObject}.${symbolObject}.${name},${position}` });
  }

  /** `KLP_MODULE_RELOC(OBJECT) NAME[] = { ... }`. Returns the index of its last token. */
  private array(at: number): number {
    const { file } = this;
    const { tokens } = file;
    const object = (this.arguments(at + 1)[0] ?? []).map(({ text }) => text).join('');
    let i = at;
    while (i < tokens.length && !isMark(tokens[i], '=') && !isMark(tokens[i], ';')) i++;
    if (!isMark(tokens[i], '=')) return at;
    const { value, next } = readInitialiser(file, i + 1);
    if (value.kind !== 'list') return next - 1;
    for (const item of value.items) {
      const [symbol, position] =
        item.value.kind === 'list'
          ? item.value.items.map((field) => field.value)
          : this.sympos(item.value.tokens);
      const raw = symbol?.kind === 'expression' ? nameOf(file, symbol) : undefined;
      const number =
        position === undefined ? 0 : position.kind === 'expression' ? numberOf(file, position) : undefined;
      if (raw === undefined || number === undefined || object === '') {
        this.warn(item.first, 'has an entry of KLP_MODULE_RELOC that is not read');
        continue;
      }
      const where = this.where(item.first);
      this.targets.push({
        how: 'annotated-full',
        raw,
        name: raw,
        symbolObject: object,
        position: number,
        ...under(item.first),
        uses: [],
        where,
      });
    }
    return next - 1;
  }

  /** The arguments of `KLP_SYMPOS(symbol, pos)`. */
  private sympos(tokens: readonly CToken[]) {
    if (tokens[0]?.text !== 'KLP_SYMPOS' || !isMark(tokens.at(-1), ')')) return [];
    return splitAtCommas(tokens.slice(2, -1)).map((part) => ({ kind: 'expression' as const, tokens: part }));
  }

  /** The arguments between the bracket at `at` and the one that closes it. */
  private arguments(at: number): CToken[][] {
    const { tokens } = this.file;
    let depth = 0;
    for (let i = at; i < tokens.length; i++) {
      if (isMark(tokens[i], '(')) depth++;
      if (isMark(tokens[i], ')') && --depth === 0) return splitAtCommas(tokens.slice(at + 1, i));
    }
    return [];
  }

  private warn(token: CToken, what: string): void {
    this.warnings.push({ where: this.where(token), what });
  }

  private where({ line }: CToken): string {
    return `${this.file.path}:${line}`;
  }
}

function under({ conditions }: CToken): Pick<ReferenceTarget, 'condition'> {
  return conditions.length === 0 ? {} : { condition: allOf(conditions) };
}

function splitAtCommas(tokens: readonly CToken[]): CToken[][] {
  const parts: CToken[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isMark(token, '(')) depth++;
    if (isMark(token, ')')) depth--;
    if (depth === 0 && isMark(token, ',')) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}
