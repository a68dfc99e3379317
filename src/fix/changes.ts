import { type Token, tokensText } from './c-lexer.js';
import type { AddedFunction, Declarations, FixedFunction, Untraceable } from './fix.js';
import { headFacts } from './function-head.js';
import type { Laid } from './lay-hunks.js';
import { type Outline, type OutlineFunction, type OutlineItem, outline } from './outline.js';

/** A changed function, and its old text without comments and attributes, for whoever wants to read it again. */
export interface ChangedBody extends FixedFunction {
  readonly text: string;
}

export interface FileChanges {
  readonly functions: readonly ChangedBody[];
  readonly added: readonly AddedFunction[];
  readonly untraceable: readonly Untraceable[];
}

/**
 * What of a C file changes between its old and its new text.
 *
 * A diff may well say that the end of one function and the head of the next were added, when a whole function
 * was: so what the hunks touch is compared, and what is the same in both texts is not reported.
 *
 * @param paths the old path (or the new one of an added file), for the report
 */
export function changesOf(laid: Laid, file: string, declarations: Declarations): FileChanges {
  const [before, after] = [outline(laid.oldText), outline(laid.newText)];
  const pairs = pairFunctions(before.functions, after.functions, laid);
  const oldLines = laid.oldText.split('\n');
  const newLines = laid.newText.split('\n');
  const declared = declarations(file);
  const functions = new Map<string, ChangedBody>();
  for (const old of before.functions) {
    const other = pairs.get(old);
    if (other && textOf(oldLines, old) === textOf(newLines, other) && !whollyRemoved(old, laid)) continue;
    if (!touched(old, laid) && !(other && touchedNew(other, laid))) continue;
    const change = fixed(old, other, file);
    for (const name of namesOf(old, declared)) {
      // Heads of one name, in the branches of an #if, that share a body are one function.
      const known = functions.get(`${name} ${old.end}`);
      functions.set(`${name} ${old.end}`, known ? mergedChange(known, change) : { ...change, name });
    }
  }
  const paired = new Set(pairs.values());
  const added = after.functions
    .filter((f) => !paired.has(f))
    .map(({ names, line }) => ({ name: names[0]!, file, line }));
  const items = changedItems(before, after, laid, file);
  return {
    functions: [...functions.values(), ...generated(items, declared, file)],
    added,
    untraceable: items.map(({ item }) => item),
  };
}

/** Of a macro that nobody knows, the functions that the compiler saw on its line. */
function namesOf(
  { names, guessed, line }: OutlineFunction,
  declared: ReturnType<Declarations>,
): readonly string[] {
  const there = guessed ? declared.filter((d) => d.line === line).map(({ name }) => name) : [];
  return there.length > 0 ? [...new Set(there)] : names;
}

