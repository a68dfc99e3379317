import type { Unknown } from '../../reach/answer.js';
import { unknownReason, unknownSubject } from '../../report/sentences.js';
import type { AuditFacts } from '../facts.js';
import type { Rule } from '../finding.js';

/** The answer rests on something that nothing tells. */
export const incompleteData: Rule = {
  id: 'incomplete-data',
  severity: 'warning',
  summary: 'Something that the answer rests on is not known, so that a copy or a caller may be missed',
  *check(facts) {
    const told = deadEnds(facts);
    for (const unknown of facts.unknowns) {
      if (unknown.code === 'open-end' && told.has(`${unknown.unit} ${unknown.function}`)) continue;
      const { unit, function: name } = unknown;
      yield {
        subject: name === '' ? unit : name,
        file: unit,
        message: `${unknownSubject(unknown)}: ${unknownReason(unknown)}`,
        remedy: remedyOf(unknown),
      };
    }
    const named = [...(facts.targets ?? []), ...facts.references].flatMap(({ object }) => object ?? []);
    for (const object of new Set(named)) {
      if (facts.imagesKnown.has(object)) continue;
      yield {
        subject: object,
        object,
        message: `the symbols of ${object} are not in the index: what is said of them cannot be checked`,
        remedy: 'index it with --vmlinux or --modules',
      };
    }
  },
};

/** What `cannot-be-livepatched` tells of, with what runs it: `UNIT NAME`. */
function deadEnds({ required }: AuditFacts): ReadonlySet<string> {
  const ends = required.filter(({ member }) => member.deadEnd);
  return new Set(ends.map(({ member }) => `${member.unit.path} ${member.name}`));
}

function remedyOf(unknown: Unknown): string {
  switch (unknown.code) {
    case 'open-end':
      return unknown.open.reason === 'callers-unknown'
        ? 'index the calls of every unit (docs/calls.md)'
        : 'look at what may run it: it is not replaced there';
    case 'object-unknown':
    case 'position-unknown':
      return 'index it with --vmlinux or --modules';
    case 'unmentioned':
      return 'look whether the configuration leaves it out; if it does not, what was folded is to be read (docs/dumps.md)';
    default:
      return 'index what is missing';
  }
}
