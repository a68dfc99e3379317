import { InputError } from '../errors.js';
import { type ChangedBody, changesOf, mergedChange } from './changes.js';
import { stripPath } from './diff-paths.js';
import { fileKind } from './file-kind.js';
import type {
  AddedFunction,
  Declarations,
  Fix,
  FixedFunction,
  FixFile,
  FixReport,
  SourceTree,
  Untraceable,
} from './fix.js';
import { cGrammar } from './grammar.js';
import { guessChanges } from './guess.js';
import { type Laid, layHunks, type Misfit } from './lay-hunks.js';

/** What is known besides the fix; each makes the answer better. */
export interface Knowledge {
  /** The tree before the fix. */
  readonly source?: SourceTree;
  readonly declarations?: Declarations;
}

/**
 * The functions of the old source that a fix changes, and what else it changes.
 *
 * Without `source` every function is a guess from hunk headers and declarations. With it, a fix of several patches is
 * laid on it one after the other.
 *
 * @throws InputError where the fix does not fit the source, or was applied to it already
 */
export async function changedFunctions(
  fix: Fix,
  { source, declarations }: Knowledge = {},
): Promise<FixReport> {
  const report = new ReportBuilder();
  const declared = declarations ?? (() => []);
  const state = source && new PatchedTree(source);
  for (const file of fix.files) {
    const kind = file.binary ? 'binary' : fileKind(file.path);
    if (kind !== 'c') {
      if (file.binary || file.hunks.length > 0) {
        report.untraceable({ file: file.path, line: firstLine(file), kind, users: [] });
      }
      if (state && !file.binary) state.lay(file);
    } else if (state) {
      // Compiled beside the reading; whoever needs it gets the error, if there is one.
      cGrammar().catch(() => undefined);
      const { laid, path, original } = state.lay(file);
      for (const offset of laid.offsets) report.note(`${path}: hunks fit ${lines(offset)} than they say`);
      const changes = changesOf(laid, original, declared);
      report.file({ ...changes, functions: await Promise.all(changes.functions.map(confirmed)) });
    } else {
      report.file(guessChanges(file, declared(file.path)));
    }
  }
  return report.build();
}

function firstLine({ hunks: [hunk] }: FixFile): number {
  const line = hunk?.lines.find(({ type }) => type !== ' ');
  return line?.oldLine ?? line?.newLine ?? 1;
}

function lines(offset: number): string {
  const count = Math.abs(offset);
  return `${count} line${count === 1 ? '' : 's'} ${offset > 0 ? 'later' : 'earlier'}`;
}

/** The second opinion; a name that a macro makes is not in the text, so there is nothing to confirm. */
async function confirmed({ text, ...f }: ChangedBody): Promise<FixedFunction> {
  if (f.how !== 'recovered') return f;
  const grammar = await cGrammar();
  return grammar(text, f.name) ? { ...f, how: 'parsed' } : f;
}

/** The source tree with the patches laid so far. */
class PatchedTree {
  /** New text by present path; undefined where a patch deleted the file. */
  private readonly texts = new Map<string, string | undefined>();
  /** Present path -> path in the tree, of renamed files. */
  private readonly origins = new Map<string, string>();

  constructor(private readonly source: SourceTree) {}

  /** @throws InputError where the file is not there, or its hunks do not fit */
  lay(file: FixFile): { readonly laid: Laid; readonly path: string; readonly original: string } {
    if (file.change === 'added') return this.add(file);
    let misfit: { readonly misfit: Misfit; readonly path: string } | undefined;
    for (const [strip, path] of candidatePaths(file)) {
      const text = this.read(path);
      if (text === undefined) continue;
      const laid = layHunks(file.hunks, text);
      if ('misfit' in laid) {
        misfit ??= { misfit: laid, path };
        continue;
      }
      const original = this.origins.get(path) ?? path;
      const target =
        strip === undefined ? (file.newPath ?? path) : (stripPath(file.written.new ?? '', strip) ?? path);
      if (file.change === 'renamed') {
        this.texts.set(path, undefined);
        this.origins.set(target, original);
      }
      this.texts.set(
        file.change === 'renamed' ? target : path,
        file.change === 'deleted' ? undefined : laid.newText,
      );
      return { laid, path, original };
    }
    if (misfit) throw this.refusal(misfit.misfit, misfit.path);
    if (file.change === 'renamed' && this.read(file.newPath ?? '') !== undefined)
      throw this.applied(file.where);
    throw new InputError(
      file.where,
      `${file.path} is not in ${this.source.root}`,
      'give the source tree that the fix is for',
    );
  }