/** Functions that a macro call without a body makes (`PAGEFLAG(...)`), where the dumps have them on its line. */
function generated(
  items: readonly ChangedItem[],
  declared: ReturnType<Declarations>,
  file: string,
): ChangedBody[] {
  return items.flatMap(({ old }) => {
    if (!old || /^#/.test(old.tokens[0]!.text) || !old.tokens.some(({ text }) => text === '(')) return [];
    return declared
      .filter(({ line }) => line === old.start)
      .map(({ name, line }) => ({ ...UNCHANGED, name, file, line, how: 'guessed' as const, text: '' }));
  });
}

const UNCHANGED = {
  signatureChanged: false,
  becameInline: false,
  becameNoinline: false,
  removed: false,
  cosmetic: false,
};

function fixed(old: OutlineFunction, other: OutlineFunction | undefined, file: string): ChangedBody {
  const common = {
    name: old.names[0]!,
    file,
    line: old.line,
    text: plainText(old),
    how: old.guessed ? 'guessed' : 'recovered',
  } as const;
  if (!other) return { ...UNCHANGED, ...common, removed: true };
  const [was, is] = [headFacts(old.head), headFacts(other.head)];
  const cosmetic = tokensText([...old.head, ...old.body]) === tokensText([...other.head, ...other.body]);
  return {
    ...common,
    signatureChanged: was.signature !== is.signature,
    becameInline: !was.inline && is.inline,
    becameNoinline: !was.noinline && is.noinline,
    removed: false,
    cosmetic,
  };
}

/** Two changes of one function as one. */
export function mergedChange<T extends FixedFunction>(known: T, f: FixedFunction): T {
  return {
    ...known,
    signatureChanged: known.signatureChanged || f.signatureChanged,
    becameInline: known.becameInline || f.becameInline,
    becameNoinline: known.becameNoinline || f.becameNoinline,
    removed: known.removed || f.removed,
    cosmetic: known.cosmetic && f.cosmetic,
  };
}

/** Old functions and what became of them: by name, else by the lines that they share. */
function pairFunctions(
  old: readonly OutlineFunction[],
  other: readonly OutlineFunction[],
  laid: Laid,
): Map<OutlineFunction, OutlineFunction> {
  const pairs = new Map<OutlineFunction, OutlineFunction>();
  const free = new Set(other);
  const waiting = new Map<string, OutlineFunction[]>();
  for (const f of other) waiting.set(f.names[0]!, [...(waiting.get(f.names[0]!) ?? []), f]);
  // Of a name's definitions (one a branch of an #if), first those whose lines are kept.
  const unpaired = old.filter((f) => {
    const match = (waiting.get(f.names[0]!) ?? []).find((g) => free.has(g) && sharedLines(f, g, laid) > 0);
    if (match) pair(f, match);
    return !match;
  });
  const left = unpaired.filter((f) => {
    const match = (waiting.get(f.names[0]!) ?? []).find((g) => free.has(g));
    if (match) pair(f, match);
    return !match;
  });
  for (const f of left) {
    let [best, most] = [undefined as OutlineFunction | undefined, 0];
    for (const g of free) {
      const shared = sharedLines(f, g, laid);
      if (shared > most) [best, most] = [g, shared];
    }
    // More than the closing brace.
    if (best && most > 1) pair(f, best);
  }
  return pairs;

  function pair(f: OutlineFunction, g: OutlineFunction): void {
    pairs.set(f, g);
    free.delete(g);
  }
}

function sharedLines(old: OutlineFunction, other: OutlineFunction, { kept }: Laid): number {
  let count = 0;
  for (let line = old.start; line <= old.end; line++) {
    const to = kept.get(line);
    if (to !== undefined && to >= other.start && to <= other.end) count++;
  }
  return count;
}

/** The function as a grammar of C can read it: no comments, no attributes, directives on lines of their own. */
function plainText({ head, body }: OutlineFunction): string {
  const words = body.map(({ kind, text }) => (kind === 'directive' ? `\n${text}\n` : `${text} `));
  return `${headFacts(head).signature} ${words.join('')}`;
}

function textOf(lines: readonly string[], { start, end }: OutlineFunction): string {
  return lines
    .slice(start - 1, end)
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .join('\n');
}

function whollyRemoved({ start, end }: OutlineFunction, { removed }: Laid): boolean {
  for (let line = start; line <= end; line++) if (!removed.has(line)) return false;
  return true;
}

function touched({ start, end }: { start: number; end: number }, { removed, insertedAfter }: Laid): boolean {
  for (let line = start; line <= end; line++) {
    if (removed.has(line) || (line < end && insertedAfter.has(line))) return true;
  }
  return false;
}

/** Lines were added to the function, also where they are not inside the old one (an attribute above it). */
function touchedNew({ start, end }: { start: number; end: number }, { added }: Laid): boolean {
  for (let line = start; line <= end; line++) if (added.has(line)) return true;
  return false;
}

interface ChangedItem {
  readonly item: Untraceable;
  readonly old?: OutlineItem;
}

/** What no function holds, once a kind and name; what has the same tokens before and after is no change. */
function changedItems(before: Outline, after: Outline, laid: Laid, file: string): ChangedItem[] {
  const old = before.items.filter((item) => touched(item, laid) && outside(item, before));
  const fresh = after.items.filter((item) => touchedNew(item, laid) && outside(item, after));
  // A diff may say that the end of one item and the head of the next came: what is there before and after is the same.
  const key = ({ kind, tokens }: OutlineItem) => `${kind}\n${tokensText(tokens)}`;
  const counts = new Map<string, number>();
  if (old.length + fresh.length > 0) {
    for (const item of before.items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
    for (const item of after.items) counts.set(key(item), (counts.get(key(item)) ?? 0) - 1);
  }
  const gone = old.filter((item) => (counts.get(key(item)) ?? 0) > 0);
  const come = fresh.filter((item) => (counts.get(key(item)) ?? 0) < 0);
  const users = usersIn(before);
  const seen = new Set<string>();
  return [
    ...gone.map((item) => ({ item, isOld: true })),
    ...come.map((item) => ({ item, isOld: false })),
  ].flatMap(({ item, isOld }) => {
    const { kind, name, start, words } = item;
    const id = `${kind} ${name ?? start}`;
    if (seen.has(id)) return [];
    seen.add(id);
    // Who uses a value of the enum or a second name of the struct uses it; a prototype has no users but callers.
    const report = { file, line: start, kind, ...(name !== undefined && { name }), users: users(words) };
    return [{ item: report, ...(isOld && { old: item }) }];
  });
}

/** Directives in a body belong to it, but for a macro, which goes on behind the body. */
function outside(item: OutlineItem, { functions }: Outline): boolean {
  return item.kind === 'macro' || !functions.some(({ start, end }) => start <= item.start && item.end <= end);
}

/** Looks up the functions of a file whose text has one of some words, or a macro of the file that has. */
function usersIn({ functions, items }: Outline): (words: readonly string[]) => string[] {
  let wordsOf: Map<OutlineFunction, Set<string>> | undefined;
  const carriers = items.filter(
    ({ kind, name }) => (kind === 'macro' || kind === 'typedef') && name !== undefined,
  );
  return (words) => {
    if (words.length === 0) return [];
    wordsOf ??= new Map(functions.map((f) => [f, wordsIn([...f.head, ...f.body])]));
    const wanted = new Set(words);
    for (let grew = true; grew; ) {
      grew = false;
      for (const { name, tokens } of carriers) {
        if (wanted.has(name!) || ![...wordsIn(tokens)].some((word) => wanted.has(word))) continue;
        wanted.add(name!);
        grew = true;
      }
    }
    const users = functions.filter((f) => [...wanted].some((word) => wordsOf!.get(f)!.has(word)));
    return [...new Set(users.map(({ names }) => names[0]!))];
  };
}

/** The words of some tokens; the tag of `struct pool` counts as `struct pool`, since `pool` alone is another name. */
function wordsIn(tokens: readonly Token[]): Set<string> {
  const words = new Set<string>();
  tokens.forEach((token, i) => {
    if (token.kind === 'word') words.add(tagged(tokens[i - 1]?.text, token.text));
    else if (token.kind === 'directive') {
      const inside = token.text.match(/[A-Za-z_$][\w$]*/g) ?? [];
      inside.forEach((word, at) => {
        words.add(tagged(inside[at - 1], word));
      });
    }
  });
  return words;
}

function tagged(before: string | undefined, word: string): string {
  return before !== undefined && /^(struct|union|enum)$/.test(before) ? `${before} ${word}` : word;
}
