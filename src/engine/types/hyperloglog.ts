/**
 * HyperLogLogs: strings that estimate how many distinct elements were added to them. Byte for byte the
 * format of Redis, so that values may come and go by DUMP and RESTORE, and by GET and SET.
 *
 *   byte 0      4          5         8                          16
 *        ┌──────┬──────────┬─────────┬──────────────────────────┬──────────────
 *        │ HYLL │ encoding │ 0  0  0 │ cached count u64         │ registers …
 *        └──────┴──────────┴─────────┴──────────────────────────┴──────────────
 *                 0: dense             its highest bit: stale
 *                 1: sparse
 *
 *   dense   16,384 registers of six bits, the lowest first: 12,288 bytes
 *   sparse  runs of equal registers, see hyperloglog-sparse.ts
 *
 * What is here works on a copy of the value in a Buffer; hyperloglog-key.ts brings it from a key and
 * back.
 *
 * Source: Valkey src/hyperloglog.c; the estimate is that of Ertl, "New cardinality estimation algorithms
 * for HyperLogLog sketches", arXiv:1702.01284.
 */
import { assert } from '../../base/assert.ts';
import { REGISTER_COUNT, REST_BITS } from './hyperloglog-hash.ts';

export const HLL = { magic: 0, encoding: 4, unused: 5, count: 8, headerBytes: 16 } as const;
export const HLL_ENCODING = { DENSE: 0, SPARSE: 1 } as const;

const REGISTER_BITS = 6;
export const REGISTER_MAX = (1 << REGISTER_BITS) - 1;
export const DENSE_BYTES = HLL.headerBytes + (REGISTER_COUNT * REGISTER_BITS) / 8;
/** A run takes at most two bytes, and stands for one register at least. */
export const SPARSE_BYTES_MAX = HLL.headerBytes + 2 * REGISTER_COUNT;
/** `HYLL`, little-endian. */
const MAGIC = 0x4c4c5948;
const STALE = 0x80;
const ALPHA_INFINITE = 0.5 / Math.LN2;

assert(DENSE_BYTES === 12304, 'a dense value is as long as that of Redis');

/** A copy of a value: the first `bytes` of `u8`. One per thread. */
export class HllCopy {
  readonly u8: Buffer = Buffer.alloc(SPARSE_BYTES_MAX + 8);
  bytes = 0;
}

/** Whether a value that begins so is a HyperLogLog, as far as its header and length tell. */
export function hllIsSound(header: Buffer, valueBytes: number): boolean {
  if (valueBytes < HLL.headerBytes || header.readInt32LE(HLL.magic) !== MAGIC) return false;
  const encoding = header[HLL.encoding];
  return encoding === HLL_ENCODING.DENSE
    ? valueBytes === DENSE_BYTES
    : encoding === HLL_ENCODING.SPARSE;
}

/** Of a sound one. */
export function hllIsDense(header: Buffer): boolean {
  return header[HLL.encoding] === HLL_ENCODING.DENSE;
}

/** Writes the header of a value that counts 0. */
export function hllHeaderWrite(hll: HllCopy, encoding: number): void {
  hll.u8.fill(0, 0, HLL.headerBytes);
  hll.u8.writeInt32LE(MAGIC, HLL.magic);
  hll.u8[HLL.encoding] = encoding;
}

// ── The count that is kept with the value ───────────────────────────────────────────────────────

/** The cached count; NaN, if it is stale. */
export function cachedCount(header: Buffer): number {
  if ((header[HLL.headerBytes - 1] & STALE) !== 0) return Number.NaN;
  return header.readUInt32LE(HLL.count) + header.readUInt32LE(HLL.count + 4) * 4294967296;
}

export function cachedCountSet(header: Buffer, count: number): void {
  header.writeUInt32LE(count >>> 0, HLL.count);
  header.writeUInt32LE(Math.floor(count / 4294967296), HLL.count + 4);
}

/** Marks the cached count as stale. */
export function cachedCountForget(header: Buffer): void {
  header[HLL.headerBytes - 1] |= STALE;
}

// ── Dense registers ─────────────────────────────────────────────────────────────────────────────

/** The byte of the value in which a register starts. It may end in the next, but for the last one. */
export function denseAt(index: number): number {
  return HLL.headerBytes + ((index * REGISTER_BITS) >>> 3);
}

/** The register in its two bytes. */
export function denseOf(index: number, first: number, second: number): number {
  return ((first | (second << 8)) >>> ((index * REGISTER_BITS) & 7)) & REGISTER_MAX;
}

/** The two bytes, the first one lowest, with the register set to `rank`. */
export function denseWith(index: number, first: number, second: number, rank: number): number {
  const shift = (index * REGISTER_BITS) & 7;
  return ((first | (second << 8)) & ~(REGISTER_MAX << shift)) | (rank << shift);
}

export function denseSet(u8: Buffer, index: number, rank: number): void {
  const at = denseAt(index);
  const both = denseWith(index, u8[at], u8[at + 1], rank);
  u8[at] = both;
  u8[at + 1] = both >>> 8;
}

// ── The estimate ────────────────────────────────────────────────────────────────────────────────

/** How many registers have which rank. */
export function histogramOfDense(u8: Buffer, histogram: Int32Array): void {
  histogram.fill(0);
  for (let index = 0, at = HLL.headerBytes; index < REGISTER_COUNT; index += 4, at += 3) {
    const four = u8[at] | (u8[at + 1] << 8) | (u8[at + 2] << 16);
    histogram[four & REGISTER_MAX]++;
    histogram[(four >>> 6) & REGISTER_MAX]++;
    histogram[(four >>> 12) & REGISTER_MAX]++;
    histogram[four >>> 18]++;
  }
}

/** Raises ranks to those of the registers. */
export function denseRaise(u8: Buffer, ranks: Uint8Array): void {
  for (let index = 0; index < REGISTER_COUNT; index++) {
    const at = denseAt(index);
    const rank = denseOf(index, u8[at], u8[at + 1]);
    if (ranks[index] < rank) ranks[index] = rank;
  }
}

export function histogramOfRanks(ranks: Uint8Array, histogram: Int32Array): void {
  histogram.fill(0);
  for (let index = 0; index < REGISTER_COUNT; index++) histogram[ranks[index]]++;
}

export function histogramMake(): Int32Array {
  return new Int32Array(REGISTER_MAX + 1);
}

/** The number of distinct elements that registers like these stand for. */
export function histogramEstimate(histogram: Int32Array): number {
  const m = REGISTER_COUNT;
  let z = m * tau((m - histogram[REST_BITS + 1]) / m);
  for (let rank = REST_BITS; rank >= 1; rank--) z = (z + histogram[rank]) * 0.5;
  z += m * sigma(histogram[0] / m);
  return Math.round((ALPHA_INFINITE * m * m) / z);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = -1; z !== before; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = -1; z !== before; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
