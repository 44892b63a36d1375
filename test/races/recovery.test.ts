/** Threads that die: what they held is freed, what they spoilt is emptied, and the rest is untouched. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { indexWalk } from '../../src/engine/hash-index.ts';
import type { Keyspace } from '../../src/engine/keyspace.ts';
import { connectionsRecover, locksRecover, type Recovery } from '../../src/engine/recovery.ts';
import { STATUS } from '../../src/engine/status.ts';
import { connectionsOpen } from '../../src/memory/connections.ts';
import { CONTROL } from '../../src/memory/control.ts';
import {
  HEADER,
  partitionLock,
  partitionLockOwner,
  partitionUnlock,
  TABLE,
} from '../../src/memory/partition.ts';
import { Client, itemEntry } from '../engine/client.ts';
import {
  handlesMake,
  keyspaceMake,
  partitionExpectEmpty,
  partitionExpectSound,
} from '../engine/fixture.ts';
import { MIB } from '../engine/limits.ts';
import { sealFault, valueSealed } from './hammer-plan.ts';
import type { MortalStart } from './mortal-worker.ts';

const ENTRY = new URL('./mortal-worker.ts', import.meta.url);
const OWNER = 9;
const THREAD_INDEX = 3;
const PARTITIONS = 4;
const KEYS = Array.from({ length: 200 }, (_, n) => `key:${n}`);
const VICTIM = KEYS[0];

/** What the supervisor does for a dead data thread. */
function threadRecover(keyspace: Keyspace, owner: number, threadIndex: number): Recovery {
  const recovery = locksRecover(keyspace, owner);
  expect(connectionsRecover(keyspace, threadIndex)).toBe(true);
  return recovery;
}

type Scene = { readonly keyspace: Keyspace; readonly handles: MortalStart['handles'] };

function sceneMake(): Scene {
  const handles = handlesMake({ bytes: 4 * MIB, partitionCount: PARTITIONS });
  const keyspace = keyspaceMake(handles);
  const client = new Client();
  for (const [n, key] of KEYS.entries()) {
    const value = valueSealed(n === 0 ? 20_000 : n, n);
    client.set(keyspace.partitionFor(client.keySet(key)), key, value);
  }
  return { keyspace, handles };
}

/** Runs a thread until it is in the middle of its deed, and to its death. */
async function threadRunToDeath(
  { handles }: Scene,
  deed: MortalStart['deed'],
  death: MortalStart['death'],
): Promise<void> {
  const start: MortalStart = {
    handles,
    owner: OWNER,
    threadIndex: THREAD_INDEX,
    deed,
    key: VICTIM,
    death,
  };
  const worker = new Worker(ENTRY, { workerData: start });
  const errors: unknown[] = [];
  worker.on('error', (error) => errors.push(error));
  const exited = once(worker, 'exit').catch(() => undefined);
  if (death === 'terminate') {
    await once(worker, 'message');
    await worker.terminate();
  }
  await exited;
  expect(errors.length).toBe(death === 'throw' ? 1 : 0);
}

function read(keyspace: Keyspace, key: string): Buffer | null {
  const client = new Client();
  return client.get(keyspace.partitionFor(client.keySet(key)), key)?.value ?? null;
}

function keysExpectWhole(keyspace: Keyspace, keys: readonly string[]): void {
  for (const key of keys) {
    const value = read(keyspace, key);
    expect(value, key).not.toBeNull();
    expect(sealFault(value as Buffer)).toBe('');
  }
}

function victimPartition(keyspace: Keyspace): number {
  return keyspace.partitionFor(new Client().keySet(VICTIM)).id;
}

/** Keys of the partition in which the thread dies, or of the others. */
function keysOf({ keyspace }: Scene, isVictims: boolean): string[] {
  const victim = victimPartition(keyspace);
  const client = new Client();
  return KEYS.filter(
    (key) => (keyspace.partitionFor(client.keySet(key)).id === victim) === isVictims,
  );
}

