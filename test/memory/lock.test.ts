/** The partition lock, among real threads. */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  LOCK_COUNT,
  lockCount,
  lockOwner,
  lockRelease,
  lockTake,
  lockTry,
} from '../../src/memory/lock.ts';
import { type LockStart, WORD } from './lock-worker.ts';

const ENTRY = new URL('./lock-worker.ts', import.meta.url);
const WAIT = 0x8000;
const WORDS = 32;

function wordsMake(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(WORDS * 4));
}

function workerStart(
  words: Int32Array<SharedArrayBuffer>,
  task: LockStart['task'],
  rounds = 0,
): Worker {
  const start: LockStart = { sab: words.buffer, task, rounds };
  return new Worker(ENTRY, { workerData: start });
}

describe('the lock', () => {
  it('lets one thread in at a time, and shows whose it is', async () => {
    const THREADS = 4;
    const ROUNDS = 40_000;
    const words = wordsMake();
    const workers = Array.from({ length: THREADS }, () => workerStart(words, 'count', ROUNDS));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    expect(words[WORD.count]).toBe(THREADS * ROUNDS);
    expect(words[WORD.overlaps]).toBe(0);
    expect(words[WORD.wrongOwners]).toBe(0);
    expect(words[WORD.lock]).toBe(0);
  });

  it('is refused to a try while another holds it, and wakes the one that waits', async () => {
    const words = wordsMake();
    const worker = workerStart(words, 'hold');
    const [owner] = (await once(worker, 'message')) as [number];
    expect(lockOwner(words, WORD.lock)).toBe(owner);
    expect(lockTry(words, WORD.lock, 1)).toBe(false);
    expect(lockOwner(words, WORD.lock)).toBe(owner);

    words[WORD.lock + LOCK_COUNT.contended] = -1; // as after 2^32 - 1 meetings
    const waiter = workerStart(words, 'count', 1);
    while ((Atomics.load(words, WORD.lock) & WAIT) === 0) await setImmediate();
    expect(lockOwner(words, WORD.lock)).toBe(owner);
    Atomics.store(words, WORD.go, 1);
    Atomics.notify(words, WORD.go);
    await Promise.all([once(worker, 'exit'), once(waiter, 'exit')]);
    expect(words[WORD.count]).toBe(1);
    expect(words[WORD.lock]).toBe(0);
    expect(lockCount(words, WORD.lock, LOCK_COUNT.contended)).toBe(2 ** 32);
    expect(lockCount(words, WORD.lock, LOCK_COUNT.sleeps)).toBeGreaterThan(0);
  });

  it('wakes a sleeper when it is released, and only then asks for a wake-up', () => {
    const words = wordsMake();
    lockTake(words, WORD.lock, 7);
    expect(words[WORD.lock]).toBe(7);
    lockRelease(words, WORD.lock);
    words[WORD.lock] = 9 | WAIT;
    expect(lockOwner(words, WORD.lock)).toBe(9);
    lockRelease(words, WORD.lock);
    expect(words[WORD.lock]).toBe(0);
    expect(lockTry(words, WORD.lock, 3)).toBe(true);
    expect(lockOwner(words, WORD.lock)).toBe(3);
  });
});
