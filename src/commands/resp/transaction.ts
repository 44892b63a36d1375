/**
 * Transactions: MULTI queues commands, EXEC runs them under the locks of all their keys at once, WATCH makes
 * that depend on keys being as they were.
 *
 * Every change of a key gives it a new CAS unique, so a watch is a number to compare, and costs those who
 * change the key nothing. For a key that is missing it is the last number given out: what was stored
 * since has a greater one, and leaves it behind when it is removed (lifecycle.ts).
 */

import { keyFillIn } from '../../base/key.ts';
import { databaseOf } from '../../engine/database.ts';
import { indexFind } from '../../engine/hash-index.ts';
import { casLast, itemCasUnique, itemIsDead, removalCas } from '../../engine/lifecycle.ts';
import { itemCas } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { argumentCopy } from '../../protocol/resp/arguments.ts';
import { execAborted, RESP_ERROR } from '../../protocol/resp/errors.ts';
import { respArray, respNullArray, respOk } from '../../protocol/resp/reply.ts';
import { usersEnter, usersLeave } from './acl/acl-change.ts';
import { aclCheck, execRefusalText } from './acl/acl-guard.ts';
import { answerError, keyTake, type RespCall } from './call.ts';
import type { Command } from './command.ts';
import { commandExecute, locksWant } from './execute.ts';
import { overdueText } from './overdue.ts';
import { FLAG, type RespRow } from './row.ts';
import { GATE, type Queued, type Watched } from './session.ts';
import { trackingBefore } from './tracking/tracking.ts';
import { transactionForget } from './transaction-state.ts';

const { NO_SCRIPT, LOADING, STALE, FAST, ALLOW_BUSY, SKIP_SLOWLOG } = FLAG;
const TRANSACTION = NO_SCRIPT | LOADING | STALE | ALLOW_BUSY;

// biome-ignore format: a table reads in columns
export const TRANSACTION_ROWS: readonly RespRow[] = [
  { name: 'multi',   arity:  1, flags: TRANSACTION | FAST, group: 'transactions', since: '1.2.0', complexity: 'O(1)', syntax: '', doc: 'Starts to queue commands.', run: multi },
  { name: 'exec',    arity:  1, flags: NO_SCRIPT | LOADING | STALE | SKIP_SLOWLOG, group: 'transactions', since: '1.2.0', complexity: 'That of the commands', syntax: '', doc: 'Runs the queued commands as one.', run: exec },
  { name: 'discard', arity:  1, flags: TRANSACTION | FAST, group: 'transactions', since: '2.0.0', complexity: 'O(N), N the queued commands', syntax: '', doc: 'Forgets the queued commands.', run: discard },
  { name: 'watch',   arity: -2, flags: TRANSACTION | FAST, keys: [{ use: 'RO', from: 1, to: -1 }], group: 'transactions', since: '2.2.0', complexity: 'O(1) for each key', syntax: 'key [key ...]', doc: 'Lets EXEC run only if the keys are as they are now.', run: watch },
  { name: 'unwatch', arity:  1, flags: TRANSACTION | FAST, group: 'transactions', since: '2.2.0', complexity: 'O(1)', syntax: '', doc: 'Forgets all watched keys.', run: unwatch },
];

function multi(call: RespCall): void {
  const { session, reply } = call;
  if (session.gate & GATE.MULTI) {
    answerError(call, RESP_ERROR.nestedMulti);
    return;
  }
  session.gate |= GATE.MULTI;
  respOk(reply);
}

function discard(call: RespCall): void {
  const { session, reply } = call;
  if ((session.gate & GATE.MULTI) === 0) {
    answerError(call, 'ERR DISCARD without MULTI');
    return;
  }
  transactionForget(session);
  respOk(reply);
}

function watch(call: RespCall): void {
  const { session, args, reply } = call;
  if (session.gate & GATE.MULTI) {
    answerError(call, 'ERR WATCH inside MULTI is not allowed');
    return;
  }
  for (let index = 1; index < args.count; index++) {
    const p = keyTake(call, index);
    const key = argumentCopy(args, index);
    const { database, namespace } = session;
    if (session.watched.some((old) => old.database === database && old.key.equals(key))) continue;
    const ref = indexFind(p, call.op.key);
    const isThere = ref !== 0 && !itemIsDead(p, ref, call.op.nowMs);
    const cas = isThere ? itemCasUnique(p, ref) : 0;
    session.watched.push({ database, namespace, key, cas, casLast: casLast(p) });
  }
  respOk(reply);
}

