import type { Command } from 'commander';
import { askReach, type ReachOptions, withReach } from './ask-reach.js';

export function register(program: Command): void {
  withReach(program.command('inlined'), ['text', 'json', 'csv'])
    .description('tell whose code is in the symbol’s function')
    .action((symbols: string[], options: ReachOptions) => askReach('inlined', symbols, options));
}
