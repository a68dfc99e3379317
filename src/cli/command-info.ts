import type { Command } from 'commander';
import { buildInfo } from '../reach/build-info.js';
import type { InfoReport } from '../report/info.js';
import { provenanceOf } from './provenance.js';
import { type AskOptions, withAsking } from './shared-options.js';
import { withIndex } from './with-index.js';
import { writeOut } from './write-out.js';

export function register(program: Command): void {
  withAsking(program.command('info')).description('tell what is in the index').action(run);
}

async function run(options: AskOptions): Promise<void> {
  const report: InfoReport = withIndex(options, (index) => ({
    provenance: provenanceOf(index, options.build),
    db: options.db,
    builds: buildInfo(index, options.build),
  }));
  const { infoText, infoJson, infoCsv } = await import('../report/info.js');
  const render = { text: infoText, json: infoJson, csv: infoCsv }[options.format];
  await writeOut(render(report));
}
