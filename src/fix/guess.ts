import { tokenize } from './c-lexer.js';
import type { AddedFunction, FixedFunction, FixFile, Hunk, HunkLine, Untraceable } from './fix.js';
import { type FunctionName, nameFunction } from './function-head.js';
import { nameItem } from './item-kind.js';
import { outline } from './outline.js';

type Declared = readonly { readonly name: string; readonly line: number }[];

/** What a line of a hunk is in, as far as the hunk shows. */
type Place =
  | { readonly in: 'function'; readonly name: FunctionName; readonly seen: boolean; readonly line: number }
  | { readonly in: 'item'; readonly text: string }
  | { readonly in: 'nothing' | 'unknown' };

const UNKNOWN: Place = { in: 'unknown' };
const NOTHING: Place = { in: 'nothing' };

export interface Guess {
  readonly functions: readonly FixedFunction[];
  readonly added: readonly AddedFunction[];
  readonly untraceable: readonly Untraceable[];
}

/**
 * Which functions a file's hunks change, without its source: git's function context says in which function a hunk
 * begins, and in the kernel's coding style what starts or ends one is in the first column of the hunk's lines.
 *
 * @param declared the file's functions in the dumps, to support or correct the guess
 */
export function guessChanges(file: FixFile, declared: Declared): Guess {
  if (file.change === 'added') return newFile(file);
  const guess = new GuessBuilder(file.path, declared);
  for (const hunk of file.hunks) guess.hunk(hunk);
  return guess.build();
}

/** All of a new file is in the fix. */
function newFile({ path, hunks }: FixFile): Guess {
  const text = hunks.flatMap(({ lines }) => lines.map((line) => line.text)).join('\n');
  const added = outline(text).functions.map(({ names, line }) => ({ name: names[0]!, file: path, line }));
  return { functions: [], added, untraceable: [] };
}

class GuessBuilder {
  private readonly functions = new Map<string, FixedFunction>();
  private readonly added: AddedFunction[] = [];
  private readonly items = new Map<string, Untraceable>();

  constructor(
    private readonly file: string,
    private readonly declared: Declared,
  ) {}

  build(): Guess {
    const added = this.added.filter(({ name }) => !this.functions.has(name));
    return { functions: [...this.functions.values()], added, untraceable: [...this.items.values()] };
  }

