/**
 * What happens to members of large collections from outside: they expire, they move to another page.
 *
 * Guard: the partition lock. Nothing here takes memory. (member.ts has what commands do.)
 */
import {
  itemBytes,
  itemExpiresAtMs,
  itemHash,
  itemNamespace,
  itemSlot,
} from '../../memory/item.ts';
import { rootBytesAdd, rootCount, rootExpiringAdd, rootItem } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { CHANGE, changeNote } from '../change-log.ts';
import { indexRemove } from '../hash-index.ts';
import { itemCasRenew, itemRetire, itemUnlink } from '../lifecycle.ts';
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

/** A member was copied to another chunk, and the index knows. */
export function memberMoved(p: Partition, to: number): void {
  rosterReplace(p, itemNamespace(p, to), itemSlot(p, to), to);
}
