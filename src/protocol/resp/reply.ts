/**
 * Replies of RESP2 and RESP3, written into the reply buffer of the batch. What RESP2 lacks becomes what
 * Redis makes of it: a map an array of twice the length, a set an array, a double a bulk string.
 *
 *   +simple  -error  :integer  $bulk  *array      RESP3:  _null  #boolean  ,double  (big  =verbatim  %map  ~set  >push
 *
 * Handlers call these with any length: what does not fit the buffer is set aside (protocol/reply.ts).
 *
 * Spec: Redis, "RESP protocol spec".
 */
import { decimalWrite } from '../../base/decimal.ts';
import { FLOAT64_TEXT_BYTES_MAX, float64Write } from '../../base/float64.ts';
import {
  REPLY_BYTES_MAX,
  type Reply,
  replyByte,
  replyBytes,
  replyLineEnd,
  replyRange,
  replyRoom,
  replyTakeBack,
} from '../reply.ts';

const STAR = 0x2a;
const DOLLAR = 0x24;
const COLON = 0x3a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COMMA = 0x2c;
const PERCENT = 0x25;
const TILDE = 0x7e;
const GREATER = 0x3e;
const BAR = 0x7c;
const EQUALS = 0x3d;
const PAREN = 0x28;
const ZERO_DIGIT = 0x30;

/** Room for a type's sign, a number and a line end. */
const HEADER_BYTES_MAX = 32;
const PIECE_BYTES = REPLY_BYTES_MAX - 64;
const RANGE_LOOP_BYTES_MAX = 40;

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const OK = latin1('+OK\r\n');
const NULL_BULK = latin1('$-1\r\n');
const NULL_ARRAY = latin1('*-1\r\n');
const NULL_RESP3 = latin1('_\r\n');
const EMPTY_ARRAY = latin1('*0\r\n');
const ZERO = latin1(':0\r\n');
const ONE = latin1(':1\r\n');
const TRUE = latin1('#t\r\n');
const FALSE = latin1('#f\r\n');

export function respOk(reply: Reply): void {
  constant(reply, OK);
}

/** `_`, or in RESP2 the null bulk string. */
export function respNull(reply: Reply): void {
  constant(reply, reply.resp === 3 ? NULL_RESP3 : NULL_BULK);
}

/** `_`, or in RESP2 the null array. */
export function respNullArray(reply: Reply): void {
  constant(reply, reply.resp === 3 ? NULL_RESP3 : NULL_ARRAY);
}

export function respEmptyArray(reply: Reply): void {
  constant(reply, EMPTY_ARRAY);
}

/** A safe integer. */
export function respInteger(reply: Reply, value: number): void {
  if (value === 0) constant(reply, ZERO);
  else if (value === 1) constant(reply, ONE);
  else header(reply, COLON, value);
}

/** An integer of up to 64 bits. */
export function respBigInteger(reply: Reply, value: bigint): void {
  respLine(reply, COLON, value.toString());
}

/** `#t`, or in RESP2 1 and 0. */
export function respBoolean(reply: Reply, value: boolean): void {
  if (reply.resp === 3) constant(reply, value ? TRUE : FALSE);
  else constant(reply, value ? ONE : ZERO);
}

/** `+text`; the text has no line end. */
export function respSimple(reply: Reply, text: string): void {
  respLine(reply, PLUS, text);
}

/** `-text`. Line ends, which a client may have brought in, become spaces. */
export function respError(reply: Reply, text: string): void {
  respLine(reply, MINUS, text.replace(/[\r\n]/g, ' '));
}

/** `(digits`, or in RESP2 a bulk string. */
export function respBigNumber(reply: Reply, digits: string): void {
  if (reply.resp === 3) respLine(reply, PAREN, digits);
  else respText(reply, digits);
}

/** A double that is already text: `,text`, or in RESP2 a bulk string. */
export function respDoubleText(reply: Reply, text: string): void {
  if (reply.resp === 3) respLine(reply, COMMA, text);
  else respText(reply, text);
}

