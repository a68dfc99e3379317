import type { Command } from 'commander';
import { onlyBuild } from '../audit/gather.js';
import { InputError } from '../errors.js';
import { type DbOptions, withDb } from './shared-options.js';
import { withIndexAsync } from './with-index.js';
import { writeOut } from './write-out.js';

interface SymbolsOptions extends DbOptions {
  readonly build?: string;
  readonly klp?: boolean;
}

export function register(program: Command): void {
  withDb(program.command('symbols'))
    .description('write the symbols of the linked objects in the index')
    .option('-b, --build <name>', 'of this build')
    .option('--klp', 'as symbols.klp, the list that full klp-convert reads')
    .action(run);
}

async function run(options: SymbolsOptions): Promise<void> {
  if (!options.klp) {
    throw new InputError('', 'symbols needs a format', 'say --klp for a symbols.klp');
  }
  const { symbolsKlp } = await import('../report/symbols-klp.js');
  await withIndexAsync(options, async (index) => {
    const build = options.build ?? onlyBuild(index, options.db);
    if (index.images(build).length === 0) {
      throw new InputError(
        options.db,
        `the build "${build}" has no linked objects`,
        'index it with --vmlinux and --modules',
      );
    }
    await writeOut(symbolsKlp(index, build));
  });
}
