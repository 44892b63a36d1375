/**
 * Walking the index of keys step by step, with a cursor that stays good however the table grows or shrinks
 * between one step and the next: what is there from the first step to the last is met.
 *
 * A cursor counts through the low bits of the hash in reversed order: its highest bit changes fastest.
 *
 *   0000 · 1000 · 0100 · 1100 · 0010 · …
 *
 * A step visits all buckets whose items share the cursor's bits, as many bits as the smaller of the two
 * powers of two around the bucket count has: one bucket, or one and the one it has been split into. When the
 * table has grown by the next step, what was visited is still just the hashes up to the cursor. When it has
 * shrunk, some are visited again. (To go by ascending buckets would miss what a merge moves down.)
 *
 * Guard: the partition lock; it may be released between two steps.
 * Source: Pieter Noordhuis's cursor, valkey-io/valkey src/dict.c dictScan.
 */
import { HEADER, type Partition, TABLE } from '../memory/partition.ts';
import { BUCKET_WORDS, bucketWordAt, OVERFLOW_WORD, REF_WORD } from './index-buckets.ts';

/** Refs of the items that a step has found; grown, never shrunk. */
export class ScanStep {
  refs: Int32Array = new Int32Array(64);
  count = 0;
}

/**
 * Finds the keys of all databases, dead ones among them, that the cursor's step is for; 0 begins. Returns
 * the next cursor, an unsigned word; 0 after the last step.
 */
export function scanStep(p: Partition, cursor: number, step: ScanStep): number {
  const table = HEADER.keysTable;
  const buckets = p.i32[table + TABLE.bucketCount];
  const mask = p.i32[table + TABLE.bucketMask];
  const shared = buckets > mask ? mask : mask >>> 1;
  const index = cursor & shared;
  step.count = 0;
  bucketGather(p, table, index, step);
  const split = index + shared + 1;
  if (split < buckets) bucketGather(p, table, split, step);
  return wordReversed((wordReversed(cursor | ~shared) + 1) | 0) >>> 0;
}

function bucketGather(p: Partition, table: number, index: number, step: ScanStep): void {
  let bucket = bucketWordAt(p, table, index);
  for (;;) {
    for (let at = bucket + REF_WORD; at < bucket + BUCKET_WORDS; at++) {
      if (p.i32[at] !== 0) refAdd(step, p.i32[at]);
    }
    const overflow = p.i32[bucket + OVERFLOW_WORD];
    if (overflow === 0) return;
    bucket = overflow << 1;
  }
}

function refAdd(step: ScanStep, ref: number): void {
  if (step.count === step.refs.length) {
    const refs = new Int32Array(step.count * 2);
    refs.set(step.refs);
    step.refs = refs;
  }
  step.refs[step.count++] = ref;
}

/** The 32 bits from the last to the first. */
function wordReversed(word: number): number {
  let bits = ((word >>> 1) & 0x55555555) | ((word & 0x55555555) << 1);
  bits = ((bits >>> 2) & 0x33333333) | ((bits & 0x33333333) << 2);
  bits = ((bits >>> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff00ff) | ((bits & 0x00ff00ff) << 8);
  return (bits >>> 16) | (bits << 16);
}
