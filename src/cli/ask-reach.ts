import type { Command } from 'commander';
import { Option } from 'commander';
import type { UnitFilter } from '../index/reader.js';
import { ask, type ReachQuestion } from '../reach/affected.js';
import { caveatsOf } from '../reach/caveats.js';
import { parseSymbolSpec } from '../reach/symbol-spec.js';
import { unknownsOf } from '../reach/unknowns.js';
import type { ReachReport } from '../report/reach-report.js';
import { EXIT_FINDINGS } from './exit.js';
import { type AskOptions, withAsking } from './shared-options.js';
import { withIndex } from './with-index.js';

type ReachFormat = AskOptions['format'] | 'klp' | 'patched-funcs';

export interface ReachOptions extends Omit<AskOptions, 'format'> {
  readonly format: ReachFormat;
  readonly strict?: boolean;
  readonly why?: boolean;
  readonly conservative?: boolean;
  readonly file?: string;
  readonly unit?: string;
}

/** How a question about where code goes is asked. */
export function withReach(command: Command, formats: readonly ReachFormat[]): Command {
  return withAsking(
    command
      .argument('<symbol...>', 'name, name@path/suffix.c or path.c:name')
      .option('--why', 'print the chain that leads to each function')
      .option('--conservative', 'ignore the order of decisions: a superset')
      .option('--file <path>', 'only the function declared in this file (the end of its path will do)')
      .addOption(new Option('-u, --unit <path>', 'only in this unit (the end of its path will do)')),
    formats,
  );
}

export function reachFilter({ build, unit }: ReachOptions): UnitFilter {
  return { ...(build !== undefined && { build }), ...(unit !== undefined && { unit }) };
}

/** The symbol with the file that `--file` says. */
export function specText(text: string, { file }: ReachOptions): string {
  return file === undefined ? text : `${text}@${file}`;
}

/** Answers on standard output. */
export async function askReach(
  direction: ReachQuestion['direction'],
  symbols: readonly string[],
  options: ReachOptions,
): Promise<void> {
  const filter = reachFilter(options);
  const question: ReachQuestion = {
    filter,
    direction,
    mode: options.conservative ? 'conservative' : 'ordered',
  };
  const report: ReachReport = withIndex(options, (index) => ({
    direction,
    mode: question.mode,
    why: options.why === true,
    answers: symbols.flatMap((text) => {
      const spec = parseSymbolSpec(specText(text, options));
      return ask(index, spec, question);
    }),
    caveats: caveatsOf(index, filter),
  }));
  process.stdout.write(await render(report, options.format));
  if (options.strict && report.answers.some((answer) => unknownsOf(answer, report).length > 0)) {
    process.exitCode = EXIT_FINDINGS;
  }
}

async function render(report: ReachReport, format: ReachFormat): Promise<string> {
  switch (format) {
    case 'json':
      return (await import('../report/reach-json.js')).reachJson(report);
    case 'csv':
      return (await import('../report/reach-csv.js')).reachCsv(report);
    case 'klp':
      return (await import('../report/livepatch-source.js')).klpSource(report);
    case 'patched-funcs': {
      const { patchedFuncs, patchedFuncsNotes } = await import('../report/livepatch-source.js');
      for (const note of patchedFuncsNotes(report)) process.stderr.write(`klp-reach: ${note}\n`);
      return patchedFuncs(report);
    }
    case 'text':
      return (await import('../report/reach-text.js')).reachText(report);
  }
}