  hunk(hunk: Hunk): void {
    const { lines } = hunk;
    let place = placeOfHeader(hunk.header);
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      if (line.type === '+') {
        const end = endOfRun(lines, i);
        this.addedRun(lines.slice(i, end), place, hunk, lines[i - 1]?.oldLine ?? hunk.oldStart);
        i = end - 1;
        continue;
      }
      const next = placeAt(lines, i, place);
      // A head's own lines are the function's; a closing brace still is.
      if (line.type === '-') this.removedLine(line, next ?? place, hunk);
      place = /^\}/.test(line.text) || endsItem(line.text, next) ? NOTHING : (next ?? place);
    }
  }

  private removedLine(line: HunkLine, place: Place, hunk: Hunk): void {
    if (isBlank(line.text) && place.in !== 'function') return;
    this.changed(place, hunk, line.oldLine!, line.text);
  }

  private addedRun(run: readonly HunkLine[], place: Place, hunk: Hunk, after: number): void {
    const text = run.map((line) => line.text).join('\n');
    const code = run.find((line) => !isBlank(line.text))?.text;
    if (code === undefined && place.in !== 'function') return;
    // `}`, a blank line, `static int next(void)`, ...: a whole function came, and the diff begins at the brace.
    const split = place.in === 'function' && /^\}/.test(code ?? '');
    if (place.in === 'function' && !split) this.changed(place, hunk, after, text);
    if (place.in === 'item' && !/^\}/.test(code ?? '')) this.changed(place, hunk, after, text);
    if (place.in === 'unknown' && !startsFirst(run)) this.changed(place, hunk, after, text);
    if (place.in === 'function' && !startsFirst(run)) return;
    const first = run[0]!.newLine!;
    const { functions, items } = outline(split ? text.replace(/^[^\n]*\n?/, '\n') : text);
    for (const { names, line } of functions)
      this.added.push({ name: names[0]!, file: this.file, line: first + line - 1 });
    if (place.in === 'item') return;
    for (const item of items) {
      // The head of a new function whose body the diff has as unchanged.
      const brace = item.tokens.findIndex(({ text: mark }) => mark === '{');
      const named = nameFunction(brace < 0 ? item.tokens : item.tokens.slice(0, brace));
      const open = item.tokens.at(-1)?.text;
      if (named && (brace >= 0 || open !== ';') && item.tokens[0]?.first)
        this.added.push({ name: named.names[0]!, file: this.file, line: first + named.line - 1 });
      else if (item.tokens[0]?.first && item.tokens[0].text !== '}')
        this.untraceable(item.kind, item.name, first + item.start - 1);
    }
  }

  private changed(place: Place, hunk: Hunk, line: number, text: string): void {
    if (place.in === 'function') this.function(place, line, hunk);
    else if (place.in === 'item') {
      const { kind, name } = nameItem(tokenize(place.text.replace(/\{\s*$/, '{};')));
      this.untraceable(kind, name, line);
    } else {
      const start = this.nearest(line);
      const plain = /^\s/.test(text) && !/^\s*[#/]/.test(text);
      if (place.in === 'unknown' && start && plain) this.add(start.name, start.line);
      else {
        const [token] = tokenize(text);
        const { kind, name } = nameItem(tokenize(text));
        if (place.in !== 'unknown' && token?.first) this.untraceable(kind, name, line);
        else this.untraceable('other', undefined, line);
      }
    }
  }

  private function({ name, seen, line }: Place & { in: 'function' }, changedLine: number, hunk: Hunk): void {
    const same = this.declared.filter((d) => name.names.includes(d.name));
    const own = same.find((d) => d.line === line) ?? same.findLast((d) => d.line <= changedLine) ?? same[0];
    const nearest = this.nearest(changedLine);
    // A macro's argument is a poor name: the dumps have what it became.
    if (!own && nearest && (name.guessed || (!seen && hunk.header === '')))
      this.add(nearest.name, nearest.line);
    else this.add(own?.name ?? name.names[0]!, own?.line ?? line);
  }

  /** The dumps' function that is declared last before a line. */
  private nearest(line: number): Declared[number] | undefined {
    let best: Declared[number] | undefined;
    for (const d of this.declared) if (d.line <= line && (!best || d.line > best.line)) best = d;
    return best;
  }

  private add(name: string, line: number): void {
    if (this.functions.has(name)) return;
    this.functions.set(name, {
      name,
      file: this.file,
      line,
      how: 'guessed',
      signatureChanged: false,
      becameInline: false,
      becameNoinline: false,
      removed: false,
      cosmetic: false,
    });
  }

  private untraceable(kind: Untraceable['kind'], name: string | undefined, line: number): void {
    const key = `${kind} ${name ?? line}`;
    if (this.items.has(key)) return;
    this.items.set(key, { file: this.file, line, kind, ...(name !== undefined && { name }), users: [] });
  }
}

/** What git's function context opens: it is the last line before the hunk that begins with a letter. */
function placeOfHeader(header: string): Place {
  if (header === '') return UNKNOWN;
  if (!header.includes('('))
    return /^(static |const |struct |union |enum |typedef )/.test(header)
      ? { in: 'item', text: header }
      : UNKNOWN;
  if (/;\s*$/.test(header) || /=/.test(header)) return NOTHING;
  // git cuts the line at 80 bytes, so the parameters may have no end.
  const name = nameFunction(tokenize(closed(header)));
  return name ? { in: 'function', name, seen: false, line: 0 } : UNKNOWN;
}

function closed(head: string): string {
  const plain = head.replace(/\{.*$/s, '');
  const open = plain.split('(').length - plain.split(')').length;
  return plain + ')'.repeat(Math.max(0, open));
}

/** What an old line begins, where it begins something in the first column. */
function placeAt(lines: readonly HunkLine[], at: number, place: Place): Place | undefined {
  const { text, oldLine } = lines[at]!;
  if (/^#\s*(define|undef|include)/.test(text))
    return place.in === 'function' ? undefined : { in: 'item', text: directive(lines, at) };
  if (!/^[A-Za-z_]/.test(text) || /^\w+:(\s|$)/.test(text) || /^(default|case)\b/.test(text))
    return undefined;
  const head = joined(lines, at);
  if (head.includes('(') && !/;\s*$/.test(head.replace(/\{[\s\S]*$/, ''))) {
    const name = /=/.test(head.split('(')[0]!) ? undefined : nameFunction(tokenize(closed(head)));
    if (name) return { in: 'function', name, seen: true, line: oldLine! + name.line - 1 };
  }
  return { in: 'item', text: head };
}

/** The old lines from here to the brace or semicolon that ends a head. */
function joined(lines: readonly HunkLine[], at: number): string {
  let head = '';
  for (const { type, text } of lines.slice(at, at + 20)) {
    if (type === '+') continue;
    head += `${text}\n`;
    if (/[;{}]/.test(text)) break;
  }
  return head.trimEnd();
}

function directive(lines: readonly HunkLine[], at: number): string {
  let text = '';
  for (const line of lines.slice(at)) {
    if (line.type === '+') continue;
    text += `${line.text}\n`;
    if (!line.text.endsWith('\\')) break;
  }
  return text;
}

/** Whether an item ends with its own line: `int x;`, an include, a prototype. */
function endsItem(text: string, place: Place | undefined): boolean {
  if (place?.in !== 'item') return false;
  return text.startsWith('#') ? !text.endsWith('\\') : /;\s*$/.test(text);
}

function endOfRun(lines: readonly HunkLine[], at: number): number {
  let end = at;
  while (lines[end]?.type === '+') end++;
  return end;
}

function startsFirst(run: readonly HunkLine[]): boolean {
  return run.some(({ text }) => /^[A-Za-z_#]/.test(text));
}

function isBlank(text: string): boolean {
  return /^\s*(\/\*.*|\*([\s/].*)?|\/\/.*)?$/.test(text);
}
