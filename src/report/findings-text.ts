import type { Finding, Severity } from '../audit/finding.js';
import { chainPieces } from './chain-text.js';
import {
  countsText,
  type FindingsReport,
  hasUnmentioned,
  NO_VERDICT,
  referred,
  symbolText,
  toPatch,
  verdictsOf,
} from './findings-report.js';
import { HANG, Page, type Style } from './page.js';
import { counting, functions, verdictText } from './sentences.js';
import { paragraphs, type Section, type TextOptions } from './telling.js';

/** For a person, piece by piece: what is to be patched or is referred to, what the rules find, and a verdict. */
export function findingsText(
  report: FindingsReport,
  { width, colours }: Pick<TextOptions, 'width' | 'colours'>,
): Iterable<string> {
  return paragraphs(sectionsOf(report, new Page(width, colours)));
}

function* sectionsOf(report: FindingsReport, page: Page): Generator<Section> {
  if (report.command === 'audit' && !report.livepatch) {
    yield changedSection(report, page);
    yield planSection(report, page);
  }
  if (report.command === 'check') yield referenceSection(report, page);
  for (const finding of report.judged.open) yield findingSection(finding, page);
  yield acceptedSection(report, page);
  yield verdictSection(report, page);
}

/** By changed function: what it comes to. */
function* changedSection(report: FindingsReport, page: Page): Generator<string> {
  const verdicts = verdictsOf(report);
  if (verdicts.length === 0) return;
  yield* page.prose(`changed: ${functions(verdicts.length)}`, 0, 'bold');
  for (const one of verdicts) {
    yield* page.row([{ text: one.function }, { text: one.file, style: 'dim' }], [2], HANG);
    const said = one.verdict === null ? NO_VERDICT : verdictText(one.verdict, one);
    yield* page.prose(said, 4, undefined, HANG);
  }
}

/** What a livepatch for the fix has to patch. */
function* planSection(report: FindingsReport, page: Page): Generator<string> {
  const targets = toPatch(report);
  yield* page.prose(`to patch: ${toPatchText(targets.length, hasUnmentioned(report))}`, 0, 'bold');
  for (const { object, function: name, sympos, source, why } of targets) {
    const symbol = `${object ?? '?'}:${name}${sympos ? `,${sympos}` : ''}`;
    yield* page.row([{ text: symbol }, { text: source, style: 'dim' }], [2], HANG);
    yield* page.prose(chainPieces(why), 4, 'dim', HANG);
  }
}

function toPatchText(count: number, isUnknown: boolean): string {
  if (!isUnknown) return functions(count);
  return count === 0 ? 'nothing that is known' : `${functions(count)}, as far as is known`;
}

function* referenceSection(report: FindingsReport, page: Page): Generator<string> {
  const symbols = referred(report);
  if (symbols.length === 0) return;
  yield* page.prose(`refers to ${counting(symbols.length, 'symbol')}`, 0, 'bold');
  for (const { name, object, position, source, address, size } of symbols) {
    const symbol = { text: `${object ?? '?'}:${name},${position}` };
    const whose =
      address === null
        ? [{ text: '?', style: 'red' as const }]
        : [
            { text: source ?? 'unknown source', style: 'dim' as const },
            { text: `at ${address}, ${size} bytes`, style: 'dim' as const, gap: 1 },
          ];
    yield* page.row([symbol, ...whose], [2], HANG);
  }
}

function* findingSection(finding: Finding, page: Page): Generator<string> {
  const { rule, severity, message, why, remedy, file, line } = finding;
  const head = [
    { text: severity, style: STYLES[severity] },
    { text: `[${rule}]`, style: 'dim' as const, gap: 1 },
    { text: symbolText(finding), style: 'bold' as const, gap: 1 },
    {
      text: file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}`,
      style: 'dim' as const,
    },
  ];
  yield* page.row(head, [], HANG);
  yield* page.prose(message, 2, undefined, 4);
  if (why !== undefined && why !== finding.subject) {
    yield* page.prose(['why:', ...chainPieces(why)], 2, undefined, 4);
  }
  yield* page.prose(`do: ${remedy}`, 2, undefined, 4);
}

const STYLES: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'cyan' };

function* acceptedSection({ judged }: FindingsReport, page: Page): Generator<string> {
  const { accepted, unused } = judged;
  for (const { finding, acceptance } of accepted) {
    const text = `accepted [${finding.rule}] ${symbolText(finding)}: ${acceptance.reason}`;
    yield* page.prose(text, 0, undefined, 2);
  }
  for (const { where, rule, subject } of unused) {
    yield* page.prose(`unused acceptance ${where}: no finding [${rule}] about ${subject}`, 0, 'yellow', 2);
  }
}

function* verdictSection(report: FindingsReport, page: Page): Generator<string> {
  const { open, accepted } = report.judged;
  const counts = `${countsText(open)}${accepted.length > 0 ? `, ${accepted.length} accepted` : ''}`;
  if (report.command === 'check' || !report.livepatch || report.required.length === 0) {
    yield* page.prose(counts, 0, undefined, 2);
  } else if (open.some(({ severity }) => severity === 'error')) {
    yield* page.prose(`not covered: ${counts}`, 0, 'red', 2);
  } else {
    const isUnknown = hasUnmentioned(report);
    const text = coveredText(toPatch(report).length, isUnknown, counts);
    yield* page.prose(text, 0, isUnknown ? 'yellow' : 'green', 2);
  }
}

function coveredText(targets: number, isUnknown: boolean, counts: string): string {
  if (targets === 0) return `nothing to patch: ${counts}`;
  const all = targets === 1 ? 'the only function' : `all ${functions(targets)}`;
  return `covered${isUnknown ? ' as far as is known' : ''}: ${all} to patch ${targets === 1 ? 'is' : 'are'} patched; ${counts}`;
}
