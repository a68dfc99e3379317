/**
 * A unit's code in shorthand, a fact a line:
 *
 *     f                     a static function in .text that ftrace can redirect
 *     f global              of another binding (weak, global)
 *     f notrace             without ftrace site
 *     f in .init.text       in another section
 *     g = f                 another name of f's code (`g = f weak`)
 *     f calls g             a call instruction whose relocation names g
 *     f jumps to g          the same with a jump
 *     f takes g             code of f that holds g's address
 *     .data takes g         a pointer to g in data
 *     .fixup calls g        code that no function holds calls g
 *
 * What is called or taken without being defined is defined elsewhere.
 */
export interface Code {
  readonly functions: CodeFunction[];
  /** What sections hold besides functions: pointers, and calls without a name. */
  readonly loose: { readonly section: string; readonly reference: CodeReference }[];
}

export type Binding = 'local' | 'global' | 'weak';

export interface CodeFunction {
  readonly section: string;
  readonly traced: boolean;
  readonly names: { readonly name: string; readonly binding: Binding }[];
  readonly references: CodeReference[];
}

export interface CodeReference {
  readonly how: 'calls' | 'jumps' | 'takes';
  readonly target: string;
}

const REFERENCE = /^(\S+) (calls|jumps|takes) (?:to )?(\S+)$/;
const ALIAS = /^(\S+) = (\S+)(?: (global|weak))?$/;
const FUNCTION = /^(\S+)((?: (?:global|weak|notrace))*)(?: in (\S+))?$/;

export function code(text: string): Code {
  const { functions, loose }: Code = { functions: [], loose: [] };
  const named = (name: string) => functions.find((f) => f.names.some((own) => own.name === name));
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const reference = REFERENCE.exec(line);
    const alias = ALIAS.exec(line);
    const [, name, words, section = '.text'] = FUNCTION.exec(line) ?? [];
    if (reference) {
      const [, from, how, target] = reference as unknown as [string, string, CodeReference['how'], string];
      const by = named(from);
      if (by) by.references.push({ how, target });
      else loose.push({ section: from, reference: { how, target } });
    } else if (alias) {
      const [, other, of, binding = 'local'] = alias;
      named(of!)!.names.push({ name: other!, binding: binding as Binding });
    } else if (name !== undefined) {
      const binding = /global|weak/.exec(words!)?.[0] ?? 'local';
      functions.push({
        section,
        traced: !words!.includes('notrace'),
        names: [{ name, binding: binding as Binding }],
        references: [],
      });
    } else throw new Error(`no code: ${line}`);
  }
  return { functions, loose };
}
