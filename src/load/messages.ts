/** What the generator and its load threads tell one another. */
import type { FaultCode } from '../base/errors.ts';
import type { LoadShare } from './plan.ts';

export type LoadOrder =
  /** Open the connections. Answered by `opened` or `failed`. */
  | { readonly kind: 'open'; readonly share: LoadShare; readonly tally: SharedArrayBuffer }
  /** Send. Answered by `done`, when all is over. */
  | { readonly kind: 'go' }
  /** Send no more; or, before `go`, close the connections. */
  | { readonly kind: 'end' };

export type LoadNews =
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'failed';
      readonly code: FaultCode;
      readonly exitCode: number;
      readonly message: string;
    }
  | { readonly kind: 'done'; readonly part: LoadPart };

/** What a thread tells of its part besides its tally. */
export interface LoadPart {
  /** From the first request to the last reply. */
  readonly elapsedMs: number;
  /** How much of that the thread's event loop was at work. */
  readonly busyShare: number;
  /** CPU time that the thread used meanwhile; null where Node does not tell. */
  readonly cpuMs: number | null;
  /** What was wrong, and how often. */
  readonly problems: readonly (readonly [string, number])[];
  /** The server owed replies for so long that they were not waited for any more. */
  readonly fellSilent: boolean;
}
