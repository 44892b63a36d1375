/**
 * Long values on their way out. A value of up to COPIED_VALUE_BYTES_MAX is copied into the reply
 * under the lock; a longer one is held and leaves in pieces, as fast as the client reads, each piece
 * one short lock. The same for all protocols: what comes before and behind a value is theirs.
 */
import { cursorStart, valueHold, valuePiece, valueRelease } from '../../engine/types/chained.ts';
import { wordsCopy } from '../../memory/bytes.ts';
import { itemValueCopy } from '../../memory/chain.ts';
import { itemIsChained, itemValueBytes, itemValueOffset } from '../../memory/item.ts';
import { HEADER, type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { REPLY_BYTES_MAX, replyRoom } from '../../protocol/reply.ts';
import type { Call } from './call.ts';
import { PHASE, type Resume } from './session.ts';

/** Longer values leave in pieces, held meanwhile; up to here a copy under the lock is cheaper. */
export const COPIED_VALUE_BYTES_MAX = 16384;

/**
 * Puts the item's value behind what the reply holds, for which the caller made room. True: it is there.
 * False: it is long, and the session is in SEND; `resume` goes on with `valueSend`.
 * Guard: the lock of the item's partition.
 */
export function valueReply(call: Call, p: Partition, ref: number, resume: Resume): boolean {
  const { reply } = call;
  const valueBytes = itemValueBytes(p, ref);
  if (!itemIsChained(p, ref)) {
    const from = itemValueOffset(p, ref);
    if (!wordsCopy(p.view, from, reply.view, reply.used, valueBytes)) {
      p.u8.copy(reply.bytes, reply.used, from, from + valueBytes);
    }
  } else if (valueBytes <= COPIED_VALUE_BYTES_MAX) {
    itemValueCopy(p, ref, reply.bytes, reply.used);
  } else {
    sendStart(call, p, ref, valueBytes, resume);
    return false;
  }
  reply.used += valueBytes;
  return true;
}

function sendStart(
  call: Call,
  p: Partition,
  ref: number,
  valueBytes: number,
  resume: Resume,
): void {
  const { session } = call;
  valueHold(p, ref);
  cursorStart(session.cursor, valueBytes);
  session.partition = p.id;
  session.ref = ref;
  session.resetCount = p.i32[HEADER.resetCount];
  session.holder.holdSet(p.id, ref, session.resetCount);
  session.resume = resume;
  session.phase = PHASE.SEND;
}

/**
 * Sends the rest of the held value, piece by piece; true when all of it has left and the hold is over.
 * False when it has to stop: the client is behind, or the partition was emptied under it and the
 * connection cannot go on.
 */
export function valueSend(call: Call): boolean {
  const { session, reply } = call;
  const p = call.keyspace.partitions[session.partition];
  while (session.cursor.leftBytes > 0) {
    const isFull = reply.used >= REPLY_BYTES_MAX / 2;
    if (reply.isBlocked || (isFull && !replyRoom(reply, REPLY_BYTES_MAX))) return false;
    partitionLock(p);
    const isThere = p.i32[HEADER.resetCount] === session.resetCount;
    if (isThere) pieceReply(call, p);
    partitionUnlock(p);
    if (!isThere) {
      session.holder.holdClear();
      session.phase = PHASE.CLOSED;
      return false;
    }
  }
  return true;
}

/** Copies as much more of the held value as the reply buffer takes; the last of it ends the hold. */
function pieceReply(call: Call, p: Partition): void {
  const { session, reply } = call;
  const room = REPLY_BYTES_MAX - reply.used;
  reply.used += valuePiece(p, session.ref, session.cursor, reply.bytes, reply.used, room);
  if (session.cursor.leftBytes > 0) return;
  session.holder.holdClear();
  valueRelease(p, session.ref);
}
