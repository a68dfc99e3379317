import type { Command } from 'commander';
import { findCallers } from '../reach/callers.js';
import type { CallersReport } from '../report/callers-data.js';
import { isSettled } from '../report/settled.js';
import { answerSymbols, type ReachOptions, setFindings, withReach } from './ask-reach.js';
import { printText } from './print-text.js';
import { writeOut } from './write-out.js';

export function register(program: Command): void {
  withReach(program.command('callers'), ['text', 'json', 'csv'])
    .description(
      'tell who calls a function after optimisation, which of them a change of it concerns, and what to replace',
    )
    .action(run);
}

async function run(symbols: string[], options: ReachOptions): Promise<void> {
  await answerSymbols(symbols, options, {
    ask: findCallers,
    print: async (report) => {
      setFindings(options.strict === true && !report.answers.every(({ reach }) => isSettled(reach)));
      await print(report, options);
    },
  });
}

async function print(report: CallersReport, options: ReachOptions): Promise<void> {
  if (options.format === 'text') {
    const { callersText } = await import('../report/callers-text.js');
    return printText((told) => callersText(report, options.why === true, told), options);
  }
  const { callersJson, callersCsv } = await import('../report/callers-data.js');
  await writeOut((options.format === 'json' ? callersJson : callersCsv)(report));
}
