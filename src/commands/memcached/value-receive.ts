/**
 * Long values on their way in: received piece by piece into a chain of chunks that nobody sees, then
 * stored at once. The same for all protocols; they differ in what ends a value, and in the answer.
 */
import { StoreTerms, termsRestore } from '../../engine/operation.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import {
  chainAbandon,
  chainCommit,
  chainStart,
  chainWrite,
  storeGiveUp,
} from '../../engine/types/chained.ts';
import type { StoreMode } from '../../engine/types/string.ts';
import { itemKeyRead } from '../../memory/item.ts';
import { HEADER, type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { CR, LF } from '../../protocol/memcached/line.ts';
import type { Call } from './call.ts';
import { PHASE, type Received, sessionSwallow, waitAt } from './session.ts';

/** How the receiving of a value can end, besides the outcomes of a store. */
export const RECEIVED_BAD_CHUNK = -1;

/**
 * Starts receiving a value of `valueBytes` for op's key, which belongs to p, and behind it `endBytes` bytes: 2 for a line
 * end, which must be there. When all has come, `received` answers. False without memory; what the key
 * held before is then gone if the mode is SET, and nothing was answered.
 */
export function receiveStart(
  call: Call,
  p: Partition,
  mode: StoreMode,
  valueBytes: number,
  endBytes: 0 | 2,
  received: Received,
): boolean {
  const { op, session } = call;
  partitionLock(p);
  session.ref = chainStart(p, op, valueBytes);
  session.resetCount = p.i32[HEADER.resetCount];
  if (session.ref === 0) storeGiveUp(p, op, mode, STATUS.NO_MEMORY);
  else session.holder.holdSet(p.id, session.ref, session.resetCount);
  partitionUnlock(p);
  if (session.ref === 0) return false;
  session.partition = p.id;
  session.storeMode = mode;
  session.terms = new StoreTerms(op);
  session.valueBytes = valueBytes;
  session.receivedBytes = 0;
  session.endBytes = endBytes;
  session.received = received;
  session.resume = receive;
  session.phase = PHASE.RECEIVE;
  return true;
}

/** Takes what has arrived of the value; with its last byte the store is carried out. */
function receive(call: Call, from: number): number {
  const { session, input } = call;
  const p = call.keyspace.partitions[session.partition];
  const bytes = Math.min(session.valueBytes - session.receivedBytes, call.end - from);
  const at = from + bytes;
  if (bytes > 0 && !pieceWrite(call, p, from, bytes)) {
    // What is left of the value is refused, and what was written of it is gone.
    sessionSwallow(session, session.valueBytes - session.receivedBytes - bytes + session.endBytes);
    session.received(call, STATUS.NO_MEMORY);
    return at;
  }
  session.receivedBytes += bytes;
  if (session.receivedBytes < session.valueBytes || call.end - at < session.endBytes) {
    return waitAt(at);
  }
  session.phase = PHASE.COMMAND;
  if (session.endBytes === 2 && (input[at] !== CR || input[at + 1] !== LF)) {
    valueAbandon(call);
    session.received(call, RECEIVED_BAD_CHUNK);
  } else {
    session.received(call, commit(call, p));
  }
  return at + session.endBytes;
}

/** Writes a piece; when there is no memory for it, the value and what it would replace are dropped. */
function pieceWrite(call: Call, p: Partition, from: number, bytes: number): boolean {
  const { session, input, op } = call;
  partitionLock(p);
  const isThere = p.i32[HEADER.resetCount] === session.resetCount;
  const written =
    isThere && chainWrite(p, session.ref, session.receivedBytes, input, from, bytes, op.nowMs);
  if (isThere && !written) {
    itemKeyRead(p, session.ref, op.key);
    storeGiveUp(p, op, session.storeMode, STATUS.NO_MEMORY);
    session.holder.holdClear(); // first: who dies in between must not have let go twice
    chainAbandon(p, session.ref);
  }
  partitionUnlock(p);
  if (written) return true;
  if (!isThere) session.holder.holdClear();
  return false;
}

function commit(call: Call, p: Partition): Status {
  const { session, op } = call;
  let status: Status = STATUS.NO_MEMORY;
  partitionLock(p);
  session.holder.holdClear();
  if (p.i32[HEADER.resetCount] === session.resetCount) {
    itemKeyRead(p, session.ref, op.key);
    if (session.terms !== null) termsRestore(op, session.terms);
    session.terms = null;
    status = chainCommit(p, op, session.storeMode, session.ref);
  }
  partitionUnlock(p);
  return status;
}

/** Lets go of the chained item that the session sends or receives. */
export function valueAbandon(call: Call): void {
  const { session } = call;
  const p = call.keyspace.partitions[session.partition];
  partitionLock(p);
  session.holder.holdClear();
  if (p.i32[HEADER.resetCount] === session.resetCount) chainAbandon(p, session.ref);
  partitionUnlock(p);
}
