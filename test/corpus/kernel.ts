import type { IndexReader as Index } from '../../src/index/reader.js';
import type { Reach as Engine } from '../../src/reach/affected.js';
import type { ReachAnswer, ReachQuestion } from '../../src/reach/answer.js';
import { CodeGraph } from '../../src/reach/code-graph.js';
import { PatchSets } from '../../src/reach/patch-set.js';
import type { Corpus } from '../helpers/corpus.js';
import { type CorpusBuild, unpackBuild } from '../helpers/corpus-build.js';
import { query, type Row } from '../helpers/index-rows.js';
import { IndexReader, ingest, openForReading, parseSymbolSpec, Reach } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';

export const MINUTE = 60_000;

/** A real kernel, indexed: what all tests of the corpus ask. */
export class Kernel {
  readonly index: Index;
  readonly reach: Engine;
  #sets: PatchSets | undefined;
  #names: ReadonlyMap<number, string> | undefined;
  #units: ReadonlyMap<string, number> | undefined;

  constructor(
    readonly db: string,
    readonly build: string,
    readonly files: CorpusBuild,
    readonly report: Awaited<ReturnType<typeof ingest>>,
  ) {
    this.index = new IndexReader(openForReading(db));
    this.reach = new Reach(this.index);
  }

  /** @param db the index to put it into, perhaps beside other builds */
  static async open(corpus: Corpus, folder = '', db = newIndex()): Promise<Kernel> {
    const files = unpackBuild(corpus, folder);
    const build = folder === '' ? 'kernel' : folder;
    return new Kernel(db, build, files, await ingest([files.directory], { db, build }));
  }

  close(): void {
    this.index.close();
    this.files.remove();
  }

  query(sql: string): Row[] {
    return query(this.db, sql);
  }

  /** The patch sets of everything: not those that questions have read a part of. */
  get sets(): PatchSets {
    this.#sets ??= new PatchSets(new CodeGraph(this.index, this.build));
    return this.#sets;
  }

  /** Texts of names, by id. */
  get names(): ReadonlyMap<number, string> {
    this.#names ??= new Map(
      this.query('SELECT id, text FROM name').map(({ id, text }) => [id as number, text as string]),
    );
    return this.#names;
  }

  /** Ids of units, by the paths of their dumps. */
  get units(): ReadonlyMap<string, number> {
    this.#units ??= new Map(
      this.query(
        `SELECT u.path, u.id FROM unit u JOIN build b ON b.id = u.build WHERE b.name = '${this.build}'`,
      ).map(({ path, id }) => [path as string, id as number]),
    );
    return this.#units;
  }

  ask(symbol: string, unit?: string, question: Partial<ReachQuestion> = {}): ReachAnswer[] {
    return this.reach.ask(parseSymbolSpec(symbol), {
      filter: { build: this.build, ...(unit !== undefined && { unit }) },
      mode: 'ordered',
      direction: 'affected',
      ...question,
    });
  }
}
