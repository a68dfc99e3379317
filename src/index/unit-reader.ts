import { readFileSync } from 'node:fs';
import { type CallFacts as CallgraphInfo, parseCallgraphInfo } from '../callgraph/ci.js';
import { FunctionTable } from '../dump/function-table.js';
import { type DumpFacts, parseDump } from '../dump/parse.js';
import { InputError } from '../errors.js';
import { readObjectFunctions } from '../symbols/object-functions.js';
import type { NewWords } from './dictionary.js';
import type { CallFacts, CallSource, ObjectFacts, SymbolColumns, UnitFacts, UnitJob } from './unit-facts.js';

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
      return { state: 'read', file, symbols: this.#symbols(bytes, file) };
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

  #symbols(bytes: Buffer, file: string): SymbolColumns {
    const found = readObjectFunctions(bytes, file);
    const sections = found.sections.map((section) => this.#table.name(section));
    return {
      name: Int32Array.from(found.names, (name) => this.#table.name(name)),
      section: Int32Array.from(found.sectionName, (section) => sections[section]!),
      sectionIndex: found.section,
      value: found.value,
      size: found.size,
      binding: found.binding,
      traceable: found.traceable,
      lostInModule: Int32Array.from(found.lostInModule, (name) => this.#table.name(name)),
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
