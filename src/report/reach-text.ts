import type { ReachAnswer, UnitFunction, UnitReach } from '../reach/affected.js';
import { CLASSES, type FunctionClass } from '../reach/affected.js';
import { type Colours, colours } from './colours.js';
import { chainText, countClasses, openQuestions, printOrder, type ReachReport } from './reach-report.js';

/** For a person: an answer a function, a block a unit, a line a function. */
export function reachText(report: ReachReport): string {
  const paint = colours();
  const blocks = report.answers.map((answer) => answerText(answer, report, paint));
  const alike = new Set(report.answers.map((answer) => answer.spec.text));
  if (report.answers.length > alike.size) blocks.push(hint(report.answers));
  return `${blocks.join('\n')}${incompleteText(report, paint)}`;
}

function answerText(answer: ReachAnswer, report: ReachReport, paint: Colours): string {
  const { definition } = answer;
  const place = definition.line === 0 ? definition.file : `${definition.file}:${definition.line}`;
  const lines = [`${paint.bold(definition.name)}  ${paint.dim(place)}  build ${definition.build}`];
  if (definition.assumed)
    lines.push('  declared in no dump: known from the object only, the file is its unit’s');
  const reached = answer.units.some(({ functions }) => functions.length > 1);
  if (!reached) {
    lines.push(
      report.direction === 'affected'
        ? '  was inlined nowhere and has no clones: its code is nowhere else'
        : '  has no code of other functions',
    );
  }
  lines.push(`  ${countsText(answer, paint)}`);
  const width = Math.max(...answer.units.flatMap(({ functions }) => functions.map((f) => f.name.length)));
  for (const unit of answer.units) lines.push('', ...unitText(unit, report, width, paint));
  const open = openQuestions(answer);
  if (open.length > 0 && report.direction === 'affected') {
    lines.push(
      '',
      `  ${paint.yellow('open')}  no livepatch can replace a clone: whoever calls these has to be replaced instead`,
      ...open.map(({ unit, clone }) => `    ${clone}  ${paint.dim(unit)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function countsText(answer: ReachAnswer, paint: Colours): string {
  const counts = countClasses(answer);
  const units = answer.units.length;
  const said = CLASSES.filter((c) => counts[c] > 0).map((c) => `${counts[c]} ${paintClass(c, paint)}`);
  return `${said.join(', ')} in ${units} unit${units === 1 ? '' : 's'}`;
}

function unitText(
  { unit, functions }: UnitReach,
  report: ReachReport,
  width: number,
  paint: Colours,
): string[] {
  const lines = [
    `  ${unit.source}${paint.dim(objectNote(unit.object))}${unit.complete ? '' : paint.red('  incomplete dump')}`,
  ];
  for (const place of printOrder(functions)) {
    const f = functions[place]!;
    const declared = f.line === 0 ? '' : paint.dim(`${f.file}:${f.line}`);
    const label = paintClass(f.class, paint) + ' '.repeat(10 - f.class.length);
    lines.push(`    ${label}  ${f.name.padEnd(width)}  ${declared}${noteOf(f, paint)}`.trimEnd());
    if (report.why && f.step) lines.push(`${' '.repeat(18)}${chainText(functions, place, report.direction)}`);
  }
  return lines;
}

function objectNote(object: UnitReach['unit']['object']): string {
  switch (object) {
    case 'read':
      return '';
    case 'missing':
      return '  no object: what is emitted is unverified';
    case 'corrupt':
      return '  unreadable object: what is emitted is unverified';
    case 'not asked':
      return '  object not read: what is emitted is unverified';
  }
}

function noteOf(f: UnitFunction, paint: Colours): string {
  const notes: string[] = [];
  if (f.symbol && !f.symbol.traceable && f.class === 'patch') notes.push('no ftrace site');
  if (f.symbol && /^\.(init|exit)\.text/.test(f.symbol.section)) notes.push(f.symbol.section);
  if (f.class === 'unverified' && f.clone) notes.push('a clone');
  if (f.class === 'gone' && !f.verified) notes.push('by its removal record');
  return notes.length === 0 ? '' : `  ${paint.yellow(notes.join(', '))}`;
}

function paintClass(name: FunctionClass, paint: Colours): string {
  const by = { patch: paint.green, clone: paint.magenta, unverified: paint.yellow, gone: paint.dim };
  return by[name](name);
}

function hint(answers: readonly ReachAnswer[]): string {
  const example =
    answers.find((answer) => answers.filter((a) => a.spec === answer.spec).length > 1) ?? answers[0]!;
  const { name, file } = example.definition;
  return `several functions have that name, kept apart above; ask for one as ${name}@${file}\n`;
}

function incompleteText(report: ReachReport, paint: Colours): string {
  if (report.caveats.length === 0) return '';
  const lines = report.caveats.slice(0, 20).map(({ what }) => `  ${what}`);
  const rest = report.caveats.length > 20 ? [`  and ${report.caveats.length - 20} more units`] : [];
  return [
    `\n${paint.red('incomplete')}: these dumps lost records, so a copy of the function may be missing above`,
    ...lines,
    ...rest,
    '',
  ].join('\n');
}
