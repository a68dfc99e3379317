import { readFileSync } from 'node:fs';
import { type CallFacts as CallgraphInfo, parseCallgraphInfo } from '../callgraph/ci.js';
import { type EqualityHit, parseFolding } from '../callgraph/folding.js';
import { nearReferences } from '../callgraph/near-calls.js';
import { readObjectReferences } from '../callgraph/references.js';
import { FunctionTable } from '../dump/function-table.js';
import { type DumpFacts, parseDump } from '../dump/parse.js';
import { type Elf, openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { ReferenceKind } from '../graph/open-ends.js';
import { maybeDecompress } from '../input/decompress.js';
import { type Bodies, bodiesOf, Role, versionsOf } from '../symbols/bodies.js';
import { compilerNames, type DumpNames, type Renamed } from '../symbols/compiler-names.js';
import { foldsOf } from '../symbols/folds.js';
import { objectEvidence } from '../symbols/object-evidence.js';
import { type ObjectFunctions, objectFunctions } from '../symbols/object-functions.js';
import { contentsHash } from './checksum.js';
import type { NewWords } from './dictionary.js';
import { foldEvidence } from './fold-evidence.js';
import { handOn, withCalls, withNear } from './more-references.js';
import {
  type CallsToCheck,
  checkUnit,
  cloneBodies,
  lackingCalls,
  type ObjectToCheck,
} from './unit-checks.js';
import type {
  CallFacts,
  CallSource,
  CompilerNameColumns,
  ObjectFacts,
  ReferenceColumns,
  SymbolColumns,
  UnitFacts,
  UnitJob,
} from './unit-facts.js';

/** An object, and what the checks look at. */
export interface ReadObject {
  readonly facts: ObjectFacts;
  readonly toCheck?: ObjectToCheck;
}

/** Calls, the functions that the call graph has under two names, and what the checks look at. */
export interface ReadCalls {
  readonly facts: CallFacts;
  readonly renamed: readonly Renamed[];
  readonly toCheck?: CallsToCheck;
}

/** What a unit is made of. */
export interface UnitParts {
  readonly name: string;
  /** Where the dump was opened. */
  readonly file: string;
  readonly dump: DumpFacts;
  readonly object: ReadObject;
  readonly calls: ReadCalls;
  /** What GCC says of folding, if it was read. */
  readonly hits: readonly EqualityHit[] | undefined;
  /** A hash of the contents of its files. */
  readonly contents: string;
}

/** Reads units' files into facts, with one table of words over all of them. */
export class UnitReader {
  readonly #table = new FunctionTable();
  #told = { names: 0, paths: 0, functions: 0, kinds: 0 };

  async read(job: UnitJob): Promise<UnitFacts> {
    const bytes: Buffer[] = [];
    const contentsOf = (path: string) => {
      const contents = readFileSync(path);
      bytes.push(contents);
      return contents;
    };
    const dump = this.readDump(await maybeDecompress(contentsOf(job.dump), job.dump));
    const object =
      typeof job.object === 'string'
        ? withoutObject(job.object)
        : this.readObject(contentsOf(job.object.path), job.object.path);
    const calls =
      typeof job.calls === 'string'
        ? withoutCalls(job.calls)
        : job.calls.from === 'ci'
          ? this.readCalls(contentsOf(job.calls.path), job.calls.path)
          : await this.#disassembled(job.calls);
    const hits =
      job.folding.length === 0 ? undefined : job.folding.flatMap((path) => parseFolding(contentsOf(path)));
    const certain = await withCertainCalls(object, calls, job.objdump);
    const { name, dump: file } = job;
    return this.unit({ name, file, dump, object: certain, calls, hits, contents: contentsHash(bytes) });
  }

  /** Joins what a unit's files say. */
  unit({ name, file, dump, object, calls, hits, contents }: UnitParts): UnitFacts {
    const { names, renamed } = this.#compilerNames(dump, object.facts, calls.renamed);
    const folds = foldsOf(foldEvidence(this.#table, dump, object.facts, calls.facts, names, hits ?? []));
    return {
      name,
      file,
      dump,
      object: object.facts,
      calls: calls.facts,
      compilerNames: names,
      folds: {
        told: hits !== undefined,
        folded: Int32Array.from(folds, ({ folded }) => folded),
        kept: Int32Array.from(folds, ({ kept }) => kept),
      },
      problems: checkUnit({
        table: this.#table,
        unit: name,
        dumpFile: file,
        dump,
        object: object.toCheck,
        calls: calls.toCheck,
        renamed,
      }),
      contents,
    };
  }

  readDump(bytes: Buffer): DumpFacts {
    return parseDump(bytes, this.#table);
  }

  /** An object that cannot be read is a fact about the unit, not the end of the run. */
  readObject(bytes: Buffer, file: string): ReadObject {
    try {
      const elf = openElf(bytes, file);
      const functions = objectFunctions(elf);
      const code = bodiesOf(functions);
      const symbols = this.#symbols(functions, code);
      const evidence = objectEvidence(elf);
      const { abi } = evidence;
      const clones = cloneBodies(functions.names, code);
      const { traceable } = code.bodies;
      const near = nearReferences(elf, code, (body) => traceable[body] !== 1 || clones.has(body));
      const sectionName = (section: number) => this.#table.name(elf.sections[section]!.name);
      const references = withNear(this.#references(elf, functions), near, symbols, sectionName);
      return {
        facts: { state: 'read', file, abi, symbols, references },
        toCheck: {
          ...evidence,
          file,
          name: symbols.name,
          symbols: functions.names,
          code,
          near,
        },
      };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { facts: { state: 'corrupt', file, what: error.what } };
    }
  }

  /** The same holds for a call graph. */
  readCalls(bytes: Buffer, file: string): ReadCalls {
    try {
      const graph = parseCallgraphInfo(bytes, file);
      const { calls, names } = this.#calls(graph);
      return {
        facts: { state: 'ci', file, ...calls },
        renamed: renamedIn(graph),
        toCheck: { file, graph, names, functions: calls.functions },
      };
    } catch (error) {
      return corruptCalls(error, file);
    }
  }

  async #disassembled({ path, program }: Extract<CallSource, { from: 'objdump' }>): Promise<ReadCalls> {
    try {
      const found = await disassembledCalls(path, program);
      return { facts: { state: 'objdump', file: path, ...this.#calls(found).calls }, renamed: [] };
    } catch (error) {
      return corruptCalls(error, path);
    }
  }

  #calls(found: CallgraphInfo) {
    const names = Int32Array.from(found.names, (name) => this.#table.name(name));
    const calls = {
      functions: Int32Array.from(this.#declared(found)),
      caller: found.callCaller.map((name) => names[name]!),
      callee: found.callCallee.map((name) => names[name]!),
      count: found.callCount,
      placeless: found.callPlaceless,
      namelessCallee: found.namelessCallee.map((name) => names[name]!),
      namelessSection: found.namelessSection.map((name) => names[name]!),
    };
    return { calls, names };
  }

  /** Machine code tells of no declarations; its functions are known as symbols. */
  *#declared({ names, functionName, functionFile, functionLine, functionCol }: CallgraphInfo) {
    for (let i = 0; i < functionName.length; i++) {
      const file = functionFile[i]!;
      if (file === '') continue;
      yield this.#table.function(names[functionName[i]!]!, `${file};${functionLine[i]};${functionCol[i]}`);
    }
  }

  #symbols(found: ObjectFunctions, { body, role, bodies }: Bodies): SymbolColumns {
    const sections = found.sections.map((section) => this.#table.name(section));
    return {
      name: Int32Array.from(found.names, (name) => this.#table.name(name)),
      body,
      binding: found.binding,
      role,
      bodies: { ...bodies, section: bodies.section.map((section) => sections[section]!) },
      lostInModule: Int32Array.from(found.lostInModule, (name) => this.#table.name(name)),
    };
  }

  #references(elf: Elf, functions: ObjectFunctions): ReferenceColumns {
    const found = handOn(readObjectReferences(elf), versionsOf(functions));
    const names = found.names.map((name) => this.#table.name(name));
    const word = (name: number) => (name < 0 ? -1 : names[name]!);
    return {
      caller: found.callCaller.map(word),
      callee: found.callCallee.map(word),
      count: found.callCount,
      target: found.addressTarget.map(word),
      by: found.addressBy.map(word),
      section: found.addressSection.map(word),
      kind: found.addressInit.map((init) => (init === 1 ? ReferenceKind.initTable : ReferenceKind.address)),
      namelessCallee: found.namelessCallee.map(word),
      namelessSection: found.namelessSection.map(word),
    };
  }

  /** Without an object the titles of the call graph are all that is known of symbols, and none are stored. */
  #compilerNames(dump: DumpFacts, object: ObjectFacts, renamed: readonly Renamed[]) {
    const table = this.#table;
    const own =
      object.state === 'read'
        ? object.symbols.name
        : Int32Array.from(renamed, ({ name }) => table.name(name));
    const role = object.state === 'read' ? object.symbols.role : own.map(() => Role.function);
    const symbols = { names: Array.from(own, (id) => table.names[id]!), role };
    const found = compilerNames(new NamesOfDump(dump, table), symbols, renamed);
    const name = Int32Array.from(found, (one) => table.name(one.name));
    const symbol = Int32Array.from(found, (one) => one.symbol);
    return {
      names: object.state === 'read' ? { name, symbol } : NO_NAMES,
      renamed: { name, own: symbol.map((one) => own[one]!) },
    };
  }

  /** The words met since the last call. */
  newWords(): NewWords {
    const { names, paths, functions, kinds } = this.#table;
    const since = this.#told;
    this.#told = {
      names: names.length,
      paths: paths.length,
      functions: functions.length,
      kinds: kinds.length,
    };
    return {
      names: names.slice(since.names),
      paths: paths.slice(since.paths),
      functions: Int32Array.from(functions.slice(since.functions)),
      kinds: kinds.slice(since.kinds),
    };
  }
}

const NO_NAMES: CompilerNameColumns = { name: new Int32Array(0), symbol: new Int32Array(0) };

/** What a dump names, looked up when it is first asked for: nearly no unit asks. */
class NamesOfDump implements DumpNames {
  readonly #dump: DumpFacts;
  readonly #table: FunctionTable;
  #functions: Map<string, number[]> | undefined;

  constructor(dump: DumpFacts, table: FunctionTable) {
    this.#dump = dump;
    this.#table = table;
  }

  has(name: string): boolean {
    return this.#byName().has(name);
  }

  declares(name: string, place: string): boolean {
    const { functions, paths } = this.#table;
    const found = this.#byName().get(name) ?? [];
    return found.some((f) => {
      const [path, line, col] = functions.slice(f * 4 + 1, f * 4 + 4) as [number, number, number];
      return `${paths[path]};${line};${col}` === place;
    });
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#byName().keys();
  }

  #byName(): Map<string, number[]> {
    if (!this.#functions) {
      this.#functions = new Map();
      const { functions, names } = this.#table;
      for (const f of new Set(this.#dump.nodeFunction)) {
        const name = names[functions[f * 4]!]!;
        this.#functions.set(name, [...(this.#functions.get(name) ?? []), f]);
      }
    }
    return this.#functions;
  }
}

/** No object, and why. */
export function withoutObject(state: 'missing' | 'not asked'): ReadObject {
  return { facts: { state } };
}

/** No calls, and why. */
export function withoutCalls(state: 'missing' | 'not asked'): ReadCalls {
  return { facts: { state }, renamed: [] };
}

async function disassembledCalls(path: string, program: string | undefined): Promise<CallgraphInfo> {
  const { readObjectCalls } = await import('../callgraph/objdump.js');
  return readObjectCalls(path, program === undefined ? {} : { objdump: program });
}

/**
 * The object with the calls of inline assembly that no relocation tells. Where bytes only look like a call that the graph
 * lacks, disassembling tells; where that cannot be done they stay uncertain.
 */
async function withCertainCalls(
  object: ReadObject,
  calls: ReadCalls,
  program: string | undefined,
): Promise<ReadObject> {
  const { facts, toCheck } = object;
  if (facts.state !== 'read' || !toCheck || !calls.toCheck) return object;
  const seeming = lackingCalls(toCheck, calls.toCheck);
  if (seeming.length === 0) return object;
  const certain = toCheck.near.isCertain ? toCheck : await disassembledNear(toCheck, program);
  if (certain === undefined) return object;
  const lacking = lackingCalls(certain, calls.toCheck);
  return {
    facts: { ...facts, references: withCalls(facts.references, lacking, facts.symbols) },
    toCheck: certain,
  };
}

async function disassembledNear(
  toCheck: ObjectToCheck,
  program: string | undefined,
): Promise<ObjectToCheck | undefined> {
  try {
    const found = await disassembledCalls(toCheck.file, program);
    return { ...toCheck, near: { ...callsOfBodies(toCheck.code, toCheck.symbols, found), isCertain: true } };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function callsOfBodies({ body, bodies }: Bodies, symbols: readonly string[], found: CallgraphInfo) {
  const bodyOf = new Map(symbols.map((name, symbol) => [name, bodies.owner[body[symbol]!]!]));
  const caller: number[] = [];
  const callee: number[] = [];
  for (let i = 0; i < found.callCaller.length; i++) {
    const from = bodyOf.get(found.names[found.callCaller[i]!]!);
    const to = bodyOf.get(found.names[found.callCallee[i]!]!);
    if (from === undefined || to === undefined || from === to) continue;
    caller.push(from);
    callee.push(to);
  }
  return { caller, callee };
}

function corruptCalls(error: unknown, file: string): ReadCalls {
  if (!(error instanceof InputError)) throw error;
  const what = error.advice === '' ? error.what : `${error.what}; ${error.advice}`;
  return { facts: { state: 'corrupt', file, what }, renamed: [] };
}

function renamedIn(found: CallgraphInfo): Renamed[] {
  const { names, functionName, functionFile, functionLine, functionCol } = found;
  const renamed: Renamed[] = [];
  found.functionLabel.forEach((label, i) => {
    const place = `${functionFile[i]};${functionLine[i]};${functionCol[i]}`;
    if (label !== '') renamed.push({ name: names[functionName[i]!]!, label, place });
  });
  return renamed;
}
