/**
 * Small collections travel as one string of packed entries, in one of four formats: listpack and, in
 * what older servers wrote, ziplist, zipmap and intset. This is a walk over the entries of any of them.
 *
 * The bytes may be anything. A collection is walked twice: first to its end, which proves it sound and
 * counts its entries, then to tell them; so nothing of a broken one is ever told.
 */

import { INT64_TEXT_BYTES_MAX, int64Write, int64WriteExact } from '../../base/int64.ts';

export const PACKED_STEP = { ENTRY: 0, END: 1, BROKEN: 2 } as const;
export type PackedStep = (typeof PACKED_STEP)[keyof typeof PACKED_STEP];

/** Where the header has no room for the number of entries. */
export const PACKED_COUNT_UNKNOWN = -1;
const EMPTY = Buffer.alloc(0);

export class PackedEntries {
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  /** Where the next entry is. */
  at = 0;
  /** What the header says. */
  count = 0;
  /** Ziplist: bytes of the entry before; intset: bytes of an integer. */
  width = 0;
  /** The entry in hand is source[sourceStart, sourceStart + length), until the next step. */
  source: Buffer = EMPTY;
  sourceStart = 0;
  length = 0;
  /** The text of an entry that is an integer. */
  readonly text: Buffer = Buffer.allocUnsafeSlow(INT64_TEXT_BYTES_MAX);
}

export interface PackedFormat {
  /** Goes before the first entry. False if what is before it, or the very end, cannot be so. */
  open(entries: PackedEntries): boolean;
  /** Takes the next entry in hand. */
  next(entries: PackedEntries): PackedStep;
}

/** Starts to walk bytes[start, end). */
export function packedOpen(
  entries: PackedEntries,
  format: PackedFormat,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  entries.bytes = bytes;
  entries.start = start;
  entries.end = end;
  return format.open(entries);
}

/** How many entries bytes[start, end) has; -1 if it is not sound. */
export function packedCount(
  entries: PackedEntries,
  format: PackedFormat,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  if (!packedOpen(entries, format, bytes, start, end)) return -1;
  let count = 0;
  let step: PackedStep = format.next(entries);
  for (; step === PACKED_STEP.ENTRY; step = format.next(entries)) count++;
  if (step === PACKED_STEP.BROKEN) return -1;
  return entries.count === PACKED_COUNT_UNKNOWN || entries.count === count ? count : -1;
}

/** The entry in hand is bytes[at, at + length), and the next one begins at `next`. */
export function packedString(
  entries: PackedEntries,
  at: number,
  length: number,
  next: number,
): PackedStep {
  entries.source = entries.bytes;
  entries.sourceStart = at;
  entries.length = length;
  entries.at = next;
  return PACKED_STEP.ENTRY;
}

/** The entry in hand is the text of a safe integer, and the next one begins at `next`. */
export function packedInteger(entries: PackedEntries, value: number, next: number): PackedStep {
  return packedText(entries, int64Write(entries.text, 0, value), next);
}

/** The entry in hand is the text of the little-endian int64 at `at`, and the next one begins at `next`. */
export function packedInteger64(entries: PackedEntries, at: number, next: number): PackedStep {
  const value = entries.bytes.readInt32LE(at + 4) * 2 ** 32 + entries.bytes.readUInt32LE(at);
  if (Number.isSafeInteger(value)) return packedInteger(entries, value, next);
  const exact = entries.bytes.readBigInt64LE(at);
  return packedText(entries, int64WriteExact(entries.text, 0, exact), next);
}

function packedText(entries: PackedEntries, length: number, next: number): PackedStep {
  entries.source = entries.text;
  entries.sourceStart = 0;
  entries.length = length;
  entries.at = next;
  return PACKED_STEP.ENTRY;
}