function unwatch({ session, reply }: RespCall): void {
  session.watched.length = 0;
  respOk(reply);
}

function exec(call: RespCall): void {
  const { session, reply, locks } = call;
  if ((session.gate & GATE.MULTI) === 0) {
    answerError(call, 'ERR EXEC without MULTI');
    return;
  }
  const queued = session.queue.splice(0);
  const watched = session.watched.splice(0);
  const isBroken = session.queueIsBroken;
  transactionForget(session);
  if (isBroken) {
    answerError(call, RESP_ERROR.execAbort);
    return;
  }
  const changesUsers = queued.some(({ command }) => command.flags & FLAG.CHANGES_USERS);
  const entered = changesUsers && usersEnter(call);
  for (const { command, args } of queued) {
    if (command.flags & FLAG.WHOLE) locks.wantAll();
    locksWant(call, command, args); // one with too long a key will answer that itself
  }
  const namespaces = watched.map(({ database }) => databaseOf(call.keyspace.control, database));
  for (const [at, watch] of watched.entries()) {
    locks.want(watchedPartition(call, watch, namespaces[at]));
    locks.want(watchedPartition(call, watch, watch.namespace));
  }
  if (!locks.take(true)) {
    usersLeave(call, entered);
    answerError(call, execAborted(overdueText(call)));
    return;
  }
  if (session.tracking !== null) trackingBefore(call);
  if (watched.every((watch, at) => watchHolds(call, watch, namespaces[at]))) {
    const { args, command } = call;
    call.inTransaction = true;
    respArray(reply, queued.length);
    for (const next of queued) {
      const verdict = verdictNow(call, command, next);
      call.args = next.args;
      if (verdict === 0) commandExecute(call, next.command);
      else answerError(call, execRefusalText(verdict));
    }
    call.inTransaction = false;
    call.args = args;
    call.command = command;
  } else {
    respNullArray(reply);
  }
  locks.release();
  usersLeave(call, entered);
}

/** The user may have changed since the command was queued. `exec`: what the client has sent now. */
function verdictNow(call: RespCall, exec: Command, { command, args }: Queued): number {
  if (!call.session.user.isRestricted) return 0;
  call.command = exec;
  return aclCheck(call, command, args, 'multi');
}

/** The partition of a watched key, in a namespace; the key is in op.key. */
function watchedPartition(call: RespCall, { key }: Watched, namespace: number): Partition {
  keyFillIn(call.op.key, namespace, key, 0, key.length);
  return call.keyspace.partitionFor(call.op.key.hash);
}

/**
 * Whether a watched key is as it was. One that was there and has expired since is not; one that had
 * expired before counts as missing. After SWAPDB it is another key, which is the same only if neither is there
 * and nobody had made the one before it meanwhile.
 */
function watchHolds(call: RespCall, watch: Watched, namespace: number): boolean {
  const isSwapped = namespace !== watch.namespace;
  if (watch.cas !== 0) {
    if (isSwapped) return false;
    const p = watchedPartition(call, watch, namespace);
    const ref = indexFind(p, call.op.key);
    return ref !== 0 && itemCasUnique(p, ref) === watch.cas && !itemIsDead(p, ref, call.op.nowMs);
  }
  if (isSwapped) {
    const p = watchedPartition(call, watch, namespace);
    const ref = indexFind(p, call.op.key);
    if (ref !== 0 && !itemIsDead(p, ref, call.op.nowMs)) return false;
  }
  const p = watchedPartition(call, watch, watch.namespace);
  const { key, nowMs } = call.op;
  const ref = indexFind(p, key);
  if (ref !== 0 && (!itemIsDead(p, ref, nowMs) || itemCas(p, ref) > watch.casLast)) return false;
  return removalCas(p, key.hash) <= watch.casLast;
}
