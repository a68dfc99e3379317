import type { ReachAnswer } from '../reach/affected.js';
import { chainText } from '../reach/chain-text.js';
import {
  CLASSES,
  type FunctionClass,
  symposOf,
  type UnitFunction,
  type UnitReach,
} from '../reach/unit-function.js';
import { unknownsOf } from '../reach/unknowns.js';
import { type Colours, colours } from './colours.js';
import { countClasses, objectOf, printOrder, type ReachReport } from './reach-report.js';

/** For a person: an answer a function, a block a unit, a line a function. */
export function reachText(report: ReachReport): string {
  const paint = colours();
  const blocks = report.answers.map((answer) => answerText(answer, report, paint));
  const asked = new Set(report.answers.map((answer) => answer.spec.text));
  if (report.answers.length > asked.size) blocks.push(hint(report.answers));
  return blocks.join('\n');
}

function answerText(answer: ReachAnswer, report: ReachReport, paint: Colours): string {
  const { definition } = answer;
  const place = definition.line === 0 ? definition.file : `${definition.file}:${definition.line}`;
  const lines = [`${paint.bold(definition.name)}  ${paint.dim(place)}  build ${definition.build}`];
  if (definition.assumed)
    lines.push('  no dump or call graph declares it: known from the object, the file is its unit’s');
  if (!answer.units.some(({ functions }) => functions.length > 1)) {
    lines.push(
      report.direction === 'affected'
        ? '  was inlined nowhere and has no clones: its code is nowhere else'
        : '  has no code of other functions',
    );
  }
  lines.push(`  ${countsText(answer, paint)}`);
  const functions = answer.units.flatMap((unit) => unit.functions);
  const width = { name: functions.reduce((most, f) => Math.max(most, f.name.length), 0), object: 0 };
  width.object = Math.max(...answer.units.map((unit) => objectOf(unit).length));
  for (const unit of answer.units) {
    // One by one: a list can be longer than a call takes arguments.
    for (const line of ['', ...unitText(unit, report, width, paint)]) lines.push(line);
  }
  lines.push(...unknownText(answer, report, paint));
  return `${lines.join('\n')}\n`;
}

function countsText(answer: ReachAnswer, paint: Colours): string {
  const counts = countClasses(answer);
  const units = answer.units.length;
  const said = CLASSES.filter((c) => counts[c] > 0).map((c) => `${counts[c]} ${paintClass(c, paint)}`);
  return `${said.join(', ')} in ${units} unit${units === 1 ? '' : 's'}`;
}

function unitText(
  reach: UnitReach,
  report: ReachReport,
  width: { readonly name: number; readonly object: number },
  paint: Colours,
): string[] {
  const { unit, functions } = reach;
  const object = objectOf(reach);
  const lines = [`  ${unit.source}${unit.complete ? '' : paint.red('  incomplete dump')}`];
  for (const place of printOrder(functions)) {
    const f = functions[place]!;
    const label = paintClass(f.class, paint) + ' '.repeat(10 - f.class.length);
    const present = f.class !== 'gone' && f.class !== 'unverified';
    const where = (present ? object : '').padEnd(width.object);
    const position = f.place && f.place.total > 1 ? ` sympos ${symposOf(f.place)} of ${f.place.total}` : '';
    const declared = f.line === 0 ? '' : paint.dim(`${f.file}:${f.line}`);
    lines.push(
      `    ${label}  ${where}  ${f.name.padEnd(width.name)}${position}  ${declared}${noteOf(f, paint)}`.trimEnd(),
    );
    if (f.blocked !== undefined) lines.push(`${' '.repeat(18)}${paint.red(f.blocked)}${remedy(f.blocked)}`);
    if (report.why && f.step) lines.push(`${' '.repeat(18)}${chainText(functions, place, report.direction)}`);
  }
  return lines;
}

/** What authors do about a function that cannot be redirected; replacing its callers is sound wherever they can be. */
function remedy(blocked: string): string {
  return blocked.includes('freed')
    ? '; it has run by the time a livepatch loads'
    : '; replace the functions that call it instead';
}

function noteOf(f: UnitFunction, paint: Colours): string {
  const notes: string[] = [];
  if (f.aliases.length > 0) notes.push(`the same code as ${f.aliases.join(', ')}`);
  if (f.class === 'unverified' && f.clone) notes.push('a clone');
  if (f.class === 'gone' && !f.verified) notes.push('by its removal record');
  return notes.length === 0 ? '' : `  ${paint.yellow(notes.join(', '))}`;
}

function unknownText(answer: ReachAnswer, report: ReachReport, paint: Colours): string[] {
  const unknown = unknownsOf(answer, report);
  if (unknown.length === 0) return [];
  const lines = ['', `  ${paint.red('incomplete')}: what this rests on is not all known`];
  const most = 20;
  for (const { unit, function: name, why } of unknown.slice(0, most)) {
    lines.push(`    ${name === '' ? unit : `${name}  ${paint.dim(unit)}`}: ${why}`);
  }
  if (unknown.length > most) lines.push(`    and ${unknown.length - most} more (--format json has all)`);
  return lines;
}

function paintClass(name: FunctionClass, paint: Colours): string {
  const by = {
    patch: paint.green,
    blocked: paint.red,
    clone: paint.magenta,
    unverified: paint.yellow,
    gone: paint.dim,
  };
  return by[name](name);
}

function hint(answers: readonly ReachAnswer[]): string {
  const example =
    answers.find((answer) => answers.filter((a) => a.spec === answer.spec).length > 1) ?? answers[0]!;
  const { name, file } = example.definition;
  return `several functions have that name, kept apart above; ask for one as ${name}@${file}\n`;
}
