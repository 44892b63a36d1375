/**
 * Sparse HyperLogLogs: the registers as runs of equal ones, in order.
 *
 *   00llllll            l + 1 registers are 0        up to 64
 *   01llllll llllllll   l + 1 registers are 0        up to 16,384
 *   1rrrrrll            l + 1 registers are r + 1    up to 4, of up to 32
 *
 * Setting a register splits its run in up to three; equal runs behind it are joined again. Which runs
 * come out is a part of the format: the same elements in the same order make the same bytes as in Redis.
 *
 * A value whose runs do not add up to all registers is corrupt. That is found by who walks all of it;
 * who sets a register finds it if there is no run for it.
 *
 * Source: Valkey src/hyperloglog.c hllSparseSet, hllSparseToDense.
 */
import {
  DENSE_BYTES,
  denseSet,
  HLL,
  HLL_ENCODING,
  type HllCopy,
  hllHeaderWrite,
} from './hyperloglog.ts';
import { REGISTER_COUNT } from './hyperloglog-hash.ts';

/** What setting a register came to. */
export const SPARSE_SET = {
  UNCHANGED: 0, // it was as high
  CHANGED: 1,
  FULL: 2, // it can only be done in the dense form
  CORRUPT: 3,
} as const;
export type SparseSet = (typeof SPARSE_SET)[keyof typeof SPARSE_SET];

const RANK_MAX = 32;
const RANKED_RUN_MAX = 4;
const SHORT_ZEROS_MAX = 64;
const ZEROS_MAX = 16384;
const KIND_MASK = 0xc0;
const LONG_ZEROS = 0x40;
const RANKED = 0x80;
/** Runs that are looked at for joining, from the one before a change on. */
const JOIN_RUNS = 5;

const runs = Buffer.alloc(8);

/** An empty value. */
export function sparseInit(hll: HllCopy): void {
  hllHeaderWrite(hll, HLL_ENCODING.SPARSE);
  hll.bytes = zerosWrite(hll.u8, HLL.headerBytes, ZEROS_MAX);
}

function isRanked(byte: number): boolean {
  return (byte & RANKED) !== 0;
}

function isLongZeros(byte: number): boolean {
  return (byte & KIND_MASK) === LONG_ZEROS;
}

/** Bytes of the run that starts so. */
function runBytes(byte: number): number {
  return isLongZeros(byte) ? 2 : 1;
}

/** Registers of the run at `at`. */
function runLength(u8: Buffer, at: number): number {
  const byte = u8[at];
  if (isRanked(byte)) return (byte & 3) + 1;
  return isLongZeros(byte) ? (((byte & 0x3f) << 8) | u8[at + 1]) + 1 : byte + 1;
}

/** What the registers of a run are that starts so. */
function runRank(byte: number): number {
  return isRanked(byte) ? ((byte >>> 2) & 0x1f) + 1 : 0;
}

function zerosWrite(u8: Buffer, at: number, length: number): number {
  if (length <= SHORT_ZEROS_MAX) {
    u8[at] = length - 1;
    return at + 1;
  }
  u8[at] = ((length - 1) >>> 8) | LONG_ZEROS;
  u8[at + 1] = length - 1;
  return at + 2;
}

/** `rank` 0: zeros. A length of 0 is no run. */
function runWrite(u8: Buffer, at: number, rank: number, length: number): number {
  if (length === 0) return at;
  if (rank === 0) return zerosWrite(u8, at, length);
  u8[at] = ((rank - 1) << 2) | (length - 1) | RANKED;
  return at + 1;
}

