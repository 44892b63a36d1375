/**
 * Running one command: its partitions are locked, its handler runs, they are released, and who waited
 * for what it stored is served.
 */

import { assert } from '../../base/assert.ts';
import { KEY_BYTES_LIMIT, keyFillIn } from '../../base/key.ts';
import { databaseOf } from '../../engine/database.ts';
import { COMMAND_STAT } from '../../memory/command-stats.ts';
import { keyAsked } from '../../memory/key-tap.ts';
import { Reply, replyClear } from '../../protocol/reply.ts';
import { type Arguments, argumentText } from '../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import { aclCheckFor, refusalText } from './acl/acl-guard.ts';
import type { AclUser } from './acl/acl-user.ts';
import { answerError, errorCount, type RespCall } from './call.ts';
import { type Command, KEY_MODE } from './command.ts';
import { keysVisit } from './command-keys.ts';
import { briefsSettle, commandNote } from './command-note.ts';
import { notesTell } from './key-events.ts';
import { overdueText } from './overdue.ts';
import { monitorFeed } from './server/monitor.ts';
import { GATE, RespSession } from './session.ts';
import { trackedTell, trackingAfter, trackingBefore } from './tracking/tracking.ts';
import type { Wait } from './wait-registry.ts';
import { blockedClaim, waitsServe } from './waits.ts';

/** Runs `call.args` as the command, whatever the session's state. */
export function commandExecute(call: RespCall, command: Command): void {
  executionBegin(call, command);
  if (command.keyMode === KEY_MODE.ONE) {
    oneKeyRun(call, command);
  } else {
    someKeysRun(call, command);
  }
  executionEnd(call, command);
}

/** As commandExecute, for a command whose one key is in call.op.key, in the partition call.p, whose lock is held. */
export function commandExecuteHeld(call: RespCall, command: Command): void {
  keyAsked(call.keyspace.keyTap, call.p.id, call.op.key);
  executionBegin(call, command);
  command.row.run(call);
  if (call.session.tracking !== null) trackingAfter(call, command);
  executionEnd(call, command);
}

function executionBegin(call: RespCall, command: Command): void {
  call.command = command;
  call.failed = false;
  if (command.isBrief) return;
  briefsSettle(call);
  call.ranBriefsOnly = false;
}

function executionEnd(call: RespCall, command: Command): void {
  commandNote(call, command);
  if (call.gate & GATE.MONITORED) monitorFeed(call, command);
  const { ready, notes } = call.p;
  if (notes.length > 0) notesTell(call);
  if (ready.length > 0 && !call.inTransaction) waitsServe(call, waitRun);
  if (call.keyspace.tracked.hasNews) trackedTell(call);
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
  const p = keyspace.partitionAsked(op.key);
  call.p = p;
  const { tracking } = call.session;
  if (locks.areHeld) {
    assert(locks.holds(p), 'a transaction holds the locks of all its keys');
    command.row.run(call);
    if (tracking !== null) trackingAfter(call, command);
    return;
  }
  if (!locks.takeOne(p, true)) {
    answerError(call, overdueText(call));
    return;
  }
  if (tracking !== null) trackingBefore(call);
  command.row.run(call);
  if (tracking !== null) trackingAfter(call, command);
  locks.releaseOne(p);
}

