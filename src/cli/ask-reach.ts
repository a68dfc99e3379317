import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { InputError } from '../errors.js';
import type { UnitFilter } from '../index/reader.js';
import { Reach } from '../reach/affected.js';
import { type Direction, isComplete, MEMBER_CLASSES, type MemberClass } from '../reach/answer.js';
import type { SymbolSpec } from '../reach/symbol-spec.js';
import type { WalkMode } from '../reach/walk.js';
import type { Export } from '../report/livepatch-source.js';
import type { Provenance } from '../report/provenance.js';
import type { ReachReport } from '../report/reach-report.js';
import { isSettled } from '../report/settled.js';
import { visible } from '../report/visible.js';
import { EXIT_FINDINGS, EXIT_UNUSABLE } from './exit.js';
import { printText } from './print-text.js';
import { provenanceOf } from './provenance.js';
import { type AskOptions, withAsking, withPager } from './shared-options.js';
import { askEach, symbolTexts } from './symbol-arguments.js';
import { withIndexAsync } from './with-index.js';
import { writeOut } from './write-out.js';

type ReachFormat = AskOptions['format'] | 'klp' | 'patched-funcs';

export interface ReachOptions extends Omit<AskOptions, 'format'> {
  readonly format: ReachFormat;
  readonly strict?: boolean;
  readonly why?: boolean;
  readonly all?: boolean;
  readonly conservative?: boolean;
  readonly file?: string;
  readonly unit?: string;
  readonly names?: boolean;
  readonly only?: readonly MemberClass[];
  readonly tree?: boolean;
  readonly each?: boolean;
  readonly pager: boolean;
}

/** How a question about where code goes is asked. */
export function withReach(command: Command, formats: readonly ReachFormat[]): Command {
  const asking = withAsking(
    command
      .argument('<symbol...>', 'name, name@path/suffix.c or path.c:name; @FILE or - (standard input): a list')
      .option('--why', 'print the chain that leads to each function')
      .option('--all', 'list everything that is counted otherwise')
      .option('--conservative', 'ignore the order of decisions: a superset')
      .option('--file <path>', 'only the function declared in this file (the end of its path will do)')
      .addOption(
        new Option('-u, --unit <path>', 'only what this unit has of it (the end of its path will do)'),
      )
      .option('--strict', 'exit with 1 if an answer is incomplete, or not all of it can be patched'),
    formats,
  );
  return withPager(asking);
}

/** What the lists of an answer's members can be cut to. */
export function withLists(command: Command): Command {
  return command
    .option('--names', 'print bare names, a line each: of functions to replace, unless --only says else')
    .addOption(
      new Option('--only <classes>', `list only these: ${MEMBER_CLASSES.join(', ')}`).argParser(
        memberClasses,
      ),
    );
}

function memberClasses(text: string): MemberClass[] {
  return text.split(',').map((word) => {
    const found = MEMBER_CLASSES.find((known) => known === word.trim());
    if (!found) throw new InvalidArgumentError(`Classes are ${MEMBER_CLASSES.join(', ')}.`);
    return found;
  });
}

/** What a command asks of each symbol, and what it does with the answers; the index is open all the while. */
export interface Asker<T> {
  ask(
    reach: Reach,
    spec: SymbolSpec,
    question: { readonly filter: UnitFilter; readonly mode: WalkMode },
  ): readonly T[];
  print(answered: Answered<T>): Promise<void>;
}

/** What a command has to print. */
export interface Answered<T> {
  readonly answers: readonly T[];
  readonly mode: WalkMode;
  readonly provenance: Provenance;
}

