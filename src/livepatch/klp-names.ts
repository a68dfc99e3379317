/** The names that say where a livepatch's symbol is (Documentation/livepatch/module-elf-format.rst). */

export const KLP_SYM = '.klp.sym.';
export const KLP_SYM_RELA = '.klp.sym.rela.';
export const KLP_RELA = '.klp.rela.';
export const KLP_MODULE_RELOCS = '.klp.module_relocs.';

/** What the kernel's %55[^.] and %511[^,] take (kernel/livepatch/core.c, klp_resolve_symbols). */
const LONGEST_OBJECT = 55;
const LONGEST_NAME = 511;

export interface KlpName {
  readonly livepatchObject?: string;
  readonly symbolObject: string;
  readonly name: string;
  readonly position: number;
  /** Why its reader does not read it so. */
  readonly problem?: string;
}

/**
 * `.klp.sym.OBJECT.NAME,POS`, which the kernel reads with `.klp.sym.%55[^.].%511[^,],%lu`.
 *
 * @returns the parts, or why there are none
 */
export function parseKlpSym(raw: string): KlpName | { readonly problem: string } {
  const rest = raw.slice(KLP_SYM.length);
  const dot = rest.indexOf('.');
  const comma = rest.indexOf(',', dot + 1);
  if (dot <= 0) return { problem: 'names no object' };
  if (comma < 0) return { problem: 'has no position' };
  if (comma === dot + 1) return { problem: 'names no symbol' };
  const digits = /^\s*\d+/.exec(rest.slice(comma + 1))?.[0];
  const position = Number(digits);
  if (digits === undefined || !Number.isSafeInteger(position))
    return { problem: 'has a position that is no number' };
  const name = { symbolObject: rest.slice(0, dot), name: rest.slice(dot + 1, comma), position };
  const problem =
    tooLong(name.symbolObject, name.name) ??
    (digits.length < rest.length - comma - 1 ? 'has something behind the position' : undefined);
  return problem === undefined ? name : { ...name, problem };
}

/**
 * `.klp.sym.rela.LP_OBJECT.SYM_OBJECT.NAME.POS`, or `,POS` as its documentation writes it. Minimal klp-convert takes
 * everything up to the next dot, so a name with a dot in it cannot be said.
 */
export function parseKlpSymRela(raw: string): KlpName | { readonly problem: string } {
  const match = /^([^.]*)\.([^.]*)\.(.*?)(?:[.,](\d{1,15}))?$/s.exec(raw.slice(KLP_SYM_RELA.length));
  if (match === null) return { problem: 'names no object' };
  const [, livepatchObject = '', symbolObject = '', name = '', position] = match;
  if (livepatchObject === '' || symbolObject === '') return { problem: 'names no object' };
  if (name === '') return { problem: 'names no symbol' };
  if (position === undefined) return { problem: 'has no position' };
  const parts = { livepatchObject, symbolObject, name, position: Number(position) };
  const problem =
    tooLong(livepatchObject, name) ??
    tooLong(symbolObject, name) ??
    (name.includes('.') ? 'has a name with a dot, which klp-convert cannot read back' : undefined) ??
    (name.includes(',') ? 'has a name with a comma, which the kernel cannot read back' : undefined);
  return problem === undefined ? parts : { ...parts, problem };
}

/** `.klp.rela.OBJECT.SECTION`, of which the kernel reads the object with `.klp.rela.%55[^.]`. */
export function parseKlpRela(raw: string): {
  readonly object?: string;
  readonly base: string;
  readonly problem?: string;
} {
  const rest = raw.slice(KLP_RELA.length);
  const dot = rest.indexOf('.');
  const object = dot < 0 ? rest : rest.slice(0, dot);
  const base = dot < 0 ? '' : rest.slice(dot + 1);
  if (object === '') return { base, problem: 'names no object' };
  if (object.length > LONGEST_OBJECT)
    return { object: object.slice(0, LONGEST_OBJECT), base, problem: tooLongObject };
  return base === '' ? { object, base, problem: 'names no section' } : { object, base };
}

const tooLongObject = `has an object name of more than ${LONGEST_OBJECT} characters, which the kernel cuts off or refuses`;

function tooLong(object: string, name: string): string | undefined {
  if (object.length > LONGEST_OBJECT) return tooLongObject;
  return name.length > LONGEST_NAME ? `has a symbol name of more than ${LONGEST_NAME} characters` : undefined;
}
