/**
 * HyperLogLogs under keys: elements added, counted, merged.
 *
 *   hllOpen → hllAdd* or hllRaise* → hllClose      writing
 *   hllCount, hllRanksRaise                        reading
 *
 * A dense value is changed where it lies, two bytes for an element. A sparse one is copied, worked on and
 * stored, and so is any that is merged into.
 *
 * Guard: every function expects the lock of the key's partition.
 */
import { itemValueCopy } from '../../memory/chain.ts';
import {
  ITEM_TYPE,
  itemClientFlags,
  itemExpiresAtMs,
  itemType,
  itemValueBytes,
} from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { type Operation, termsClear } from '../operation.ts';
import { STATUS } from '../status.ts';
import { valueStore } from './chained.ts';
import {
  cachedCount,
  cachedCountForget,
  cachedCountSet,
  denseAt,
  denseOf,
  denseRaise,
  denseSet,
  denseWith,
  HLL,
  HllCopy,
  histogramEstimate,
  histogramMake,
  histogramOfDense,
  histogramOfRanks,
  hllIsDense,
  hllIsSound,
} from './hyperloglog.ts';
import { elementHash, HashedElement, REGISTER_COUNT } from './hyperloglog-hash.ts';
import {
  histogramOfSparse,
  SPARSE_SET,
  sparseInit,
  sparseRaise,
  sparseSet,
  sparseToDense,
} from './hyperloglog-sparse.ts';
import { STORE } from './string.ts';
import { valueByte, valueByteSet, valueRangeRead, valueRangeWrite } from './string-range.ts';
import { rawMarkFor, valueOpen } from './string-range-room.ts';

export const HLL_STATUS = {
  OK: 0,
  WRONG_TYPE: 1, // no string
  NOT_SOUND: 2, // a string, but no HyperLogLog
  CORRUPT: 3, // its runs make no sense
  NO_MEMORY: 4,
} as const;
export type HllStatus = (typeof HLL_STATUS)[keyof typeof HLL_STATUS];

/** A value that is being written: one per thread. */
export class HllWork {
  readonly copy: HllCopy = new HllCopy();
  /** The key's item; 0: there is none yet. */
  ref = 0;
  /** Whether `copy` is worked on, and not the item. */
  isCopied = false;
  isChanged = false;
  /** Bytes up to which a sparse value may grow. */
  sparseBytesMax = 0;
}

const element = new HashedElement();
const header = Buffer.alloc(HLL.headerBytes);
const histogram = histogramMake();

/** Whether a live item is a HyperLogLog, as far as its header tells; that is in `header` then. */
function headerRead(p: Partition, ref: number): HllStatus {
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return HLL_STATUS.WRONG_TYPE;
  const bytes = itemValueBytes(p, ref);
  if (bytes < HLL.headerBytes) return HLL_STATUS.NOT_SOUND;
  valueRangeRead(p, ref, 0, HLL.headerBytes, header, 0);
  return hllIsSound(header, bytes) ? HLL_STATUS.OK : HLL_STATUS.NOT_SOUND;
}

/** Copies the value of an item whose header was read. */
function copyRead(p: Partition, ref: number, copy: HllCopy): HllStatus {
  copy.bytes = itemValueBytes(p, ref);
  if (copy.bytes > copy.u8.length) return HLL_STATUS.CORRUPT;
  itemValueCopy(p, ref, copy.u8, 0);
  return HLL_STATUS.OK;
}

/**
 * Begins to write the value of op's key, whose live item is `ref`, or 0: then to make an empty one.
 * `copies`: also a dense one, as is better for changes of most registers.
 */
export function hllOpen(p: Partition, work: HllWork, ref: number, copies: boolean): HllStatus {
  work.ref = ref;
  work.isChanged = false;
  work.isCopied = true;
  if (ref === 0) {
    sparseInit(work.copy);
    hllChanged(work);
    return HLL_STATUS.OK;
  }
  const status = headerRead(p, ref);
  if (status !== HLL_STATUS.OK) return status;
  work.isCopied = copies || !hllIsDense(header);
  return work.isCopied ? copyRead(p, ref, work.copy) : HLL_STATUS.OK;
}

/** Adds the element bytes[start, end). */
export function hllAdd(
  p: Partition,
  op: Operation,
  work: HllWork,
  bytes: Buffer,
  start: number,
  end: number,
): HllStatus {
  elementHash(bytes, start, end, element);
  const { index, rank } = element;
  return work.isCopied ? hllRaise(work, index, rank) : denseRaiseInPlace(p, op, work, index, rank);
}

/** What was copied counts differently from now on, and is to be stored. */
export function hllChanged(work: HllWork): void {
  work.isChanged = true;
  cachedCountForget(work.copy.u8);
}

/** Makes a value that was copied dense: it is to be stored then, and counts as before. */
export function hllMakeDense(work: HllWork): HllStatus {
  if (hllIsDense(work.copy.u8)) return HLL_STATUS.OK;
  if (!sparseToDense(work.copy)) return HLL_STATUS.CORRUPT;
  work.isChanged = true;
  return HLL_STATUS.OK;
}

