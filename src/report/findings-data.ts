import { cellsOf, csvLines } from './csv.js';
import {
  countSeverities,
  type FindingsReport,
  NO_VERDICT,
  referred,
  symbolText,
  toPatch,
  verdictsOf,
} from './findings-report.js';
import { jsonDocument, jsonRows } from './json-stream.js';
import { PROVENANCE_COLUMNS, provenanceCells, provenanceText } from './provenance.js';
import { verdictText } from './sentences.js';
import { visible } from './visible.js';

/** The version of the JSON shape that docs/json.md describes and docs/schema declares. */
const FINDINGS_JSON_VERSION = 2;

export function findingsJson(report: FindingsReport): Iterable<string> {
  const { open, accepted, unused } = report.judged;
  return jsonDocument({
    format: `klp-reach/${report.command}`,
    version: FINDINGS_JSON_VERSION,
    provenance: report.provenance,
    build: report.build,
    livepatch: report.livepatch,
    counts: { ...countSeverities(open), accepted: accepted.length },
    changed: jsonRows(verdictsOf(report)),
    findings: jsonRows(open),
    accepted: jsonRows(
      accepted.map(({ finding, acceptance }) => ({ ...finding, reason: acceptance.reason })),
    ),
    unusedAcceptances: jsonRows(unused.map(({ where, rule, subject }) => ({ where, rule, subject }))),
    toPatch: jsonRows(toPatch(report)),
    references: jsonRows(referred(report)),
  });
}

const COLUMNS = [
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
] as const;

type Column = (typeof COLUMNS)[number];

/** What a row has for a rule that is a function to patch, where no livepatch is there that could. */
const TO_PATCH = 'to-patch';

/** Without a livepatch a row a function to patch, then a row a finding; one without either where there is none. */
export function findingsCsv(report: FindingsReport): Iterable<string> {
  const { judged, build, provenance } = report;
  const isPlan = report.command === 'audit' && !report.livepatch;
  const plan = (isPlan ? toPatch(report) : []).map(({ function: subject, source: file, ...rest }) => ({
    ...rest,
    rule: TO_PATCH,
    subject,
    file,
  }));
  const accepted = judged.accepted.map(({ finding, acceptance }) => ({
    ...finding,
    accepted: acceptance.reason,
  }));
  const rows = cellsOf<Column>(
    COLUMNS,
    [...plan, ...judged.open, ...accepted],
    provenanceCells(provenance, build),
  );
  return csvLines([...COLUMNS, ...PROVENANCE_COLUMNS], rows);
}

/** For a review: tables that can be quoted. */
export function* findingsMarkdown(report: FindingsReport): Generator<string> {
  yield `### klp-reach ${report.command}\n\n`;
  yield `${cell(provenanceText(report.provenance))}\n\n`;
  if (report.command === 'audit' && !report.livepatch) yield* planMarkdown(report);
  yield* findingsTable(report);
  const { accepted } = report.judged;
  if (accepted.length === 0) return;
  yield `\n${accepted.length} accepted:\n\n`;
  for (const { finding, acceptance } of accepted) {
    yield `- ${finding.rule} ${code(symbolText(finding))}: ${cell(acceptance.reason)}\n`;
  }
}

function* planMarkdown(report: FindingsReport): Generator<string> {
  const verdicts = verdictsOf(report);
  if (verdicts.length > 0) yield '| changed | declared in | verdict |\n| --- | --- | --- |\n';
  for (const one of verdicts) {
    const said = one.verdict === null ? NO_VERDICT : verdictText(one.verdict, one);
    yield row([code(one.function), cell(one.file), said]);
  }
  if (verdicts.length > 0) yield '\n';
  const targets = toPatch(report);
  if (targets.length === 0) return;
  yield '| object | function | sympos | source | why |\n| --- | --- | --- | --- | --- |\n';
  for (const { object, function: name, sympos, source, why } of targets) {
    yield row([cell(object ?? '?'), code(name), String(sympos ?? '?'), cell(source), code(why)]);
  }
  yield '\n';
}

function* findingsTable({ judged }: FindingsReport): Generator<string> {
  if (judged.open.length === 0) {
    yield 'No findings.\n';
    return;
  }
  yield '| severity | rule | symbol | what | do |\n| --- | --- | --- | --- | --- |\n';
  for (const finding of judged.open) {
    const { severity, rule, message, why, remedy } = finding;
    const proof = why === undefined || why === finding.subject ? '' : `<br>${code(why)}`;
    yield row([severity, rule, code(symbolText(finding)), cell(message) + proof, cell(remedy)]);
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function cell(text: string): string {
  return visible(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${visible(text).replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
