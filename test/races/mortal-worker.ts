/** A thread that dies at a bad moment. */
import { parentPort, workerData } from 'node:worker_threads';
import { indexRemove } from '../../src/engine/hash-index.ts';
import { type Keyspace, keyspaceAttach } from '../../src/engine/keyspace.ts';
import { itemCount } from '../../src/engine/lifecycle.ts';
import { chainStart, chainWrite, valueHold } from '../../src/engine/types/chained.ts';
import { itemFind } from '../../src/engine/types/string.ts';
import type { ArenaHandles } from '../../src/memory/arena.ts';
import { CONNECTION, connectionClaim } from '../../src/memory/connections.ts';
import { itemHeaderRewrite, itemValueOffset } from '../../src/memory/item.ts';
import {
  HEADER,
  type Partition,
  partitionLock,
  partitionUnlock,
} from '../../src/memory/partition.ts';
import { chunkTake } from '../../src/memory/slab.ts';
import { Client } from '../engine/client.ts';
import { valueSealed } from './hammer-plan.ts';

export type MortalStart = {
  readonly handles: ArenaHandles;
  readonly owner: number;
  readonly threadIndex: number;
  /** What it is in the middle of. */
  readonly deed:
    | 'nothing'
    | 'a chunk taken'
    | 'an entry removed'
    | 'a value half written'
    | 'a value half sent'
    | 'a value half received'
    | 'anything';
  readonly key: string;
  readonly death: 'exit' | 'throw' | 'terminate';
};

const HELD_BYTES = 30_000;

if (parentPort !== null && workerData !== null) {
  const start = workerData as MortalStart;
  const keyspace = keyspaceAttach(start.handles, start.owner);
  const client = new Client();
  if (start.deed === 'anything') keysChurn(keyspace, client);
  const p = keyspace.partitionFor(client.keySet(start.key));
  partitionLock(p);
  const takesLockAlong = deedBegin(keyspace, p, client, start);
  if (!takesLockAlong) partitionUnlock(p);
  parentPort.postMessage('in the middle of it');
  if (start.death === 'exit') process.exit();
  if (start.death === 'throw') throw new Error('dies inside the lock');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

/** Starts what the thread will not finish. Whether it does so with the lock in its hand. */
function deedBegin(keyspace: Keyspace, p: Partition, client: Client, start: MortalStart): boolean {
  const { op } = client;
  const ref = itemFind(p, op);
  switch (start.deed) {
    case 'a chunk taken':
      chunkTake(p, 3);
      return true;
    case 'an entry removed':
      indexRemove(p, op.key.hash, ref);
      return true;
    case 'a value half written':
      itemCount(p, ref, -1);
      itemHeaderRewrite(p, ref, 0, 3);
      p.u8.write('ha', itemValueOffset(p, ref));
      return true;
    case 'a value half sent':
      valueHold(p, ref);
      holdNote(keyspace, p, ref, start.threadIndex);
      return false;
    case 'a value half received': {
      client.valueSet(valueSealed(HELD_BYTES, 7));
      const fresh = chainStart(p, op, op.valueBytes);
      chainWrite(p, fresh, 0, op.value, 0, HELD_BYTES / 2, op.nowMs);
      holdNote(keyspace, p, fresh, start.threadIndex);
      return false;
    }
    default:
      return true;
  }
}

/** As a connection does, so that the item is let go when its thread is dead. */
function holdNote(keyspace: Keyspace, p: Partition, ref: number, threadIndex: number): void {
  const record = connectionClaim(keyspace.control, threadIndex);
  const { i32 } = keyspace.control;
  i32[record + CONNECTION.holdResets] = p.i32[HEADER.resetCount];
  i32[record + CONNECTION.holdPartition] = p.id + 1;
  i32[record + CONNECTION.holdRef] = ref;
}

/** Stores and deletes for as long as it lives. */
function keysChurn(keyspace: Keyspace, client: Client): never {
  for (let n = 0; ; n++) {
    const key = `churn:${n % 50}`;
    const p = keyspace.partitionFor(client.keySet(key));
    const value = valueSealed((n * 7919) % (n % 10 === 0 ? HELD_BYTES : 900), n);
    partitionLock(p);
    if (n % 7 === 0) client.delete(p, key);
    else client.set(p, key, value);
    partitionUnlock(p);
    if (n === 200) parentPort?.postMessage('in the middle of it');
  }
}
