/** What a thread knows of scripts that run too long: overdue.ts. */

/** A script that runs too long, as FUNCTION STATS shows it. */
export type OverdueScript = {
  readonly name: string;
  readonly command: readonly Uint8Array[];
  /** By the clock that all threads share: Date.now. */
  readonly startedAtMs: number;
};

/** The thread's own script, while it runs, and what others have told of theirs. */
export class OverdueScripts {
  isOverdue = false;
  servedAtMs = 0.5;
  /** By thread. */
  readonly known = new Map<number, OverdueScript>();
}
