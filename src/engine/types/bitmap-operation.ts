/**
 * BITOP: a string made of others bit by bit, eight KiB at a time. The others may lie in any partition; what
 * they lack in length is zeros.
 *
 * Guard: the locks of all partitions concerned.
 */
import { assert } from '../../base/assert.ts';
import { itemValueBytes } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { guardAdd } from '../guard.ts';
import { type Operation, termsClear } from '../operation.ts';
import { STATUS, type Status } from '../status.ts';
import { chainAbandon, chainCommit, chainStart, chainWrite, valueStore } from './chained.ts';
import { STORE, storeFitsChunk } from './string.ts';
import { valueRangeRead } from './string-range.ts';
import { rawMarkFor } from './string-range-room.ts';

export const BIT_OPERATION = { AND: 0, OR: 1, XOR: 2, NOT: 3 } as const;
export type BitOperation = (typeof BIT_OPERATION)[keyof typeof BIT_OPERATION];

/** A live string that is a source. */
export type BitSource = { readonly p: Partition; readonly ref: number };

const PIECE_BYTES = 8192;
/** The result's piece, and a source's: bytes and words of the same memory. */
const words = new Int32Array(PIECE_BYTES >>> 2);
const piece = Buffer.from(words.buffer);
const otherWords = new Int32Array(PIECE_BYTES >>> 2);
const other = Buffer.from(otherWords.buffer);

/**
 * Puts what the operation makes of the sources under op's key, whatever is there. `sources` are not empty, and
 * one, if it is NOT; `bytes` is the length of the longest of them, and not 0.
 *   returns   OK or NO_MEMORY: nothing has changed
 */
export function bitsCombine(
  p: Partition,
  op: Operation,
  operation: BitOperation,
  sources: readonly BitSource[],
  bytes: number,
): Status {
  termsClear(op);
  op.clientFlags = 0;
  op.expiresAtMs = 0;
  op.extras = rawMarkFor(bytes);
  op.value = piece;
  op.valueStart = 0;
  op.valueBytes = bytes;
  if (storeFitsChunk(op)) {
    pieceMake(operation, sources, 0, bytes);
    return valueStore(p, op, STORE.PUT);
  }
  for (const source of sources) guardAdd(source.p, source.ref);
  const ref = chainStart(p, op, bytes);
  if (ref === 0) return STATUS.NO_MEMORY;
  for (let position = 0; position < bytes; position += PIECE_BYTES) {
    const pieceBytes = Math.min(PIECE_BYTES, bytes - position);
    pieceMake(operation, sources, position, pieceBytes);
    if (!chainWrite(p, ref, position, piece, 0, pieceBytes, op.nowMs)) {
      chainAbandon(p, ref);
      return STATUS.NO_MEMORY;
    }
  }
  return chainCommit(p, op, STORE.PUT, ref);
}

/** Makes the result's bytes from `position` on. */
function pieceMake(
  operation: BitOperation,
  sources: readonly BitSource[],
  position: number,
  bytes: number,
): void {
  assert(bytes <= PIECE_BYTES, 'a piece fits its buffer');
  const count = (bytes + 3) >>> 2;
  sourceRead(sources[0], position, bytes, piece);
  if (operation === BIT_OPERATION.NOT) {
    for (let at = 0; at < count; at++) words[at] = ~words[at];
  }
  for (let index = 1; index < sources.length; index++) {
    sourceRead(sources[index], position, bytes, other);
    if (operation === BIT_OPERATION.AND) {
      for (let at = 0; at < count; at++) words[at] &= otherWords[at];
    } else if (operation === BIT_OPERATION.OR) {
      for (let at = 0; at < count; at++) words[at] |= otherWords[at];
    } else {
      for (let at = 0; at < count; at++) words[at] ^= otherWords[at];
    }
  }
}

/** Reads a source's bytes from `position` on, and zeros behind its end. A source without a ref is empty. */
function sourceRead({ p, ref }: BitSource, position: number, bytes: number, into: Buffer): void {
  const left = ref === 0 ? 0 : itemValueBytes(p, ref) - position;
  const there = Math.max(0, Math.min(bytes, left));
  if (there > 0) valueRangeRead(p, ref, position, there, into, 0);
  into.fill(0, there, bytes);
}
