import { SarifBuilder, SarifResultBuilder, SarifRuleBuilder, SarifRunBuilder } from 'node-sarif-builder';
import type { Finding } from '../audit/finding.js';
import { type FindingsReport, symbolText } from './findings-report.js';

/** SARIF 2.1.0, for code scanning; accepted findings are there as suppressed ones. */
export function findingsSarif(report: FindingsReport, version: string): string {
  const run = new SarifRunBuilder().initSimple({
    toolDriverName: 'klp-reach',
    toolDriverVersion: version,
  });
  for (const { id, summary } of report.rules) {
    run.addRule(new SarifRuleBuilder().initSimple({ ruleId: id, shortDescriptionText: summary }));
  }
  for (const finding of report.judged.open) run.addResult(result(finding));
  for (const { finding, acceptance } of report.judged.accepted) {
    const suppressed = result(finding);
    suppressed.result.suppressions = [{ kind: 'external', justification: acceptance.reason }];
    run.addResult(suppressed);
  }
  run.run.properties = { builds: report.provenance.builds };
  const log = new SarifBuilder();
  log.addRun(run);
  return `${log.buildSarifJsonString({ indent: true })}\n`;
}

function result(finding: Finding): SarifResultBuilder {
  const { rule, severity, message, why, remedy, file, line } = finding;
  const proof = why === undefined || why === finding.subject ? '' : ` Why: ${why}.`;
  const built = new SarifResultBuilder().initSimple({
    level: severity,
    ruleId: rule,
    messageText: `${symbolText(finding)}: ${message}.${proof} Do: ${remedy}.`,
    ...(file !== undefined && { fileUri: encodeURI(file) }),
    ...(file !== undefined && line !== undefined && { startLine: line }),
  });
  // Tells the same finding of two runs, whatever moved around it.
  built.result.partialFingerprints = { 'klpReach/v1': `${rule} ${symbolText(finding)}` };
  return built;
}
