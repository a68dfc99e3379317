import { InputError } from '../errors.js';
import { allOf } from './c-conditions.js';
import { type CVariable, findVariables } from './c-declarations.js';
import type { CExpression, CItem, CList } from './c-initialiser.js';
import { type CFile, type CToken, readTokens } from './c-tokens.js';
import { isNull, nameOf, numberOf, stringOf } from './c-values.js';
import { textOf } from './content.js';
import {
  type LivepatchFile,
  type LivepatchWarning,
  type PatchedFunction,
  type PatchedPart,
  UNKNOWN_OBJECT,
} from './livepatch.js';

const TAGS: ReadonlySet<string> = new Set(['klp_func', 'klp_object']);
/** The fields in the order of their declaration (include/linux/livepatch.h), for initialisers without names. */
const FUNCTION_FIELDS = ['old_name', 'new_func', 'old_sympos'];
const OBJECT_FIELDS = ['name', 'funcs', 'callbacks'];

/**
 * The `struct klp_func` arrays of C sources, and the `struct klp_object`s that refer to them. Macros with arguments are
 * not expanded: an entry that needs one is a warning. Entries under a condition that the configuration decides are kept,
 * with the condition.
 *
 * @throws InputError where a file cannot be read as C, or no file has any of the two
 */
export function readPatchedSources(files: readonly LivepatchFile[]): PatchedPart {
  const variables = files.flatMap(({ path, bytes }) => findVariables(readTokens(textOf(bytes), path), TAGS));
  if (variables.length === 0) {
    throw new InputError(
      files.map(({ path }) => path).join(', '),
      'has no `struct klp_func` or `struct klp_object`',
      'give the source that registers the livepatch too',
    );
  }
  return new SourceReader(variables).read();
}

class SourceReader {
  private readonly patched: PatchedFunction[] = [];
  private readonly warnings: LivepatchWarning[] = [];
  private readonly arrays: readonly CVariable[];
  private readonly used = new Set<CVariable>();

  constructor(private readonly variables: readonly CVariable[]) {
    this.arrays = variables.filter(({ tag }) => tag === 'klp_func');
  }

  read(): PatchedPart {
    for (const { tag, file, value } of this.variables) {
      if (tag === 'klp_object') this.entries(file, value, OBJECT_FIELDS, (entry) => this.object(file, entry));
    }
    for (const array of this.arrays) {
      if (this.used.has(array)) continue;
      const first = array.value.kind === 'list' ? array.value.open : array.value.tokens[0];
      this.warn(
        array.file,
        first,
        `has functions (\`${array.name}\`) that no klp_object refers to: their object is unknown`,
      );
      this.functions(array, UNKNOWN_OBJECT, []);
    }
    return { kind: 'source', patched: this.patched, warnings: this.warnings };
  }

  /** Goes through an array's entries up to its empty one, as the kernel does; or takes the one that is no array. */
  private entries(
    file: CFile,
    value: CList | CExpression,
    fields: readonly string[],
    use: (entry: CList) => void,
  ): void {
    if (value.kind === 'expression') return;
    if (value.items.some(({ field }) => field !== undefined && fields.includes(field))) {
      use(value);
      return;
    }
    let ended = false;
    for (const item of value.items) {
      const entry = item.value;
      if (entry.kind === 'expression') {
        if (ended || isNull(file, entry)) continue;
        const shown = entry.tokens.map(({ text }) => text).join('');
        this.warn(file, item.first, `has \`${shown}\` as an entry, which is not expanded`);
      } else if (isEmpty(file, entry)) {
        // Under a condition, it may not be there.
        if (entry.open.conditions.length <= value.open.conditions.length) ended = true;
      } else if (ended) {
        this.warn(file, item.first, 'has an entry behind the empty one: the kernel does not see it');
      } else {
        use(entry);
      }
    }
    if (!ended)
      this.warn(file, value.open, 'has an array without an empty entry at its end: the kernel reads on');
  }

