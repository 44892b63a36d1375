/**
 * A value goes to another key, or a copy of it does: of any type, from partition to partition, with its
 * expiry time, client flags and encoding. It is there as a whole, or not at all.
 *
 * Members of a large collection lie where its key does, in a namespace that is its root's ref. So only within
 * a partition can it change its name and stay where it is; to another partition it goes member by member.
 *
 * Guard: the locks of both partitions.
 */
import {
  collectionFlags,
  collectionFlagsSet,
  collectionHeaderWrite,
  collectionRoot,
  FORM,
  itemIsCollection,
  itemIsLarge,
  LARGE_VALUE_BYTES,
} from '../memory/collection.ts';
import {
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  itemBytesFor,
  itemClientFlags,
  itemExpiresAtMs,
  itemExpiresAtMsSet,
  itemExtras,
  itemHeaderWrite,
  itemKeyWrite,
  itemType,
  itemValueOffset,
} from '../memory/item.ts';
import { itemAccessCopy } from '../memory/item-access.ts';
import type { Partition } from '../memory/partition.ts';
import { CHANGE } from './change-log.ts';
import { rootAttach, rootDetach } from './collection/root.ts';
import { chunkObtain } from './eviction.ts';
import { guardAdd, guardsClear } from './guard.ts';
import { indexFind } from './hash-index.ts';
import { itemUnlink } from './lifecycle.ts';
import type { Operation } from './operation.ts';
import { STATUS, type Status } from './status.ts';
import { itemSeek, itemSucceed } from './types/string.ts';
import { ValueBuilder } from './value-build.ts';
import { valueTell } from './value-tell.ts';

/**
 * Gives op's key, in the partition `to`, a copy of the live item's value. MISSING: it is a hash without a
 * field that is alive.
 */
export function itemCopy(from: Partition, ref: number, to: Partition, op: Operation): Status {
  guardAdd(from, ref);
  const status = copyBuild(from, ref, to, op);
  guardsClear(from);
  return status;
}

function copyBuild(from: Partition, ref: number, to: Partition, op: Operation): Status {
  const builder = new ValueBuilder(to, op, itemExpiresAtMs(from, ref));
  op.clientFlags = itemClientFlags(from, ref);
  op.extras = itemExtras(from, ref) & EXTRA_CLIENT_FLAGS; // also where they are 0, which marks a string
  if (!valueTell(from, ref, op.nowMs, builder)) {
    builder.abandon();
    return builder.status === STATUS.OK ? STATUS.MISSING : builder.status;
  }
  if (itemIsCollection(from, ref)) {
    collectionFlagsSet(to, builder.ref, collectionFlags(from, ref));
  }
  return builder.commit();
}

/** As itemCopy, and the item is gone from the key that it had, whose hash is given. */
export function itemRename(
  from: Partition,
  ref: number,
  hash: number,
  to: Partition,
  op: Operation,
): Status {
  guardAdd(from, ref);
  const staysWhereItIs = from === to && itemIsLarge(from, ref);
  const status = staysWhereItIs ? rootHandOver(from, ref, op) : copyBuild(from, ref, to, op);
  guardsClear(from);
  if (status !== STATUS.OK) return status;
  itemAccessCopy(to, indexFind(to, op.key), from, ref);
  itemUnlink(from, hash, ref, CHANGE.DELETE);
  return status;
}

/** Makes an item for op's key in whose hands the collection of `ref` is, which has none then. */
function rootHandOver(p: Partition, ref: number, op: Operation): Status {
  const expiresAtMs = itemExpiresAtMs(p, ref);
  const extras = expiresAtMs === 0 ? 0 : EXTRA_EXPIRY;
  const classId = p.classes.classFor(itemBytesFor(extras, op.key.bytes, LARGE_VALUE_BYTES));
  const heir = chunkObtain(p, classId, op.nowMs);
  if (heir === 0) return STATUS.NO_MEMORY;
  itemHeaderWrite(p, heir, itemType(p, ref), extras, op.key.bytes, LARGE_VALUE_BYTES);
  if (extras !== 0) itemExpiresAtMsSet(p, heir, expiresAtMs);
  itemKeyWrite(p, heir, op.key);
  // Without a root so far, since it may not find a place in the index, and is freed then.
  const flags = collectionFlags(p, ref);
  collectionHeaderWrite(p, itemValueOffset(p, heir), FORM.PACKED, flags, 0);
  const status = itemSucceed(p, op, itemSeek(p, op), heir);
  if (status !== STATUS.OK) return status;
  const rootRef = collectionRoot(p, ref);
  rootDetach(p, rootRef);
  rootAttach(p, heir, rootRef);
  collectionHeaderWrite(p, itemValueOffset(p, ref), FORM.PACKED, flags, 0);
  return STATUS.OK;
}
