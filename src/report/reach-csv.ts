import { CALL, type Member, type ReachAnswer, symposOf, type UnitAnswer } from '../reach/answer.js';
import { chainText } from './chain-text.js';
import { type Cell, csvLines, emptyCells, flag } from './csv.js';
import { PROVENANCE_COLUMNS, type Provenance, provenanceCells } from './provenance.js';
import { printOrder, type ReachReport } from './reach-report.js';

/** What was asked, and what is true of a unit of the answer; docs/json.md says what each column holds. */
export const ANSWER_COLUMNS = ['symbol', 'declared_in', 'build', 'unit', 'verdict', 'complete'];

/** What tells of a body. */
export const BODY_COLUMNS = [
  'object',
  'member_unit',
  'class',
  'function',
  'sympos',
  'address',
  'file',
  'line',
  'clone',
  'verified',
  'stuck',
  'binary',
  'live',
  'exported',
  'dead_end',
  'open',
  'aliases',
  'folded',
];

const STEP_COLUMNS = ['caller', 'why'];

/** What is true of the unit's answer. */
export const LAST_COLUMNS = ['unknowns', ...PROVENANCE_COLUMNS];

/** A row a member of each unit that has the function; a unit without members is one row with an empty function. */
export function reachCsv(report: ReachReport): Iterable<string> {
  return csvLines([...ANSWER_COLUMNS, ...BODY_COLUMNS, ...STEP_COLUMNS, ...LAST_COLUMNS], rowsOf(report));
}

function* rowsOf({ answers, direction, provenance }: ReachReport): Generator<Cell[]> {
  for (const answer of answers) {
    for (const unit of answer.units) {
      const { members } = unit;
      const head = answerCells(answer, unit);
      const last = lastCells(answer, unit, provenance);
      if (members.length === 0) {
        yield [...head, ...emptyCells(BODY_COLUMNS), ...emptyCells(STEP_COLUMNS), ...last];
      }
      for (const place of printOrder(members)) {
        const member = members[place]!;
        const step = [flag(member.step?.kind === CALL), chainText(members, place, direction)];
        yield [...head, ...bodyCells(member), ...step, ...last];
      }
    }
  }
}

/** Under {@link ANSWER_COLUMNS}. */
export function answerCells(
  { spec, definition }: ReachAnswer,
  { unit, verdict, unknowns }: UnitAnswer,
): Cell[] {
  return [spec.text, definition.file, definition.build, unit.path, verdict, flag(unknowns.length === 0)];
}

/** Under {@link LAST_COLUMNS}: the codes of what is not known, each once, and where the answer comes from. */
export function lastCells(
  { definition }: ReachAnswer,
  { unknowns }: UnitAnswer,
  provenance: Provenance,
): Cell[] {
  const codes = [...new Set(unknowns.map(({ code }) => code))].join(' ');
  return [codes, ...provenanceCells(provenance, definition.build)];
}

/** Under {@link BODY_COLUMNS}. The lists of a body in several linked objects stand in the order of its objects. */
export function bodyCells(member: Member): Cell[] {
  const { unit, places, unplaced } = member;
  const inPlaces = (cells: readonly string[]) =>
    places.length === 0 ? null : [...cells, ...unplaced.map(() => '?')].join(' ');
  return [
    [...places.map(({ object }) => object), ...unplaced].join(' '),
    unit.path,
    member.class,
    member.name,
    inPlaces(places.map((place) => String(symposOf(place)))),
    inPlaces(places.map(({ address }) => address)),
    member.file,
    member.line === 0 ? null : member.line,
    flag(member.clone),
    flag(member.verified),
    member.stuck,
    member.binary,
    flag(member.live),
    flag(member.exported),
    flag(member.deadEnd),
    member.open.map(({ reason }) => reason).join(' '),
    member.aliases.join(' '),
    member.folded.join(' '),
  ];
}