/** Asks about every symbol of the command line; names those that are not known, and has the command exit with 2 then. */
export async function answerSymbols<T>(
  symbols: readonly string[],
  options: ReachOptions,
  asker: Asker<T>,
): Promise<void> {
  const filter = filterOf(options);
  const mode = options.conservative ? 'conservative' : 'ordered';
  const texts = symbolTexts(symbols);
  await withIndexAsync(options, async (index) => {
    const reach = new Reach(index);
    const ask = (spec: SymbolSpec) => asker.ask(reach, spec, { filter, mode });
    const { answers, unknown } = askEach(texts, { index, filter, file: options.file, ask });
    if (unknown.length > 0) process.exitCode = EXIT_UNUSABLE;
    // On a terminal what was said first is out of sight in the end; in a pipe the reader may end it.
    const late = process.stdout.isTTY === true;
    if (!late) sayUnknown(unknown);
    const provenance = provenanceOf(index, options.build);
    if (answers.length > 0) await asker.print({ answers, mode, provenance });
    if (late) sayUnknown(unknown);
  });
}

function sayUnknown(unknown: readonly InputError[]): void {
  for (const { message } of unknown) process.stderr.write(`klp-reach: ${visible(message)}\n`);
}

function filterOf({ build, unit }: ReachOptions): UnitFilter {
  return { ...(build !== undefined && { build }), ...(unit !== undefined && { unit }) };
}

/** Has the command exit with 1 for what somebody has to look at; with 2 it does already. */
export function setFindings(found: boolean): void {
  if (found && process.exitCode === undefined) process.exitCode = EXIT_FINDINGS;
}

/** Answers on standard output. */
export async function askReach(
  direction: Direction,
  symbols: readonly string[],
  options: ReachOptions,
): Promise<void> {
  refuseMixed(options);
  await answerSymbols(symbols, options, {
    ask: (reach, spec, question) => reach.ask(spec, { ...question, direction }),
    print: async (answered) => {
      const report: ReachReport = { ...answered, direction, why: options.why === true };
      // What is inside a function asks for no patching.
      const isGood = direction === 'inlined' ? isComplete : isSettled;
      setFindings(options.strict === true && !report.answers.every(isGood));
      await (options.names ? printNames(report, options) : print(report, options));
    },
  });
}

/** Options that shape a text mean nothing in another format: somebody expects what would not happen. */
function refuseMixed({ format, names, only, tree, each }: ReachOptions): void {
  const said = [names && '--names', only && '--only', tree && '--tree'].find(Boolean);
  if (said && format !== 'text') {
    throw new InputError('', `${said} is for text, not for ${format}`, 'leave one of them out');
  }
  if (each && format !== 'klp' && format !== 'patched-funcs') {
    throw new InputError('', '--each is for the formats klp and patched-funcs');
  }
}

async function print(report: ReachReport, options: ReachOptions): Promise<void> {
  const { format, each = false } = options;
  switch (format) {
    case 'json':
      return writeOut((await import('../report/reach-json.js')).reachJson(report));
    case 'csv':
      return writeOut((await import('../report/reach-csv.js')).reachCsv(report));
    case 'klp':
      return printExport((await import('../report/livepatch-source.js')).klpSource(report, { each }));
    case 'patched-funcs':
      return printExport((await import('../report/livepatch-source.js')).patchedFuncs(report, { each }));
    case 'text': {
      const tell = await textOf(report, options);
      return printText((told) => tell(report, told), options);
    }
  }
}

/** Loaded only where it is asked for. */
async function textOf({ direction }: ReachReport, { tree }: ReachOptions) {
  if (direction === 'inlined') return (await import('../report/inside-text.js')).insideText;
  if (tree) return (await import('../report/tree-text.js')).treeText;
  return (await import('../report/reach-text.js')).reachText;
}

async function printExport({ text, notes, leftOut }: Export): Promise<void> {
  setFindings(leftOut);
  for (const note of notes) process.stderr.write(`klp-reach: ${note}\n`);
  if (text !== null) await writeOut(text);
}

/** What keeps names from being the whole answer is said where a pipe does not read it. */
async function printNames(report: ReachReport, { only }: ReachOptions): Promise<void> {
  const { namesNotes, namesText } = await import('../report/names-text.js');
  const classes = only ?? (report.direction === 'affected' ? ['patch'] : MEMBER_CLASSES);
  for (const note of namesNotes(report)) process.stderr.write(`klp-reach: ${note}\n`);
  await writeOut(namesText(report.answers, classes));
}
