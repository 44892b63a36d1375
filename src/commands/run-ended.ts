/** Why a run of a session ended before its input did. */
export const RUN_ENDED = { INPUT: 0, BLOCKED: 1, BUDGET: 2 } as const;
