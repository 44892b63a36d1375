/**
 * Requests of our load generator and the replies they must have, byte for byte. A key's value follows
 * from the key alone, so any order of sets and gets leaves only two right answers to a get:
 *
 *   set key:00000042 0 0 100⏎ value⏎   →   STORED⏎
 *   get key:00000042⏎                  →   VALUE key:00000042 0 100⏎ value⏎ END⏎   or   END⏎
 */

import { SET_LINE_BYTES_MAX, setWrite, valueWrite } from '../support/value-bytes.ts';

export const REPLY = { incomplete: 0, right: 1, miss: 2, wrong: 3 } as const;
export type Reply = (typeof REPLY)[keyof typeof REPLY];

export interface Wire {
  readonly valueBytes: number;
  readonly requestBytesMax: number;
  /** Scratch: the reply of the get that is being judged. */
  readonly hit: Buffer;
  /** Offset just past the reply that was judged last. */
  replyEnd: number;
}

const STORED = Buffer.from('STORED\r\n');
const END = Buffer.from('END\r\n');
const LETTER_E = 0x45;
const LF = 0x0a;

/** Name of a key. All names have one length. */
export function keyName(keyId: number): string {
  return `key:${String(keyId).padStart(8, '0')}`;
}

export function wireMake(valueBytes: number): Wire {
  const hitBytes = hitLine(keyName(0), valueBytes).length + valueBytes + 2 + END.length;
  const requestBytesMax = SET_LINE_BYTES_MAX + keyName(0).length + valueBytes;
  return { valueBytes, requestBytesMax, hit: Buffer.alloc(hitBytes), replyEnd: 0 };
}

/** Writes a set or a get; returns the offset just past it. */
export function requestWrite(
  wire: Wire,
  target: Buffer,
  offset: number,
  keyId: number,
  isSet: boolean,
): number {
  const key = keyName(keyId);
  if (isSet) return setWrite(target, offset, key, keyId, wire.valueBytes);
  return offset + target.write(`get ${key}\r\n`, offset, 'latin1');
}

/** Judges the reply at `offset` to a set or a get of the key. */
export function replyJudge(
  wire: Wire,
  bytes: Buffer,
  offset: number,
  keyId: number,
  isSet: boolean,
): Reply {
  if (!isSet && bytes[offset] === LETTER_E && replyTake(wire, bytes, offset, END)) {
    return REPLY.miss;
  }
  if (replyTake(wire, bytes, offset, isSet ? STORED : hitFill(wire, keyId))) return REPLY.right;
  return wrongTake(wire, bytes, offset);
}

function hitLine(key: string, valueBytes: number): string {
  return `VALUE ${key} 0 ${valueBytes}\r\n`;
}

function hitFill(wire: Wire, keyId: number): Buffer {
  const { hit, valueBytes } = wire;
  const key = keyName(keyId);
  const at = hit.write(hitLine(key, valueBytes), 'latin1');
  hit.write('\r\nEND\r\n', valueWrite(hit, at, key, keyId, valueBytes), 'latin1');
  return hit;
}

/** Takes the reply if it is the one expected. */
function replyTake(wire: Wire, bytes: Buffer, offset: number, expected: Buffer): boolean {
  const end = offset + expected.length;
  if (end > bytes.length || expected.compare(bytes, offset, end) !== 0) return false;
  wire.replyEnd = end;
  return true;
}

/** Finds the end of a reply that is not as expected, so that those behind it can be judged. */
function wrongTake(wire: Wire, bytes: Buffer, offset: number): Reply {
  const lineEnd = bytes.indexOf(LF, offset) + 1;
  if (lineEnd === 0) return REPLY.incomplete;
  const value = /^VALUE \S+ \d+ (\d+)/.exec(bytes.toString('latin1', offset, lineEnd));
  const replyEnd = value === null ? lineEnd : lineEnd + Number(value[1]) + 2 + END.length;
  if (replyEnd > bytes.length) return REPLY.incomplete;
  wire.replyEnd = replyEnd;
  return REPLY.wrong;
}
