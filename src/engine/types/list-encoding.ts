/**
 * Which of Redis's encodings clients are told that a list has: *listpack* while it is short, *quicklist*
 * else. What it consists of here is neither, so a bit of its flags says so; that lists are told apart at the
 * same lengths matters to those who ask, and to nobody else.
 *
 *   limit   list-max-listpack-size: so many elements; or if negative, -1 … -5 for 4 … 64 KiB
 *
 * A quicklist is a listpack again when it has come down to half the limit.
 *
 * Guard: the partition lock. Source: valkey-io/valkey src/t_list.c, listTypeTryConversion.
 */
import {
  collectionCount,
  collectionFlags,
  collectionFlagsSet,
  collectionForm,
  collectionRoot,
  FORM,
} from '../../memory/collection.ts';
import { itemValueBytes } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { TreePlace, treeEntry, treeFirst, treeNext } from '../collection/counted-tree.ts';
import { packedEnd, packedStart } from '../collection/packed.ts';
import { stripEntryBytes } from '../collection/strip.ts';
import { entryIsStrip } from './list-entry.ts';
import { stripNodeBytes } from './list-strip.ts';

/** Bit of a list's flags. */
const FLAG_QUICKLIST = 1;

/** Bytes of a listpack besides its entries, which take as much as those of a strip. */
const LISTPACK_BYTES = 7;
const SMALLEST_SIZE_LIMIT = 4096;
/** A limit on elements is one on bytes, too. */
const COUNT_LIMIT_BYTES_MAX = 8192;
const SIZE_LIMIT_LAST = -5;

const place = new TreePlace();

/** Whether clients are told that the list is a quicklist. */
export function listIsQuicklist(p: Partition, ref: number): boolean {
  return (collectionFlags(p, ref) & FLAG_QUICKLIST) !== 0;
}

/**
 * Whether a list with `count` more elements, of `bytes` in all, is too much for a listpack. Redis asks
 * that before it puts them in, and also if they take the place of others.
 */
export function listExpect(
  p: Partition,
  ref: number,
  count: number,
  bytes: number,
  limit: number,
): void {
  const flags = collectionFlags(p, ref);
  if ((flags & FLAG_QUICKLIST) !== 0) return;
  const countMax = limit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, limit);
  const isMany = collectionCount(p, ref) + count > countMax;
  if (isMany || listBytesExceed(p, ref, bytesMax(limit) - bytes)) {
    collectionFlagsSet(p, ref, flags | FLAG_QUICKLIST);
  }
}

/** The same of a list that has all its elements. */
export function listGrown(p: Partition, ref: number, limit: number): void {
  listExpect(p, ref, 0, 0, limit);
}

/** After elements went: whether what is left is a listpack. */
export function listShrunk(p: Partition, ref: number, limit: number): void {
  const flags = collectionFlags(p, ref);
  if ((flags & FLAG_QUICKLIST) === 0) return;
  const countMax = limit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, limit) >>> 1;
  const most = limit < 0 ? bytesMax(limit) / 2 : COUNT_LIMIT_BYTES_MAX;
  if (collectionCount(p, ref) > countMax || listBytesExceed(p, ref, most)) return;
  collectionFlagsSet(p, ref, flags & ~FLAG_QUICKLIST);
}

function bytesMax(limit: number): number {
  if (limit >= 0) return COUNT_LIMIT_BYTES_MAX;
  return SMALLEST_SIZE_LIMIT << (-Math.max(limit, SIZE_LIMIT_LAST) - 1);
}

/** Whether the list has more bytes. Looks at no more of it than that takes. */
function listBytesExceed(p: Partition, ref: number, most: number): boolean {
  if (collectionForm(p, ref) === FORM.PACKED) {
    return packedEnd(p, ref) - packedStart(p, ref) + LISTPACK_BYTES > most;
  }
  let bytes = LISTPACK_BYTES;
  const rootRef = collectionRoot(p, ref);
  for (let more = treeFirst(p, rootRef, place); more && bytes <= most; more = treeNext(p, place)) {
    const entry = treeEntry(p, place);
    if (entryIsStrip(p, entry)) bytes += stripNodeBytes(p, entry);
    else bytes += stripEntryBytes(itemValueBytes(p, entry));
  }
  return bytes > most;
}
