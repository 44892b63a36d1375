/**
 * Running one command: its partitions are locked, its handler runs, they are released, and who waited
 * for what it stored is served.
 */

import { assert } from '../../base/assert.ts';
import { KEY_BYTES_LIMIT, keyFillIn } from '../../base/key.ts';
import { databaseOf } from '../../engine/database.ts';
import { partitionIsFull } from '../../engine/memory-limit.ts';
import { COMMAND_STAT } from '../../memory/command-stats.ts';
import type { Partition } from '../../memory/partition.ts';
import { RESP_COUNTER, timeNote } from '../../memory/resp-stats.ts';
import { Reply, replyClear } from '../../protocol/reply.ts';
import { type Arguments, argumentText } from '../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import { answerError, type RespCall } from './call.ts';
import { type Command, KEY_MODE } from './command.ts';
import { keysVisit } from './command-keys.ts';
import { notesTell } from './key-events.ts';
import { monitorFeed } from './monitor.ts';
import { notableNote } from './notable.ts';
import { FLAG } from './row.ts';
import { GATE, RespSession } from './session.ts';
import type { Wait } from './wait-registry.ts';
import { waitsServe } from './waits.ts';

/** Runs `call.args` as the command, whatever the session's state. */
export function commandExecute(call: RespCall, command: Command): void {
  call.command = command;
  call.failed = false;
  if (call.gate & GATE.MONITORED) monitorFeed(call, command);
  if (command.keyMode === KEY_MODE.ONE) {
    oneKeyRun(call, command);
  } else {
    someKeysRun(call, command);
  }
  statsNote(call, command);
  const { ready, notes } = call.p;
  if (notes.length > 0) notesTell(call);
  if (ready.length > 0 && !call.inTransaction) waitsServe(call, waitRun);
}

function oneKeyRun(call: RespCall, command: Command): void {
  const { args, op, locks, keyspace } = call;
  const start = args.start[1];
  const bytes = args.end[1] - start;
  if (bytes > KEY_BYTES_LIMIT) {
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  keyFillIn(op.key, call.session.namespace, args.source, start, bytes);
  const p = keyspace.partitionFor(op.key.hash);
  call.p = p;
  if (locks.areHeld) {
    assert(locks.holds(p), 'a transaction holds the locks of all its keys');
    oneKeyGo(call, command, p);
    return;
  }
  locks.takeOne(p);
  oneKeyGo(call, command, p);
  locks.releaseOne(p);
}

function oneKeyGo(call: RespCall, command: Command, p: Partition): void {
  const isRefused = command.flags & FLAG.DENY_OOM && partitionIsFull(p, call.op.nowMs);
  if (isRefused) answerError(call, RESP_ERROR.outOfMemory);
  else command.row.run(call);
}

function someKeysRun(call: RespCall, command: Command): void {
  if (!locksWant(call, command, call.args)) {
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  const isOurs = !call.locks.areHeld;
  call.locks.take();
  const isRefused = command.flags & FLAG.DENY_OOM && anyIsFull(call);
  if (isRefused) answerError(call, RESP_ERROR.outOfMemory);
  else command.row.run(call);
  if (isOurs) call.locks.release();
}

/** Whether a command would be refused for want of memory if it were run, and not queued. */
export function memoryIsShort(call: RespCall, command: Command): boolean {
  const { locks, args } = call;
  if ((command.flags & FLAG.DENY_OOM) === 0 || !locksWant(call, command, args)) return false;
  locks.take();
  const isShort = anyIsFull(call);
  locks.release();
  return isShort;
}

/** Whether more memory than may be is in use in one of the partitions whose locks are held. */
export function anyIsFull({ locks, keyspace, op }: RespCall): boolean {
  for (const p of keyspace.partitions) {
    if (locks.holds(p) && partitionIsFull(p, op.nowMs)) return true;
  }
  return false;
}

/**
 * Names the locks that the command needs, beside what was named before; those of a handler that visits the
 * whole keyspace are its own business. False: a key is longer than any key can be, and nothing is named.
 */
export function locksWant(call: RespCall, command: Command, args: Arguments): boolean {
  const { locks, keyspace, session, op } = call;
  if (command.keyMode === KEY_MODE.NONE) return true;
  if (command.keyMode === KEY_MODE.ALL) {
    locks.wantAll();
    return true;
  }
  let fits = true;
  keysVisit(command.row, args, (index) => {
    fits &&= args.end[index] - args.start[index] <= KEY_BYTES_LIMIT;
  });
  if (!fits) return false;
  keysVisit(command.row, args, (index) => {
    const start = args.start[index];
    keyFillIn(op.key, session.namespace, args.source, start, args.end[index] - start);
    locks.want(keyspace.partitionFor(op.key.hash));
  });
  command.row.locks?.(call, args);
  return true;
}

function statsNote(call: RespCall, command: Command): void {
  const { session, respStats, respBlock } = call;
  const nowUs = performance.now() * 1000;
  const us = nowUs - call.clockUs;
  call.clockUs = nowUs;
  const record = call.statsBlock + command.statsRecord;
  call.stats[record + COMMAND_STAT.calls]++;
  call.stats[record + COMMAND_STAT.us] += us;
  respStats.f64[respBlock + RESP_COUNTER.commands]++;
  respStats.f64[respBlock + RESP_COUNTER.commandUs] += us;
  if (call.config.hot.latencyTracking) timeNote(respStats, respBlock, command.number, us);
  session.commandsRun++;
  session.lastCommand = command.number + 1;
  if (us >= call.notableUs) notableNote(call, command, us);
}

const scratch = new Reply();
scratch.setsAside = true;

/** Runs a blocked client's command in its place, under the locks of its keys; its reply if it was served. */
function waitRun(call: RespCall, wait: Wait): Buffer | null {
  const { session, reply, args, command } = call;
  const { clientId, database, resp, commandNumber } = wait.fields;
  const ghost = new RespSession(session.host, clientId);
  ghost.database = database;
  ghost.namespace = databaseOf(call.keyspace.control, database);
  ghost.resp = resp;
  scratch.resp = resp;
  call.session = ghost;
  call.reply = scratch;
  call.args = wait.args;
  call.serving = wait;
  call.command = call.table.byNumber[commandNumber];
  locksWant(call, call.command, wait.args);
  call.locks.take();
  call.command.row.run(call);
  call.locks.release();
  const bytes = wait.isServed
    ? Buffer.concat([...scratch.aside, scratch.bytes.subarray(0, scratch.used)])
    : null;
  scratch.aside.length = 0;
  replyClear(scratch);
  notesTell(call);
  call.serving = null;
  call.session = session;
  call.reply = reply;
  call.args = args;
  call.command = command;
  return bytes;
}

/** Answers that there is no such subcommand. */
export function unknownSubcommand(call: RespCall, command: Command): void {
  const { name } = command.row;
  const word = argumentText(call.args, 1).slice(0, 128);
  answerError(call, `ERR unknown subcommand '${word}'. Try ${name.toUpperCase()} HELP.`);
}
