import type { Rule } from './finding.js';
import { blockedCopy } from './rules/blocked-copy.js';
import { guessedFunction } from './rules/guessed-function.js';
import { icfShared } from './rules/icf-shared.js';
import { incompleteData } from './rules/incomplete-data.js';
import { missedCloneCaller } from './rules/missed-clone-caller.js';
import { missedCopy } from './rules/missed-copy.js';
import { notBuilt } from './rules/not-built.js';
import { targetAbsent } from './rules/target-absent.js';
import { targetAmbiguous } from './rules/target-ambiguous.js';
import { targetInInit } from './rules/target-in-init.js';
import { targetIsClone } from './rules/target-is-clone.js';
import { targetNotTraceable } from './rules/target-not-traceable.js';
import { unneededTarget } from './rules/unneeded-target.js';
import { untraceableChange } from './rules/untraceable-change.js';
import { wrongObject } from './rules/wrong-object.js';
import { wrongSympos } from './rules/wrong-sympos.js';

/** Does the livepatch cover the fix? In the order in which findings are printed. */
export const AUDIT_RULES: readonly Rule[] = [
  missedCopy,
  missedCloneCaller,
  blockedCopy,
  targetAbsent,
  wrongObject,
  targetAmbiguous,
  wrongSympos,
  targetIsClone,
  targetInInit,
  targetNotTraceable,
  untraceableChange,
  notBuilt,
  guessedFunction,
  icfShared,
  incompleteData,
  unneededTarget,
];
