import { InputError } from '../errors.js';
import { gitHeaderPaths, guessStrip, headerPath, stripPath, unquotePath } from './diff-paths.js';
import type { FileChange, Fix, FixFile, Hunk, HunkLine } from './fix.js';

const HUNK = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?([^\n]*)$/;
const EPOCH = /\t(1970-01-01|1969-12-31) /;
const NO_FILE = '/dev/null';
const NOT_A_DIFF = 'klp-reach reads unified diffs, as git format-patch, git diff and diff -u write them';

/**
 * Reads a unified diff: `git format-patch` (mails, also several in one file), `git diff`, `diff -u`.
 *
 * The libraries there are do not fit a tool that must not miss a line: one reads the mail signature as a removed
 * line, one refuses it, none keeps the place of a hunk in the file or refuses a hunk that is cut off.
 *
 * @param name the patch's name in messages
 * @throws InputError where the text has no diff, or a diff that cannot be trusted
 */
export function parseFix(text: string, name: string): Fix {
  return new FixReader(text, name).read();
}

/** What is known of a file while its header is read. */
interface Draft {
  readonly line: number;
  readonly git: boolean;
  old?: string;
  new?: string;
  /** `rename from`/`copy from` and `to`, which have no prefix. */
  renamedFrom?: string;
  renamedTo?: string;
  copied?: boolean;
  added?: boolean;
  deleted?: boolean;
  mode?: boolean;
  binary?: boolean;
  readonly hunks: Hunk[];
}

class FixReader {
  private readonly lines: readonly string[];
  private readonly files: FixFile[] = [];
  private draft: Draft | undefined;
  private at = 0;

