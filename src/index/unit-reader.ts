import { readFileSync } from 'node:fs';
import { FunctionTable } from '../dump/function-table.js';
import { parseDump } from '../dump/parse.js';
import { InputError } from '../errors.js';
import { readObjectFunctions } from '../symbols/object-functions.js';
import type { NewWords } from './dictionary.js';
import type { ObjectFacts, SymbolColumns, UnitFacts, UnitJob } from './unit-facts.js';

/** Reads units' files into facts, with one table of words over all of them. */
export class UnitReader {
  readonly #table = new FunctionTable();
  #told = { names: 0, paths: 0, functions: 0, kinds: 0 };

  read(job: UnitJob): UnitFacts {
    return {
      name: job.name,
      file: job.dump,
      dump: parseDump(readFileSync(job.dump), this.#table),
      object:
        typeof job.object === 'string'
          ? { state: job.object }
          : this.readObject(readFileSync(job.object.path), job.object.path),
    };
  }

  readDump(bytes: Buffer) {
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
