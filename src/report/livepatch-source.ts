import { cComment, cString, Identifiers, identifierPart } from './c-text.js';
import { type Part, partsOf } from './livepatch-part.js';
import { Replacements, type Target } from './livepatch-targets.js';
import { type Provenance, provenanceText } from './provenance.js';
import type { ReachReport } from './reach-report.js';
import { ALSO_TEXT } from './sentences.js';
import { visible } from './visible.js';

export { type Part, partOf } from './livepatch-part.js';

/** What a livepatch is started from. */
export interface Export {
  /** Null where there is nothing to write: `notes` say why. */
  readonly text: Iterable<string> | null;
  /** For standard error, a line each. */
  readonly notes: readonly string[];
  /** Whether it is not the whole of what has to be done: exit with 1. */
  readonly leftOut: boolean;
}

export interface ExportOptions {
  /** Write every answer, marked apart, instead of refusing more than one. */
  readonly each: boolean;
}

/**
 * C text to start a livepatch from: the arrays of `struct klp_func` and `struct klp_object` (include/linux/livepatch.h),
 * with what has no place in them as comments.
 *
 * @throws InputError for answers of several functions or builds that were not asked for one by one
 */
export function klpSource({ answers, provenance }: ReachReport, { each }: ExportOptions): Export {
  return klpExport(partsOf(answers, each), provenance);
}

/**
 * Lines of SUSE's patched_funcs.csv: object, function with its position, replacement; before them where they come from.
 * Whatever else is to be said goes to standard error.
 *
 * @throws InputError for answers of several functions or builds that were not asked for one by one
 */
export function patchedFuncs({ answers, provenance }: ReachReport, { each }: ExportOptions): Export {
  return patchedFuncsExport(partsOf(answers, each), provenance);
}

export function klpExport(parts: readonly Part[], provenance: Provenance): Export {
  if (parts.every(isEmpty)) return nothing(parts);
  const notes = parts
    .filter(({ settled }) => !settled)
    .map(({ title }) => `${title}; the comments tell more`);
  return { text: klpText(parts, provenance), notes: notes.map(visible), leftOut: notes.length > 0 };
}

/** `?` stands for an object that nothing tells, which no reader takes for one. */
export function patchedFuncsExport(parts: readonly Part[], provenance: Provenance): Export {
  if (parts.every(isEmpty)) return nothing(parts);
  const lines: string[] = [];
  // Each line of the list is a function to replace, and SUSE's register-patches.sh knows no comments.
  const notes = [provenanceText(provenance)];
  const replacements = new Replacements();
  let leftOut = false;
  for (const part of parts) {
    const first = lines.length + 1;
    const unwritable = part.targets.filter((target) => !isWritable(target));
    for (const target of part.targets.filter(isWritable))
      lines.push(patchedFuncsLine(target, replacements.of(target)));
    leftOut ||= !part.settled || unwritable.length > 0;
    if (parts.length > 1) notes.push(`${linesText(first, lines.length)}: ${part.title}`);
    else if (!part.settled) notes.push(part.title);
    notes.push(
      ...part.notes,
      ...alsoNotes(part),
      ...unwritable.map(({ name }) => `no such list can hold the name ${name}`),
    );
  }
  return { text: lines.length === 0 ? null : lines, notes: notes.map(visible), leftOut };
}

/** A function is replaced for all names of its code, in however many objects. */
function alsoNotes({ targets }: Part): Set<string> {
  const shared = targets.filter(({ also }) => also !== '');
  return new Set(shared.map(({ name, also }) => `${name}: ${also}: ${ALSO_TEXT}`));
}

function isEmpty({ targets }: Part): boolean {
  return targets.length === 0;
}

function nothing(parts: readonly Part[]): Export {
  const notes = parts.flatMap(({ title, notes: more }) => [`nothing is written for ${title}`, ...more]);
  return { text: null, notes: notes.map(visible), leftOut: true };
}

function* klpText(parts: readonly Part[], provenance: Provenance): Generator<string> {
  yield `${cComment(provenanceText(provenance))}\n`;
  const replacements = new Replacements();
  const arrays = new Identifiers();
  for (const { title, notes, targets } of parts) {
    if (parts.length > 1) yield '\n';
    yield `${[title, ...notes].map(cComment).join('\n')}\n`;
    if (targets.length > 0) yield* arraysText(targets, replacements, arrays);
  }
}

function* arraysText(
  targets: readonly Target[],
  replacements: Replacements,
  arrays: Identifiers,
): Generator<string> {
  const objects: string[] = [];
  for (const object of new Set(targets.map((target) => target.object))) {
    const array = arrays.give(`${object === null ? 'unknown_object' : identifierPart(object)}_funcs`);
    yield `static struct klp_func ${array}[] = {\n`;
    for (const target of targets) {
      if (target.object === object) yield functionLine(target, replacements.of(target));
    }
    yield '\t{ }\n};\n\n';
    objects.push(objectLine(object, array));
  }
  yield `static struct klp_object ${arrays.give('objs')}[] = {\n${objects.join('')}\t{ }\n};\n`;
}

function functionLine({ name, sympos, also }: Target, replacement: string): string {
  const position = sympos === null || sympos === 0 ? '' : ` .old_sympos = ${sympos},`;
  const unknown = sympos === null ? ' /* position unknown */' : '';
  const odd = /^[A-Za-z_]\w*$/.test(name) ? '' : ' /* its name is no C identifier */';
  const others = also === '' ? '' : ` ${cComment(`${also}: ${ALSO_TEXT}`)}`;
  return `\t{ .old_name = ${cString(name)}, .new_func = ${replacement},${position} },${unknown}${odd}${others}\n`;
}

/** An object that nothing tells must not be compiled by mistake: a livepatch of no object patches nothing, silently. */
function objectLine(object: string | null, array: string): string {
  if (object === null)
    return `#error "the object of ${array} is not known"\n\t{ .name = "?", .funcs = ${array}, },\n`;
  return `\t{${object === 'vmlinux' ? '' : ` .name = ${cString(object)},`} .funcs = ${array}, },\n`;
}

function patchedFuncsLine({ object, name, sympos }: Target, replacement: string): string {
  return `${object ?? '?'} ${name}${sympos ? `,${sympos}` : ''} ${replacement}\n`;
}

/** Whether its words are words of the list: they are parted by blanks, and a comma begins the position. */
function isWritable({ object, name }: Target): boolean {
  return /^[\w$.]+$/.test(name) && (object === null || /^[\w-]+$/.test(object));
}

function linesText(first: number, last: number): string {
  if (last < first) return 'no line';
  return first === last ? `line ${first}` : `lines ${first} to ${last}`;
}