/** Raises a register of a value that was copied. */
export function hllRaise(work: HllWork, index: number, rank: number): HllStatus {
  const { copy } = work;
  if (!hllIsDense(copy.u8)) {
    const outcome = sparseSet(copy, index, rank, work.sparseBytesMax);
    if (outcome === SPARSE_SET.UNCHANGED) return HLL_STATUS.OK;
    if (outcome === SPARSE_SET.CORRUPT) return HLL_STATUS.CORRUPT;
    hllChanged(work);
    if (outcome === SPARSE_SET.CHANGED) return HLL_STATUS.OK;
    if (!sparseToDense(copy)) return HLL_STATUS.CORRUPT;
  }
  const at = denseAt(index);
  if (denseOf(index, copy.u8[at], copy.u8[at + 1]) >= rank) return HLL_STATUS.OK;
  hllChanged(work);
  denseSet(copy.u8, index, rank);
  return HLL_STATUS.OK;
}

function denseRaiseInPlace(
  p: Partition,
  op: Operation,
  work: HllWork,
  index: number,
  rank: number,
): HllStatus {
  const at = denseAt(index);
  // The last register ends with the value.
  const nextAt = index === REGISTER_COUNT - 1 ? at : at + 1;
  const first = valueByte(p, work.ref, at);
  const second = valueByte(p, work.ref, nextAt);
  if (denseOf(index, first, second) >= rank) return HLL_STATUS.OK;
  if (!work.isChanged) {
    const ref = valueOpen(p, op, work.ref, itemValueBytes(p, work.ref));
    if (ref === 0) return HLL_STATUS.NO_MEMORY;
    work.ref = ref;
    work.isChanged = true;
    cachedCountForget(header);
    valueRangeWrite(p, ref, 0, header, 0, HLL.headerBytes);
  }
  const both = denseWith(index, first, second, rank);
  if (nextAt !== at) valueByteSet(p, work.ref, nextAt, both >>> 8);
  valueByteSet(p, work.ref, at, both & 0xff);
  return HLL_STATUS.OK;
}

/** Ends the writing: a copy that was changed becomes the key's value. */
export function hllClose(p: Partition, op: Operation, work: HllWork): HllStatus {
  if (!work.isChanged || !work.isCopied) return HLL_STATUS.OK;
  const { copy, ref } = work;
  termsClear(op);
  op.value = copy.u8;
  op.valueStart = 0;
  op.valueBytes = copy.bytes;
  op.extras = rawMarkFor(copy.bytes);
  op.clientFlags = ref === 0 ? 0 : itemClientFlags(p, ref);
  op.expiresAtMs = ref === 0 ? 0 : itemExpiresAtMs(p, ref);
  const status = valueStore(p, op, STORE.PUT);
  return status === STATUS.OK ? HLL_STATUS.OK : HLL_STATUS.NO_MEMORY;
}

/** Where `hllCount` leaves its result. */
export class HllCounted {
  count = 0.5;

  constructor() {
    this.count = 0;
  }
}

/**
 * The estimate for op's key, whose live item is `ref`. One that had to be computed is kept with the
 * value, which is another version then: so it is in Redis.
 */
export function hllCount(
  p: Partition,
  op: Operation,
  work: HllWork,
  ref: number,
  out: HllCounted,
): HllStatus {
  const status = headerRead(p, ref);
  if (status !== HLL_STATUS.OK) return status;
  out.count = cachedCount(header);
  if (!Number.isNaN(out.count)) return HLL_STATUS.OK;
  const { copy } = work;
  const copied = copyRead(p, ref, copy);
  if (copied !== HLL_STATUS.OK) return copied;
  if (hllIsDense(copy.u8)) histogramOfDense(copy.u8, histogram);
  else if (!histogramOfSparse(copy, histogram)) return HLL_STATUS.CORRUPT;
  out.count = histogramEstimate(histogram);
  const open = valueOpen(p, op, ref, copy.bytes);
  // Without memory for a copy of a value that is being sent, it is only not kept.
  if (open === 0) return HLL_STATUS.OK;
  cachedCountSet(header, out.count);
  valueRangeWrite(p, open, 0, header, 0, HLL.headerBytes);
  return HLL_STATUS.OK;
}

/** Raises ranks, of which there are REGISTER_COUNT, to those of a live item's value. */
export function hllRanksRaise(
  p: Partition,
  work: HllWork,
  ref: number,
  ranks: Uint8Array,
): HllStatus {
  const status = headerRead(p, ref);
  if (status !== HLL_STATUS.OK) return status;
  const copied = copyRead(p, ref, work.copy);
  if (copied !== HLL_STATUS.OK) return copied;
  if (!hllIsDense(work.copy.u8)) {
    return sparseRaise(work.copy, ranks) ? HLL_STATUS.OK : HLL_STATUS.CORRUPT;
  }
  denseRaise(work.copy.u8, ranks);
  return HLL_STATUS.OK;
}

/** The estimate for ranks that were raised. */
export function ranksEstimate(ranks: Uint8Array): number {
  histogramOfRanks(ranks, histogram);
  return histogramEstimate(histogram);
}
