import { type Alias, HEADER, type Signature, type SourceFunction, type Trait } from './program.js';

const ATTRIBUTES: Readonly<Record<Exclude<Trait, 'inline'>, string>> = {
  always_inline: 'ALWAYS_INLINE',
  noinline: '__attribute__((noinline))',
  noipa: '__attribute__((noipa))',
  noclone: '__attribute__((noclone))',
  flatten: '__attribute__((flatten))',
  cold: '__attribute__((cold))',
  hot: '__attribute__((hot))',
  used: '__attribute__((used))',
  notrace: 'NOTRACE',
  init: '__attribute__((section(".init.text")))',
  target_clones: 'TARGET_CLONES',
  simd: 'SIMD',
};

/**
 * What every program begins with. A marker notes where it is and whose it is in a table. `asm inline` makes it count as
 * one instruction, however long its text, so that it hinders inlining as little as it can.
 */
const PRELUDE = `#include <stdarg.h>
#if __SIZEOF_POINTER__ == 8
#define WORD ".quad"
#else
#define WORD ".long"
#endif
#define MARK(id) __asm__ __volatile__ __inline__( \\
  "990:\\t.pushsection .klp_marks,\\"a\\"\\n\\t.balign 8\\n\\t" WORD " 990b, " id "\\n\\t.popsection")
#define IN(id) MARK(#id)
#define OUT(id) MARK(#id)
#define ALWAYS_INLINE __attribute__((always_inline))
#if defined(__x86_64__) || defined(__s390x__)
#define NOTRACE __attribute__((no_instrument_function))
#else
#define NOTRACE __attribute__((patchable_function_entry(0)))
#endif
#ifdef __x86_64__
#define TARGET_CLONES __attribute__((target_clones("default", "avx2")))
#define SIMD __attribute__((simd("notinbranch")))
#else
#define TARGET_CLONES
#define SIMD
#endif
struct pair { int a, b; };
extern volatile int knob[16];
int external(int);
void stop(int) __attribute__((noreturn));
`;

const PARAMETERS: Readonly<Record<Signature, string>> = {
  scalar: '(int x, int k)',
  pair: '(struct pair *p, int k)',
  variadic: '(int x, ...)',
  noreturn: '(int x, int k)',
};

/** The text of the header: prototypes of what units share, and functions that every unit gets a copy of. */
export function writeHeader(functions: readonly SourceFunction[]): string {
  const lines = [PRELUDE];
  const declared = new Set<string>();
  for (const one of functions) {
    if (one.linkage === 'static' || declared.has(one.name)) continue;
    declared.add(one.name);
    lines.push(`${type(one)} ${one.name}${PARAMETERS[one.signature]}${label(one)};`);
    for (const alias of one.aliases) {
      lines.push(`${type(one)} ${alias.name}${PARAMETERS[one.signature]};`);
    }
  }
  const own = functions.filter(({ file }) => file === HEADER);
  return [...lines, ...own.map(declaration), ...own.flatMap(definition), ''].join('\n');
}

/** @param functions those of the unit, in the order to define them */
export function writeUnit(functions: readonly SourceFunction[], table: Table | undefined): string {
  const lines = [`#include "${HEADER}"`, ...functions.map(declaration)];
  if (table !== undefined) {
    lines.push(`static int (*const ${table.name}[4])(int, int) = { ${table.entries.join(', ')} };`);
  }
  return [...lines, ...functions.flatMap(definition), ''].join('\n');
}

/** An array of functions, through which they are called. */
export interface Table {
  readonly name: string;
  readonly entries: readonly string[];
}

/** A static function's aliases stand by its declaration, so that functions before its definition can call them. */
function declaration(one: SourceFunction): string {
  if (one.linkage !== 'static') return '';
  return [
    `static ${attributes(one)}${type(one)} ${one.name}${PARAMETERS[one.signature]}${label(one)};`,
    ...one.aliases.map((alias) => aliasLine(one, alias)),
  ].join('\n');
}

function definition(one: SourceFunction): string[] {
  const linkage = {
    static: 'static ',
    global: '',
    weak: '__attribute__((weak)) ',
    'extern inline': GNU_INLINE,
  };
  return [
    '',
    `${linkage[one.linkage]}${attributes(one)}${type(one)} ${one.name}${PARAMETERS[one.signature]}`,
    '{',
    ...one.body.map((line) => `\t${line}`),
    '}',
    ...(one.linkage === 'static' ? [] : one.aliases.map((alias) => aliasLine(one, alias))),
  ];
}

const GNU_INLINE = 'extern __attribute__((gnu_inline)) ';

function aliasLine(one: SourceFunction, alias: Alias): string {
  const words = { static: 'static ', global: '', weak: '__attribute__((weak)) ' };
  return `${words[alias.linkage]}${type(one)} ${alias.name}${PARAMETERS[one.signature]} __attribute__((alias("${one.symbol}")));`;
}

function attributes({ traits }: SourceFunction): string {
  let text = traits.has('inline') || traits.has('always_inline') ? 'inline ' : '';
  for (const trait of traits) if (trait !== 'inline') text += `${ATTRIBUTES[trait]} `;
  return text;
}

function type({ signature }: SourceFunction): string {
  return signature === 'noreturn' ? '__attribute__((noreturn)) void' : 'int';
}

function label({ name, symbol }: SourceFunction): string {
  return name === symbol ? '' : ` __asm__("${symbol}")`;
}
