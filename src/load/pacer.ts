/**
 * Hands out requests at a plan's rate, one after the other to each connection. Timers have whole milliseconds only,
 * and would turn a steady load into bursts; so the clock is asked on every turn of the event loop, at the price of a
 * busy core, unless the next request is far away.
 */
import { connectionSend, endLook, type LoadConnection, type LoadState } from './connection.ts';
import { TALLY } from './tally.ts';

/** A request handed out later than this after it was due counts as late. */
export const LATE_MS = 1;
/** Nearer than this, a timer might come too late. */
const TIMER_MS_MIN = 2.5;

export function pacerStart(state: LoadState, connections: readonly LoadConnection[]): void {
  const { startMs, stepMs, plan, tally } = state;
  let givenCount = 0;
  const turn = (): void => {
    if (state.isEnding) return;
    const nowMs = performance.now();
    for (; startMs + givenCount * stepMs <= nowMs; givenCount++) {
      if (givenCount >= plan.requestCount) break;
      const connection = connections[givenCount % connections.length];
      if (connection.isEnded) {
        state.requestsLeft--; // its turn, and nobody else's
        continue;
      }
      if (nowMs - (startMs + givenCount * stepMs) > LATE_MS) tally.words[TALLY.lateCount]++;
      connection.dueCount++;
      connectionSend(connection, nowMs);
    }
    if (givenCount >= plan.requestCount) {
      endLook(state);
      return;
    }
    const waitMs = startMs + givenCount * stepMs - performance.now();
    if (waitMs < TIMER_MS_MIN) setImmediate(turn);
    else setTimeout(turn, waitMs - TIMER_MS_MIN + 1);
  };
  turn();
}
