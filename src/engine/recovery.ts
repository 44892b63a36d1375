/**
 * After a thread died: what it held is freed by rule. A partition whose lock it held is verified, and
 * emptied if the thread left it half changed; items it was sending or receiving are let go.
 */

import { chainHolds } from '../memory/chain.ts';
import { configLockFree } from '../memory/config-store.ts';
import { CONNECTION, connectionRelease, connectionsWalk } from '../memory/connections.ts';
import { CONTROL } from '../memory/control.ts';
import { chunkKind, itemIsChained, KIND_ITEM } from '../memory/item.ts';
import {
  HEADER,
  type Partition,
  partitionLockOwner,
  partitionTryLock,
  partitionUnlock,
} from '../memory/partition.ts';
import { usersLockFree } from '../memory/users-lock.ts';
import { type Keyspace, partitionReset } from './keyspace.ts';
import { itemUnhold } from './lifecycle.ts';
import { partitionVerify } from './verify.ts';

export type Recovery = {
  /** Partitions whose lock the thread held. */
  readonly locksFreed: number[];
  /** Those of them that had to be emptied, with what was wrong. */
  readonly resets: { readonly partition: number; readonly problems: readonly string[] }[];
};

/**
 * Frees the locks that a thread held. It must be gone for good: nothing of it may still run.
 *   owner   what it showed in lock words
 * Never waits for a lock, since only its caller can free those of another dead thread.
 */
export function locksRecover(keyspace: Keyspace, owner: number): Recovery {
  const { control } = keyspace;
  const recovery: Recovery = { locksFreed: [], resets: [] };
  if (configLockFree(keyspace.configs, owner)) Atomics.add(control.i32, CONTROL.locksFreed, 1);
  if (usersLockFree(control, owner)) Atomics.add(control.i32, CONTROL.locksFreed, 1);
  Atomics.compareExchange(control.i32, CONTROL.straying, owner, 0);
  for (const p of keyspace.partitions) {
    if (partitionLockOwner(p) !== owner) continue;
    recovery.locksFreed.push(p.id);
    Atomics.add(control.i32, CONTROL.locksFreed, 1);
    const problems = partitionVerify(p);
    if (problems.length > 0) {
      partitionReset(p);
      recovery.resets.push({ partition: p.id, problems });
      Atomics.add(control.i32, CONTROL.partitionResets, 1);
    }
    partitionUnlock(p);
  }
  return recovery;
}

/**
 * Clears the connection records of a dead data thread, and lets go of the items they held. False when
 * a lock was not to be had: call again a little later, when other dead threads' are freed as well.
 */
export function connectionsRecover(keyspace: Keyspace, threadIndex: number): boolean {
  const { control } = keyspace;
  let isDone = true;
  connectionsWalk(control, (record) => {
    if (control.i32[record + CONNECTION.owner] !== threadIndex + 1) return;
    if (connectionUnhold(keyspace, record)) connectionRelease(control, record);
    else isDone = false;
  });
  return isDone;
}

const LOCK_TRIES_MAX = 1000;

function connectionUnhold(keyspace: Keyspace, record: number): boolean {
  const { i32 } = keyspace.control;
  const partition = i32[record + CONNECTION.holdPartition] - 1;
  if (partition < 0) return true;
  const p = keyspace.partitions[partition];
  let tries = 0;
  while (!partitionTryLock(p)) if (++tries === LOCK_TRIES_MAX) return false;
  const ref = i32[record + CONNECTION.holdRef];
  const isThere = p.i32[HEADER.resetCount] === i32[record + CONNECTION.holdResets];
  if (isThere && isHeldItem(p, ref)) itemUnhold(p, ref);
  partitionUnlock(p);
  return true;
}

/** The thread may have died between letting go of the item and saying so. */
function isHeldItem(p: Partition, ref: number): boolean {
  return chunkKind(p, ref) === KIND_ITEM && itemIsChained(p, ref) && chainHolds(p, ref) > 0;
}
