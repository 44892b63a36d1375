/**
 * The monotonic clock, for measuring. `performance` as a global is looked up anew by each call, which costs
 * as much as the reading itself.
 */
import { performance } from 'node:perf_hooks';

/** Microseconds since some moment before the thread's start. */
export function clockUs(): number {
  return performance.now() * 1000;
}
