import type { Command } from 'commander';
import { findCallers } from '../reach/callers.js';
import { caveatsOf } from '../reach/caveats.js';
import { parseSymbolSpec } from '../reach/symbol-spec.js';
import type { CallersReport } from '../report/callers.js';
import { type ReachOptions, reachFilter, specText, withReach } from './ask-reach.js';
import { withIndex } from './with-index.js';

export function register(program: Command): void {
  withReach(program.command('callers'), ['text', 'json', 'csv'])
    .description(
      'tell who calls the symbol’s function after optimisation, and which of them a change of it concerns',
    )
    .action(run);
}

async function run(symbols: string[], options: ReachOptions): Promise<void> {
  const filter = reachFilter(options);
  const mode = options.conservative ? 'conservative' : 'ordered';
  const report: CallersReport = withIndex(options, (index) => ({
    mode,
    answers: symbols.flatMap((text) =>
      findCallers(index, parseSymbolSpec(specText(text, options)), filter, mode),
    ),
    caveats: caveatsOf(index, filter),
  }));
  const { callersText, callersJson, callersCsv } = await import('../report/callers.js');
  const render = { text: callersText, json: callersJson, csv: callersCsv }[
    options.format as 'text' | 'json' | 'csv'
  ];
  process.stdout.write(render(report));
}
