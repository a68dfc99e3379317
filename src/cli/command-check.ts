import type { Command } from 'commander';
import { CHECK_RULES } from '../audit/audit-rules.js';
import { gatherFacts, onlyBuild } from '../audit/gather.js';
import { Reach } from '../reach/affected.js';
import { type FindingsOptions, findingsOf, readChanges, withFindings } from './fix-options.js';
import { readLivepatchFiles, refuseEmpty } from './livepatch-files.js';
import { type FindingsFormat, printFindings, setFindingsExit } from './print-findings.js';
import { nameOf, refuseTwice } from './standard-input.js';
import { withIndexAsync } from './with-index.js';

interface CheckOptions extends FindingsOptions {
  readonly format: FindingsFormat;
  readonly fix?: string[];
}

export function register(program: Command): void {
  withFindings(program.command('check'))
    .description('prove what a livepatch patches and refers to against what was built')
    .argument('<livepatch...>', 'modules before or after conversion, C sources, symbols.klp; - for stdin')
    .option(
      '--fix <file...>',
      'the fix: which of several symbols is meant, and what the new code must not call',
    )
    .action(run);
}

async function run(paths: string[], options: CheckOptions): Promise<void> {
  refuseTwice([...paths, ...(options.fix ?? [])]);
  const livepatch = await readLivepatchFiles(paths);
  refuseEmpty(livepatch, paths.map(nameOf).join(', '));
  await withIndexAsync(options, async (index) => {
    const reach = new Reach(index);
    const build = options.build ?? onlyBuild(index, options.db);
    const { changed } = await readChanges(options.fix ?? [], options, index, build);
    const mode = options.conservative ? 'conservative' : 'ordered';
    const facts = gatherFacts(reach, { build, mode, changed, untraceable: [], ...livepatch });
    const report = findingsOf('check', CHECK_RULES, reach, facts, options);
    await printFindings(report, options);
    setFindingsExit(report, options.strict === true);
  });
}
