import type { Command } from 'commander';
import { askReach, type ReachOptions, withLists, withReach } from './ask-reach.js';

export function register(program: Command): void {
  withLists(withReach(program.command('inlined'), ['text', 'json', 'csv']))
    .description('tell whose code a function contains')
    .action((symbols: string[], options: ReachOptions) => askReach('inlined', symbols, options));
}
