import { readFileSync } from 'node:fs';
import { type CallFacts as CallgraphInfo, parseCallgraphInfo } from '../callgraph/ci.js';
import { readObjectReferences } from '../callgraph/references.js';
import { FunctionTable } from '../dump/function-table.js';
import { type DumpFacts, parseDump } from '../dump/parse.js';
import { type Elf, openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { bodiesOf } from '../symbols/bodies.js';
import { objectFunctions } from '../symbols/object-functions.js';
import type { NewWords } from './dictionary.js';
import {
  type CallFacts,
  type CallSource,
  type ObjectFacts,
  type ReferenceColumns,
  ReferenceKind,
  type SymbolColumns,
  type UnitFacts,
  type UnitJob,
} from './unit-facts.js';

/** Reads units' files into facts, with one table of words over all of them. */
export class UnitReader {
  readonly #table = new FunctionTable();
  #told = { names: 0, paths: 0, functions: 0, kinds: 0 };

  async read(job: UnitJob): Promise<UnitFacts> {
    const dump = parseDump(readFileSync(job.dump), this.#table);
    const { object, calls } = job;
    return {
      name: job.name,
      file: job.dump,
      dump,
      object:
        typeof object === 'string'
          ? { state: object }
          : this.readObject(readFileSync(object.path), object.path),
      calls: typeof calls === 'string' ? { state: calls } : await this.#readCallSource(calls),
    };
  }

  readDump(bytes: Buffer): DumpFacts {
    return parseDump(bytes, this.#table);
  }

  /** An object that cannot be read is a fact about the unit, not the end of the run. */
  readObject(bytes: Buffer, file: string): ObjectFacts {
    try {
      const elf = openElf(bytes, file);
      return { state: 'read', file, symbols: this.#symbols(elf), references: this.#references(elf) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { state: 'corrupt', file, what: error.what };
    }
  }

  /** The same holds for a call graph. */
  readCalls(bytes: Buffer, file: string): CallFacts {
    try {
      return { state: 'ci', file, ...this.#calls(parseCallgraphInfo(bytes, file)) };
    } catch (error) {
      return corruptCalls(error, file);
    }
  }

  async #readCallSource(source: CallSource): Promise<CallFacts> {
    const { from, path } = source;
    if (from === 'ci') return this.readCalls(readFileSync(path), path);
    try {
      const { readObjectCalls } = await import('../callgraph/objdump.js');
      const options = source.program === undefined ? {} : { objdump: source.program };
      return { state: 'objdump', file: path, ...this.#calls(await readObjectCalls(path, options)) };
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

  #symbols(elf: Elf): SymbolColumns {
    const found = objectFunctions(elf);
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

  #references(elf: Elf): ReferenceColumns {
    const found = readObjectReferences(elf);
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

function corruptCalls(error: unknown, file: string): CallFacts {
  if (!(error instanceof InputError)) throw error;
  return {
    state: 'corrupt',
    file,
    what: error.advice === '' ? error.what : `${error.what}; ${error.advice}`,
  };
}
