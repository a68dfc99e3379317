import { InputError } from '../errors.js';
import type { UnitFacts } from './unit-facts.js';

/** Something that is missing from the index, and why. */
export interface IngestWarning {
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
  readonly what: string;
}

/** Counts what was read and gathers what was wrong with it. */
export class IngestTally {
  units = 0;
  readonly warnings: IngestWarning[] = [];
  readonly objects = { read: 0, missing: 0, corrupt: 0 };
  readonly calls = { read: 0, missing: 0, corrupt: 0 };
  readonly #keepGoing: boolean;
  readonly #refused: IngestWarning[] = [];

  constructor(keepGoing: boolean) {
    this.#keepGoing = keepGoing;
  }

  take(units: readonly UnitFacts[]): void {
    for (const { file, dump, object, calls } of units) {
      this.units++;
      const problems = dump.problems.map(({ line, what }) => ({ where: `${file}:${line}`, what }));
      (this.#keepGoing ? this.warnings : this.#refused).push(...problems);
      if (object.state === 'corrupt')
        this.warnings.push({ where: object.file, what: `the object ${object.what}` });
      if (object.state !== 'not asked') this.objects[object.state]++;
      if (calls.state === 'corrupt')
        this.warnings.push({ where: calls.file, what: `the call graph: ${calls.what}` });
      if (calls.state === 'ci' || calls.state === 'objdump') this.calls.read++;
      else if (calls.state !== 'not asked') this.calls[calls.state]++;
    }
  }

  /** Ends the run if a dump held what is no record, naming every such line up to a screenful. */
  refuse(): void {
    const [first, ...others] = this.#refused;
    if (!first) return;
    const shown = others.slice(0, 19).map(({ where, what }) => `\n  ${where}: ${what}`);
    const rest = others.length > 19 ? `\n  and ${others.length - 19} more` : '';
    throw new InputError(
      first.where,
      first.what,
      `build the file again, or say --keep-going to keep its good records${shown.join('')}${rest}`,
    );
  }
}