  private object(file: CFile, entry: CList): void {
    const name = values(entry, 'name', OBJECT_FIELDS)[0];
    const functions = values(entry, 'funcs', OBJECT_FIELDS)[0];
    let object: string | undefined = 'vmlinux';
    if (name?.value.kind === 'expression' && !isNull(file, name.value)) {
      object = stringOf(file, name.value);
      if (object === undefined)
        this.warn(file, name.first, 'has an object whose name is not a string: it is unknown');
      if (object === 'vmlinux') {
        this.warn(
          file,
          name.first,
          'names the object `vmlinux`: the kernel waits for a module of that name; its own name is NULL',
        );
      }
    }
    if (functions === undefined) {
      this.warn(file, entry.open, 'has an object without functions');
      return;
    }
    const { conditions } = entry.open;
    if (functions.value.kind === 'list') {
      const literal = { file, tag: 'klp_func', name: '', value: functions.value };
      this.functions(literal, object ?? UNKNOWN_OBJECT, conditions);
      return;
    }
    const wanted = nameOf(file, functions.value);
    const named = this.arrays.filter((array) => array.name === wanted);
    const array = named.find((one) => one.file === file) ?? named[0];
    if (array === undefined) {
      const shown = functions.value.tokens.map(({ text }) => text).join('');
      this.warn(
        file,
        functions.first,
        `has an object with functions \`${shown}\`, which no source here defines`,
      );
      return;
    }
    // One array in two branches of an #if has two definitions.
    for (const one of named.filter((other) => other.file === array.file)) {
      this.used.add(one);
      this.functions(one, object ?? UNKNOWN_OBJECT, conditions);
    }
  }

  private functions({ file, value }: CVariable, object: string, conditions: readonly string[]): void {
    this.entries(file, value, FUNCTION_FIELDS, (entry) => this.function(file, entry, object, conditions));
  }

  private function(file: CFile, entry: CList, object: string, conditions: readonly string[]): void {
    const names = values(entry, 'old_name', FUNCTION_FIELDS);
    if (names.length === 0)
      this.warn(file, entry.open, 'has a klp_func without old_name: the kernel refuses it');
    for (const { value, first } of names) {
      const name = value.kind === 'expression' ? stringOf(file, value) : undefined;
      if (name === undefined || !/^[\x21-\x7e]+$/.test(name)) {
        this.warn(file, first, 'has an old_name that is not a name in quotes: the function is unknown');
        continue;
      }
      const all = [...new Set([...conditions, ...entry.open.conditions, ...first.conditions])];
      const code = chosen(values(entry, 'new_func', FUNCTION_FIELDS), first);
      const replacement = code?.value.kind === 'expression' ? nameOf(file, code.value) : undefined;
      if (code === undefined) this.warn(file, first, `gives \`${name}\` no new_func: the kernel refuses it`);
      this.patched.push({
        object,
        function: name,
        sympos: this.position(file, chosen(values(entry, 'old_sympos', FUNCTION_FIELDS), first)),
        ...(replacement !== undefined && { replacement }),
        ...(all.length > 0 && { condition: allOf(all) }),
        where: `${file.path}:${first.line}`,
      });
    }
  }

  private position(file: CFile, item: CItem | undefined): number {
    if (item === undefined) return 0;
    const position = item.value.kind === 'expression' ? numberOf(file, item.value) : undefined;
    if (position === undefined)
      this.warn(file, item.first, 'has an old_sympos that is not a number: it is taken as 0');
    return position ?? 0;
  }

  private warn(file: CFile, token: CToken | undefined, what: string): void {
    this.warnings.push({ where: token ? `${file.path}:${token.line}` : file.path, what });
  }
}

/** The values that an entry gives a field: more than one where the branches of an #if do. */
function values(entry: CList, field: string, order: readonly string[]): CItem[] {
  const plain = entry.items.every((item) => item.field === undefined);
  if (!plain) return entry.items.filter((item) => item.field === field);
  const item = entry.items[order.indexOf(field)];
  return item === undefined ? [] : [item];
}

/** Of a field's values, the one under the same conditions as the name. */
function chosen(items: readonly CItem[], name: CToken): CItem | undefined {
  const same = (item: CItem) => item.first.conditions.join('\n') === name.conditions.join('\n');
  return items.find(same) ?? items[0];
}

function isEmpty(file: CFile, { items }: CList): boolean {
  return items.every(({ value }) => (value.kind === 'list' ? isEmpty(file, value) : isNull(file, value)));
}
