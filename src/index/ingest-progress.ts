/** How far an indexing is. */
export interface IngestProgress {
  /** Of all phases, from 0 to 1. */
  readonly part: number;
  /** What is done now, in words. */
  readonly phase: string;
}

/** Where each phase ends, as parts of the time that a whole kernel takes (measured: Linux 6.1, 3,121 units). */
const PHASES = {
  'looking for files': 0.05,
  'reading units': 0.52,
  'writing units': 0.58,
  'reading linked objects': 0.63,
  'linking units': 0.97,
  'writing the index': 1,
} as const;

export type Phase = keyof typeof PHASES;

/** Tells how far each phase is. */
export class ProgressTeller {
  readonly #tell: (progress: IngestProgress) => void;

  constructor(tell: ((progress: IngestProgress) => void) | undefined) {
    this.#tell = tell ?? (() => {});
  }

  /** @param done of this phase, from 0 to 1 */
  at(phase: Phase, done = 0): void {
    const names = Object.keys(PHASES) as Phase[];
    const before = names[names.indexOf(phase) - 1];
    const start = before === undefined ? 0 : PHASES[before];
    this.#tell({ part: start + (PHASES[phase] - start) * done, phase });
  }
}
