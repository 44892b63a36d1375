/** The lock of RESP's users, and that it does not stay with a dead thread. */
import { expect, it } from 'vitest';
import { locksRecover } from '../../src/engine/recovery.ts';
import { CONTROL } from '../../src/memory/control.ts';
import { usersLock, usersLockFree, usersUnlock } from '../../src/memory/users-lock.ts';
import { handlesMake, keyspaceMake } from '../engine/fixture.ts';

const DEAD = 9;
const OTHER = 3;

it('is freed with the other locks of a dead thread, and by that alone', () => {
  const keyspace = keyspaceMake(handlesMake());
  const { control } = keyspace;
  const owner = (): number => Atomics.load(control.i32, CONTROL.usersLock);
  usersLock(control, OTHER);
  locksRecover(keyspace, DEAD);
  expect(owner()).toBe(OTHER);
  usersUnlock(control);
  usersLock(control, DEAD);
  expect(usersLockFree(control, OTHER)).toBe(false);
  locksRecover(keyspace, DEAD);
  expect(owner()).toBe(0);
});
