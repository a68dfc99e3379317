import { InputError } from '../errors.js';
import { textOf } from './content.js';
import type { LivepatchFile, PatchedFunction, PatchedPart } from './livepatch.js';

const OBJECT = /^[\w-]+$/;
const FUNCTION = /^([A-Za-z_$][\w$]*(?:\.[\w$]+)*)(?:,(\d{1,9}))?$/;
const FORM = 'OBJECT FUNCTION[,POSITION] [REPLACEMENT [CONDITION]], OBJECT:FUNCTION, or FUNCTION';

/**
 * SUSE's patched_funcs.csv (separated by blanks: object, function, replacement, and a condition such as
 * `IS_ENABLED(CONFIG_X)`), and lists of functions, one a line: `function`, `object function`, `object:function`. A
 * function may have a position behind a comma. Functions without an object are vmlinux's. `#` begins a comment.
 *
 * @throws InputError where a line is none of these
 */
export function readPatchedList({ path, bytes }: LivepatchFile): PatchedPart {
  const patched: PatchedFunction[] = [];
  for (const [i, line] of textOf(bytes).split('\n').entries()) {
    const text = line.replace(/#.*/, '').trim();
    if (text !== '') patched.push(readLine(text, `${path}:${i + 1}`));
  }
  return { kind: 'list', patched, warnings: [] };
}

function readLine(text: string, where: string): PatchedFunction {
  const words = text.split(/\s+/);
  const [first = '', second, replacement, ...condition] = words;
  const colon = first.indexOf(':');
  const [object, named] =
    colon >= 0
      ? [first.slice(0, colon), first.slice(colon + 1)]
      : second === undefined
        ? ['vmlinux', first]
        : [first, second];
  const match = FUNCTION.exec(named);
  const replaced =
    colon >= 0 ? second === undefined : replacement === undefined || FUNCTION.test(replacement);
  if (!match || !OBJECT.test(object) || !replaced) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
    throw new InputError(where, `cannot read \`${shown}\``, `the line should be ${FORM}`);
  }
  return {
    object,
    function: match[1]!,
    sympos: Number(match[2] ?? 0),
    ...(replacement !== undefined && { replacement }),
    ...(condition.length > 0 && { condition: withoutBrackets(condition.join(' ')) }),
    where,
  };
}

/** As the layout is often written down: `[IS_ENABLED(CONFIG_X)]`. */
function withoutBrackets(condition: string): string {
  return /^\[(.*)\]$/.exec(condition)?.[1] ?? condition;
}
