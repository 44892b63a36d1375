/**
 * The reply buffer: one per thread, filled by a batch of commands and sent by one write. When a client
 * does not take its bytes in time, the buffer goes with the unsent ones and a new one takes its place;
 * so nobody may keep a reference to `bytes` across a send.
 */
import { assert } from '../base/assert.ts';
import { decimalWrite } from '../base/decimal.ts';
import type { Key } from '../base/key.ts';
import { type Uint64, uint64Number, uint64Text } from '../base/uint64.ts';

export const REPLY_BYTES_MAX = 65536;
const CR = 0x0d;
const LF = 0x0a;
const VIEW_BYTES_MAX = 1024;

/** Where full buffers go: the connection whose batch is running. */
export interface ReplySink {
  /**
   * Sends the bytes gathered so far and empties the buffer. False when the client is behind: more may
   * still be gathered and sent, but the sender should wait for it to catch up.
   */
  replySend(): boolean;
}

export class Reply {
  bytes: Buffer = Buffer.allocUnsafeSlow(REPLY_BYTES_MAX);
  /** The same bytes. */
  view: DataView = viewOf(this.bytes);
  used = 0;
  /** Where the running command's answer starts: an error takes back what it had said so far. */
  mark = 0;
  /** The client is behind: finish what cannot wait, start nothing new. */
  isBlocked = false;
  sink: ReplySink | null = null;
  /** RESP's version, of the connection whose batch is running: 2 or 3. */
  resp = 2;
  /**
   * RESP: a full buffer is put here, and another takes its place, until the command is done and its
   * locks are released. So a handler never waits, and nothing is sent from inside a lock.
   */
  readonly aside: Buffer[] = [];
  setsAside = false;
  /** With more pieces set aside than this, the reply is more than the client may leave unread. */
  asideCountMax = Number.POSITIVE_INFINITY;
  /** Views of the first n bytes, made when first needed: most replies are of a few lengths. */
  readonly views: (Buffer | undefined)[] = new Array(VIEW_BYTES_MAX + 1);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What was gathered, as one piece. */
export function replyPiece(reply: Reply): Buffer {
  const { used, views } = reply;
  if (used > VIEW_BYTES_MAX) return reply.bytes.subarray(0, used);
  const known = views[used];
  if (known !== undefined) return known;
  const view = reply.bytes.subarray(0, used);
  views[used] = view;
  return view;
}

/** How much was gathered, with what was set aside. */
export function replyTotal({ used, aside }: Reply): number {
  let total = used;
  for (let at = 0; at < aside.length; at++) total += aside[at].length;
  return total;
}

/**
 * Whether the client will be cut for what was gathered, which is not sent then. A handler whose reply may be of
 * any length, whatever the data, stops when it is.
 */
export function replyOverflows({ aside, asideCountMax }: Reply): boolean {
  return aside.length > asideCountMax;
}

/** Has a reply of `bytesMax` bytes or more overflow, sooner or later; 0: none does. */
export function replyLimitSet(reply: Reply, bytesMax: number): void {
  // Of two pieces that follow each other the first made room for what the buffer had none for.
  reply.asideCountMax =
    bytesMax === 0 ? Number.POSITIVE_INFINITY : 2 * Math.ceil(bytesMax / REPLY_BYTES_MAX);
}

/** After a piece was sent: the same bytes again. */
export function replyClear(reply: Reply): void {
  reply.used = 0;
  reply.mark = 0;
}

/** After a piece was queued: other bytes. */
export function replyRenew(reply: Reply, bytes: Buffer): void {
  reply.bytes = bytes;
  reply.view = viewOf(bytes);
  reply.views.fill(undefined);
  replyClear(reply);
}

/** Makes room for `bytes` more, sending what is there if need be. False when the client is behind. */
export function replyRoom(reply: Reply, bytes: number): boolean {
  return reply.used + bytes <= REPLY_BYTES_MAX || replyRoomSlow(reply, bytes);
}

function replyRoomSlow(reply: Reply, bytes: number): boolean {
  if (reply.setsAside) {
    assert(bytes <= REPLY_BYTES_MAX, 'a piece of a reply fits its buffer');
    replySetAside(reply);
    return true;
  }
  assert(
    reply.sink !== null && bytes <= REPLY_BYTES_MAX,
    'a reply has a sink, and fits its buffer',
  );
  return reply.sink.replySend();
}

/** Puts what was gathered aside; the buffer is new. */
export function replySetAside(reply: Reply): void {
  if (reply.used === 0) return;
  const { mark } = reply;
  reply.aside.push(reply.bytes.subarray(0, reply.used));
  replyRenew(reply, Buffer.allocUnsafeSlow(REPLY_BYTES_MAX));
  reply.mark = mark;
}

/**
 * Takes back what was gathered since `mark` was set, when as many pieces were set aside as are named. The piece
 * in which the mark is may have been set aside since.
 */
export function replyTakeBack(reply: Reply, asideCount: number): void {
  const { aside, mark } = reply;
  if (aside.length === asideCount) {
    reply.used = mark;
    return;
  }
  const piece = aside[asideCount].subarray(0, mark);
  aside.length = asideCount;
  if (piece.length > 0) aside.push(piece);
  reply.used = 0;
}

/** Appends a short constant. The caller made room. */
export function replyBytes(reply: Reply, constant: Uint8Array): void {
  const { bytes } = reply;
  let { used } = reply;
  for (let at = 0; at < constant.length; at++) bytes[used++] = constant[at];
  reply.used = used;
}

/**
 * Appends a constant of up to 8 bytes, given as two words. The caller made room, for 8 bytes.
 * Cheaper than a loop, where it counts.
 */
export function replyWords(reply: Reply, first: number, second: number, bytes: number): void {
  const { view, used } = reply;
  view.setInt32(used, first, true);
  view.setInt32(used + 4, second, true);
  reply.used = used + bytes;
}

/** Appends a key in hand. The caller made room, for 3 bytes more. */
export function replyKey(reply: Reply, key: Key): void {
  const { view, used } = reply;
  const { words, bytes } = key;
  for (let offset = 0, index = 0; offset < bytes; offset += 4, index++) {
    view.setInt32(used + offset, words[index], true);
  }
  reply.used = used + bytes;
}

/** Appends the digits of a non-negative integer below 2^53. */
export function replyDecimal(reply: Reply, value: number): void {
  reply.used = decimalWrite(reply.bytes, reply.used, value);
}

/** Appends the digits of a 64-bit number. */
export function replyUint64(reply: Reply, value: Readonly<Uint64>): void {
  const number = uint64Number(value);
  if (!Number.isNaN(number)) replyDecimal(reply, number);
  else reply.used += reply.bytes.write(uint64Text(value), reply.used, 'latin1');
}

/** Appends source[start, start + length). */
export function replyRange(reply: Reply, source: Uint8Array, start: number, length: number): void {
  const { bytes } = reply;
  let { used } = reply;
  for (let at = start; at < start + length; at++) bytes[used++] = source[at];
  reply.used = used;
}

/** Appends CR LF. */
export function replyLineEnd(reply: Reply): void {
  const { bytes, used } = reply;
  bytes[used] = CR;
  bytes[used + 1] = LF;
  reply.used = used + 2;
}

export function replyByte(reply: Reply, byte: number): void {
  reply.bytes[reply.used++] = byte;
}

/** A text as replyText wants it: its UTF-8 bytes, one character each. */
export function textBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Appends a text of any length, sending on the way; one character is one byte, because keys need not
 * be UTF-8. A client that is behind gets it queued: for
 * answers whose size the server decides, not the client.
 */
export function replyText(reply: Reply, text: string): void {
  for (let at = 0; at < text.length; at += REPLY_BYTES_MAX / 4) {
    const piece = text.slice(at, at + REPLY_BYTES_MAX / 4);
    replyRoom(reply, piece.length);
    reply.used += reply.bytes.write(piece, reply.used, 'latin1');
  }
}

/** As replyText, for bytes. */
export function replyLong(reply: Reply, source: Uint8Array): void {
  for (let at = 0; at < source.length; at += REPLY_BYTES_MAX / 4) {
    const bytes = Math.min(REPLY_BYTES_MAX / 4, source.length - at);
    replyRoom(reply, bytes);
    replyRange(reply, source, at, bytes);
  }
}
