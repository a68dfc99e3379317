import { InputError } from '../errors.js';
import type { Member, ReachAnswer, UnitAnswer } from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';
import { type Target, targetsOf } from './livepatch-targets.js';
import { countVerdicts } from './reach-json.js';
import { membersOnce } from './reach-report.js';
import {
  classText,
  counting,
  idleText,
  stuckText,
  unknownText,
  type VerdictCounts,
  verdictText,
  verdictWord,
} from './sentences.js';
import { isSettled } from './settled.js';

/** What one livepatch replaces, and what is to be said beside it. */
export interface Part {
  /** What was asked and what comes of it, in a line. */
  readonly title: string;
  /** What keeps the old code, and what is not known. */
  readonly notes: readonly string[];
  /** None where there is nothing to write. */
  readonly targets: readonly Target[];
  /** Whether it is the whole of what has to be done. */
  readonly settled: boolean;
}

/**
 * One part an answer; more than one answer only where they were asked for as such.
 *
 * @throws InputError for answers of several functions or builds, with how to ask for one
 */
export function partsOf(answers: readonly ReachAnswer[], each: boolean): Part[] {
  if (each) return answers.map((answer) => partOf([answer]));
  const lost = answers.filter(({ units }) => units.every(({ verdict }) => verdict === 'discarded'));
  // A weak definition that lost everywhere is nothing that a livepatch could hold: the one that won is meant.
  const [one, ...others] =
    lost.length < answers.length ? answers.filter((of) => !lost.includes(of)) : answers;
  if (others.length > 0) throw severalAnswers(answers);
  if (!one) return [];
  const part = partOf([one]);
  const beside = lost.filter((answer) => answer !== one).map(discardedText);
  return [{ ...part, notes: [...beside, ...part.notes] }];
}

function discardedText({ definition: { name, file } }: ReachAnswer): string {
  return `${name} of ${file} is not meant: ${classText('discarded')}`;
}

/** Answers of one build that one livepatch is to hold together. */
export function partOf(answers: readonly ReachAnswer[]): Part {
  const targets = targetsOf(answers);
  return {
    title: answers.map((answer) => `${askedText(answer)}: ${wholeVerdict(answer)}`).join('; '),
    notes: [...new Set(answers.flatMap((answer) => [...notesOf(answer)]))],
    targets,
    settled: targets.length > 0 && answers.every(isSettled),
  };
}

function severalAnswers(answers: readonly ReachAnswer[]): InputError {
  const asked = unique(answers.map(({ spec }) => spec.text));
  const builds = unique(answers.map(({ definition }) => definition.build));
  const functions = unique(answers.map(({ definition: { name, file } }) => `${name}@${file}`));
  const advice = 'or say --each for all of them, marked apart';
  if (asked.length > 1) {
    return new InputError(
      '',
      `a livepatch of ${asked.join(' and ')} is more than one answer`,
      `ask for one, ${advice}`,
    );
  }
  const what = [
    ...(functions.length > 1 ? [`${counting(functions.length, 'function')}: ${functions.join(', ')}`] : []),
    ...(builds.length > 1 ? [`in ${counting(builds.length, 'build')}: ${builds.join(', ')}`] : []),
  ];
  const how = [
    ...(functions.length > 1 ? ['ask for one of them so'] : []),
    ...(builds.length > 1 ? ['choose one with --build'] : []),
  ];
  return new InputError('', `${asked[0]} is ${what.join('; ')}`, `${how.join(', ')}, ${advice}`);
}

function askedText({ definition: { name, file, build } }: ReachAnswer): string {
  return `${name} (${file}, build "${build}")`;
}

/** The verdict over all units; by unit where there is nothing to replace. */
function wholeVerdict(answer: ReachAnswer): string {
  const { units } = answer;
  const counts = countsOf(membersOnce(answer));
  if (units.length === 1) return verdictText(units[0]!.verdict, counts);
  const byVerdict = Object.entries(countVerdicts(units)) as [Verdict, number][];
  if (counts.patch === 0) {
    return byVerdict
      .map(([verdict, many]) => `in ${counting(many, 'unit')} ${verdictText(verdict, counts)}`)
      .join('; ');
  }
  const words = byVerdict.map(([verdict, many]) => `${counting(many, 'unit')} ${verdictWord(verdict)}`);
  return `${verdictText(counts.deadEnds > 0 ? 'partial' : 'patch', counts)} (${words.join(', ')})`;
}

function* notesOf(answer: ReachAnswer): Generator<string> {
  const { units } = answer;
  if (units.length > 1) {
    for (const unit of units) if (unit.verdict === 'unpatchable') yield unpatchable(unit);
  }
  for (const member of membersOnce(answer)) {
    const who = `${member.name} (${member.unit.source})`;
    if (member.deadEnd) yield `keeps the old code: ${who}: ${stuckText(member)}`;
    // What modules from outside the build do, nobody knows but who builds them.
    if (member.exported) yield `not replaced: ${who}: ${idleText(member, [])}`;
  }
  for (const { unknowns } of units) {
    for (const unknown of unknowns) yield `incomplete: ${unknownText(unknown)}`;
  }
}

function unpatchable({ unit, verdict, members }: UnitAnswer): string {
  return `${unit.source}: ${verdictText(verdict, countsOf(members))}`;
}

function countsOf(members: readonly Member[]): VerdictCounts {
  return {
    patch: members.filter((member) => member.class === 'patch').length,
    deadEnds: members.filter(({ deadEnd }) => deadEnd).length,
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