/** Raises register `index` to `rank`, if it is lower. The value gets no longer than `bytesMax` by it. */
export function sparseSet(hll: HllCopy, index: number, rank: number, bytesMax: number): SparseSet {
  if (rank > RANK_MAX) return SPARSE_SET.FULL;
  const { u8 } = hll;
  let first = 0;
  let before = HLL.headerBytes;
  let at = HLL.headerBytes;
  let length = 0;
  for (; at < hll.bytes; at += runBytes(u8[at])) {
    length = runLength(u8, at);
    if (index < first + length) break;
    before = at;
    first += length;
  }
  if (at >= hll.bytes) return SPARSE_SET.CORRUPT;
  const own = runRank(u8[at]);
  if (own >= rank) return SPARSE_SET.UNCHANGED;

  let bytes = runWrite(runs, 0, own, index - first);
  bytes = runWrite(runs, bytes, rank, 1);
  bytes = runWrite(runs, bytes, own, first + length - 1 - index);
  const oldBytes = runBytes(u8[at]);
  const grown = bytes - oldBytes;
  if (grown > 0 && hll.bytes + grown > bytesMax) return SPARSE_SET.FULL;
  u8.copyWithin(at + bytes, at + oldBytes, hll.bytes);
  runs.copy(u8, at, 0, bytes);
  hll.bytes += grown;
  runsJoin(hll, before);
  return SPARSE_SET.CHANGED;
}

/** Joins equal neighbours among the runs from `start` on. */
function runsJoin(hll: HllCopy, start: number): void {
  const { u8 } = hll;
  let at = start;
  for (let looked = 0; looked < JOIN_RUNS && at < hll.bytes; looked++) {
    const next = at + 1;
    const rank = runRank(u8[at]);
    if (rank !== 0 && next < hll.bytes && runRank(u8[next]) === rank) {
      const length = runLength(u8, at) + runLength(u8, next);
      if (length <= RANKED_RUN_MAX) {
        runWrite(u8, next, rank, length);
        u8.copyWithin(at, next, hll.bytes);
        hll.bytes--;
        continue;
      }
    }
    at += runBytes(u8[at]);
  }
}

/**
 * Raises ranks to those of the value's registers. False if it is corrupt; but runs that are not zeros are
 * let be behind the last register, as upstream does.
 */
export function sparseRaise(hll: HllCopy, ranks: Uint8Array): boolean {
  const { u8 } = hll;
  let index = 0;
  for (let at = HLL.headerBytes; at < hll.bytes; at += runBytes(u8[at])) {
    const rank = runRank(u8[at]);
    const end = index + runLength(u8, at);
    if (rank !== 0 && end > REGISTER_COUNT) break;
    if (rank === 0) index = end;
    for (; index < end; index++) if (ranks[index] < rank) ranks[index] = rank;
  }
  return index === REGISTER_COUNT;
}

/** How many registers have which rank. False if the value is corrupt. */
export function histogramOfSparse(hll: HllCopy, histogram: Int32Array): boolean {
  const { u8 } = hll;
  let count = 0;
  histogram.fill(0);
  for (let at = HLL.headerBytes; at < hll.bytes; at += runBytes(u8[at])) {
    const length = runLength(u8, at);
    histogram[runRank(u8[at])] += length;
    count += length;
  }
  return count === REGISTER_COUNT;
}

const denseRanks = new Uint8Array(REGISTER_COUNT);

/** Makes the value dense; its cached count stays. False, and nothing changed, if it is corrupt. */
export function sparseToDense(hll: HllCopy): boolean {
  denseRanks.fill(0);
  if (!sparseRaise(hll, denseRanks)) return false;
  hll.u8[HLL.encoding] = HLL_ENCODING.DENSE;
  hll.u8.fill(0, HLL.headerBytes, DENSE_BYTES);
  hll.bytes = DENSE_BYTES;
  for (let index = 0; index < REGISTER_COUNT; index++) {
    if (denseRanks[index] !== 0) denseSet(hll.u8, index, denseRanks[index]);
  }
  return true;
}

/** The runs as PFDEBUG DECODE shows them. */
export function sparseText(hll: HllCopy): string {
  const { u8 } = hll;
  const words: string[] = [];
  for (let at = HLL.headerBytes; at < hll.bytes; at += runBytes(u8[at])) {
    const length = runLength(u8, at);
    if (isRanked(u8[at])) words.push(`v:${runRank(u8[at])},${length}`);
    else words.push(`${isLongZeros(u8[at]) ? 'Z' : 'z'}:${length}`);
  }
  return words.join(' ');
}
