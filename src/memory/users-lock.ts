/**
 * The lock of RESP's users: who holds it may change them. The users themselves are no part of shared memory;
 * the lock gives their changes one order (commands/resp/acl/acl-change.ts).
 *
 * Order: it is taken before any partition's, so by nobody who holds one of those.
 */
import { CONTROL, type Control } from './control.ts';
import { lockOwner, lockRelease, lockTake } from './lock.ts';

/** `owner`: what the thread shows in lock words. */
export function usersLock({ i32 }: Control, owner: number): void {
  lockTake(i32, CONTROL.usersLock, owner);
}

export function usersUnlock({ i32 }: Control): void {
  lockRelease(i32, CONTROL.usersLock);
}

/** Frees it if a dead thread held it. Returns whether it did. */
export function usersLockFree({ i32 }: Control, owner: number): boolean {
  if (lockOwner(i32, CONTROL.usersLock) !== owner) return false;
  lockRelease(i32, CONTROL.usersLock);
  return true;
}