  private add(file: FixFile): { readonly laid: Laid; readonly path: string; readonly original: string } {
    const laid = layHunks(file.hunks, '');
    if ('misfit' in laid) throw this.refusal(laid, file.path);
    const there = this.read(file.path);
    if (there !== undefined && there.trim() !== '') {
      if (there.replaceAll('\r', '') === laid.newText.replaceAll('\r', '')) throw this.applied(file.where);
      throw new InputError(
        file.where,
        `${file.path} is new in the fix, and ${this.source.root} has it already`,
        'give the source tree before the fix',
      );
    }
    this.texts.set(file.path, laid.newText);
    return { laid, path: file.path, original: file.path };
  }

  private read(path: string): string | undefined {
    return this.texts.has(path) ? this.texts.get(path) : this.source.read(path);
  }

  private refusal({ misfit, where, line }: Misfit, path: string): InputError {
    if (misfit === 'applied') return this.applied(where);
    const what =
      misfit === 'several places'
        ? `the hunk is for ${path}:${line}, does not match there, and matches at several other places`
        : `the hunk does not match ${path}:${line} of ${this.source.root}`;
    return new InputError(
      where,
      what,
      'give the source tree that the fix was made for, or the fix as backported to it',
    );
  }

  private applied(where: string): InputError {
    return new InputError(
      where,
      `the patch is already applied to this source (${this.source.root})`,
      'give the source tree before the fix',
    );
  }
}

/** The paths that the old side can mean, the likeliest first, each with the directories taken off. */
function candidatePaths(file: FixFile): (readonly [number | undefined, string])[] {
  const candidates: (readonly [number | undefined, string])[] = [[undefined, file.oldPath ?? file.path]];
  for (const written of [file.written.old, file.written.new]) {
    for (let strip = 0; written !== undefined && strip < 4; strip++) {
      const path = stripPath(written, strip);
      if (path !== undefined && !candidates.some(([, known]) => known === path))
        candidates.push([strip, path]);
    }
  }
  return candidates;
}

/** Puts patches together: each function and each item once. */
class ReportBuilder {
  private readonly functions = new Map<string, FixedFunction>();
  private readonly fresh = new Map<string, AddedFunction>();
  private readonly items = new Map<string, Untraceable>();
  private readonly notes = new Set<string>();

  /** Takes a file's changes; of a later patch, those of the same file are changes of the same functions. */
  file(changes: {
    functions: readonly FixedFunction[];
    added: readonly AddedFunction[];
    untraceable: readonly Untraceable[];
  }): void {
    const seen = new Map<string, number>();
    for (const f of changes.functions) {
      const name = `${f.file} ${f.name}`;
      // A later patch of the same fix changes or removes what an earlier one added.
      if (this.fresh.has(name)) {
        if (f.removed) this.fresh.delete(name);
        continue;
      }
      // Definitions of one name, in the branches of an #if, stay apart.
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      const known = this.functions.get(`${name} ${nth}`);
      this.functions.set(`${name} ${nth}`, known ? mergedChange(known, f) : f);
    }
    for (const f of changes.added) this.fresh.set(`${f.file} ${f.name}`, f);
    for (const item of changes.untraceable) this.untraceable(item);
  }

  untraceable(item: Untraceable): void {
    const key = `${item.file} ${item.kind} ${item.name ?? item.line}`;
    const known = this.items.get(key);
    this.items.set(key, known ? { ...known, users: [...new Set([...known.users, ...item.users])] } : item);
  }

  note(text: string): void {
    this.notes.add(text);
  }

  build(): FixReport {
    return {
      functions: [...this.functions.values()],
      added: [...this.fresh.values()],
      untraceable: [...this.items.values()],
      notes: [...this.notes],
    };
  }
}
