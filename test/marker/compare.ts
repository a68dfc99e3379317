import type { Answer, Ask } from './answer.js';
import type { NaiveBuild } from './naive-build.js';
import type { NaiveUnit } from './naive-unit.js';
import type { Body } from './oracle.js';
import { HEADER, type Program, type SourceFunction } from './program.js';
import { SourceCalls } from './source-calls.js';

/** Something that an answer has wrong. */
export interface Mistake {
  /**
   * `missed`: the body holds the function's code, but is no member.
   * `unequal`: the function was folded into another, whose answer has the body; its own has not.
   * `unproved`: a member that neither holds the code, nor is the function, nor calls a stuck member that does.
   * `unclosed`: the body calls a stuck member, but is no member.
   * `not gone`: the object has what the answer says that it lacks.
   */
  readonly what: 'missed' | 'unequal' | 'unproved' | 'unclosed' | 'not gone';
  readonly unit: string;
  readonly symbol: string;
  /** `unit:symbol` */
  readonly body: string;
  /** Whether the answer says that it lacks nothing. Where there is no answer, nobody says so. */
  readonly complete: boolean;
  /** Whether the function shows that it was folded: it has no code of its own, and was copied nowhere. */
  readonly showsFolding: boolean;
}

export interface Comparison {
  readonly questions: number;
  /** (function, body that holds its code), and how many of them the answers have. */
  readonly holders: number;
  readonly found: number;
  /** (function, member), and how many of them are proved. */
  readonly members: number;
  readonly proved: number;
  /** Members that the dump says got the code, in programs whose code can be deleted after copying. */
  readonly deleted: number;
  /** Functions that fell to another and only jump there now, but got the code before. */
  readonly wrappers: number;
  readonly mistakes: readonly Mistake[];
}

/** Compares answers with what the program's objects hold. */
export function compare(program: Program, build: NaiveBuild, ask: Ask): Comparison {
  return new Comparer(program, build, ask).compare();
}

/** A question, and what it is about. */
interface Question {
  readonly unit: NaiveUnit;
  readonly source: SourceFunction;
  readonly answer: Answer | undefined;
  readonly members: ReadonlySet<Body>;
  readonly stuck: ReadonlySet<Body>;
}

class Comparer {
  readonly #mistakes: Mistake[] = [];
  readonly #source: SourceCalls;
  readonly #unitOf = new Map<Body, NaiveUnit>();
  #questions = 0;
  #holders = 0;
  #found = 0;
  #members = 0;
  #proved = 0;
  #deleted = 0;
  #wrappers = 0;

  constructor(
    readonly program: Program,
    readonly build: NaiveBuild,
    readonly ask: Ask,
  ) {
    this.#source = new SourceCalls(program);
    for (const unit of build.units) for (const body of unit.truth.bodies) this.#unitOf.set(body, unit);
  }

  compare(): Comparison {
    for (const unit of this.build.units) {
      for (const equals of groups(this.program, unit.name)) {
        const questions = equals.map((source) => this.#question(unit, source));
        this.#checkHolders(unit, questions);
        this.#checkFolding(unit, questions);
        for (const question of questions) {
          this.#checkProved(question, questions);
          this.#checkClosed(question);
          this.#checkGone(question);
        }
      }
    }
    return {
      questions: this.#questions,
      holders: this.#holders,
      found: this.#found,
      members: this.#members,
      proved: this.#proved,
      deleted: this.#deleted,
      wrappers: this.#wrappers,
      mistakes: this.#mistakes,
    };
  }

  #question(unit: NaiveUnit, source: SourceFunction): Question {
    this.#questions++;
    const answer = this.ask(unit.name, source.symbol);
    const stuck = this.#bodies([answer?.clone, answer?.blocked], noSuchBody);
    const members = new Set([
      ...stuck,
      ...this.#bodies([answer?.patch, answer?.init, answer?.discarded], noSuchBody),
    ]);
    return { unit, source, answer, members, stuck };
  }

