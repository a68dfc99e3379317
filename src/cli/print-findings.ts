import type { FindingsReport } from '../report/findings-report.js';
import { EXIT_FINDINGS } from './exit.js';
import { printText } from './print-text.js';
import { VERSION } from './version.js';
import { writeOut } from './write-out.js';

export const FINDINGS_FORMATS = ['text', 'json', 'csv', 'markdown', 'sarif'] as const;

export type FindingsFormat = (typeof FINDINGS_FORMATS)[number];

export async function printFindings(
  report: FindingsReport,
  { format, pager }: { readonly format: FindingsFormat; readonly pager: boolean },
): Promise<void> {
  if (format !== 'text') return writeOut(await render(report, format));
  const { findingsText } = await import('../report/findings-text.js');
  await printText((told) => findingsText(report, told), { pager });
}

async function render(
  report: FindingsReport,
  format: Exclude<FindingsFormat, 'text'>,
): Promise<Iterable<string>> {
  if (format === 'sarif')
    return [(await import('../report/findings-sarif.js')).findingsSarif(report, VERSION)];
  const { findingsJson, findingsCsv, findingsMarkdown } = await import('../report/findings-data.js');
  return { json: findingsJson, csv: findingsCsv, markdown: findingsMarkdown }[format](report);
}

/** An error counts; with `--strict` every finding that is not accepted does. */
export function setFindingsExit({ judged }: FindingsReport, strict: boolean): void {
  const counts = judged.open.some(({ severity }) => severity === 'error' || strict);
  if (counts) process.exitCode = EXIT_FINDINGS;
}