  constructor(
    text: string,
    private readonly name: string,
  ) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    // A mail with CRLF lines: its headers show it. A patch of a CRLF file has LF there.
    const carried = lines.some((line, i) => /^\+\+\+ .*\r$/.test(line) && lines[i + 1]?.startsWith('@@ -'));
    this.lines = carried ? lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)) : lines;
  }

  read(): Fix {
    if (this.lines.every((line) => line.trim() === '')) throw this.error(0, 'is empty', NOT_A_DIFF);
    while (this.at < this.lines.length) this.readLine(this.lines[this.at]!);
    this.finish();
    if (this.files.length === 0) throw this.noDiff();
    return { name: this.name, files: this.files };
  }

  private readLine(line: string): void {
    const next = this.lines[this.at + 1] ?? '';
    if (line.startsWith('diff --git ')) this.startGit(line);
    else if (/^diff --(cc|combined) /.test(line) || /^@@@+ -/.test(line)) {
      throw this.error(this.at, 'is the combined diff of a merge', 'make a diff against one parent');
    } else if (
      line.startsWith('--- ') &&
      next.startsWith('+++ ') &&
      /^@@ -/.test(this.lines[this.at + 2] ?? '')
    ) {
      this.readPaths(line, next);
    } else if (line.startsWith('@@ -')) this.readHunk(line);
    else if (
      /^\*\*\* .*\d/.test(line) &&
      /^--- /.test(next) &&
      /^\*{10}/.test(this.lines[this.at + 2] ?? '')
    ) {
      throw this.error(this.at, 'is a context diff', 'make a unified one (diff -u)');
    } else if (/^Binary files .* and .* differ$/.test(line)) this.readBinaryFiles(line);
    else {
      if (this.draft) this.readExtended(this.draft, line);
      this.at++;
    }
  }

  private startGit(line: string): void {
    this.finish();
    const paths = gitHeaderPaths(line.slice('diff --git '.length));
    this.draft = { line: this.at, git: true, hunks: [], ...paths };
    this.at++;
  }

  private readExtended(draft: Draft, line: string): void {
    if (!draft.git || draft.hunks.length > 0) return;
    const [, key, value] = /^(rename from|rename to|copy from|copy to) (.*)$/.exec(line) ?? [];
    if (key && value !== undefined) {
      const path = value.startsWith('"') ? unquotePath(value)?.path : value;
      if (path === undefined) throw this.error(this.at, 'has a path whose quotes are broken', NOT_A_DIFF);
      if (key.endsWith('from')) draft.renamedFrom = path;
      else draft.renamedTo = path;
      if (key.startsWith('copy')) draft.copied = true;
    } else if (line.startsWith('new file mode ')) draft.added = true;
    else if (line.startsWith('deleted file mode ')) draft.deleted = true;
    else if (/^(old|new) mode /.test(line)) draft.mode = true;
    else if (line === 'GIT binary patch') draft.binary = true;
  }

  private readBinaryFiles(line: string): void {
    if (this.draft?.git && this.draft.hunks.length === 0) this.draft.binary = true;
    else {
      // diff -r: the line stands alone.
      this.finish();
      const [, old, other] = /^Binary files (.*) and (.*) differ$/.exec(line)!;
      this.draft = { line: this.at, git: false, binary: true, hunks: [], old: old!, new: other! };
    }
    this.at++;
  }

  private readPaths(line: string, next: string): void {
    const old = headerPath(line.slice(4));
    const other = headerPath(next.slice(4));
    if (!old || !other) throw this.error(this.at, 'has a path whose quotes are broken', NOT_A_DIFF);
    if (!this.draft?.git || this.draft.hunks.length > 0) {
      this.finish();
      this.draft = { line: this.at, git: false, hunks: [] };
    }
    this.draft.old = old;
    this.draft.new = other;
    // diff -N names a file that is not there as the other one, with the time stamp 0.
    if (EPOCH.test(line)) this.draft.added = true;
    if (EPOCH.test(next)) this.draft.deleted = true;
    this.at += 2;
  }

  private readHunk(line: string): void {
    const numbers = HUNK.exec(line);
    if (!numbers)
      throw this.error(this.at, 'is no hunk header', 'it should be: @@ -LINE,COUNT +LINE,COUNT @@');
    if (!this.draft || this.draft.old === undefined) {
      throw this.error(
        this.at,
        'a hunk before any file’s --- and +++ lines',
        'take the whole patch, with its headers',
      );
    }
    const start = this.at++;
    const hunk = {
      oldStart: Number(numbers[1]),
      oldLines: Number(numbers[2] ?? 1),
      newStart: Number(numbers[3]),
      newLines: Number(numbers[4] ?? 1),
    };
    const lines = this.readHunkLines(hunk, start);
    const before = this.draft.hunks.at(-1);
    if (
      before &&
      lines.length > 0 &&
      hunk.oldStart < before.oldStart + before.oldLines &&
      hunk.oldLines > 0
    ) {
      throw this.error(
        start,
        'the hunk starts before the last one ends',
        'the hunks of a file go by their lines',
      );
    }
    this.draft.hunks.push({ ...hunk, header: (numbers[5] ?? '').trimEnd(), lines, where: this.where(start) });
  }

  private readHunkLines(hunk: Omit<Hunk, 'header' | 'lines' | 'where'>, start: number): HunkLine[] {
    const lines: HunkLine[] = [];
    let [oldLine, newLine] = [hunk.oldLines === 0 ? hunk.oldStart + 1 : hunk.oldStart, hunk.newStart];
    if (hunk.newLines === 0) newLine++;
    let [oldLeft, newLeft] = [hunk.oldLines, hunk.newLines];
    while (oldLeft > 0 || newLeft > 0) {
      const line = this.lines[this.at];
      if (line === undefined) throw this.cutOff(start, oldLeft, newLeft);
      // An empty line is a context line whose blank a mail program took away.
      const type = line === '' ? ' ' : line[0]!;
      const text = line.slice(1);
      if (type === '\\') {
        this.at++;
        continue;
      }
      if (type !== ' ' && type !== '-' && type !== '+') throw this.cutOff(start, oldLeft, newLeft);
      if ((type !== '+' && oldLeft === 0) || (type !== '-' && newLeft === 0)) {
        throw this.error(
          this.at,
          'is a line too many for the hunk’s counts',
          'the patch was edited: make it again',
        );
      }
      if (type === ' ') lines.push({ type, text, oldLine: oldLine++, newLine: newLine++ });
      else if (type === '-') lines.push({ type, text, oldLine: oldLine++ });
      else lines.push({ type, text, newLine: newLine++ });
      if (type !== '+') oldLeft--;
      if (type !== '-') newLeft--;
      this.at++;
    }
    while (this.lines[this.at]?.startsWith('\\')) this.at++;
    const after = this.lines[this.at] ?? '';
    const signature = /^--\s*$/.test(after) || /^---( |$)/.test(after);
    if (/^[-+]/.test(after) && !signature) {
      throw this.error(
        this.at,
        'is a line too many for the hunk’s counts',
        'the patch was edited: make it again',
      );
    }
    return lines;
  }

  private cutOff(start: number, oldLeft: number, newLeft: number): InputError {
    const at = Math.min(this.at, this.lines.length - 1);
    const missing = `${oldLeft} old and ${newLeft} new lines are missing`;
    return this.error(
      at,
      `the hunk of line ${start + 1} ends too early (${missing})`,
      'take the whole patch',
    );
  }

  private finish(): void {
    const { draft } = this;
    this.draft = undefined;
    if (draft) this.files.push(this.file(draft));
  }

  private file(draft: Draft): FixFile {
    const added = draft.added || draft.old === NO_FILE;
    const deleted = draft.deleted || draft.new === NO_FILE;
    const old = added || draft.old === NO_FILE ? undefined : draft.old;
    const other = deleted ? undefined : draft.new;
    const renamed = draft.renamedFrom !== undefined;
    const strip = guessStrip(
      draft.old === NO_FILE ? undefined : draft.old,
      draft.new === NO_FILE ? undefined : draft.new,
      renamed,
    );
    // A copy leaves its source as it was: what it makes is a new file.
    const oldPath = draft.copied ? undefined : (draft.renamedFrom ?? stripped(old, strip));
    const plain = stripped(other, strip);
    // diff -u x.c.orig x.c
    const backup = !draft.git && oldPath !== undefined && plain !== undefined && oldPath !== plain;
    const newPath = draft.renamedTo ?? plain;
    const path = backup && newPath && oldPath?.startsWith(newPath) ? newPath : (oldPath ?? newPath);
    if (path === undefined) throw this.error(draft.line, 'names no file', NOT_A_DIFF);
    return {
      ...(oldPath !== undefined && { oldPath: backup ? path : oldPath }),
      ...(newPath !== undefined && { newPath: backup ? path : newPath }),
      path,
      written: { ...(old !== undefined && { old }), ...(other !== undefined && { new: other }) },
      change: changeOf(draft, added || draft.copied === true, deleted, renamed),
      binary: draft.binary ?? false,
      hunks: draft.hunks,
      where: this.where(draft.line),
    };
  }

  private noDiff(): InputError {
    const encoded = this.lines.findIndex((line) =>
      /^content-transfer-encoding:\s*(base64|quoted-printable)/i.test(line),
    );
    if (encoded >= 0)
      return this.error(encoded, 'the mail’s text is encoded', 'save it decoded (b4 am, or git am’s input)');
    return this.error(0, 'there is no unified diff in it', NOT_A_DIFF);
  }

  private where(index: number): string {
    return `${this.name}:${index + 1}`;
  }

  private error(index: number, what: string, advice: string): InputError {
    return new InputError(this.where(index), what, advice);
  }
}

function stripped(path: string | undefined, strip: 0 | 1): string | undefined {
  return path === undefined ? undefined : (stripPath(path, strip) ?? path);
}

function changeOf(draft: Draft, added: boolean, deleted: boolean, renamed: boolean): FileChange {
  if (added) return 'added';
  if (deleted) return 'deleted';
  if (renamed && !draft.copied) return 'renamed';
  return draft.mode && draft.hunks.length === 0 && !draft.binary ? 'mode' : 'modified';
}
