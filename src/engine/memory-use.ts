/**
 * How much memory is in use: the chunks of all classes, used or not, and the pages of the index. Read without
 * the locks, so it may be a moment behind.
 */
import { collectionRoot, itemIsLarge } from '../memory/collection.ts';
import { itemBytes } from '../memory/item.ts';
import { rootBytes } from '../memory/node.ts';
import { CLASS, classRecord, HEADER, type Partition, TABLE } from '../memory/partition.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import type { Keyspace } from './keyspace.ts';

export type MemoryUse = {
  /** Chunks in use, and the index. */
  readonly usedBytes: number;
  /** … of it, the index. */
  readonly indexBytes: number;
  /** Pages that are not in the pool: what is in use, and what is free in pages of which a part is. */
  readonly pageBytes: number;
};

export function memoryUse({ partitions }: Keyspace): MemoryUse {
  let usedBytes = 0;
  let indexBytes = 0;
  let pageBytes = 0;
  for (const p of partitions) {
    const index = indexPages(p) * PAGE_BYTES;
    indexBytes += index;
    usedBytes += index + chunkBytes(p);
    pageBytes += (p.i32[HEADER.pageLimit] - p.i32[HEADER.pageFreeCount]) * PAGE_BYTES;
  }
  return { usedBytes, indexBytes, pageBytes };
}

function chunkBytes({ i32, classes }: Partition): number {
  let bytes = 0;
  for (let classId = 0; classId < classes.count; classId++) {
    bytes += i32[classRecord(classId) + CLASS.usedCount] * classes.chunkBytes[classId];
  }
  return bytes;
}

function indexPages({ i32 }: Partition): number {
  return [HEADER.keysTable, HEADER.membersTable].reduce(
    (sum, table) => sum + i32[table + TABLE.pageCount],
    0,
  );
}

/** Bytes that a key and its value take, without what rounding adds. */
export function itemMemory(p: Partition, ref: number): number {
  const own = itemBytes(p, ref);
  return itemIsLarge(p, ref) ? own + rootBytes(p, collectionRoot(p, ref)) : own;
}