/** A double: `,text`, or in RESP2 a bulk string. */
export function respDouble(reply: Reply, value: number): void {
  const bytes = float64Write(doubleText, 0, value);
  if (reply.resp !== 3) {
    respBulk(reply, doubleText, 0, bytes);
    return;
  }
  replyRoom(reply, FLOAT64_TEXT_BYTES_MAX + HEADER_BYTES_MAX);
  replyByte(reply, COMMA);
  replyRange(reply, doubleText, 0, bytes);
  replyLineEnd(reply);
}

/** As respDouble, but a bulk string whatever the protocol. */
export function respDoubleBulk(reply: Reply, value: number): void {
  respBulk(reply, doubleText, 0, float64Write(doubleText, 0, value));
}

const doubleText = Buffer.alloc(FLOAT64_TEXT_BYTES_MAX);

export function respArray(reply: Reply, count: number): void {
  header(reply, STAR, count);
}

/** `pairs` keys and as many values follow. */
export function respMap(reply: Reply, pairs: number): void {
  if (reply.resp === 3) header(reply, PERCENT, pairs);
  else header(reply, STAR, pairs * 2);
}

export function respSet(reply: Reply, count: number): void {
  header(reply, reply.resp === 3 ? TILDE : STAR, count);
}

/** Out of band in RESP3; an array in RESP2. */
export function respPush(reply: Reply, count: number): void {
  header(reply, reply.resp === 3 ? GREATER : STAR, count);
}

/** `pairs` of attributes follow, and then what they belong to. RESP3 alone. */
export function respAttribute(reply: Reply, pairs: number): void {
  header(reply, BAR, pairs);
}

/** source[start, start + bytes) as a bulk string. */
export function respBulk(reply: Reply, source: Buffer, start: number, bytes: number): void {
  if (bytes <= RANGE_LOOP_BYTES_MAX) {
    shortBulk(reply, source, start, bytes);
    return;
  }
  header(reply, DOLLAR, bytes);
  respRaw(reply, source, start, bytes);
  respBulkEnd(reply);
}

/** One whose length has two digits at most, in one go: replies of many elements are made of such. */
function shortBulk(reply: Reply, source: Buffer, start: number, length: number): void {
  replyRoom(reply, RANGE_LOOP_BYTES_MAX + HEADER_BYTES_MAX);
  const { bytes } = reply;
  let { used } = reply;
  bytes[used++] = DOLLAR;
  const tens = (length * 205) >>> 11; // divided by 10, up to 69
  if (tens > 0) bytes[used++] = ZERO_DIGIT + tens;
  bytes[used] = ZERO_DIGIT + length - 10 * tens;
  bytes[used + 1] = 0x0d;
  bytes[used + 2] = 0x0a;
  used += 3;
  for (let at = 0; at < length; at++) bytes[used + at] = source[start + at];
  used += length;
  bytes[used] = 0x0d;
  bytes[used + 1] = 0x0a;
  reply.used = used + 2;
}

/** Starts a bulk string that comes in pieces: respRaw, then respBulkEnd. */
export function respBulkStart(reply: Reply, bytes: number): void {
  header(reply, DOLLAR, bytes);
}

export function respBulkEnd(reply: Reply): void {
  replyRoom(reply, 2);
  replyLineEnd(reply);
}

/** A text of one byte a character as a bulk string. */
export function respText(reply: Reply, text: string): void {
  header(reply, DOLLAR, text.length);
  respRawText(reply, text);
  respBulkEnd(reply);
}

/** A buffer as a bulk string. */
export function respBuffer(reply: Reply, bytes: Buffer): void {
  respBulk(reply, bytes, 0, bytes.length);
}

/** A safe integer as a bulk string. */
export function respIntegerBulk(reply: Reply, value: number): void {
  respText(reply, String(value));
}

