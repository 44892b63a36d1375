/**
 * How much of a partition is in use, in bytes. The rest of what was reserved is an address range.
 *
 * Guard: the partition lock, for numbers that are to agree with each other; without it they are those of
 * a moment ago.
 */
import {
  CLASS,
  classRecord,
  HEADER,
  INDEX_DIRECTORY_OFFSET,
  indexDirectoryBytes,
  PAGE,
  type Partition,
  TABLE,
} from './partition.ts';
import { PAGE_BYTES } from './slab-classes.ts';

/** Bytes of the header and the tables, as far as they describe pages that may be in use. */
export function partitionTableBytes(p: Partition): number {
  const pageLimit = p.i32[HEADER.pageLimit];
  const ghostBytes = (p.i32[HEADER.ghostMask] + 1) * 2;
  const pageBytes = pageLimit * PAGE.words * 4 + 2 * indexDirectoryBytes(pageLimit);
  return INDEX_DIRECTORY_OFFSET + pageBytes + ghostBytes;
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
