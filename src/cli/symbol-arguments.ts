import { InputError } from '../errors.js';
import { normalPath } from '../index/path-normal.js';
import type { IndexReader, UnitFilter } from '../index/reader.js';
import { definitionsNamed } from '../reach/definitions.js';
import { parseSymbolSpec, type SymbolSpec } from '../reach/symbol-spec.js';
import { nameOf, readInput, refuseTwice, STANDARD_INPUT } from './standard-input.js';

/** More unknown symbols than this are named without near names, which take long to find. */
const MOST_SUGGESTED = 20;

/**
 * The symbols of a command line: `-` is a list on standard input and `@FILE` one in a file, a symbol a line, from `#`
 * on comment; anything else is a symbol itself.
 *
 * @throws InputError for a list that cannot be read or has no symbol
 */
export function symbolTexts(args: readonly string[]): string[] {
  refuseTwice(args);
  return args.flatMap((arg) => {
    if (arg === STANDARD_INPUT) return listIn(arg);
    return /^@./.test(arg) ? listIn(arg.slice(1)) : [arg];
  });
}

function listIn(file: string): string[] {
  const lines = readInput(file).toString().split('\n');
  const symbols = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  if (symbols.length === 0) throw new InputError(nameOf(file), 'names no symbol', 'write one a line');
  return symbols;
}

/** A symbol, with the file that `--file` says. */
function specOf(text: string, file: string | undefined): SymbolSpec {
  const spec = parseSymbolSpec(text);
  if (file === undefined) return spec;
  if (spec.file !== undefined) {
    throw new InputError('', `"${text}" says its file itself`, 'leave the file or --file out');
  }
  return { ...spec, text: `${text}@${file}`, file: normalPath(file) };
}

/** How symbols are asked about. */
export interface Asking<T> {
  readonly index: IndexReader;
  readonly filter: UnitFilter;
  /** Of `--file`. */
  readonly file: string | undefined;
  /** Throws InputError for a symbol that the index does not have. */
  readonly ask: (spec: SymbolSpec) => readonly T[];
}

/** Answers of the symbols that are known, and what is wrong with the others. */
export interface Asked<T> {
  readonly answers: readonly T[];
  readonly unknown: readonly InputError[];
}

/** Asks for one symbol after the other: one that is not known leaves the others their answers. */
export function askEach<T>(texts: readonly string[], asking: Asking<T>): Asked<T> {
  const answers: T[] = [];
  const unknown: InputError[] = [];
  for (const text of texts) {
    try {
      const spec = specOf(text, asking.file);
      const wrong =
        whatElse(spec, asking) ?? (unknown.length < MOST_SUGGESTED ? undefined : missing(spec, asking));
      if (wrong) unknown.push(wrong);
      else for (const answer of asking.ask(spec)) answers.push(answer);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      unknown.push(error);
    }
  }
  return { answers, unknown };
}

function missing<T>(spec: SymbolSpec, { index, filter }: Asking<T>): InputError | undefined {
  if (definitionsNamed(index, spec, filter).length > 0) return undefined;
  return new InputError('', `${spec.name} is not in the index`);
}

/** What a name is that belongs to no function of a dump or object, where a linked object has it. */
function whatElse<T>({ name }: SymbolSpec, { index, filter }: Asking<T>): InputError | undefined {
  const id = index.nameId(name);
  if (id === undefined || index.functionsNamed(id).length > 0 || index.unitsWithSymbol(id).length > 0) {
    return undefined;
  }
  for (const build of filter.build === undefined ? index.builds() : [{ name: filter.build }]) {
    for (const { type, section, object } of index.imageSymbols(build.name, id)) {
      const where = `${section === null ? '' : `${section} of `}${object}`;
      if (VARIABLES.has(type))
        return new InputError('', `${name} is a variable (${where}), no function`, VARIABLE_ADVICE);
      if (type === 'func' || (type === 'notype' && section?.includes('text')))
        return new InputError('', `${name} is code without a dump (${where})`, ASSEMBLY_ADVICE);
    }
  }
  return undefined;
}

/** Types of symbols, as the index has them. */
const VARIABLES: ReadonlySet<string> = new Set(['object', 'tls', 'common']);
const VARIABLE_ADVICE = 'ask for the functions that use it';
const ASSEMBLY_ADVICE = 'it is assembly, or of a source whose dump was not read';