/** Text with its format, `txt` or `mkd`; in RESP2 a bulk string. */
export function respVerbatim(reply: Reply, format: string, text: string): void {
  if (reply.resp !== 3) {
    respText(reply, text);
    return;
  }
  header(reply, EQUALS, text.length + 4);
  respRawText(reply, `${format}:${text}`);
  respBulkEnd(reply);
}

/** Bytes of a reply that are right as they are. */
export function respRaw(reply: Reply, source: Buffer, start: number, bytes: number): void {
  if (bytes <= RANGE_LOOP_BYTES_MAX) {
    replyRoom(reply, bytes);
    replyRange(reply, source, start, bytes);
    return;
  }
  let from = start;
  const end = start + bytes;
  while (from < end) {
    const piece = Math.min(end - from, PIECE_BYTES);
    replyRoom(reply, piece);
    source.copy(reply.bytes, reply.used, from, from + piece);
    reply.used += piece;
    from += piece;
  }
}

function respRawText(reply: Reply, text: string): void {
  for (let at = 0; at < text.length; at += PIECE_BYTES) {
    const piece = text.slice(at, at + PIECE_BYTES);
    replyRoom(reply, piece.length);
    reply.used += reply.bytes.write(piece, reply.used, 'latin1');
  }
}

function respLine(reply: Reply, sign: number, text: string): void {
  replyRoom(reply, HEADER_BYTES_MAX);
  replyByte(reply, sign);
  respRawText(reply, text);
  respBulkEnd(reply);
}

function constant(reply: Reply, bytes: Buffer): void {
  replyRoom(reply, HEADER_BYTES_MAX);
  replyBytes(reply, bytes);
}

/** A sign, a number, a line end. */
function header(reply: Reply, sign: number, value: number): void {
  replyRoom(reply, HEADER_BYTES_MAX);
  const { bytes } = reply;
  let { used } = reply;
  bytes[used++] = sign;
  if (value < 0) bytes[used++] = MINUS;
  used = decimalWrite(bytes, used, Math.abs(value));
  bytes[used] = 0x0d;
  bytes[used + 1] = 0x0a;
  reply.used = used + 2;
}

/** A place in a reply, to come back to when the length of what follows it is known. */
export type Deferred = { readonly aside: number; readonly used: number };

/** Notes where a header will have to stand whose count is not known yet. */
export function respDefer(reply: Reply): Deferred {
  return { aside: reply.aside.length, used: reply.used };
}

export type DeferredKind = 'array' | 'map' | 'set';

/** Puts the header where `respDefer` was called. For maps the count is that of pairs. */
export function respDeferredSet(
  reply: Reply,
  place: Deferred,
  kind: DeferredKind,
  count: number,
): void {
  respInsert(reply, place, deferredHeader(reply.resp, kind, count));
}

/** Takes back all that was answered since `respDefer` was called. */
export function respTakeBack(reply: Reply, place: Deferred): void {
  const { mark } = reply;
  reply.mark = place.used;
  replyTakeBack(reply, place.aside);
  reply.mark = mark;
}

/** Puts a short text where `respDefer` was called. */
export function respInsert(reply: Reply, place: Deferred, text: string): void {
  const bytes = latin1(text);
  if (reply.aside.length === place.aside) {
    replyRoom(reply, bytes.length);
  }
  if (reply.aside.length === place.aside) {
    reply.bytes.copyWithin(place.used + bytes.length, place.used, reply.used);
    bytes.copy(reply.bytes, place.used);
    reply.used += bytes.length;
    return;
  }
  const piece = reply.aside[place.aside];
  const parts = [piece.subarray(0, place.used), bytes, piece.subarray(place.used)];
  reply.aside.splice(place.aside, 1, ...parts.filter(({ length }) => length > 0));
}

function deferredHeader(resp: number, kind: DeferredKind, count: number): string {
  if (kind === 'map') return resp === 3 ? `%${count}\r\n` : `*${count * 2}\r\n`;
  return `${kind === 'set' && resp === 3 ? '~' : '*'}${count}\r\n`;
}
