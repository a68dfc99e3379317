import type { Command } from 'commander';
import { verifyIndex } from '../index/database.js';
import { buildInfo } from '../reach/build-info.js';
import type { InfoReport } from '../report/info.js';
import { EXIT_FINDINGS } from './exit.js';
import { provenanceOf } from './provenance.js';
import { type AskOptions, withAsking } from './shared-options.js';
import { withIndex } from './with-index.js';
import { writeOut } from './write-out.js';

export function register(program: Command): void {
  withAsking(program.command('info'))
    .description('tell what is in the index')
    .option('--verify', 'check that the whole file is as it was written')
    .action(run);
}

async function run(options: AskOptions & { readonly verify?: boolean }): Promise<void> {
  if (options.verify && !verifyIndex(options.db, options.wait).isSealed) {
    const why = 'something else than klp-reach wrote to it, or it was stopped';
    process.exitCode = EXIT_FINDINGS;
    process.stderr.write(
      `klp-reach: ${options.db}: SQLite finds no fault, but there is no checksum: ${why}\n`,
    );
  }
  const report: InfoReport = withIndex(options, (index) => ({
    provenance: provenanceOf(index, options.build),
    db: options.db,
    builds: buildInfo(index, options.build),
  }));
  const { infoText, infoJson, infoCsv } = await import('../report/info.js');
  const render = { text: infoText, json: infoJson, csv: infoCsv }[options.format];
  await writeOut(render(report));
}
