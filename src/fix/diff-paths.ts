const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': 34,
  '\\': 92,
};

/**
 * A path as git quotes it (`quote_c_style` in git's quote.c): in double quotes with C escapes, octal ones for bytes.
 *
 * @returns the path and how much of the text it took; undefined where the quotes or an escape are broken
 */
export function unquotePath(text: string): { readonly path: string; readonly length: number } | undefined {
  const bytes: number[] = [];
  const raw = Buffer.from(text, 'utf8');
  for (let i = 1; i < raw.length; ) {
    const byte = raw[i]!;
    if (byte === 0x22) {
      const length = raw.subarray(0, i + 1).toString('utf8').length;
      return { path: Buffer.from(bytes).toString('utf8'), length };
    }
    if (byte !== 0x5c) {
      bytes.push(byte);
      i++;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(raw.toString('latin1', i + 1, i + 4));
    const value = octal ? Number.parseInt(octal[0], 8) : ESCAPES[String.fromCharCode(raw[i + 1] ?? 0)];
    if (value === undefined) return undefined;
    bytes.push(value);
    i += octal ? 4 : 2;
  }
  return undefined;
}

/** The path of a `---`/`+++` line: quoted, or up to the tab before a time stamp. */
export function headerPath(rest: string): string | undefined {
  if (rest.startsWith('"')) return unquotePath(rest)?.path;
  const tab = rest.indexOf('\t');
  if (tab >= 0) return rest.slice(0, tab);
  // Some diffs have blanks before the time stamp instead of a tab.
  return rest.replace(/ +\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*$/, '').trimEnd();
}

/** The two paths of a `diff --git` line; undefined where they cannot be told apart. */
export function gitHeaderPaths(rest: string): { readonly old: string; readonly new: string } | undefined {
  if (rest.startsWith('"')) {
    const old = unquotePath(rest);
    const second = old && rest.slice(old.length + 1);
    const path = second?.startsWith('"') ? unquotePath(second)?.path : second;
    return old && path ? { old: old.path, new: path } : undefined;
  }
  const quote = rest.indexOf(' "');
  if (quote > 0) {
    const path = unquotePath(rest.slice(quote + 1))?.path;
    return path === undefined ? undefined : { old: rest.slice(0, quote), new: path };
  }
  // Without a rename both paths are one but for the prefix, so blanks in them are no riddle.
  const middle = (rest.length - 1) / 2;
  if (rest[middle] === ' ') {
    const [old, other] = [rest.slice(0, middle), rest.slice(middle + 1)];
    if (old === other || (old.includes('/') && stripPath(old, 1) === stripPath(other, 1)))
      return { old, new: other };
  }
  const blank = rest.indexOf(' ');
  return rest.indexOf(' ', blank + 1) < 0 && blank > 0
    ? { old: rest.slice(0, blank), new: rest.slice(blank + 1) }
    : undefined;
}

/** Takes `count` directories off the front; undefined where there are not as many. */
export function stripPath(path: string, count: number): string | undefined {
  const parts = path.split('/').filter((part, i) => part !== '.' && (part !== '' || i === 0));
  return parts.length > count ? parts.slice(count).join('/') : undefined;
}

const PREFIX_PAIRS = new Set(['a b', 'b a', 'i w', 'c i', 'c w', 'o w', 'w i', 'i c', 'w c', 'w o', '1 2']);

/**
 * How many directories to take off, told from the two paths alone: 1 for git's prefixes (`a/ b/`, and those of
 * `diff.mnemonicPrefix`) and for two trees side by side (`linux.orig/ linux/`), else 0.
 */
export function guessStrip(old: string | undefined, other: string | undefined, renamed = false): 0 | 1 {
  const [a, b] = [old?.split('/'), other?.split('/')];
  if (!a || !b) return /^[abciow]\//.test(old ?? other ?? '') ? 1 : 0;
  if (a.length < 2 || b.length < 2) return 0;
  if (PREFIX_PAIRS.has(`${a[0]} ${b[0]}`)) return 1;
  return !renamed && a[0] !== b[0] && a.slice(1).join('/') === b.slice(1).join('/') ? 1 : 0;
}
