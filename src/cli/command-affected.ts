import type { Command } from 'commander';
import { askReach, type ReachOptions, withReach } from './ask-reach.js';

export function register(program: Command): void {
  withReach(program.command('affected'))
    .description('tell which functions a change of the symbol reaches')
    .action((symbols: string[], options: ReachOptions) => askReach('affected', symbols, options));
}
