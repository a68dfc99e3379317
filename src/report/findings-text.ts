import type { Finding, Severity } from '../audit/finding.js';
import { type Colours, colours } from './colours.js';
import {
  type ChangedVerdict,
  countsText,
  type FindingsReport,
  referred,
  symbolText,
  toPatch,
  verdictsOf,
} from './findings-report.js';
import { counting, functions, verdictText } from './sentences.js';
import { visible } from './visible.js';

/** For a person, piece by piece: what is to be patched or is referred to, what the rules find, and a verdict. */
export function* findingsText(report: FindingsReport): Generator<string> {
  const paint = colours();
  for (const line of linesOf(report, paint)) yield `${line}\n`;
}

function* linesOf(report: FindingsReport, paint: Colours): Generator<string> {
  if (report.command === 'audit' && !report.livepatch) yield* planLines(report, paint);
  if (report.command === 'check') yield* referenceLines(report, paint);
  for (const finding of report.judged.open) yield* findingLines(finding, paint);
  yield* acceptedLines(report, paint);
  yield verdictLine(report, paint);
}

/** What a livepatch for the fix has to patch. */
function* planLines(report: FindingsReport, paint: Colours): Generator<string> {
  yield* changedLines(verdictsOf(report), paint);
  const targets = toPatch(report);
  yield paint.bold(`to patch: ${functions(targets.length)}`);
  for (const { object, function: name, sympos, source, why } of targets) {
    const position = sympos ? `,${sympos}` : '';
    yield `  ${visible(`${object ?? '?'}:${name}${position}`)}  ${paint.dim(visible(source))}`;
    yield `    ${paint.dim(visible(why))}`;
  }
  yield '';
}

/** By changed function: what it comes to. */
function* changedLines(verdicts: readonly ChangedVerdict[], paint: Colours): Generator<string> {
  if (verdicts.length === 0) return;
  const width = verdicts.reduce((most, { function: name }) => Math.max(most, name.length), 0);
  yield paint.bold(`changed: ${functions(verdicts.length)}`);
  for (const one of verdicts) {
    const said = one.verdict === null ? 'in no unit of the build' : verdictText(one.verdict, one);
    yield `  ${visible(one.function.padEnd(width))}  ${said}  ${paint.dim(visible(one.file))}`;
  }
  yield '';
}

function* referenceLines(report: FindingsReport, paint: Colours): Generator<string> {
  const symbols = referred(report);
  if (symbols.length === 0) return;
  yield paint.bold(`refers to ${counting(symbols.length, 'symbol')}`);
  for (const { name, object, position, source, address, size } of symbols) {
    const whose =
      address === null
        ? paint.red('?')
        : visible(`${source ?? 'unknown source'} at ${address}, ${size} bytes`);
    yield `  ${visible(`${object ?? '?'}:${name},${position}`)}  ${paint.dim(whose)}`;
  }
  yield '';
}

function* findingLines(finding: Finding, paint: Colours): Generator<string> {
  const { rule, severity, message, why, remedy, file, line } = finding;
  const where = file === undefined ? '' : `  ${visible(file)}${line === undefined ? '' : `:${line}`}`;
  const head = `${paintSeverity(severity, paint)} ${paint.dim(`[${rule}]`)}`;
  yield `${head} ${paint.bold(visible(symbolText(finding)))}${paint.dim(where)}`;
  yield `  ${visible(message)}`;
  if (why !== undefined && why !== finding.subject) yield `  why: ${visible(why)}`;
  yield `  do: ${visible(remedy)}`;
  yield '';
}

function* acceptedLines({ judged }: FindingsReport, paint: Colours): Generator<string> {
  const { accepted, unused } = judged;
  for (const { finding, acceptance } of accepted) {
    yield visible(`accepted [${finding.rule}] ${symbolText(finding)}: ${acceptance.reason}`);
  }
  for (const { where, rule, subject } of unused) {
    yield `${paint.yellow('unused acceptance')} ${visible(`${where}: no finding [${rule}] about ${subject}`)}`;
  }
  if (accepted.length + unused.length > 0) yield '';
}

function verdictLine(report: FindingsReport, paint: Colours): string {
  const { open, accepted } = report.judged;
  const counts = `${countsText(open)}${accepted.length > 0 ? `, ${accepted.length} accepted` : ''}`;
  if (report.command === 'check' || !report.livepatch || report.required.length === 0) return counts;
  if (open.some(({ severity }) => severity === 'error')) return `${paint.red('not covered')}: ${counts}`;
  const targets = toPatch(report).length;
  if (targets === 0) return `${paint.green('nothing to patch')}: ${counts}`;
  const all = targets === 1 ? 'the only function' : `all ${functions(targets)}`;
  return `${paint.green('covered')}: ${all} to patch ${targets === 1 ? 'is' : 'are'} patched; ${counts}`;
}

function paintSeverity(severity: Severity, paint: Colours): string {
  return { error: paint.red, warning: paint.yellow, note: paint.cyan }[severity](severity);
}
