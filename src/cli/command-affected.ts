import type { Command } from 'commander';
import { askReach, type ReachOptions, withLists, withReach } from './ask-reach.js';

export function register(program: Command): void {
  withLists(withReach(program.command('affected'), ['text', 'json', 'csv', 'klp', 'patched-funcs']))
    .description('tell which functions a livepatch has to replace when a function changes')
    .option('--tree', 'print the walk as a tree, each shared part once')
    .option('--each', 'with klp and patched-funcs: of every function that was asked for, marked apart')
    .action((symbols: string[], options: ReachOptions) => askReach('affected', symbols, options));
}
