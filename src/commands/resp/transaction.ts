/**
 * Transactions: MULTI queues commands, EXEC runs them under the locks of all their keys at once, WATCH makes
 * that depend on keys being as they were.
 *
 * Every change of a key gives it a new CAS unique, so a watch is a number to compare, and costs those who
 * change the key nothing.
 */

import { keyFillIn } from '../../base/key.ts';
import { databaseOf } from '../../engine/database.ts';
import { indexFind } from '../../engine/hash-index.ts';
import { itemCasUnique, itemIsDead } from '../../engine/lifecycle.ts';
import type { Partition } from '../../memory/partition.ts';
import { argumentCopy } from '../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import { respArray, respNullArray, respOk } from '../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from './call.ts';
import { commandExecute, locksWant } from './execute.ts';
import { FLAG, type RespRow } from './row.ts';
import { GATE, type Watched } from './session.ts';
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
    const { database } = session;
    if (session.watched.some((old) => old.database === database && old.key.equals(key))) continue;
    const ref = indexFind(p, call.op.key);
    const wasExpired = ref !== 0 && itemIsDead(p, ref, call.op.nowMs);
    session.watched.push({ database, key, cas: ref === 0 ? 0 : itemCasUnique(p, ref), wasExpired });
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
  let fits = true;
  for (const { command, args } of queued) {
    if (command.flags & FLAG.WHOLE) locks.wantAll();
    fits &&= locksWant(call, command, args);
  }
  if (!fits) {
    locks.wantNone();
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  for (const watch of watched) locks.want(watchedPartition(call, watch));
  locks.take();
  if (watched.every((watch) => watchHolds(call, watch))) {
    const { args, command } = call;
    call.inTransaction = true;
    respArray(reply, queued.length);
    for (const next of queued) {
      call.args = next.args;
      commandExecute(call, next.command);
    }
    call.inTransaction = false;
    call.args = args;
    call.command = command;
  } else {
    respNullArray(reply);
  }
  locks.release();
}

function watchedPartition({ keyspace, op }: RespCall, { database, key }: Watched): Partition {
  keyFillIn(op.key, databaseOf(keyspace.control, database), key, 0, key.length);
  return keyspace.partitionFor(op.key.hash);
}

/** Whether a watched key is as it was. One that was there and has expired since is not. */
function watchHolds(call: RespCall, watch: Watched): boolean {
  const p = watchedPartition(call, watch);
  const ref = indexFind(p, call.op.key);
  if (ref === 0) return watch.cas === 0 || watch.wasExpired;
  if (itemIsDead(p, ref, call.op.nowMs)) return watch.cas === 0 || watch.wasExpired;
  return itemCasUnique(p, ref) === watch.cas && !watch.wasExpired;
}
