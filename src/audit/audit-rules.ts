import type { Rule } from './finding.js';
import { cannotBeLivepatched } from './rules/cannot-be-livepatched.js';
import { conditionalTarget } from './rules/conditional-target.js';
import { guessedFunction } from './rules/guessed-function.js';
import { icfShared } from './rules/icf-shared.js';
import { idleCopy } from './rules/idle-copy.js';
import { incompleteData } from './rules/incomplete-data.js';
import { missedCaller } from './rules/missed-caller.js';
import { missedCloneCaller } from './rules/missed-clone-caller.js';
import { missedCopy } from './rules/missed-copy.js';
import { notBuilt } from './rules/not-built.js';
import { otherKernel } from './rules/other-kernel.js';
import { referenceAbsent } from './rules/reference-absent.js';
import { referenceAffected } from './rules/reference-affected.js';
import { referenceAmbiguous } from './rules/reference-ambiguous.js';
import { referenceConflict } from './rules/reference-conflict.js';
import { referenceExported } from './rules/reference-exported.js';
import { referenceGone } from './rules/reference-gone.js';
import { referenceInInit } from './rules/reference-in-init.js';
import { referenceOnlyClones } from './rules/reference-only-clones.js';
import { referenceOtherFile } from './rules/reference-other-file.js';
import { referencePosition } from './rules/reference-position.js';
import { referenceUnannotated } from './rules/reference-unannotated.js';
import { referenceUnmarked } from './rules/reference-unmarked.js';
import { referenceUnreadable } from './rules/reference-unreadable.js';
import { referenceUnused } from './rules/reference-unused.js';
import { referenceWrongObject } from './rules/reference-wrong-object.js';
import { relaEarlySection } from './rules/rela-early-section.js';
import { relaSection } from './rules/rela-section.js';
import { switchedOffTarget } from './rules/switched-off-target.js';
import { symbolsKlpStale } from './rules/symbols-klp-stale.js';
import { targetAbsent } from './rules/target-absent.js';
import { targetAmbiguous } from './rules/target-ambiguous.js';
import { targetInInit } from './rules/target-in-init.js';
import { targetIsClone } from './rules/target-is-clone.js';
import { targetNotTraceable } from './rules/target-not-traceable.js';
import { unneededTarget } from './rules/unneeded-target.js';
import { untraceableChange } from './rules/untraceable-change.js';
import { wrongObject } from './rules/wrong-object.js';
import { wrongSympos } from './rules/wrong-sympos.js';

/** Does the livepatch cover the fix? */
export const COVERAGE_RULES: readonly Rule[] = [
  missedCopy,
  missedCloneCaller,
  missedCaller,
  cannotBeLivepatched,
];

/** Can the functions that it patches be patched? */
const TARGET_RULES: readonly Rule[] = [
  otherKernel,
  conditionalTarget,
  targetAbsent,
  wrongObject,
  targetAmbiguous,
  wrongSympos,
  targetIsClone,
  targetInInit,
  targetNotTraceable,
  switchedOffTarget,
];

/** Do the symbols that it refers to exist as it says? */
const REFERENCE_RULES: readonly Rule[] = [
  referenceGone,
  referenceOnlyClones,
  referenceAbsent,
  referenceWrongObject,
  referenceAmbiguous,
  referencePosition,
  referenceOtherFile,
  referenceInInit,
  referenceUnannotated,
  referenceAffected,
  referenceExported,
  referenceConflict,
  referenceUnused,
  referenceUnreadable,
  referenceUnmarked,
  relaSection,
  relaEarlySection,
  symbolsKlpStale,
];

/** What is worth knowing besides. */
const CAUTION_RULES: readonly Rule[] = [
  untraceableChange,
  notBuilt,
  guessedFunction,
  icfShared,
  idleCopy,
  incompleteData,
  unneededTarget,
];

/** The rules of `audit`, in the order in which findings are printed; those of `check` are among them. */
export const AUDIT_RULES: readonly Rule[] = [
  ...COVERAGE_RULES,
  ...TARGET_RULES,
  ...REFERENCE_RULES,
  ...CAUTION_RULES,
];

/** The rules of `check`. */
export const CHECK_RULES: readonly Rule[] = [...TARGET_RULES, ...REFERENCE_RULES, incompleteData];