  #bodies(sets: readonly (ReadonlySet<string> | undefined)[], unknown: (name: string) => void): Set<Body> {
    const bodies = new Set<Body>();
    for (const name of sets.flatMap((set) => [...(set ?? [])])) {
      const at = name.indexOf(':');
      const unit = this.build.units.find((one) => one.name === name.slice(0, at));
      const body = unit?.truth.bodyOf.get(name.slice(at + 1));
      if (body === undefined) unknown(name);
      else bodies.add(body);
    }
    return bodies;
  }

  /**
   * Of functions with equal bodies, a marker does not tell whose code it is. But a body can only hold code of what its
   * source calls, however far down: where that is one of them, that one's answer must have the body.
   */
  #checkHolders(unit: NaiveUnit, questions: readonly Question[]): void {
    for (const holder of holdersOf(unit, questions)) {
      this.#holders++;
      const possible = this.#possible(holder, questions);
      if (possible.some(({ members }) => members.has(holder))) this.#found++;
      else for (const question of possible) this.#mistake('missed', question, holder);
    }
  }

  #possible(holder: Body, questions: readonly Question[]): readonly Question[] {
    if (questions.length === 1) return questions;
    const possible = questions.filter(({ source }) => this.#source.leadsTo(holder, source));
    return possible.length === 0 ? questions : possible;
  }

  #checkFolding(unit: NaiveUnit, questions: readonly Question[]): void {
    for (const folded of questions) {
      for (const kept of questions) {
        if (!isFolded(unit, folded, kept)) continue;
        for (const holder of holdersOf(unit, questions)) {
          if (kept.members.has(holder) && !folded.members.has(holder))
            this.#mistake('unequal', folded, holder);
        }
      }
    }
  }

  #checkProved(question: Question, questions: readonly Question[]): void {
    const { unit, source, members } = question;
    const proved = new Set(unit.bodiesOfName(source.symbol));
    const itself = unit.truth.bodyOf.get(source.symbol);
    if (itself !== undefined) proved.add(itself);
    for (const holder of holdersOf(unit, questions)) {
      const isItsOwn = this.#possible(holder, questions).includes(question);
      if (isItsOwn || questions.some((other) => isMerged(unit, question, other))) proved.add(holder);
    }
    this.#addCallers(proved, question);
    const copied = new Set(unit.affectedBodies(source.symbol));
    const isWrapper = (body: Body) => unit.isWrapper(body) && copied.has(body);
    this.#addCallers(copied, question);
    for (const member of members) {
      this.#members++;
      if (proved.has(member)) this.#proved++;
      else if (isWrapper(member)) this.#wrappers++;
      else if (this.program.decidable && copied.has(member)) this.#deleted++;
      else this.#mistake('unproved', question, member);
    }
  }

  /** The least set: two stuck members that call each other do not prove each other. */
  #addCallers(bodies: Set<Body>, { stuck }: Question): void {
    for (const body of bodies) {
      if (!stuck.has(body)) continue;
      const member = { unit: this.#unitOf.get(body)!, body };
      const callers = [...this.build.callers(member), ...this.build.callersBeforeLinking(member)];
      for (const caller of callers) bodies.add(caller.body);
    }
  }

  /** Other units that call what a function was folded into call that one: they could not name the folded one. */
  #checkClosed(question: Question): void {
    const own = question.unit.affectedBodies(question.source.symbol, false);
    for (const body of question.stuck) {
      const unit = this.#unitOf.get(body)!;
      const isByFolding = unit === question.unit && !own.has(body);
      for (const caller of this.build.callers({ unit, body })) {
        if (isByFolding && caller.unit !== unit) continue;
        if (!question.members.has(caller.body)) this.#mistake('unclosed', question, caller.body);
      }
    }
  }

  #checkGone(question: Question): void {
    for (const body of this.#bodies([question.answer?.gone], () => undefined)) {
      this.#mistake('not gone', question, body);
    }
  }

  #mistake(what: Mistake['what'], { unit, source, answer }: Question, body: Body): void {
    this.#mistakes.push({
      what,
      unit: unit.name,
      symbol: source.symbol,
      body: `${this.#unitOf.get(body)!.name}:${body.names[0]}`,
      complete: answer?.complete ?? false,
      showsFolding: showsFolding(unit, source.symbol),
    });
  }
}

function noSuchBody(name: string): never {
  throw new Error(`an answer names ${name}, which no object has`);
}

function holdersOf(unit: NaiveUnit, questions: readonly Question[]): ReadonlySet<Body> {
  return unit.truth.holders.get(questions[0]!.source.id!) ?? new Set();
}

function showsFolding(unit: NaiveUnit, symbol: string): boolean {
  const nodes = unit.nodesNamed(symbol);
  return unit.bodiesOfName(symbol).length === 0 && !unit.copies.some(({ from }) => nodes.includes(from));
}

function isFolded(unit: NaiveUnit, folded: Question, kept: Question): boolean {
  const nodes = (question: Question) => unit.nodesNamed(question.source.symbol);
  return unit.hits.some((hit) => nodes(folded).includes(hit.folded) && nodes(kept).includes(hit.kept));
}

/**
 * Whether the one's code, or a piece of it (`f.part.0`), was folded with the other's. Then no record says whose callers had
 * which.
 */
function isMerged(unit: NaiveUnit, one: Question, other: Question): boolean {
  const [ones, others] = [one, other].map(({ source }) => unit.affected(source.symbol, false));
  return unit.hits.some(
    ({ kept, folded }) =>
      (ones!.has(kept) && others!.has(folded)) || (ones!.has(folded) && others!.has(kept)),
  );
}

/** The functions that a unit has, those with the same marker together. */
function groups(program: Program, unit: string): SourceFunction[][] {
  const own = program.functions.filter(({ file }) => file === unit);
  const groups = new Map<number, SourceFunction[]>();
  for (const one of program.functions) {
    if (one.id === undefined || (one.file !== unit && one.file !== HEADER)) continue;
    // The unit that defines what the header has for inlining does not use the header's.
    const isReplaced = one.linkage === 'extern inline' && own.some(({ name }) => name === one.name);
    if (!isReplaced) groups.set(one.id, [...(groups.get(one.id) ?? []), one]);
  }
  return [...groups.values()];
}
