import type { Token } from './c-lexer.js';

/** Attribute macros with arguments that may stand before or behind a declarator (include/linux/compiler*.h). */
const ATTRIBUTES =
  /^(__attribute__|__attribute|__declspec|__printf|__scanf|__section|__aligned|__assume_aligned|__releases|__acquires|__must_hold|__cond_acquires|__cond_releases|__alloc_size|__realloc_size|__malloc|__no_sanitize|__copy|__alias|__compiletime_\w+|__diagnose_as|__overloadable|__target|__counted_by|__bpf_md_ptr|__cold|__no_caller_saved_registers|_Alignas|__alignof__|typeof|__typeof__|typeof_unqual|__typeof|_Static_assert|static_assert|__nonstring|__ref|__context__|__nonnull|__sysvec_\w+)$/;

/** What may stand before a macro that makes a function; `__u64` and its like are types. */
const QUALIFIER =
  /^(static|extern|inline|asmlinkage|noinline\w*|notrace|__visible|__init|__exit|__always_inline|__cpuidle|__sched|__ref|__meminit|__weak|__cold|__bpf_kfunc|__used|__maybe_unused|__naked)$/;

const NO_NAMES = new Set([
  'if',
  'for',
  'while',
  'switch',
  'do',
  'else',
  'return',
  'sizeof',
  'struct',
  'union',
  'enum',
]);

/**
 * Macros that make a function of the body that follows, and the name of the function that gets it (the compiler's).
 * From include/linux/syscalls.h and compat.h, include/linux/filter.h, arch/x86/include/asm/idtentry.h.
 */
const MAKERS: readonly (readonly [RegExp, (argument: string) => string])[] = [
  [/^(?:SYSCALL|SYSCALL32)_DEFINE[0-6x]$/, (name) => `__do_sys_${name}`],
  [/^COMPAT_SYSCALL(?:32)?_DEFINE[0-6x]$/, (name) => `__do_compat_sys_${name}`],
  [/^(?:NOTRACE_)?BPF_CALL_[0-5x]$/, (name) => `____${name}`],
  [/^DEFINE_IDTENTRY_(?:RAW|RAW_ERRORCODE|DF|NMI|MCE|DEBUG|VC_KERNEL|VC_USER|XEN\w*)$/, (name) => name],
  [/^DEFINE_IDTENTRY_(?:NOIST|MCE_USER|DEBUG_USER|NMI_NOIST)$/, (name) => `noist_${name}`],
  [/^DEFINE_IDTENTRY\w*$/, (name) => `__${name}`],
  [/^(?:__)?KUNIT_CASE\w*$/, (name) => name],
];

export interface FunctionName {
  readonly names: readonly string[];
  readonly guessed: boolean;
  readonly line: number;
}

interface Group {
  /** The word before the parenthesis; undefined where there is none. */
  readonly name?: Token;
  readonly inside: readonly Token[];
}

/** Whose head these tokens are, if they are a function's; undefined for `struct x`, `int a[] =` and the like. */
export function nameFunction(head: readonly Token[]): FunctionName | undefined {
  const groups = groupsOf(head);
  if (!groups) return undefined;
  const candidates = groups.filter(
    ({ name }) => name && !ATTRIBUTES.test(name.text) && !NO_NAMES.has(name.text),
  );
  // No parameter list begins with an asterisk.
  const pointer = groups.find(({ inside }) => inside[0]?.text === '*');
  if (pointer) return fromPointer(pointer);
  const plain = candidates.find(({ name }) => !isMacroName(name!.text)) ?? candidates.at(-1);
  if (!plain?.name) return undefined;
  const { text, line } = plain.name;
  if (!isMacroName(text)) return { names: [text], guessed: false, line };
  const [argument] = plain.inside;
  const maker = MAKERS.find(([macro]) => macro.test(text));
  if (argument?.kind !== 'word') return { names: [text], guessed: true, line };
  if (maker) return { names: [maker[1](argument.text)], guessed: false, line };
  // `static int INIT(void)`: a type before it, so a function whose name has capital letters only.
  const alone = head.slice(0, head.indexOf(plain.name)).every((token) => QUALIFIER.test(token.text));
  return alone ? { names: [argument.text], guessed: true, line } : { names: [text], guessed: false, line };
}

/** `int (*name(int a))(int)`: a function that gives a pointer to one. */
function fromPointer({ inside }: Group): FunctionName | undefined {
  const at = inside.findIndex(({ kind }, i) => kind === 'word' && inside[i + 1]?.text === '(');
  const name = inside[at];
  return name && { names: [name.text], guessed: false, line: name.line };
}

/** The groups of parentheses at the top; undefined where something stands there that no function's head has. */
function groupsOf(head: readonly Token[]): Group[] | undefined {
  const groups: Group[] = [];
  let depth = 0;
  let open = 0;
  for (let i = 0; i < head.length; i++) {
    const { text } = head[i]!;
    if (text === '(' && depth++ === 0) open = i;
    else if (text === ')' && --depth === 0) {
      const before = head[open - 1];
      const inside = head.slice(open + 1, i);
      groups.push({ ...(before?.kind === 'word' && { name: before }), inside });
    } else if (depth === 0 && (text === '=' || text === '{')) return undefined;
  }
  return groups.length > 0 ? groups : undefined;
}

function isMacroName(name: string): boolean {
  return /^_*[A-Z][A-Z0-9_]+$/.test(name) || MAKERS.some(([macro]) => macro.test(name));
}

const INLINE = /^(inline|__inline|__inline__|__always_inline|__forceinline)$/;
const NOINLINE = /^(noinline|__noinline|__noinline__|noinline_for_stack|noinline_for_tracing|noinstr)$/;
const PLAIN_WORDS = /^(static|extern|asmlinkage|inline|noinline\w*|notrace|nokprobe_inline|noinstr)$/;
/** Types with two underscores, among which attributes are the rule (include/uapi/linux/types.h). */
const TYPES =
  /^__([usf]\d+|[lb]e\d+|virtio\d+|kernel_\w+|\w+_t|sum16|wsum|int128|u?addrpair|portpair|builtin_va_list|typeof\w*)$/;
const isAttribute = (word: string) => PLAIN_WORDS.test(word) || (word.startsWith('__') && !TYPES.test(word));

/** What of a head a caller or the compiler's inliner sees. */
export interface HeadFacts {
  /** Return type, name and parameters, as written, attributes left out. */
  readonly signature: string;
  readonly inline: boolean;
  readonly noinline: boolean;
}

export function headFacts(head: readonly Token[]): HeadFacts {
  const kept: string[] = [];
  for (let i = 0; i < head.length; i++) {
    const { text } = head[i]!;
    if (ATTRIBUTES.test(text) && head[i + 1]?.text === '(' && !/typeof/.test(text)) {
      let depth = 0;
      do {
        i++;
        if (head[i]?.text === '(') depth++;
        if (head[i]?.text === ')') depth--;
      } while (depth > 0 && i < head.length);
      continue;
    }
    // A name such as __foo( is no attribute.
    if (!isAttribute(text) || head[i + 1]?.text === '(') kept.push(text);
  }
  return {
    signature: kept.join(' '),
    inline: head.some(({ text }) => INLINE.test(text)),
    noinline: head.some(({ text }) => NOINLINE.test(text)),
  };
}
