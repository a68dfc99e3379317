import { type FindingsReport, symbolText } from './findings-report.js';
import { type Part, partOf } from './livepatch-part.js';
import { type Export, klpExport, patchedFuncsExport } from './livepatch-source.js';
import { counting, unknownText } from './sentences.js';
import { visible } from './visible.js';

/** What a livepatch for a fix has to patch: all changed functions together, in a format that one is started from. */
export function planExport(report: FindingsReport, format: 'klp' | 'patched-funcs'): Export {
  const part = planPart(report);
  const write = format === 'klp' ? klpExport : patchedFuncsExport;
  const { text, notes, leftOut } = write([part], report.provenance);
  return { text, notes: [...notes, ...otherNotes(report)], leftOut };
}

/** A line a changed function, then what there is to say of all of them. */
function planPart({ changed }: FindingsReport): Part {
  const answers = changed.flatMap((one) => one.answers);
  const known = partOf(answers);
  const unmentioned = changed.flatMap(({ name, unmentionedBy }) =>
    unmentionedBy.map((unit) => unknownText({ unit, function: name, code: 'unmentioned' })),
  );
  const all =
    unmentioned.length === 0
      ? known
      : {
          ...known,
          settled: false,
          notes: [...known.notes, ...unmentioned.map((text) => `incomplete: ${text}`)],
        };
  if (answers.length === 0) return { ...all, title: 'a fix that changes no function of the build' };
  if (answers.length === 1) return all;
  const each = answers.map((answer) => partOf([answer]).title);
  return { ...all, title: counting(answers.length, 'changed function'), notes: [...each, ...all.notes] };
}

/** What an export says of dead ends and gaps by itself. */
const TOLD = new Set(['cannot-be-livepatched', 'incomplete-data']);

/** The findings that an export does not tell of. */
function otherNotes({ judged }: FindingsReport): string[] {
  return judged.open
    .filter(({ rule }) => !TOLD.has(rule))
    .map((finding) =>
      visible(`${finding.severity}: [${finding.rule}] ${symbolText(finding)}: ${finding.message}`),
    );
}
