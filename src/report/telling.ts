import type { Direction, MemberClass, ReachAnswer } from '../reach/answer.js';
import { groupBy } from './answer-view.js';
import { type Cell, Page } from './page.js';
import type { Provenance } from './provenance.js';
import { counted, functions } from './sentences.js';
import type { Colours } from './terminal.js';

/** How a person wants an answer told. */
export interface TextOptions {
  /** Columns. */
  readonly width: number;
  readonly colours: Colours;
  /** Lists everything that is counted otherwise. */
  readonly all?: boolean;
  /** Only members of these classes are listed. */
  readonly only?: ReadonlySet<MemberClass>;
}

/** What every part of a text is made with. */
export interface Telling {
  readonly page: Page;
  readonly direction: Direction;
  /** Whether each member comes with its chain. */
  readonly why: boolean;
  readonly all: boolean;
  lists(of: MemberClass): boolean;
}

export function telling(direction: Direction, why: boolean, options: TextOptions): Telling {
  const { width, colours, all = false, only } = options;
  return {
    page: new Page(width, colours),
    direction,
    why,
    all,
    lists: (of) => only?.has(of) ?? true,
  };
}

/** A part of a text: lines without their ends. */
export type Section = Iterable<string>;

/** What a report has that its text needs. */
interface Told<T> {
  readonly answers: readonly T[];
  readonly provenance: Provenance;
}

/**
 * Answers one after the other, those of one name that is several functions after a word about that.
 *
 * @param reachOf the part of an answer that says what was asked
 * @param tell the sections of an answer, given the lines that stand first
 */
export function* tellAnswers<T>(
  { answers, provenance }: Told<T>,
  told: Telling,
  reachOf: (answer: T) => ReachAnswer,
  tell: (answer: T, asked: readonly string[]) => Iterable<Section>,
): Generator<string> {
  const showBuild = provenance.builds.length > 1;
  let between = '';
  for (const namesakes of groupBy(answers, (answer) => reachOf(answer).spec.text).values()) {
    if (namesakes.length > 1) {
      yield between;
      yield* paragraphs([severalSection(namesakes.map(reachOf), told)]);
      between = '\n';
    }
    for (const answer of namesakes) {
      yield between;
      yield* paragraphs(tell(answer, [...askedSection(reachOf(answer), told, showBuild)]));
      between = '\n';
    }
  }
}

/** One name can be several functions. */
function* severalSection(answers: readonly ReachAnswer[], { page }: Telling): Generator<string> {
  const { name, file } = answers[0]!.definition;
  const text = `${name} is ${functions(answers.length)}, kept apart here; ask for one as ${name}@${file}`;
  yield* page.prose(text, 0, 'yellow', 2);
}

/** What was asked for. */
function* askedSection(
  { spec, definition }: ReachAnswer,
  { page }: Telling,
  showBuild: boolean,
): Generator<string> {
  const { name, file, line, build, assumed, fragmentOf } = definition;
  const cells: Cell[] = [
    { text: name, style: 'bold' },
    { text: line === 0 ? file : `${file}:${line}`, style: 'dim' },
    { text: showBuild ? `build ${build}` : '' },
  ];
  yield* page.row(cells, [0], 2);
  if (fragmentOf !== null) {
    yield* page.prose(`${spec.name} is a part of ${fragmentOf}, which is answered for it`, 2);
  }
  if (assumed) yield* page.prose('no dump or call graph declares it: the file is that of its unit', 2);
}

/** Sections with an empty line between those that say something, as lines with their ends. */
export function* paragraphs(sections: Iterable<Section>): Generator<string> {
  let between = '';
  for (const section of sections) {
    let first = true;
    for (const line of section) {
      if (first) yield between;
      first = false;
      yield `${line}\n`;
    }
    if (!first) between = '\n';
  }
}

/** Sections as one. */
export function* joined(...sections: readonly Section[]): Generator<string> {
  for (const section of sections) yield* section;
}

/** Names as a list of words: all of them, or the first few and how many there are more; one of many, once. */
export function nameList(names: readonly string[], { all }: Telling, most = 8, few = 3): string {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  const said = [...times].map(([name, count]) => (count === 1 ? name : `${name} (${counted(count)}x)`));
  if (all || said.length <= most) return said.join(', ');
  return `${said.slice(0, few).join(', ')} and ${counted(said.length - few)} more`;
}
