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
  /** Whether answers may lack something, provided that they say so. */
  readonly mayBeIncomplete: boolean;
}

const NAIVE: Answerer = {
  open:
    ({ naive }) =>
    (unit, symbol) =>
      naive.ask(unit, symbol),
  mayBeIncomplete: false,
};

/** With all files, and without `*.icf`: then the engine cannot know all that was folded, but has to say so. */
const ENGINE: Readonly<Record<string, Answerer>> = {
  engine: { open: askEngine, mayBeIncomplete: false },
  'engine without folding': { open: askEngineWithoutFolding, mayBeIncomplete: true },
};

/** The naive model shows that the comparison itself is right. The engine is asked if KLP_REACH_MARKER_ENGINE is set. */
export const ANSWERERS: Readonly<Record<string, Answerer>> = {
  naive: NAIVE,
  ...(process.env['KLP_REACH_MARKER_ENGINE'] ? ENGINE : {}),
};