describe('a thread that died with a lock', () => {
  const spoilt = ['a chunk taken', 'an entry removed', 'a value half written'] as const;
  const deaths = ['exit', 'throw', 'terminate'] as const;

  it.each(spoilt.map((deed, n) => ({ deed, death: deaths[n] })))(
    'and $deed, by $death: loses that partition, and no other',
    async ({ deed, death }) => {
      const scene = sceneMake();
      const { keyspace } = scene;
      const victim = keyspace.partitions[victimPartition(keyspace)];
      const casBefore = victim.i32[HEADER.casLo];
      await threadRunToDeath(scene, deed, death);
      expect(partitionLockOwner(victim)).toBe(OWNER);

      const recovery = threadRecover(keyspace, OWNER, THREAD_INDEX);
      expect(recovery.locksFreed).toEqual([victim.id]);
      expect(recovery.resets.map((reset) => reset.partition)).toEqual([victim.id]);
      expect(recovery.resets[0].problems.length).toBeGreaterThan(0);
      expect(keyspace.control.i32[CONTROL.locksFreed]).toBe(1);
      expect(keyspace.control.i32[CONTROL.partitionResets]).toBe(1);
      expect(victim.i32[HEADER.resetCount]).toBe(1);
      for (const p of keyspace.partitions) {
        expect(partitionLockOwner(p)).toBe(0);
        partitionExpectSound(p);
      }
      partitionExpectEmpty(victim);
      keysExpectWhole(keyspace, keysOf(scene, false));

      // It serves again, and its CAS uniques go on from where they were.
      const client = new Client();
      expect(client.set(victim, VICTIM, 'again')).toBe(STATUS.OK);
      const unique = client.get(victim, VICTIM)?.casUnique ?? 0;
      expect(unique).toBeGreaterThan(casBefore * PARTITIONS + victim.id + 1);
      expect(threadRecover(keyspace, OWNER, THREAD_INDEX)).toEqual({ locksFreed: [], resets: [] });
    },
  );

  it('and had changed nothing: gives the lock back, and loses nothing', async () => {
    const scene = sceneMake();
    await threadRunToDeath(scene, 'nothing', 'terminate');
    const recovery = threadRecover(scene.keyspace, OWNER, THREAD_INDEX);
    const victim = victimPartition(scene.keyspace);
    expect(recovery).toEqual({ locksFreed: [victim], resets: [] });
    keysExpectWhole(scene.keyspace, KEYS);
  });
});

describe('a thread that died while', () => {
  it('another dead thread has the lock of what it held: is cleared once that is freed', async () => {
    const scene = sceneMake();
    const { keyspace } = scene;
    await threadRunToDeath(scene, 'a value half sent', 'exit');
    const victim = keyspace.partitions[victimPartition(keyspace)];
    victim.i32[HEADER.lock] = OWNER + 1;
    expect(connectionsRecover(keyspace, THREAD_INDEX)).toBe(false);
    expect(connectionsOpen(keyspace.control)).toBe(1);
    expect(locksRecover(keyspace, OWNER + 1).locksFreed).toEqual([victim.id]);
    expect(connectionsRecover(keyspace, THREAD_INDEX)).toBe(true);
    expect(connectionsOpen(keyspace.control)).toBe(0);
  });

  it.each([
    { deed: 'a value half sent', death: 'exit', leaves: KEYS },
    { deed: 'a value half received', death: 'throw', leaves: KEYS },
  ] as const)('$deed: lets go of it', async ({ deed, death, leaves }) => {
    const scene = sceneMake();
    const { keyspace } = scene;
    await threadRunToDeath(scene, deed, death);
    expect(connectionsOpen(keyspace.control)).toBe(1);
    const recovery = threadRecover(keyspace, OWNER, THREAD_INDEX);
    expect(recovery).toEqual({ locksFreed: [], resets: [] });
    expect(connectionsOpen(keyspace.control)).toBe(0);
    keysExpectWhole(keyspace, leaves);
    const client = new Client();
    for (const key of KEYS) client.delete(keyspace.partitionFor(client.keySet(key)), key);
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
  });

  it('a value half sent whose key is gone since: frees it', async () => {
    const scene = sceneMake();
    const { keyspace } = scene;
    await threadRunToDeath(scene, 'a value half sent', 'exit');
    const client = new Client();
    for (const key of KEYS) client.delete(keyspace.partitionFor(client.keySet(key)), key);
    threadRecover(keyspace, OWNER, THREAD_INDEX);
    for (const p of keyspace.partitions) partitionExpectEmpty(p);
  });

  it('a value half sent, from a partition that another death emptied: lets go of nothing', async () => {
    const scene = sceneMake();
    const { keyspace } = scene;
    await threadRunToDeath(scene, 'a value half sent', 'exit');
    const victim = keyspace.partitions[victimPartition(keyspace)];
    victim.i32[HEADER.keysTable + TABLE.itemCount]++; // spoilt by another thread, which died with the lock
    victim.i32[HEADER.lock] = OWNER + 1;
    expect(threadRecover(keyspace, OWNER + 1, THREAD_INDEX + 1).resets.length).toBe(1);
    const client = new Client();
    client.set(victim, VICTIM, valueSealed(20_000, 1));
    threadRecover(keyspace, OWNER, THREAD_INDEX);
    expect(connectionsOpen(keyspace.control)).toBe(0);
    keysExpectWhole(keyspace, [VICTIM]);
    partitionExpectSound(victim);
  });
});

describe('a thread killed anywhere', () => {
  it('leaves partitions that are sound or emptied, and no value torn', async () => {
    const scene = sceneMake();
    const { keyspace } = scene;
    for (let round = 0; round < 6; round++) {
      await threadRunToDeath(scene, 'anything', 'terminate');
      threadRecover(keyspace, OWNER, THREAD_INDEX);
      for (const p of keyspace.partitions) {
        partitionLock(p);
        partitionExpectSound(p);
        const faults: string[] = [];
        indexWalk(p, (ref) => faults.push(sealFault(itemEntry(p, ref).value)));
        partitionUnlock(p);
        expect(faults.filter((fault) => fault !== '')).toEqual([]);
      }
    }
  });
});
