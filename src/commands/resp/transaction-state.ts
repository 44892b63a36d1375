/** A session's way out of a transaction. */
import { GATE, type RespSession } from './session.ts';

/** Out of the transaction, with nothing queued and nothing watched. */
export function transactionForget(session: RespSession): void {
  session.gate &= ~GATE.MULTI;
  session.queue.length = 0;
  session.queuedBytes = 0;
  session.queueIsBroken = false;
  session.watched.length = 0;
}
