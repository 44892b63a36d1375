/**
 * Requests of our load generator and the replies they must have, byte for byte. A key's value follows
 * from the key alone, so any order of sets and gets leaves only two right answers to a get:
 *
 *   set key:00000042 0 0 100⏎ value⏎   →   STORED⏎
 *   get key:00000042⏎                  →   VALUE key:00000042 0 100⏎ value⏎ END⏎   or   END⏎
 */

import { valueWrite } from '../support/value-bytes.ts';

export const REPLY = {
  incomplete: 0,
  stored: 1,
  hit: 2,
  miss: 3,
  wrong: 4,
} as const;
export type Reply = (typeof REPLY)[keyof typeof REPLY];

/** One profile's requests and expected replies; `expected` and `replyEnd` are scratch. */
export interface Wire {
  readonly valueBytes: number;
  readonly requestBytesMax: number;
  readonly expected: Buffer;
  /** Offset just past the reply that `replyJudge` judged last. */
  replyEnd: number;
}

const LINE_BYTES_MAX = 64;
const STORED = Buffer.from('STORED\r\n');
const END = Buffer.from('END\r\n');
const CR = 0x0d;
const LF = 0x0a;

export function wireMake(valueBytes: number): Wire {
  const requestBytesMax = valueBytes + 2 * LINE_BYTES_MAX;
  return { valueBytes, requestBytesMax, expected: Buffer.alloc(requestBytesMax), replyEnd: 0 };
}

/** Name of a key. All names have one length. */
export function keyName(keyId: number): string {
  return `key:${String(keyId).padStart(8, '0')}`;
}

/** Writes a set request; returns the offset just past it. */
export function setWrite(wire: Wire, target: Buffer, offset: number, keyId: number): number {
  const key = keyName(keyId);
  let at = offset + target.write(`set ${key} 0 0 ${wire.valueBytes}\r\n`, offset, 'latin1');
  at = valueWrite(target, at, key, keyId, wire.valueBytes);
  target[at] = CR;
  target[at + 1] = LF;
  return at + 2;
}

/** Writes a get request; returns the offset just past it. */
export function getWrite(target: Buffer, offset: number, keyId: number): number {
  return offset + target.write(`get ${keyName(keyId)}\r\n`, offset, 'latin1');
}

/** Judges the reply to a set of `bytes` at `offset`, where `end` is the end of what has arrived. */
export function setReplyJudge(wire: Wire, bytes: Buffer, offset: number, end: number): Reply {
  const stored = offset + STORED.length;
  if (stored > end) return wrongTake(wire, bytes, offset, end);
  if (STORED.compare(bytes, offset, stored) !== 0) return wrongTake(wire, bytes, offset, end);
  wire.replyEnd = stored;
  return REPLY.stored;
}

/** Judges the reply to a get, as above. */
export function getReplyJudge(
  wire: Wire,
  bytes: Buffer,
  offset: number,
  end: number,
  keyId: number,
): Reply {
  const miss = offset + END.length;
  if (miss <= end && END.compare(bytes, offset, miss) === 0) {
    wire.replyEnd = miss;
    return REPLY.miss;
  }
  const { expected } = wire;
  const key = keyName(keyId);
  let length = expected.write(`VALUE ${key} 0 ${wire.valueBytes}\r\n`, 'latin1');
  length = valueWrite(expected, length, key, keyId, wire.valueBytes);
  length += expected.write('\r\nEND\r\n', length, 'latin1');
  const hit = offset + length;
  if (hit > end || expected.compare(bytes, offset, hit, 0, length) !== 0) {
    return wrongTake(wire, bytes, offset, end);
  }
  wire.replyEnd = hit;
  return REPLY.hit;
}

/** Finds the end of a reply that is not as expected, so that those behind it can be judged. */
function wrongTake(wire: Wire, bytes: Buffer, offset: number, end: number): Reply {
  const lineEnd = bytes.indexOf(LF, offset) + 1;
  if (lineEnd === 0 || lineEnd > end) return REPLY.incomplete;
  const value = /^VALUE \S+ \d+ (\d+)/.exec(bytes.toString('latin1', offset, lineEnd));
  const replyEnd = value === null ? lineEnd : lineEnd + Number(value[1]) + 2 + END.length;
  if (replyEnd > end) return REPLY.incomplete;
  wire.replyEnd = replyEnd;
  return REPLY.wrong;
}
