import { applyRules } from '../../src/audit/apply-rules.js';
import { AUDIT_RULES, COVERAGE_RULES } from '../../src/audit/audit-rules.js';
import { namedChanges } from '../../src/audit/changes.js';
import type { AuditFacts } from '../../src/audit/facts.js';
import type { Finding } from '../../src/audit/finding.js';
import { gatherFacts } from '../../src/audit/gather.js';
import { bodiesNamed, State } from '../../src/graph/unit-symbols.js';
import type { IndexReader } from '../../src/index/reader.js';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';
import type { Reach } from '../../src/reach/affected.js';
import type { Member, ReachAnswer } from '../../src/reach/answer.js';
import { type CallersAnswer, findCallers } from '../../src/reach/callers.js';
import type { CodeGraph } from '../../src/reach/code-graph.js';
import type { PatchSets, Verdict } from '../../src/reach/patch-set.js';
import { sweep } from '../../src/reach/sweep.js';
import { parseSymbolSpec } from '../../src/reach/symbol-spec.js';
import { type Export, patchedFuncs } from '../../src/report/livepatch-source.js';

/** What an export of the answer is, and what an audit says of a livepatch that has it. */
export interface RoundTrip {
  readonly written: Export;
  readonly lines: readonly string[];
  readonly facts: AuditFacts;
  readonly findings: readonly Finding[];
}

const QUESTION = { mode: 'ordered', direction: 'affected' } as const;

/** `affected F --format patched-funcs | audit --changed F --livepatch -` */
export function roundTrip(reach: Reach, answer: ReachAnswer): RoundTrip {
  const provenance = { version: '0', builds: [] };
  const written = patchedFuncs({ ...QUESTION, why: false, answers: [answer], provenance }, { each: false });
  const text = [...(written.text ?? [])].join('');
  const lines = text.split('\n').filter((line) => line !== '');
  const patched =
    lines.length === 0 ? [] : readLivepatch([{ path: '<stdin>', bytes: Buffer.from(text) }]).patched;
  const facts = gatherFacts(reach, {
    build: answer.definition.build,
    mode: QUESTION.mode,
    changed: namedChanges([askedAs(answer)]),
    untraceable: [],
    targets: patched.map(({ object, function: name, sympos, where }) => ({ object, name, sympos, where })),
  });
  return { written, lines, facts, findings: applyRules(AUDIT_RULES, facts) };
}

/** `name@file`: one function. */
export function askedAs({ definition: { name, file } }: ReachAnswer): string {
  return `${name}@${file}`;
}

/** The errors of a livepatch that lacks one of the lines, for each of them. */
export function* withoutOne({
  facts,
}: RoundTrip): Generator<{ readonly line: string; readonly errors: string[] }> {
  const targets = facts.targets!;
  for (const left of targets) {
    const others = { ...facts, targets: targets.filter((target) => target !== left) };
    const missed = applyRules(COVERAGE_RULES, others).filter(({ rule }) => rule !== 'cannot-be-livepatched');
    yield {
      line: nameOf(left),
      errors: missed.map(({ subject: name, ...rest }) => nameOf({ name, ...rest })),
    };
  }
}

function nameOf({ object, name, sympos }: { object?: string; name: string; sympos?: number }): string {
  return `${object} ${name},${sympos}`;
}

export function errorsOf({ findings }: Pick<RoundTrip, 'findings'>): string[] {
  return findings
    .filter(({ severity }) => severity === 'error')
    .map(({ rule, subject }) => `${rule} ${subject}`);
}

/** What the answer says keeps the old code. */
export function deadEnds({ units }: ReachAnswer): Member[] {
  const ends = units.flatMap(({ members }) => members.filter(({ deadEnd }) => deadEnd));
  return [...new Map(ends.map((member) => [`${member.unit.id} ${member.name}`, member])).values()];
}

/** All that one name means in a build, one answer for each function. */
export function answersFor(reach: Reach, build: string, name: string): ReachAnswer[] {
  return reach.askIfKnown({ text: name, name }, { ...QUESTION, filter: { build } });
}

