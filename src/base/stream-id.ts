/**
 * Ids of stream entries: a time in milliseconds and a number within that, 64 bits each, in this order.
 * Kept as four int32 words, so that none is allocated and none is a BigInt; they order as unsigned.
 *
 *   word   0      1      2       3
 *          ┌──────┬──────┬───────┬───────┐
 *          │ msHi │ msLo │ seqHi │ seqLo │   as text: ms-seq, both in decimal
 *          └──────┴──────┴───────┴───────┘
 */
import { decimalWrite } from './decimal.ts';
import { type Uint64, uint64SetNumber, uint64Text } from './uint64.ts';

export class StreamId {
  /** Each an int32. */
  msHi = 0;
  msLo = 0;
  seqHi = 0;
  seqLo = 0;
}

export const STREAM_ID_WORDS = 4;
export const STREAM_ID_BYTES = 16;
/** Two numbers of 20 digits, and what stands between them. */
export const STREAM_ID_TEXT_BYTES_MAX = 41;

const UINT32_END = 4294967296;
/** Below this high word a number is exact as a double. */
const EXACT_HI_END = 2 ** 21;
const MINUS = 0x2d;

export function streamIdCopy(to: StreamId, from: Readonly<StreamId>): void {
  to.msHi = from.msHi;
  to.msLo = from.msLo;
  to.seqHi = from.seqHi;
  to.seqLo = from.seqLo;
}

/** The least id, which no entry has. */
export function streamIdSetZero(to: StreamId): void {
  to.msHi = to.msLo = to.seqHi = to.seqLo = 0;
}

/** The greatest id. */
export function streamIdSetMax(to: StreamId): void {
  to.msHi = to.msLo = to.seqHi = to.seqLo = -1;
}

/** Takes a time below 2^53 and the number 0. */
export function streamIdSetMs(to: StreamId, ms: number): void {
  to.msHi = Math.floor(ms / UINT32_END) | 0;
  to.msLo = ms | 0;
  to.seqHi = to.seqLo = 0;
}

export function streamIdIsZero(id: Readonly<StreamId>): boolean {
  return (id.msHi | id.msLo | id.seqHi | id.seqLo) === 0;
}

export function streamIdIsMax(id: Readonly<StreamId>): boolean {
  return (id.msHi & id.msLo & id.seqHi & id.seqLo) === -1;
}

/** Below, above or equal to 0. */
export function streamIdCompare(a: Readonly<StreamId>, b: Readonly<StreamId>): number {
  if (a.msHi !== b.msHi) return a.msHi >>> 0 < b.msHi >>> 0 ? -1 : 1;
  if (a.msLo !== b.msLo) return a.msLo >>> 0 < b.msLo >>> 0 ? -1 : 1;
  if (a.seqHi !== b.seqHi) return a.seqHi >>> 0 < b.seqHi >>> 0 ? -1 : 1;
  if (a.seqLo !== b.seqLo) return a.seqLo >>> 0 < b.seqLo >>> 0 ? -1 : 1;
  return 0;
}

/** Goes to the next id. False, and nothing changed: it was the greatest. */
export function streamIdIncrement(id: StreamId): boolean {
  if (streamIdIsMax(id)) return false;
  id.seqLo = (id.seqLo + 1) | 0;
  if (id.seqLo !== 0) return true;
  id.seqHi = (id.seqHi + 1) | 0;
  if (id.seqHi !== 0) return true;
  id.msLo = (id.msLo + 1) | 0;
  if (id.msLo === 0) id.msHi = (id.msHi + 1) | 0;
  return true;
}

/** Goes to the id before. False, and nothing changed: it was 0-0. */
export function streamIdDecrement(id: StreamId): boolean {
  if (streamIdIsZero(id)) return false;
  if (id.seqLo === 0) {
    if (id.seqHi === 0) {
      if (id.msLo === 0) id.msHi = (id.msHi - 1) | 0;
      id.msLo = (id.msLo - 1) | 0;
    }
    id.seqHi = (id.seqHi - 1) | 0;
  }
  id.seqLo = (id.seqLo - 1) | 0;
  return true;
}

// ── In memory ───────────────────────────────────────────────────────────────────────────────────

/** Takes the id that lies at a word. */
export function streamIdRead(i32: Int32Array, word: number, to: StreamId): void {
  to.msHi = i32[word];
  to.msLo = i32[word + 1];
  to.seqHi = i32[word + 2];
  to.seqLo = i32[word + 3];
}

export function streamIdStore(i32: Int32Array, word: number, id: Readonly<StreamId>): void {
  i32[word] = id.msHi;
  i32[word + 1] = id.msLo;
  i32[word + 2] = id.seqHi;
  i32[word + 3] = id.seqLo;
}

/** How the id at a word is to another: below, above or equal to 0. */
export function streamIdCompareAt(i32: Int32Array, word: number, id: Readonly<StreamId>): number {
  const { msHi, msLo, seqHi, seqLo } = id;
  if (i32[word] !== msHi) return i32[word] >>> 0 < msHi >>> 0 ? -1 : 1;
  if (i32[word + 1] !== msLo) return i32[word + 1] >>> 0 < msLo >>> 0 ? -1 : 1;
  if (i32[word + 2] !== seqHi) return i32[word + 2] >>> 0 < seqHi >>> 0 ? -1 : 1;
  if (i32[word + 3] !== seqLo) return i32[word + 3] >>> 0 < seqLo >>> 0 ? -1 : 1;
  return 0;
}

