/**
 * What partitionVerify asks of a strip in a list's tree: that it has the elements that it counts, within
 * its chunk, and that it weighs as much.
 *
 * Guard: the caller holds the partition lock.
 */
import type { Partition } from '../memory/partition.ts';
import { chunkClass } from '../memory/slab.ts';
import { stripCount } from './collection/strip.ts';
import {
  STRIP_HEADER_BYTES,
  stripNodeCount,
  stripNodeEnd,
  stripNodeStart,
} from './types/list-strip.ts';

/** What is wrong with a strip that weighs so much in its tree; an empty string if nothing is. */
export function stripProblem(p: Partition, ref: number, weight: number): string {
  const start = stripNodeStart(p, ref);
  const end = stripNodeEnd(p, ref);
  const chunkEnd = (ref << 3) + p.classes.chunkBytes[chunkClass(p, ref)];
  const isWithin = start >= (ref << 3) + STRIP_HEADER_BYTES && start <= end && end <= chunkEnd;
  if (!isWithin) return `its entries are ${start} to ${end}`;
  const count = stripNodeCount(p, ref);
  const entries = stripCount(p.u8, start, end);
  if (entries !== count || count !== weight || count === 0) {
    return `${entries} entries, ${count} by its count, ${weight} by its weight`;
  }
  return '';
}
