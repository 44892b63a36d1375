/** Sizes and times that tests name. Threads of their own use them too, where there is no test runner. */
export const KIB = 1024;
export const MIB = 1024 * 1024;
/** The clock of tests that do not move it. */
export const NOW_MS = 1_800_000_000_000;