export function streamIdMs({ msHi, msLo }: Readonly<StreamId>): bigint {
  return (BigInt(msHi >>> 0) << 32n) | BigInt(msLo >>> 0);
}

export function streamIdSeq({ seqHi, seqLo }: Readonly<StreamId>): bigint {
  return (BigInt(seqHi >>> 0) << 32n) | BigInt(seqLo >>> 0);
}

/** Takes two numbers, of which the lower 64 bits count. */
export function streamIdSet(to: StreamId, ms: bigint, seq: bigint): void {
  to.msHi = Number(BigInt.asIntN(32, ms >> 32n));
  to.msLo = Number(BigInt.asIntN(32, ms));
  to.seqHi = Number(BigInt.asIntN(32, seq >> 32n));
  to.seqLo = Number(BigInt.asIntN(32, seq));
}

/** Takes the id in 16 bytes, the highest first: so bytes order as ids do. */
export function streamIdFromBytes(bytes: Buffer, at: number, to: StreamId): void {
  to.msHi = bytes.readInt32BE(at);
  to.msLo = bytes.readInt32BE(at + 4);
  to.seqHi = bytes.readInt32BE(at + 8);
  to.seqLo = bytes.readInt32BE(at + 12);
}

export function streamIdToBytes(id: Readonly<StreamId>, target: Buffer, at: number): void {
  target.writeInt32BE(id.msHi, at);
  target.writeInt32BE(id.msLo, at + 4);
  target.writeInt32BE(id.seqHi, at + 8);
  target.writeInt32BE(id.seqLo, at + 12);
}

// ── As text ─────────────────────────────────────────────────────────────────────────────────────

/** Writes `ms-seq` at `at`; returns the position behind it. There is room for the longest. */
export function streamIdWrite(target: Buffer, at: number, id: Readonly<StreamId>): number {
  const behind = halfWrite(target, at, id.msHi, id.msLo);
  target[behind] = MINUS;
  return halfWrite(target, behind + 1, id.seqHi, id.seqLo);
}

export function streamIdText(id: Readonly<StreamId>): string {
  const text = Buffer.allocUnsafe(STREAM_ID_TEXT_BYTES_MAX);
  return text.toString('latin1', 0, streamIdWrite(text, 0, id));
}

function halfWrite(target: Buffer, at: number, hi: number, lo: number): number {
  const high = hi >>> 0;
  if (high < EXACT_HI_END) return decimalWrite(target, at, high * UINT32_END + (lo >>> 0));
  return at + target.write(uint64Text({ hi, lo }), at, 'latin1');
}

/** How bytes read as an id. */
export const ID_TEXT = {
  WRONG: 0,
  MS: 1, // a time alone: the number is the caller's to choose
  FULL: 2,
  AUTO: 3, // `ms-*`
} as const;
export type IdText = (typeof ID_TEXT)[keyof typeof ID_TEXT];

const STAR = 0x2a;
const half: Uint64 = { hi: 0, lo: 0 };

/** Takes the id in bytes[start, end), `ms`, `ms-seq` or `ms-*`; the number is 0 where there is none. */
export function streamIdParse(bytes: Buffer, start: number, end: number, to: StreamId): IdText {
  let dash = start;
  while (dash < end && bytes[dash] !== MINUS) dash++;
  if (!halfParse(bytes, start, dash)) return ID_TEXT.WRONG;
  const { hi, lo } = half;
  half.hi = half.lo = 0;
  const isAuto = end - dash === 2 && bytes[dash + 1] === STAR;
  if (dash < end && !isAuto && !halfParse(bytes, dash + 1, end)) return ID_TEXT.WRONG;
  to.msHi = hi;
  to.msLo = lo;
  to.seqHi = half.hi;
  to.seqLo = half.lo;
  if (isAuto) return ID_TEXT.AUTO;
  return dash < end ? ID_TEXT.FULL : ID_TEXT.MS;
}

const ZERO = 0x30;
const NINE = 0x39;
/** So many digits are exact in a double. */
const DIGITS_EXACT_MAX = 15;
/** Digits of 2^64 - 1. */
const DIGITS_MAX = 20;

/** Reads an unsigned number of 64 bits into `half`. It may have zeros before it. */
function halfParse(bytes: Buffer, start: number, end: number): boolean {
  let first = start;
  while (first < end - 1 && bytes[first] === ZERO) first++;
  const digits = end - first;
  if (digits < 1 || digits > DIGITS_MAX) return false;
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = bytes[at];
    if (byte < ZERO || byte > NINE) return false;
    value = value * 10 + (byte - ZERO);
  }
  if (digits <= DIGITS_EXACT_MAX) {
    uint64SetNumber(half, value);
    return true;
  }
  const exact = BigInt(bytes.toString('latin1', first, end));
  if (exact >= 1n << 64n) return false;
  half.hi = Number(exact >> 32n) | 0;
  half.lo = Number(exact & 0xffffffffn) | 0;
  return true;
}
