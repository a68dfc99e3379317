import { stringify } from 'csv-stringify/sync';
import { countSeverities, type FindingsReport, referred, symbolText, toPatch } from './findings-report.js';

export function findingsJson(report: FindingsReport): string {
  const { open, accepted, unused } = report.judged;
  const document = {
    format: `klp-reach/${report.command}`,
    version: 1,
    build: report.build,
    counts: { ...countSeverities(open), accepted: accepted.length },
    findings: open,
    accepted: accepted.map(({ finding, acceptance }) => ({ ...finding, reason: acceptance.reason })),
    unusedAcceptances: unused.map(({ where, rule, subject }) => ({ where, rule, subject })),
    toPatch: toPatch(report),
    references: referred(report),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function findingsCsv(report: FindingsReport): string {
  const { open, accepted } = report.judged;
  const columns = [
    'severity',
    'rule',
    'subject',
    'object',
    'sympos',
    'file',
    'line',
    'message',
    'why',
    'remedy',
    'accepted',
  ];
  const rows = [
    ...open.map((finding) => ({ ...finding, accepted: '' })),
    ...accepted.map(({ finding, acceptance }) => ({ ...finding, accepted: acceptance.reason })),
  ];
  return stringify(rows, { header: true, columns });
}

/** For a review: a table that can be quoted. */
export function findingsMarkdown(report: FindingsReport): string {
  const { open, accepted } = report.judged;
  const lines = [`### klp-reach ${report.command}`, ''];
  const targets = toPatch(report);
  if (!report.livepatch && targets.length > 0) {
    lines.push('| object | function | sympos | source | why |', '| --- | --- | --- | --- | --- |');
    for (const t of targets) {
      lines.push(row([t.object ?? '?', code(t.function), String(t.sympos ?? '?'), t.source, code(t.why)]));
    }
    lines.push('');
  }
  if (open.length === 0) lines.push('No findings.');
  else {
    lines.push('| severity | rule | symbol | what | do |', '| --- | --- | --- | --- | --- |');
    for (const finding of open) {
      const { severity, rule, message, why, remedy } = finding;
      const proof = why === undefined || why === finding.subject ? '' : `<br>${code(why)}`;
      lines.push(row([severity, rule, code(symbolText(finding)), cell(message) + proof, cell(remedy)]));
    }
  }
  if (accepted.length > 0) {
    lines.push('', `${accepted.length} accepted:`, '');
    for (const { finding, acceptance } of accepted) {
      lines.push(`- ${finding.rule} ${code(symbolText(finding))}: ${acceptance.reason}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
