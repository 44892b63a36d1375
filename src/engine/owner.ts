/**
 * Which key a chunk belongs to. Eviction comes by chunks: an item of its own, a link of a long value, a
 * member or node of a large collection. Each stands for the key that it is a part of.
 *
 *   link ──▶ head ─┐                     ┌──▶ item of the key
 *   member ──▶ root of its namespace ────┤
 *   element ──▶ leaf of the list's tree ─┤ itemRef
 *   node ──▶ root ───────────────────────┘
 *
 * Guard: the partition lock.
 */
import { linkHead } from '../memory/chain.ts';
import {
  chunkKind,
  ITEM_TYPE,
  itemIsLinked,
  itemNamespace,
  itemSlot,
  itemType,
  KIND_ITEM,
  KIND_LINK,
  KIND_NODE,
} from '../memory/item.ts';
import { nodeRoot, rootItem } from '../memory/node.ts';
import type { Partition } from '../memory/partition.ts';

/**
 * The item of the key that a chunk is a part of, maybe itself. 0: none, since the chunk is free, or part of
 * a collection that is being made, or being freed.
 */
export function itemOwner(p: Partition, ref: number): number {
  const kind = chunkKind(p, ref);
  if (kind === KIND_ITEM) return ownerOfItem(p, ref);
  if (kind === KIND_LINK) return ownerOfItem(p, linkHead(p, ref));
  return kind === KIND_NODE ? rootItem(p, nodeRoot(p, ref)) : 0;
}

function ownerOfItem(p: Partition, ref: number): number {
  const type = itemType(p, ref);
  if (type < ITEM_TYPE.MEMBER) return ref;
  if (type === ITEM_TYPE.MEMBER) {
    // One that is not linked is in no collection yet, or not any more, and its root may be gone.
    return itemIsLinked(p, ref) ? rootItem(p, itemNamespace(p, ref)) : 0;
  }
  // An element has the leaf that it hangs on where a member has its slot.
  const leaf = itemSlot(p, ref);
  return leaf === 0 ? 0 : rootItem(p, nodeRoot(p, leaf));
}
