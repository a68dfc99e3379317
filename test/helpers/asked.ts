import type { IndexReader as Index } from '../../src/index/reader.js';
import type { Reach as Engine } from '../../src/reach/affected.js';
import type {
  Member,
  OpenReference,
  ReachAnswer,
  ReachQuestion,
  UnitAnswer,
} from '../../src/reach/answer.js';
import { query } from './index-rows.js';
import { IndexReader, ingest, openForReading, parseSymbolSpec, Reach } from './library.js';
import { kernelFiles, type SmallKernel } from './small-kernel.js';
import { buildDir, newIndex } from './workplace.js';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** An index to ask, with its answers in words that a test can write down. */
export class Asked {
  readonly index: Index;
  readonly reach: Engine;

  constructor(readonly db: string) {
    this.index = new IndexReader(openForReading(db));
    this.reach = new Reach(this.index);
  }

  /** The texts of all names, by id. */
  names(): Map<number, string> {
    const rows = query(this.db, 'SELECT id, text FROM name');
    return new Map(rows.map(({ id, text }) => [id as number, text as string]));
  }

  answers(symbol: string, question: Partial<ReachQuestion> = {}): ReachAnswer[] {
    const asked: ReachQuestion = { filter: {}, mode: 'ordered', direction: 'affected', ...question };
    return this.reach.ask(parseSymbolSpec(symbol), asked);
  }

  /** `class name` of each member, sorted, by the file of the definition and the unit. */
  said(symbol: string, question: Partial<ReachQuestion> = {}) {
    return Object.fromEntries(
      this.answers(symbol, question).map(({ definition, units }) => [
        definition.file,
        Object.fromEntries(units.map((unit) => [unit.unit.source, membersOf(unit)])),
      ]),
    );
  }

  /** The answer of a function that is one function in one unit. */
  unit(symbol: string, question: Partial<ReachQuestion> = {}): UnitAnswer {
    const units = this.answers(symbol, question).flatMap((answer) => answer.units);
    if (units.length !== 1) throw new Error(`${symbol} has ${units.length} units`);
    return units[0]!;
  }

  /** Its members as in `said`. */
  members(symbol: string, question: Partial<ReachQuestion> = {}): string[] {
    return membersOf(this.unit(symbol, question));
  }

  member(symbol: string, name: string): Member {
    const found = this.unit(symbol).members.find((member) => member.name === name);
    if (!found) throw new Error(`the answer for ${symbol} has no ${name}`);
    return found;
  }

  /** The open ends in words: `f: address (.data of a.c)`. */
  open(symbol: string): string[] {
    return this.unit(symbol).members.flatMap(({ name, open }) =>
      open.map(({ reason, references }) => [`${name}: ${reason}`, ...references.map(inWords)].join(' ')),
    );
  }
}

function membersOf({ unit, members }: UnitAnswer): string[] {
  return members
    .map((member) => {
      const place = member.unit.id === unit.id ? '' : `${member.unit.source}:`;
      return `${member.class} ${place}${member.name}`;
    })
    .sort();
}

function inWords({ section, by, unit, object }: OpenReference): string {
  return `(${[by, section, 'of', unit ?? object].filter((word) => word !== null).join(' ')})`;
}

export async function askBuild(
  files: Files,
  options: Partial<Parameters<typeof ingest>[1]> = {},
): Promise<Asked> {
  const db = newIndex();
  await ingest([buildDir(files)], { db, build: 'b', ...options });
  return new Asked(db);
}

export async function askKernel(kernel: SmallKernel): Promise<Asked> {
  return askBuild(kernelFiles(kernel));
}

/** A kernel of one unit, `a.c`, which is linked to vmlinux. */
export async function askUnit(unit: SmallKernel['units'][string]): Promise<Asked> {
  return askKernel({ units: { 'a.c': unit } });
}