function someKeysRun(call: RespCall, command: Command): void {
  if (!locksWant(call, command, call.args, true)) {
    call.locks.wantNone();
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  const isOurs = !call.locks.areHeld;
  if (!call.locks.take(true)) {
    answerError(call, overdueText(call));
    return;
  }
  const { tracking } = call.session;
  if (tracking !== null && isOurs) trackingBefore(call);
  command.row.run(call);
  if (tracking !== null) trackingAfter(call, command);
  if (isOurs) call.locks.release();
}

/** What keyWant is about: whose request, and whether all its keys can be some. */
let wantingCall: RespCall | null = null;
let wantingArgs: Arguments | null = null;
let wantingFits = true;
let wantingCounts = false;

function keyWant(index: number): void {
  if (wantingCall === null || wantingArgs === null) return;
  const { op, session, keyspace, locks } = wantingCall;
  const { source, start, end } = wantingArgs;
  const bytes = end[index] - start[index];
  if (bytes > KEY_BYTES_LIMIT) {
    wantingFits = false;
    return;
  }
  keyFillIn(op.key, session.namespace, source, start[index], bytes);
  const { key } = op;
  locks.want(wantingCounts ? keyspace.partitionAsked(key) : keyspace.partitionFor(key.hash));
}

/**
 * Names the locks that the command needs, beside what was named before; those of a handler that visits the
 * whole keyspace are its own business. `counts`: it is about to run, and its keys are asked for. False: a key is
 * longer than any key can be, and only others are named.
 */
export function locksWant(
  call: RespCall,
  command: Command,
  args: Arguments,
  counts = false,
): boolean {
  if (command.keyMode === KEY_MODE.NONE) return true;
  if (command.keyMode === KEY_MODE.ALL) {
    call.locks.wantAll();
    return true;
  }
  wantingCall = call;
  wantingArgs = args;
  wantingFits = true;
  wantingCounts = counts;
  keysVisit(command.row, args, keyWant);
  if (!wantingFits) return false;
  command.row.locks?.(call, args);
  return true;
}

const scratch = new Reply();
scratch.setsAside = true;

/** Runs a blocked client's command in its place, under the locks of its keys; its reply if it was served. */
function waitRun(call: RespCall, wait: Wait): Buffer | null {
  const { session, reply, args, command } = call;
  const { clientId, database, resp, commandNumber } = wait.fields;
  const user = waitUser(call, wait);
  if (user.isRestricted) {
    const verdict = aclCheckFor(
      call,
      user,
      call.table.byNumber[commandNumber],
      wait.args,
      'toplevel',
    );
    if (verdict !== 0) return waitRefuse(call, wait, user, verdict);
  }
  const ghost = new RespSession(session.host, clientId, user);
  ghost.database = database;
  ghost.namespace = databaseOf(call.keyspace.control, database);
  ghost.resp = resp;
  scratch.resp = resp;
  call.session = ghost;
  call.reply = scratch;
  call.args = wait.args;
  call.serving = wait;
  call.failed = false;
  call.command = call.table.byNumber[commandNumber];
  const { tracked } = call.keyspace;
  const { client } = tracked;
  tracked.client = clientId;
  locksWant(call, call.command, wait.args);
  call.locks.take(false);
  call.command.row.run(call);
  call.locks.release();
  const bytes = wait.isServed
    ? Buffer.concat([...scratch.aside, scratch.bytes.subarray(0, scratch.used)])
    : null;
  scratch.aside.length = 0;
  replyClear(scratch);
  notesTell(call);
  tracked.client = client;
  call.serving = null;
  call.session = session;
  call.reply = reply;
  call.args = args;
  call.command = command;
  return bytes;
}

/** A user who is gone may do nothing; his client is about to be cut. */
function waitUser({ users }: RespCall, { fields }: Wait): AclUser {
  return users.find(fields.user) ?? users.stranger(fields.user);
}

/** Sends an error to a blocked client whose user has lost the permission meanwhile, unless it was answered. */
function waitRefuse(call: RespCall, wait: Wait, user: AclUser, verdict: number): Buffer | null {
  call.serving = wait;
  const isOurs = blockedClaim(call);
  call.serving = null;
  if (!isOurs) return null;
  wait.isRefused = true;
  const command = call.table.byNumber[wait.fields.commandNumber];
  call.stats[call.statsBlock + command.statsRecord + COMMAND_STAT.rejected]++;
  const text = `NOPERM ${refusalText(user, command, verdict)}`;
  errorCount(call, text);
  return Buffer.from(`-${text}\r\n`, 'latin1');
}

/** Serves who waits for keys that something else than a command of RESP has changed. No locks are held. */
export function readyServe(call: RespCall): void {
  if (call.p.ready.length > 0) waitsServe(call, waitRun);
}

/** Answers that there is no such subcommand. */
export function unknownSubcommand(call: RespCall, command: Command): void {
  const { name } = command.row;
  const word = argumentText(call.args, 1).slice(0, 128);
  answerError(call, `ERR unknown subcommand '${word}'. Try ${name.toUpperCase()} HELP.`);
}
