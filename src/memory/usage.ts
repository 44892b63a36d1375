/**
 * How much of a partition is in use, in bytes. The rest of what was reserved is an address range.
 *
 * Guard: the partition lock, for numbers that are to agree with each other; without it they are those of
 * a moment ago.
 */
import {
  CLASS,
  classRecord,
  ghostEntryCountFor,
  HEADER,
  INDEX_DIRECTORY_OFFSET,
  indexDirectoryBytes,
  PAGE,
  type Partition,
  TABLE,
} from './partition.ts';
import { PAGE_BYTES } from './slab-classes.ts';

/** Bytes of the header, and of the tables that so many pages need: what is reserved beyond is not theirs. */
function tableBytes(pages: number): number {
  const ghostBytes = ghostEntryCountFor(pages) * 2;
  return (
    INDEX_DIRECTORY_OFFSET + pages * PAGE.words * 4 + ghostBytes + 2 * indexDirectoryBytes(pages)
  );
}

/** Bytes of the header and the tables in use. */
export function partitionTableBytes(p: Partition): number {
  return tableBytes(p.i32[HEADER.pageBump]);
}

/** Bytes that are in use at most while pages keep to their limit. */
export function partitionPossibleBytes(p: Partition): number {
  const pages = Math.max(p.i32[HEADER.pageLimit], p.i32[HEADER.pageBump]);
  return tableBytes(pages) + p.i32[HEADER.pageLimit] * PAGE_BYTES;
}

/** Pages that are not in the pool. */
export function partitionPageCount(p: Partition): number {
  return p.i32[HEADER.pageLimit] - p.i32[HEADER.pageFreeCount];
}

/** Bytes of tables, of the pages of the index, and of all chunks in use. */
export function partitionUsedBytes(p: Partition): number {
  const { i32 } = p;
  const keysPages = i32[HEADER.keysTable + TABLE.pageCount];
  const indexPages = keysPages + i32[HEADER.membersTable + TABLE.pageCount];
  let bytes = partitionTableBytes(p) + indexPages * PAGE_BYTES;
  for (let classId = 0; classId < p.classes.count; classId++) {
    bytes += i32[classRecord(classId) + CLASS.usedCount] * p.classes.chunkBytes[classId];
  }
  return bytes;
}