export function verdicts({ units }: ReachAnswer): Set<Verdict> {
  return new Set(units.map(({ verdict }) => verdict));
}

/** By name, all verdicts of the build's functions of that name, from one sweep. */
export function verdictsByName(sets: PatchSets): Map<number, Set<Verdict>> {
  const byName = new Map<number, Set<Verdict>>();
  for (const { functions } of sweep(sets)) {
    for (const { name, verdict } of functions) {
      const known = byName.get(name);
      if (known) known.add(verdict);
      else byName.set(name, new Set([verdict]));
    }
  }
  return byName;
}

/** What the sweep says of some names: `unit name` -> the bodies to replace, or that stand in. */
export function sweptSets(sets: PatchSets, names: ReadonlySet<number>): Map<string, ReadonlySet<string>> {
  const swept = new Map<string, ReadonlySet<string>>();
  for (const { unit, functions } of sweep(sets)) {
    for (const { name, members } of functions) {
      if (!names.has(name)) continue;
      const bodies = [...members].filter((body) => sets.graph.state(body) !== State.discarded);
      swept.set(`${unit.row.id} ${name}`, new Set(bodies.map((body) => bodyKey(sets.graph, body))));
    }
  }
  return swept;
}

/** A body by unit and place, whatever graph numbers it. */
function bodyKey(graph: CodeGraph, body: number): string {
  const unit = graph.unitOf(body);
  return `${unit.row.id}:${graph.itself(body) - unit.base}`;
}

/** Where the commands' patch sets differ from the sweep's: `COMMAND +BODY` for one too many, `COMMAND -BODY`. */
export function differences(
  reach: Reach,
  answer: ReachAnswer,
  { facts }: RoundTrip,
  swept: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const { build, nameId } = answer.definition;
  const { graph } = reach.sets(build);
  const called = findCallers(reach, parseSymbolSpec(askedAs(answer)), {
    mode: QUESTION.mode,
    filter: { build },
  });
  const all = (answers: readonly ReachAnswer[]) =>
    answers.flatMap(({ units }) => units.flatMap(({ members }) => members));
  const sets = {
    affected: all([answer]),
    callers: all(called.map((one) => one.reach)),
    'what callers replaces': [...all([answer]), ...called.flatMap(neededCallers)],
    audit: facts.required.map(({ member }) => member),
  };
  const wanted = new Set(
    answer.units.flatMap(({ unit }) => [...(swept.get(`${unit.id} ${nameId}`) ?? ['swept'])]),
  );
  return Object.entries(sets).flatMap(([command, members]) => {
    const said = new Set(members.flatMap((one) => bodiesOf(reach.index, graph, one)));
    const more = [...said].filter((body) => !wanted.has(body)).map((body) => `${command} +${body}`);
    const less = [...wanted].filter((body) => !said.has(body)).map((body) => `${command} -${body}`);
    return [...more, ...less];
  });
}

/** The callers that are to be replaced, or what is in their stead. */
function neededCallers({ callers }: CallersAnswer): Member[] {
  const needed = callers.flat().filter(({ inPatchSet }) => inPatchSet);
  return needed.flatMap(({ member, standIns }) => [member, ...(member.stuck === null ? [] : standIns)]);
}

/** The bodies of a member: none where its code has none, or is not in the kernel. */
function bodiesOf(
  index: IndexReader,
  graph: CodeGraph,
  { unit, name, class: kind }: Member,
): readonly string[] {
  if (kind === 'gone' || kind === 'discarded') return [];
  const known = bodiesKnown.get(graph) ?? new Map<string, readonly string[]>();
  bodiesKnown.set(graph, known);
  const key = `${unit.id} ${name}`;
  let bodies = known.get(key);
  if (!bodies) {
    bodies = bodiesNamed(graph.unit(unit.id), index.nameId(name)!).map((body) => bodyKey(graph, body));
    known.set(key, bodies);
  }
  return bodies;
}

const bodiesKnown = new WeakMap<CodeGraph, Map<string, readonly string[]>>();
