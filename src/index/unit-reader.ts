import { readFileSync } from 'node:fs';
import { type CallFacts as CallgraphInfo, parseCallgraphInfo } from '../callgraph/ci.js';
import { type EqualityHit, parseFolding } from '../callgraph/folding.js';
import { type ObjectReferences, readObjectReferences } from '../callgraph/references.js';
import { FunctionTable } from '../dump/function-table.js';
import { type DumpFacts, parseDump } from '../dump/parse.js';
import { type Elf, openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { bodiesOf, resolverOf, versionsOf } from '../symbols/bodies.js';
import { compilerNames, type DumpNames, type Renamed } from '../symbols/compiler-names.js';
import { foldsOf } from '../symbols/folds.js';
import { type ObjectFunctions, objectFunctions } from '../symbols/object-functions.js';
import type { NewWords } from './dictionary.js';
import { foldEvidence } from './fold-evidence.js';
import {
  type CallFacts,
  type CallSource,
  type CompilerNameColumns,
  type ObjectFacts,
  type ReferenceColumns,
  ReferenceKind,
  type SymbolColumns,
  type UnitFacts,
  type UnitJob,
} from './unit-facts.js';

/** Calls, and the functions that the call graph has under two names. */
export interface ReadCalls {
  readonly facts: CallFacts;
  readonly renamed: readonly Renamed[];
}

/** Reads units' files into facts, with one table of words over all of them. */
export class UnitReader {
  readonly #table = new FunctionTable();
  #told = { names: 0, paths: 0, functions: 0, kinds: 0 };

  async read(job: UnitJob): Promise<UnitFacts> {
    const dump = parseDump(readFileSync(job.dump), this.#table);
    const object =
      typeof job.object === 'string'
        ? { state: job.object }
        : this.readObject(readFileSync(job.object.path), job.object.path);
    const calls =
      typeof job.calls === 'string' ? withoutCalls(job.calls) : await this.#readCallSource(job.calls);
    const hits =
      job.folding.length === 0 ? undefined : job.folding.flatMap((path) => parseFolding(readFileSync(path)));
    return this.unit(job.name, job.dump, dump, object, calls, hits);
  }

  /**
   * Joins what a unit's files say.
   *
   * @param hits what GCC says of folding, if it was read
   */
  unit(
    name: string,
    file: string,
    dump: DumpFacts,
    object: ObjectFacts,
    calls: ReadCalls,
    hits: readonly EqualityHit[] | undefined,
  ): UnitFacts {
    const compilerNames = this.#compilerNames(dump, object, calls.renamed);
    const found = foldsOf(foldEvidence(this.#table, dump, object, calls.facts, compilerNames, hits ?? []));
    return {
      name,
      file,
      dump,
      object,
      calls: calls.facts,
      compilerNames,
      folds: {
        told: hits !== undefined,
        folded: Int32Array.from(found, ({ folded }) => folded),
        kept: Int32Array.from(found, ({ kept }) => kept),
      },
    };
  }

  readDump(bytes: Buffer): DumpFacts {
    return parseDump(bytes, this.#table);
  }

  /** An object that cannot be read is a fact about the unit, not the end of the run. */
  readObject(bytes: Buffer, file: string): ObjectFacts {
    try {
      const elf = openElf(bytes, file);
      const functions = objectFunctions(elf);
      const symbols = this.#symbols(functions);
      return { state: 'read', file, symbols, references: this.#references(elf, functions) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { state: 'corrupt', file, what: error.what };
    }
  }

  /** The same holds for a call graph. */
  readCalls(bytes: Buffer, file: string): ReadCalls {
    try {
      const found = parseCallgraphInfo(bytes, file);
      return { facts: { state: 'ci', file, ...this.#calls(found) }, renamed: renamedIn(found) };
    } catch (error) {
      return corruptCalls(error, file);
    }
  }

  async #readCallSource(source: CallSource): Promise<ReadCalls> {
    const { from, path } = source;
    if (from === 'ci') return this.readCalls(readFileSync(path), path);
    try {
      const { readObjectCalls } = await import('../callgraph/objdump.js');
      const options = source.program === undefined ? {} : { objdump: source.program };
      const found = await readObjectCalls(path, options);
      return { facts: { state: 'objdump', file: path, ...this.#calls(found) }, renamed: [] };
    } catch (error) {
      return corruptCalls(error, path);
    }
  }

  #calls(found: CallgraphInfo) {
    const names = found.names.map((name) => this.#table.name(name));
    return {
      functions: Int32Array.from(this.#declared(found)),
      caller: found.callCaller.map((name) => names[name]!),
      callee: found.callCallee.map((name) => names[name]!),
      count: found.callCount,
      placeless: found.callPlaceless,
      namelessCallee: found.namelessCallee.map((name) => names[name]!),
      namelessSection: found.namelessSection.map((name) => names[name]!),
    };
  }

  /** Machine code tells of no declarations; its functions are known as symbols. */
  *#declared({ names, functionName, functionFile, functionLine, functionCol }: CallgraphInfo) {
    for (let i = 0; i < functionName.length; i++) {
      const file = functionFile[i]!;
      if (file === '') continue;
      yield this.#table.function(names[functionName[i]!]!, `${file};${functionLine[i]};${functionCol[i]}`);
    }
  }

  #symbols(found: ObjectFunctions): SymbolColumns {
    const { body, role, bodies } = bodiesOf(found);
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

  #compilerNames(dump: DumpFacts, object: ObjectFacts, renamed: readonly Renamed[]): CompilerNameColumns {
    if (object.state !== 'read') return NO_NAMES;
    const { name, role } = object.symbols;
    const { names } = this.#table;
    const symbols = { names: Array.from(name, (id) => names[id]!), role };
    const found = compilerNames(new NamesOfDump(dump, this.#table), symbols, renamed);
    return {
      name: Int32Array.from(found, (one) => this.#table.name(one.name)),
      symbol: Int32Array.from(found, ({ symbol }) => symbol),
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

/** The choice between a function's versions is a call of each, instead of addresses that are taken. */
function handOn(found: ObjectReferences, versions: ReturnType<typeof versionsOf>): ObjectReferences {
  if (versions.size === 0) return found;
  const names = [...found.names];
  const word = (text: string) => {
    const known = names.indexOf(text);
    return known >= 0 ? known : names.push(text) - 1;
  };
  const calls = [...versions].flatMap(([caller, callees]) =>
    callees.map((callee) => [word(caller), word(callee)] as const),
  );
  const resolvers = new Map(
    [...versions].flatMap(([name, own]) => [name, resolverOf(name)].map((by) => [by, own])),
  );
  const kept = (_: number, at: number) =>
    !resolvers.get(names[found.addressBy[at]!] ?? '')?.includes(names[found.addressTarget[at]!]!);
  return {
    ...found,
    names,
    callCaller: Int32Array.from([...found.callCaller, ...calls.map(([caller]) => caller)]),
    callCallee: Int32Array.from([...found.callCallee, ...calls.map(([, callee]) => callee)]),
    callCount: Int32Array.from([...found.callCount, ...calls.map(() => 1)]),
    addressTarget: found.addressTarget.filter(kept),
    addressBy: found.addressBy.filter(kept),
    addressSection: found.addressSection.filter(kept),
    addressInit: found.addressInit.filter(kept),
  };
}

/** No calls, and why. */
export function withoutCalls(state: 'missing' | 'not asked'): ReadCalls {
  return { facts: { state }, renamed: [] };
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
