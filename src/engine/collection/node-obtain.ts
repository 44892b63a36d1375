/** A node more for a large collection. Guard: the partition lock. */
import { nodeInit, rootBytesAdd } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkObtain } from '../eviction.ts';

/** A node of `bytes`, which count as the collection's; what follows its header is the caller's. 0: no memory. */
export function nodeObtain(
  p: Partition,
  rootRef: number,
  type: number,
  bytes: number,
  nowMs: number,
): number {
  const node = chunkObtain(p, p.classes.classFor(bytes), nowMs);
  if (node === 0) return 0;
  nodeInit(p, node, type, rootRef);
  rootBytesAdd(p, rootRef, bytes);
  return node;
}
