import type { Severity } from '../audit/finding.js';
import { type Colours, colours } from './colours.js';
import { countsText, type FindingsReport, referred, symbolText, toPatch } from './findings-report.js';

export function findingsText(report: FindingsReport): string {
  const paint = colours();
  const { open, accepted, unused } = report.judged;
  const lines: string[] = [];
  const targets = toPatch(report);
  if (!report.livepatch && report.command === 'audit') {
    lines.push(paint.bold(`to patch: ${targets.length} function${targets.length === 1 ? '' : 's'}`));
    for (const { object, function: name, sympos, source, why } of targets) {
      const position = sympos ? `,${sympos}` : '';
      lines.push(`  ${object ?? '?'}:${name}${position}  ${paint.dim(source)}`, `    ${paint.dim(why)}`);
    }
    lines.push('');
  }
  const symbols = report.command === 'check' ? referred(report) : [];
  if (symbols.length > 0)
    lines.push(paint.bold(`refers to ${symbols.length} symbol${symbols.length === 1 ? '' : 's'}`));
  for (const { name, object, position, source, address, size } of symbols) {
    const whose =
      address === null ? paint.red('?') : `${source ?? 'unknown source'} at ${address}, ${size} bytes`;
    lines.push(`  ${object ?? '?'}:${name},${position}  ${paint.dim(whose)}`);
  }
  if (symbols.length > 0) lines.push('');
  for (const finding of open) {
    const { rule, severity, message, why, remedy, file, line } = finding;
    const where = file === undefined ? '' : paint.dim(`  ${file}${line === undefined ? '' : `:${line}`}`);
    lines.push(
      `${paintSeverity(severity, paint)} ${paint.dim(`[${rule}]`)} ${paint.bold(symbolText(finding))}${where}`,
    );
    lines.push(`  ${message}`);
    if (why !== undefined && why !== finding.subject) lines.push(`  why: ${why}`);
    lines.push(`  do: ${remedy}`, '');
  }
  for (const { finding, acceptance } of accepted) {
    lines.push(`${paint.dim('accepted')} [${finding.rule}] ${symbolText(finding)}: ${acceptance.reason}`);
  }
  for (const { where, rule, subject } of unused) {
    lines.push(`${paint.yellow('unused acceptance')} ${where}: no finding [${rule}] about ${subject}`);
  }
  if (accepted.length + unused.length > 0) lines.push('');
  lines.push(verdict(report, paint));
  return `${lines.join('\n')}\n`;
}

function verdict(report: FindingsReport, paint: Colours): string {
  const { open, accepted } = report.judged;
  const counts = `${countsText(open)}${accepted.length > 0 ? `, ${accepted.length} accepted` : ''}`;
  if (report.command === 'check' || !report.livepatch) return counts;
  const hole = open.some(({ severity }) => severity === 'error');
  const targets = toPatch(report).length;
  if (report.required.length === 0) return counts;
  if (hole) return `${paint.red('not covered')}: ${counts}`;
  // All that has changed code may be blocked, with callers that stand in.
  if (targets === 0) return `${paint.green('covered')}: ${counts}`;
  const all = targets === 1 ? 'the only function' : `all ${targets} functions`;
  return `${paint.green('covered')}: ${all} to patch ${targets === 1 ? 'is' : 'are'} patched; ${counts}`;
}

function paintSeverity(severity: Severity, paint: Colours): string {
  return { error: paint.red, warning: paint.yellow, note: paint.cyan }[severity](severity);
}
