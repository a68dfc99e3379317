import type { Command } from 'commander';
import { CHECK_RULES } from '../audit/audit-rules.js';
import { gatherFacts, onlyBuild } from '../audit/gather.js';
import { type FindingsOptions, findingsOf, readChanges, withFindings } from './fix-options.js';
import { readLivepatchFiles } from './livepatch-files.js';
import { printFindings, setFindingsExit } from './print-findings.js';
import { withIndexAsync } from './with-index.js';

interface CheckOptions extends FindingsOptions {
  readonly fix?: string[];
}

export function register(program: Command): void {
  withFindings(program.command('check'))
    .description('prove what a livepatch patches and refers to against what was built')
    .argument('<livepatch...>', 'modules before or after conversion, C sources, symbols.klp')
    .option(
      '--fix <file...>',
      'the fix: which of several symbols is meant, and what the new code must not call',
    )
    .action(run);
}

async function run(paths: string[], options: CheckOptions): Promise<void> {
  const livepatch = await readLivepatchFiles(paths);
  const report = await withIndexAsync(options, async (index) => {
    const build = options.build ?? onlyBuild(index, options.db);
    const { changed } = await readChanges(options.fix ?? [], options, index, build);
    const mode = options.conservative ? 'conservative' : 'ordered';
    const facts = gatherFacts(index, { build, mode, changed, untraceable: [], ...livepatch });
    return findingsOf('check', CHECK_RULES, facts, options);
  });
  await printFindings(report, options.format);
  setFindingsExit(report, options.strict === true);
}
