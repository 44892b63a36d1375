/**
 * What happens to members of large collections from outside: they expire, they move to another page.
 *
 * Guard: the partition lock. Nothing here takes memory. (member.ts has what commands do.)
 */
import { collectionRoot, itemIsLarge } from '../../memory/collection.ts';
import {
  ITEM_TYPE,
  itemBytes,
  itemExpiresAtMs,
  itemHash,
  itemNamespace,
  itemSlot,
  itemType,
} from '../../memory/item.ts';
import {
  rootBytesAdd,
  rootCount,
  rootExpiringAdd,
  rootItem,
  rootItemSet,
} from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { guardMove } from '../guard.ts';
import { indexRemove } from '../hash-index.ts';
import { itemCasRenew, itemRetire, itemUnlink } from '../lifecycle.ts';
import { treeTop } from './counted-tree.ts';
import { treeMemberReplace } from './counted-tree-order.ts';
import { rosterRemove, rosterReplace } from './roster.ts';

/** Takes a member out of its collection and frees it. A sorted set's has left the tree before. */
export function memberDrop(p: Partition, rootRef: number, ref: number, hash: number): void {
  rosterRemove(p, rootRef, itemSlot(p, ref));
  indexRemove(p, hash, ref);
  rootBytesAdd(p, rootRef, -itemBytes(p, ref));
  if (itemExpiresAtMs(p, ref) !== 0) rootExpiringAdd(p, rootRef, -1);
  itemRetire(p, ref);
}

/** A member was found dead: a hash's field whose time has come. The hash goes with its last one. */
export function memberReap(p: Partition, ref: number): void {
  const rootRef = itemNamespace(p, ref);
  memberDrop(p, rootRef, ref, itemHash(p, ref));
  const item = rootItem(p, rootRef);
  if (item === 0) return; // it waits in the graveyard
  if (rootCount(p, rootRef) === 0) {
    itemUnlink(p, itemHash(p, item), item, CHANGE.EXPIRE);
  } else {
    itemCasRenew(p, item);
    changeNote(p, CHANGE.STORE, item);
  }
}

/**
 * An item was copied from one chunk to another, and the index knows: so do the guards, and the collection
 * that it is the name or a member of. The old copy is still there.
 */
export function itemMoved(p: Partition, from: number, to: number): void {
  if (itemType(p, to) === ITEM_TYPE.MEMBER) {
    memberMoved(p, from, to);
    return;
  }
  guardMove(p, from, to);
  if (itemIsLarge(p, to)) rootItemSet(p, collectionRoot(p, to), to);
}

function memberMoved(p: Partition, from: number, to: number): void {
  const rootRef = itemNamespace(p, to);
  rosterReplace(p, rootRef, itemSlot(p, to), to);
  if (treeTop(p, rootRef) !== 0) treeMemberReplace(p, rootRef, from, to);
}
