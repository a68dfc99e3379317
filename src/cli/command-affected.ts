import type { Command } from 'commander';
import { askReach, type ReachOptions, withReach } from './ask-reach.js';

export function register(program: Command): void {
  withReach(program.command('affected'), ['text', 'json', 'csv', 'klp', 'patched-funcs'])
    .description('tell which functions a livepatch has to replace when the symbol’s function changes')
    .option('--strict', 'exit with 1 if an answer rests on something unknown')
    .action((symbols: string[], options: ReachOptions) => askReach('affected', symbols, options));
}
