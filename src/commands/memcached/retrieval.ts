/**
 * get, gets, gat, gats. The keys of a line are answered as they arrive, so a line may have any length
 * and a slow client stops the reading, not the server.
 * Spec: memcached/memcached doc/protocol.txt, "Retrieval command" and "Get And Touch".
 */

import { keyFill, keyScan } from '../../base/key.ts';
import { itemClientFlags, itemValueBytes } from '../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { LEGACY_KEY } from '../../protocol/memcached/cluster-config.ts';
import { exptimeParse, exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { CR, LINE_BYTES_MAX, lineEndsAt, SPACE } from '../../protocol/memcached/line.ts';
import { CRLF, REPLY, VALUE } from '../../protocol/memcached/replies.ts';
import {
  replyByte,
  replyBytes,
  replyDecimal,
  replyKey,
  replyLineEnd,
  replyLong,
  replyRoom,
  replyUint64,
  replyWords,
} from '../../protocol/reply.ts';
import { type Call, KEY_BYTES_MAX, uniqueTake } from './call.ts';
import { keyLookup, LOOKUP_WRONG_TYPE, legacyLookup } from './lookup.ts';
import type { TextRow } from './row.ts';
import { PHASE, type Resume, waitAt } from './session.ts';
import { COPIED_VALUE_BYTES_MAX, valueReply, valueSend } from './value-send.ts';

/** VALUE, key, flags, length, CAS unique, and the line ends. */
const VALUE_LINE_BYTES_MAX = 6 + KEY_BYTES_MAX + 1 + 10 + 1 + 10 + 1 + 20 + 2 + 2;
const VALUE_ROOM_BYTES = VALUE_LINE_BYTES_MAX + COPIED_VALUE_BYTES_MAX;

const NO_CAS = Buffer.from(' 0');

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
  const resume: Resume = (call, at) => retrieve(call, at, withCas, touches);
  const run = (call: Call, at: number): number => {
    const { session } = call;
    session.keyCount = 0;
    session.resume = resume;
    if (touches) return exptimeTake(call, at, at + name.length);
    session.phase = PHASE.RETRIEVE;
    return retrieve(call, at + name.length, withCas, touches);
  };
  return { name, wordsMin, run, streams: true, doc };
}

/**
 * Reads the exptime of a gat; the keys come next. Waits at `lineAt` until it can be seen whether there is
 * a key, which is complained of first.
 */
function exptimeTake(call: Call, lineAt: number, from: number): number {
  const { input, session } = call;
  let start = from;
  while (input[start] === SPACE) start++;
  let at = start;
  while (input[at] !== SPACE && !lineEndsAt(input, at)) at++;
  let keyAt = at;
  while (input[keyAt] === SPACE) keyAt++;
  // The end of what has arrived looks like the end of the line.
  if (keyAt >= call.end || (input[keyAt] === CR && keyAt + 1 >= call.end)) {
    if (call.end - lineAt <= LINE_BYTES_MAX) return waitAt(lineAt);
    session.phase = PHASE.CLOSED;
    return call.end;
  }
  if (lineEndsAt(input, keyAt)) return lineRefuse(call, at, REPLY.badFormat);
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
  if (session.phase === PHASE.SEND && !valueFinish(call)) return waitAt(from);
  let at = from;
  for (;;) {
    while (input[at] === SPACE) at++;
    const start = at;
    at = keyScan(op.key, call.view, start);
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
    if (touches) op.expiresAtMs = session.touchExpiresAtMs;
    partitionLock(p);
    const ref = keyLookup(call, p, start, touches);
    if (ref > 0) valueAnswer(call, p, ref, withCas);
    partitionUnlock(p);
    if (ref === LOOKUP_WRONG_TYPE) return lineRefuse(call, at, REPLY.wrongType);
    if (ref === 0 && !touches && keyBytes === LEGACY_KEY.length) legacyAnswer(call, start, withCas);
    if (session.phase === PHASE.SEND && !valueFinish(call)) return waitAt(at);
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

/** VALUE line and value. A long value is held, and left to valueFinish. */
function valueAnswer(call: Call, p: Partition, ref: number, withCas: boolean): void {
  const { op, reply } = call;
  const valueBytes = itemValueBytes(p, ref);
  replyWords(reply, VALUE.first, VALUE.second, VALUE.bytes);
  replyKey(reply, op.key);
  replyByte(reply, SPACE);
  replyDecimal(reply, itemClientFlags(p, ref));
  replyByte(reply, SPACE);
  replyDecimal(reply, valueBytes);
  if (withCas) {
    replyByte(reply, SPACE);
    uniqueTake(call, p, ref);
    replyUint64(reply, call.unique);
  }
  replyLineEnd(reply);
  if (valueReply(call, p, ref, call.session.resume)) replyLineEnd(reply);
}

/** A key that was not found may be the one by which old clients ask for the cluster's nodes. */
function legacyAnswer(call: Call, keyStart: number, withCas: boolean): void {
  const { reply } = call;
  const config = legacyLookup(call, keyStart, LEGACY_KEY.length);
  if (config === null) return;
  replyWords(reply, VALUE.first, VALUE.second, VALUE.bytes);
  replyKey(reply, call.op.key);
  replyByte(reply, SPACE);
  replyDecimal(reply, config.clientFlags);
  replyByte(reply, SPACE);
  replyDecimal(reply, config.value.length);
  if (withCas) replyBytes(reply, NO_CAS);
  replyLineEnd(reply);
  replyLong(reply, config.value);
  replyRoom(reply, CRLF.length);
  replyLineEnd(reply);
  reply.mark = reply.used; // as behind a long value
}

/** Sends what is left of a long value, and its line end. False when it has to wait, or is cut off. */
function valueFinish(call: Call): boolean {
  const { reply } = call;
  if (!valueSend(call)) return false;
  call.session.phase = PHASE.RETRIEVE;
  replyRoom(reply, CRLF.length);
  replyBytes(reply, CRLF);
  reply.mark = reply.used; // some of it may be gone: an error later in the line comes behind it
  return true;
}
