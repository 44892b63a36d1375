/**
 * How much memory is in use, in all partitions together. Read without the locks, so it may be a moment
 * behind. What is told as used is what the memory limit goes by (memory-limit.ts).
 */
import { collectionRoot, itemIsLarge } from '../memory/collection.ts';
import { itemBytes } from '../memory/item.ts';
import { rootBytes } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import { partitionPageCount, partitionTableBytes, partitionUsedBytes } from '../memory/usage.ts';
import { indexPageCount } from './hash-index.ts';
import type { Keyspace } from './keyspace.ts';

export type MemoryUse = {
  /** Chunks in use, the index, and the tables that describe pages. */
  readonly usedBytes: number;
  /** … of it, the index and the tables. */
  readonly indexBytes: number;
  /** Tables, and pages that are not in the pool: so also what is free in pages of which a part is used. */
  readonly pageBytes: number;
};

export function memoryUse({ partitions }: Keyspace): MemoryUse {
  let usedBytes = 0;
  let indexBytes = 0;
  let pageBytes = 0;
  for (const p of partitions) {
    indexBytes += partitionTableBytes(p) + indexPageCount(p) * PAGE_BYTES;
    usedBytes += partitionUsedBytes(p);
    pageBytes += partitionTableBytes(p) + partitionPageCount(p) * PAGE_BYTES;
  }
  return { usedBytes, indexBytes, pageBytes };
}

/** Bytes that a key and its value take, without what rounding adds. */
export function itemMemory(p: Partition, ref: number): number {
  const own = itemBytes(p, ref);
  return itemIsLarge(p, ref) ? own + rootBytes(p, collectionRoot(p, ref)) : own;
}
