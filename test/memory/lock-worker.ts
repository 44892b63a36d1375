/** A thread of lock.test.ts: does what it is told with one lock, and says what it saw. */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { lockOwner, lockRelease, lockTake, lockTry } from '../../src/memory/lock.ts';

export type LockStart = {
  readonly sab: SharedArrayBuffer;
  readonly task: 'count' | 'hold';
  readonly rounds: number;
};

/** i32 indices in `sab`. */
export const WORD = {
  lock: 0,
  inside: 16,
  count: 17,
  overlaps: 18,
  wrongOwners: 19,
  go: 20,
} as const;

if (parentPort !== null && workerData !== null) {
  const { sab, task, rounds } = workerData as LockStart;
  const words = new Int32Array(sab);
  const owner = threadId + 1;
  if (task === 'hold') {
    lockTake(words, WORD.lock, owner);
    parentPort.postMessage(owner);
    Atomics.wait(words, WORD.go, 0);
    lockRelease(words, WORD.lock);
  } else {
    for (let round = 0; round < rounds; round++) {
      // Every eighth round as background work does it: try until it is free.
      if (round % 8 === 7) while (!lockTry(words, WORD.lock, owner));
      else lockTake(words, WORD.lock, owner);
      // Plain loads and stores: they are right only if nobody else is here.
      if (words[WORD.inside]++ !== 0) words[WORD.overlaps]++;
      words[WORD.count]++;
      if (lockOwner(words, WORD.lock) !== owner) words[WORD.wrongOwners]++;
      words[WORD.inside]--;
      lockRelease(words, WORD.lock);
    }
  }
}
