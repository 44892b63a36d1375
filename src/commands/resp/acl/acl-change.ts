/**
 * Changes of users: made by one thread at a time, and known to all before any of them runs another
 * command. Clients lose at once what their user has lost: those of a user who is gone are closed, and
 * those that are subscribed to what he may not hear any more.
 *
 * Guard: the users' lock gives all changes one order (memory/users-lock.ts).
 * Source: Valkey src/acl.c ACLKillPubsubClientsIfNeeded.
 */
import { assert } from '../../../base/assert.ts';
import type { Settings } from '../../../config/directive-table.ts';
import type { UserLine } from '../../../config/resp-config.ts';
import { clientTake } from '../../../memory/client-records.ts';
import { usersLock, usersUnlock } from '../../../memory/users-lock.ts';
import type { RespCall } from '../call.ts';
import { clientClose } from '../server/client-kill.ts';
import { type RespSession, subscriptionCount } from '../session.ts';
import { channelAllowed } from './acl-check.ts';
import { sessionFollow } from './acl-guard.ts';
import {
  type AclUser,
  type RuleContext,
  USER_DEFAULT,
  type UserImage,
  userPlan,
  userRules,
} from './acl-user.ts';

const NOTICE_WEIGHT = 1024;

/** Users that come or change, and names of those that go. */
export type UsersChange = {
  readonly puts: readonly UserImage[];
  readonly removes: readonly string[];
};

export function ruleContext({ table, config }: RespCall): RuleContext {
  return { table, allChannels: channelsAreOpen(config.settings) };
}

/** Whether a new user may use all channels. */
export function channelsAreOpen({ aclPubsubDefault }: Settings): boolean {
  return aclPubsubDefault === 'allchannels';
}

/**
 * Takes the lock of the users, and hears of all changes before. No partition's is held. False: it is
 * held already, by the transaction that is running.
 */
export function usersEnter(call: RespCall): boolean {
  if (call.holdsUsers) return false;
  assert(!call.locks.areHeld, 'the lock of the users comes before those of partitions');
  usersLock(call.keyspace.control, call.keyspace.partitions[0].owner);
  call.holdsUsers = true;
  call.bulletin.catchUp();
  return true;
}

export function usersLeave(call: RespCall, entered: boolean): void {
  if (!entered) return;
  call.holdsUsers = false;
  usersUnlock(call.keyspace.control);
}

/**
 * Changes users on all threads. `plan` finds them as they are after all other changes, and tells what is
 * to become of them, or what is wrong; that is returned then, else null.
 */
export function usersChange(call: RespCall, plan: () => UsersChange | string): string | null {
  const { bulletin, server, users } = call;
  const entered = usersEnter(call);
  const change = plan();
  if (typeof change === 'string') {
    usersLeave(call, entered);
    return change;
  }
  const cutsClients = usersApply(call, change);
  bulletin.postWeighed({ kind: 'users', change }, NOTICE_WEIGHT);
  const lines = change.puts.map(({ name }) => userLine(users.find(name) ?? users.default));
  server.respUsers(lines, change.removes);
  usersLeave(call, entered);
  // Whoever looks for clients that lose their connection by this should not find them.
  if (cutsClients && entered) bulletin.othersAwait();
  return null;
}

/** A user as a configuration has him. */
export function userLine(user: AclUser): UserLine {
  return { name: user.name, words: userRules(user), place: '' };
}

/** CONFIG SET requirepass: it becomes the one password of default; without it he needs none. */
export function requirepassApply(call: RespCall): void {
  const rules = requirepassRules(call.config.settings);
  usersChange(call, () => {
    const image = userPlan(ruleContext(call), USER_DEFAULT, call.users.default, rules);
    return typeof image === 'string' ? image : { puts: [image], removes: [] };
  });
}

export function requirepassRules({ requirepass }: Settings): readonly string[] {
  return ['resetpass', requirepass === '' ? 'nopass' : `>${requirepass}`];
}

// ── On each thread ──────────────────────────────────────────────────────────────────────────────

/** Returns whether clients of any thread may have lost something by it. */
function usersApply(call: RespCall, { puts, removes }: UsersChange): boolean {
  const { users, sessions } = call;
  let hasLost = removes.length > 0;
  for (const image of puts) {
    const before = users.find(image.name);
    const channels = before === null ? null : channelsOf(before);
    const user = users.put(image);
    if (before === null || !losesChannels(channels, channelsOf(user))) continue;
    hasLost = true;
    listenersCut(call, user);
  }
  for (const name of removes) {
    const user = users.remove(name);
    for (const session of sessions.values()) if (session.user === user) userCut(call, session);
  }
  for (const session of sessions.values()) sessionFollow(call, session);
  return hasLost;
}

/** Patterns of all selectors; null: all channels are allowed. */
function channelsOf({ selectors }: AclUser): readonly Buffer[] | null {
  if (selectors.some(({ allChannels }) => allChannels)) return null;
  return selectors.flatMap(({ channels }) => channels);
}

function losesChannels(before: readonly Buffer[] | null, after: readonly Buffer[] | null): boolean {
  if (after === null) return false;
  return before === null || before.some((old) => !after.some((pattern) => pattern.equals(old)));
}

function listenersCut(call: RespCall, user: AclUser): void {
  const allowed = channelsOf(user);
  if (allowed === null) return;
  for (const session of [...call.sessions.values()]) {
    const { channels, patterns, shardChannels } = session;
    if (session.user !== user || subscriptionCount(session) === 0) continue;
    const mayHear = (name: string, isPattern: boolean): boolean => {
      const bytes = Buffer.from(name, 'latin1');
      return channelAllowed(allowed, bytes, 0, bytes.length, isPattern);
    };
    const isFine =
      [...patterns].every((name) => mayHear(name, true)) &&
      [...channels, ...shardChannels].every((name) => mayHear(name, false));
    if (!isFine) sessionCut(call, session);
  }
}

/** The user is gone. What the client still has under way, as the rest of a transaction, is refused. */
function userCut(call: RespCall, session: RespSession): void {
  session.user = call.users.stranger(session.user.name);
  session.isAuthenticated = false;
  sessionCut(call, session);
}

function sessionCut(call: RespCall, session: RespSession): void {
  clientTake(call.keyspace.control, session.host.record);
  clientClose(call, session.id);
}

/** Has this thread hear of changes that others make. As with configListen, notices count again after accounts. */
export function usersListen(call: RespCall): void {
  const { bulletin, users } = call;
  const early: UsersChange[] = [];
  bulletin.on('users', (notice) => {
    const change = notice['change'] as UsersChange;
    if (!bulletin.hasJoined) early.push(change);
    usersApply(call, change);
  });
  bulletin.share('users', {
    tell: () => users.images(),
    hear: (_, told) => {
      const images = told as readonly UserImage[];
      const names = new Set(images.map(({ name }) => name));
      const removes = users
        .all()
        .map(({ name }) => name)
        .filter((name) => !names.has(name));
      for (const change of [{ puts: images, removes }, ...early]) usersApply(call, change);
    },
    forget: () => undefined,
  });
}
