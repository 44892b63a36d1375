/**
 * get, gets, gat, gats. The keys of a line are answered as they arrive, so a line may have any length
 * and a slow client stops the reading, not the server.
 * Spec: memcached/memcached doc/protocol.txt, "Retrieval command" and "Get And Touch".
 */

import { keyFill, keyScan } from '../../base/key.ts';
import { DEATH, itemCasUnique } from '../../engine/lifecycle.ts';
import { cursorStart, valueHold, valuePiece, valueRelease } from '../../engine/types/chained.ts';
import { itemFind, itemRead, itemTouch } from '../../engine/types/string.ts';
import { bytesCopy } from '../../memory/bytes.ts';
import { itemValueCopy } from '../../memory/chain.ts';
import { COUNTER } from '../../memory/control.ts';
import {
  ITEM_TYPE,
  itemClientFlags,
  itemIsChained,
  itemNoteUse,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  type Partition,
  partitionLock,
  partitionUnlock,
} from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { exptimeParse, exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { CR, lineEndsAt, SPACE } from '../../protocol/memcached/line.ts';
import { CRLF, REPLY, VALUE } from '../../protocol/memcached/replies.ts';
import {
  REPLY_BYTES_MAX,
  replyByte,
  replyBytes,
  replyDecimal,
  replyRange,
  replyRoom,
} from '../../protocol/reply.ts';
import { type Call, KEY_BYTES_MAX } from './call.ts';
import type { TextRow } from './row.ts';
import { PHASE, waitAt } from './session.ts';
import { detailGet } from './stats-detail.ts';

/** Longer values leave in pieces, held meanwhile; up to here a copy under the lock is cheaper. */
const COPIED_VALUE_BYTES_MAX = 16384;
/** VALUE, key, flags, length, CAS unique, and the line ends. */
const VALUE_LINE_BYTES_MAX = 6 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 1 + 20 + 2 + 2;
const VALUE_ROOM_BYTES = VALUE_LINE_BYTES_MAX + COPIED_VALUE_BYTES_MAX;

export const RETRIEVAL_ROWS: readonly TextRow[] = [
  row('get', 2, false, false, 'Values of keys.'),
  row('gets', 2, true, false, 'Values of keys, with their CAS uniques.'),
  row('gat', 3, false, true, 'Sets a new expiry time and returns the values.'),
  row('gats', 3, true, true, 'As gat, with the CAS uniques.'),
];

function row(
  name: string,
  wordsMin: number,
  withCas: boolean,
  touches: boolean,
  doc: string,
): TextRow {
  const resume = (call: Call, at: number): number => retrieve(call, at, withCas, touches);
  const run = (call: Call, at: number): number => {
    const { session } = call;
    session.keyCount = 0;
    session.row = self;
    if (touches) return exptimeTake(call, at, at + name.length);
    session.phase = PHASE.RETRIEVE;
    return at + name.length;
  };
  const self: TextRow = { name, wordsMin, run, streams: true, resume, doc };
  return self;
}

/** Reads the exptime of a gat; the keys come next. Waits at `lineAt` for the word to be complete. */
function exptimeTake(call: Call, lineAt: number, from: number): number {
  const { input, session } = call;
  let start = from;
  while (input[start] === SPACE) start++;
  let at = start;
  while (input[at] > SPACE) at++;
  if (at >= call.end || (input[at] === CR && at + 1 >= call.end)) return waitAt(lineAt);
  if (input[at] !== SPACE) return lineRefuse(call, at, REPLY.badFormat);
  const exptime = exptimeParse(input, start, at);
  if (Number.isNaN(exptime)) return lineRefuse(call, at, REPLY.badExptime);
  session.touchExpiresAtMs = exptimeToMs(exptime, call.op.nowMs);
  session.phase = PHASE.RETRIEVE;
  return at;
}

/** Answers an error in place of what the command said so far, and skips the rest of its line. */
function lineRefuse(call: Call, at: number, error: Uint8Array): number {
  call.reply.used = Math.min(call.reply.used, call.reply.mark);
  replyRoom(call.reply, error.length);
  replyBytes(call.reply, error);
  call.session.phase = PHASE.SKIP_LINE;
  return at;
}

/** Answers the keys from `at` on. */
function retrieve(call: Call, from: number, withCas: boolean, touches: boolean): number {
  const { input, session, op, keyspace } = call;
  if (session.phase === PHASE.SEND && !valueSend(call)) return waitAt(from);
  let at = from;
  for (;;) {
    while (input[at] === SPACE) at++;
    const start = at;
    at = keyScan(op.key, input, start);
    if (input[at] !== SPACE && !lineEndsAt(input, at)) at = keyScanPastControls(call, start, at);
    const keyBytes = at - start;
    // The end of what has arrived looks like the end of the line.
    if (at >= call.end || (input[at] === CR && at + 1 >= call.end)) {
      if (keyBytes > KEY_BYTES_MAX + 1) return lineRefuse(call, at, REPLY.badFormat);
      return waitAt(start);
    }
    if (keyBytes === 0) return lineFinish(call, input[at] === CR ? at + 2 : at + 1);
    if (keyBytes > KEY_BYTES_MAX) return lineRefuse(call, at, REPLY.badFormat);
    if (call.reply.isBlocked || !replyRoom(call.reply, VALUE_ROOM_BYTES)) return waitAt(start);
    session.keyCount++;
    const p = keyspace.partitionFor(op.key.hash);
    partitionLock(p);
    const isString = keyAnswer(call, p, start, withCas, touches);
    partitionUnlock(p);
    if (!isString) return lineRefuse(call, at, REPLY.wrongType);
    if (session.phase === PHASE.SEND && !valueSend(call)) return waitAt(at);
  }
}

/** A control byte in a key is part of it, which the scan does not know. Returns where the key ends. */
function keyScanPastControls(call: Call, start: number, from: number): number {
  const { input, op } = call;
  let at = from;
  while (input[at] !== SPACE && !lineEndsAt(input, at)) at++;
  if (at - start <= KEY_BYTES_MAX) keyFill(op.key, input, start, at - start);
  return at;
}

/** The line is done: END, or an error if it held no key. */
function lineFinish(call: Call, next: number): number {
  const line = call.session.keyCount === 0 ? REPLY.badFormat : REPLY.end;
  replyRoom(call.reply, line.length); // a long value may have filled the buffer to its last byte
  replyBytes(call.reply, line);
  call.session.phase = PHASE.COMMAND;
  return next;
}

/** Answers one key, with its partition locked. False when the value is of a type memcached lacks. */
function keyAnswer(
  call: Call,
  p: Partition,
  keyStart: number,
  withCas: boolean,
  touches: boolean,
): boolean {
  const { op, counters, block } = call;
  // To the counters a gat is a touch, and no get.
  counters[block + (touches ? COUNTER.touchCommands : COUNTER.getCommands)]++;
  let ref = touches ? itemFind(p, op) : itemRead(p, op);
  if (call.countsPrefixes) detailGet(call, keyStart, op.key.bytes, ref !== 0);
  if (ref === 0) {
    counters[block + (touches ? COUNTER.touchMisses : COUNTER.getMisses)]++;
    if (op.deathFound === DEATH.EXPIRED) counters[block + COUNTER.getExpired]++;
    else if (op.deathFound === DEATH.FLUSHED) counters[block + COUNTER.getFlushed]++;
    return true;
  }
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return false;
  if (touches) ref = keyTouch(call, p, ref);
  valueAnswer(call, p, ref, keyStart, withCas);
  return true;
}

/** The gat of a live item. Returns its ref, which may be new. */
function keyTouch(call: Call, p: Partition, ref: number): number {
  const { op, session } = call;
  itemNoteUse(p, ref, op.nowSec);
  p.i32[classRecord(chunkClass(p, ref)) + CLASS.touchHits]++;
  op.expiresAtMs = session.touchExpiresAtMs;
  const touched = itemTouch(p, op, ref);
  // Without memory for the new time the old one stays; the value is still the answer.
  return touched === 0 ? ref : touched;
}

/** VALUE line and value. A long value is held, and left to valueSend. */
function valueAnswer(
  call: Call,
  p: Partition,
  ref: number,
  keyStart: number,
  withCas: boolean,
): void {
  const { op, reply, input } = call;
  const valueBytes = itemValueBytes(p, ref);
  replyBytes(reply, VALUE);
  replyRange(reply, input, keyStart, op.key.bytes);
  replyByte(reply, SPACE);
  replyDecimal(reply, itemClientFlags(p, ref));
  replyByte(reply, SPACE);
  replyDecimal(reply, valueBytes);
  if (withCas) {
    replyByte(reply, SPACE);
    replyDecimal(reply, call.server.config.casEnabled ? itemCasUnique(p, ref) : 0);
  }
  replyBytes(reply, CRLF);
  if (!itemIsChained(p, ref)) {
    bytesCopy(p.u8, itemValueOffset(p, ref), reply.bytes, reply.used, valueBytes);
  } else if (valueBytes <= COPIED_VALUE_BYTES_MAX) {
    itemValueCopy(p, ref, reply.bytes, reply.used);
  } else {
    valueHoldFor(call, p, ref, valueBytes);
    return;
  }
  reply.used += valueBytes;
  replyBytes(reply, CRLF);
}

function valueHoldFor(call: Call, p: Partition, ref: number, valueBytes: number): void {
  const { session } = call;
  valueHold(p, ref);
  cursorStart(session.cursor, valueBytes);
  session.partition = p.id;
  session.ref = ref;
  session.resetCount = p.i32[HEADER.resetCount];
  session.holder.holdSet(p.id, ref, session.resetCount);
  session.phase = PHASE.SEND;
}

/**
 * Sends the rest of the held value, piece by piece. False when it has to stop: the client is behind,
 * or the partition was emptied under it and the connection cannot go on.
 */
function valueSend(call: Call): boolean {
  const { session, reply } = call;
  const p = call.keyspace.partitions[session.partition];
  while (session.cursor.leftBytes > 0) {
    const isFull = reply.used >= REPLY_BYTES_MAX / 2;
    if (reply.isBlocked || (isFull && !replyRoom(reply, REPLY_BYTES_MAX))) return false;
    partitionLock(p);
    const isThere = p.i32[HEADER.resetCount] === session.resetCount;
    if (isThere) pieceAnswer(call, p);
    partitionUnlock(p);
    if (!isThere) {
      session.holder.holdClear();
      session.phase = PHASE.CLOSED;
      return false;
    }
  }
  session.phase = PHASE.RETRIEVE;
  replyRoom(reply, CRLF.length);
  replyBytes(reply, CRLF);
  reply.mark = reply.used; // some of it may be gone: an error later in the line comes behind it
  return true;
}

/** Copies as much more of the held value as the reply buffer takes; the last of it ends the hold. */
function pieceAnswer(call: Call, p: Partition): void {
  const { session, reply } = call;
  const room = REPLY_BYTES_MAX - reply.used;
  reply.used += valuePiece(p, session.ref, session.cursor, reply.bytes, reply.used, room);
  if (session.cursor.leftBytes > 0) return;
  session.holder.holdClear();
  valueRelease(p, session.ref);
}
