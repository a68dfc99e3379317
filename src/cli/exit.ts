/** Findings: what was asked was answered, and the answer is not good. */
export const EXIT_FINDINGS = 1;

/** Input or a command line that cannot be used. */
export const EXIT_UNUSABLE = 2;
