/**
 * Room for all that a request brings, before a part of it is stored. A command that stores one value finds
 * memory for it or changes nothing; one that stores many could end in the middle.
 */
import { partitionPagesMake } from '../../engine/memory-limit.ts';
import type { Partition } from '../../memory/partition.ts';
import { PAGE_BYTES } from '../../memory/slab-classes.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import { answerError, type RespCall } from './call.ts';

/** What a value takes besides its bytes: header, index, roster, tree. */
const PIECE_BYTES = 64;
/** What is lost to rounding, at most. */
const ROUNDING = 1.25;
/** Classes that values fall into: each may need a page for the first of them; and those of other chunks. */
const CLASSES_MAX = 40;
const OTHER_PAGES = 4;

/**
 * Whether there is room in p for the arguments from `first` on, of which `stride` make one value. If not,
 * that has been answered.
 */
export function roomExpect(call: RespCall, p: Partition, first: number, stride: number): boolean {
  const { args, op } = call;
  const pieces = (args.count - first) / stride;
  if (pieces <= 1) return true;
  const bytes = args.end[args.count - 1] - args.start[first];
  const filled = Math.ceil(((bytes + PIECE_BYTES * pieces) * ROUNDING) / PAGE_BYTES);
  const pages = filled + Math.min(pieces * stride, CLASSES_MAX) + OTHER_PAGES;
  if (partitionPagesMake(p, pages, op.nowMs)) return true;
  answerError(call, RESP_ERROR.outOfMemory);
  return false;
}
