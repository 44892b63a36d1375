/** `-u`: becoming another user, once everything that needs root is done. */
import { execFileSync } from 'node:child_process';
import { errorReason, errorSystemCode, FAULT } from '../base/errors.ts';

const USER_NAME = /^[a-z0-9_][a-z0-9_.-]*\$?$/i;

/**
 * Gives up root for `user`, its group and no other groups. Without effect unless the process is
 * root's. Only the main thread may call this; it changes all threads.
 *   errors   USER_UNKNOWN, USER_REFUSED
 */
export function userAssume(user: string): void {
  if (process.getuid?.() !== 0) return;
  const userId = idLookUp('-u', user);
  const groupId = idLookUp('-g', user);
  if (userId === 0) return;
  try {
    groupsDrop();
    process.setgid?.(groupId);
    process.setuid?.(userId);
  } catch (error) {
    throw FAULT.userRefused(user, errorReason(error));
  }
}

/** Node looks up a user's id, but not the id of the user's group; id(1) knows both. */
function idLookUp(which: '-u' | '-g', user: string): number {
  if (!USER_NAME.test(user)) throw FAULT.userUnknown(user);
  try {
    return Number(execFileSync('id', [which, user], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch (error) {
    if (errorSystemCode(error) === 'ENOENT') {
      throw FAULT.userRefused(user, 'the program id, which looks it up, is missing');
    }
    throw FAULT.userUnknown(user);
  }
}

/** EPERM means that a container took the right away together with the groups. */
function groupsDrop(): void {
  try {
    process.setgroups?.([]);
  } catch (error) {
    if (errorSystemCode(error) !== 'EPERM') throw error;
  }
}
