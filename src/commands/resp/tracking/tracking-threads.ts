/**
 * Which threads have clients that track, and so what the engine has to leave records of: a bit for each thread in
 * words of the control block, and NOTE bits in each partition while any is set.
 */
import { notesWant } from '../../../engine/change-log.ts';
import { CONTROL, type Control, THREAD_COUNT_MAX } from '../../../memory/control.ts';
import { partitionLock, partitionUnlock } from '../../../memory/partition.ts';
import { trackedHead } from '../../../memory/tracked-keys.ts';
import type { RespCall } from '../call.ts';
import { partitionEnter, partitionLeave } from '../locks.ts';

/** Where the words of a mask start. */
export const MASK = {
  TRACKING: CONTROL.trackingThreads,
  BROADCAST: CONTROL.broadcastThreads,
} as const;
type Mask = (typeof MASK)[keyof typeof MASK];

const MASK_WORDS = THREAD_COUNT_MAX / 32;

/** The thread wants records from now on. All locks are held, or none. */
export function notesBegin(call: RespCall, mask: Mask, note: number): void {
  const { keyspace, locks, tracking, server } = call;
  maskSet(keyspace.control, mask, server.threadIndex, true);
  for (const p of keyspace.partitions) {
    const entered = partitionEnter(locks, p);
    notesWant(p, note, 0);
    if (!tracking.isActive) tracking.positions[p.id] = trackedHead(p.tracked, p.id);
    partitionLeave(locks, p, entered);
  }
}

/**
 * The thread wants none any more, and holds no locks. Under each lock it is looked at anew whether nobody else wants it, who would ask for it after saying so.
 */
export function notesEnd({ keyspace, server }: RespCall, mask: Mask, note: number): void {
  const { control, partitions } = keyspace;
  maskSet(control, mask, server.threadIndex, false);
  for (const p of partitions) {
    partitionLock(p);
    if (maskCount(control, mask) === 0) notesWant(p, 0, note);
    partitionUnlock(p);
  }
}

export function maskSet({ i32 }: Control, mask: Mask, thread: number, isOn: boolean): void {
  const word = mask + (thread >>> 5);
  const bit = 1 << (thread & 31);
  if (isOn) Atomics.or(i32, word, bit);
  else Atomics.and(i32, word, ~bit);
}

export function maskHas({ i32 }: Control, mask: Mask, thread: number): boolean {
  return ((Atomics.load(i32, mask + (thread >>> 5)) >>> (thread & 31)) & 1) !== 0;
}

export function maskCount({ i32 }: Control, mask: Mask): number {
  let count = 0;
  for (let word = 0; word < MASK_WORDS; word++) {
    for (let bits = Atomics.load(i32, mask + word); bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}

/** Whether another thread's bit is set. */
export function maskHasOthers(control: Control, mask: Mask, thread: number): boolean {
  return maskCount(control, mask) > (maskHas(control, mask, thread) ? 1 : 0);
}
