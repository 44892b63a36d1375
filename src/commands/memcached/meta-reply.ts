/** What meta commands have in common: taking the line, and the flags that an answer returns. */
import { type Key, keyFill } from '../../base/key.ts';
import { casDemand, casGive, termsClear } from '../../engine/operation.ts';
import { MARK_BINARY_KEY } from '../../memory/item.ts';
import { replyBase64 } from '../../protocol/memcached/base64.ts';
import { SPACE } from '../../protocol/memcached/line.ts';
import { FLAG, metaFlagsRead } from '../../protocol/memcached/meta-flags.ts';
import { CRLF } from '../../protocol/memcached/replies.ts';
import {
  type Reply,
  replyByte,
  replyBytes,
  replyDecimal,
  replyKey,
  replyRange,
} from '../../protocol/reply.ts';
import type { Call } from './call.ts';

/** Seconds to live of what never dies. */
const TTL_NEVER = -1;

/**
 * Reads the line's flags, the words from `first` on, and fills the operation: key, terms, client
 * flags. Returns null, or the error to answer.
 */
export function metaTake(call: Call, first: number): Uint8Array | null {
  const { line, input, flags, op } = call;
  line.noreply = false; // a word like any other
  const fault = metaFlagsRead(flags, line, input, first, op.nowMs);
  if (fault !== null) return fault;
  termsClear(op);
  if (flags.demandsCas) casDemand(op, flags.casUnique);
  if (flags.givesCas) casGive(op, flags.casGiven);
  op.clientFlags = flags.clientFlags;
  if (flags.keyIsBinary) {
    op.extras |= MARK_BINARY_KEY;
    keyFill(op.key, flags.key, 0, flags.keyBytes);
  } else {
    keyFill(op.key, input, line.start[1], line.end[1] - line.start[1]);
  }
  return null;
}

/** Seconds that are left, rounded up; -1 for never, as memcached shows it. */
export function ttlSec(expiresAtMs: number, nowMs: number): number {
  if (expiresAtMs === 0) return TTL_NEVER;
  return Math.max(0, Math.ceil((expiresAtMs - nowMs) / 1000));
}

export function replyFlagLetter(reply: Reply, letter: number): void {
  replyByte(reply, SPACE);
  replyByte(reply, letter);
}

/** A flag with a number; -1 is the only negative one. */
export function replyFlagNumber(reply: Reply, letter: number, value: number): void {
  replyFlagLetter(reply, letter);
  if (value < 0) replyByte(reply, MINUS);
  replyDecimal(reply, Math.abs(value));
}

const MINUS = 0x2d;

/** O as it came: input[start, end). */
export function replyOpaque(reply: Reply, input: Uint8Array, start: number, end: number): void {
  replyByte(reply, SPACE);
  replyRange(reply, input, start, end - start);
}

/** k: the key, as base64 and followed by b if it is shown so. */
export function replyFlagKey(reply: Reply, key: Key, isBinary: boolean): void {
  replyFlagLetter(reply, FLAG.k);
  if (isBinary) {
    replyBase64(reply, key.u8, key.bytes);
    replyFlagLetter(reply, FLAG.b);
  } else {
    replyKey(reply, key);
  }
}

/** An answer that returns nothing but O and k: of a miss, of a delete. */
export function replyPlain(call: Call, code: Uint8Array, first: number): void {
  const { line, input, reply, flags, op } = call;
  replyBytes(reply, code);
  for (let word = first; word < line.count; word++) {
    const start = line.start[word];
    if (input[start] === FLAG.O) replyOpaque(reply, input, start, line.end[word]);
    else if (input[start] === FLAG.k) replyFlagKey(reply, op.key, flags.keyIsBinary);
  }
  replyBytes(reply, CRLF);
}
