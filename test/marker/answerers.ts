import type { Ask } from './answer.js';
import type { Build } from './compilers.js';
import { askEngine, askEngineWithoutFolding } from './engine.js';
import type { NaiveBuild } from './naive-build.js';

/** What a program was compiled to. */
export interface Compiled {
  /** It has all that the compiler wrote, as a build directory has, while the answers are asked for. */
  readonly directory: string;
  readonly naive: NaiveBuild;
  readonly build: Build;
}

/** Who answers the questions that are then compared with the objects. */
export interface Answerer {
  readonly open: (compiled: Compiled) => Ask | Promise<Ask>;
  /**
   * Whether answers may lack something: where a function shows that it was folded, they have to say so. One that has the
   * other inlined, as a wrapper, or was inlined somewhere before, shows nothing.
   */
  readonly mayBeIncomplete: boolean;
}

const NAIVE: Answerer = {
  open:
    ({ naive }) =>
    (unit, symbol) =>
      naive.ask(unit, symbol),
  mayBeIncomplete: false,
};

/**
 * The engine is asked with all files, and without `*.icf`: then it cannot know all that was folded. In
 * this order, as the last one takes files away.
 */
export const ANSWERERS: Readonly<Record<string, Answerer>> = {
  naive: NAIVE,
  engine: { open: askEngine, mayBeIncomplete: false },
  'engine without folding': { open: askEngineWithoutFolding, mayBeIncomplete: true },
};
