/**
 * Blocked clients: they are told to wait, served, or sent away, on whatever thread that happens.
 *
 * A client that finds nothing registers under the locks of its keys, and tells all threads (bulletin.ts), so
 * that each thread has the same registry by the time it can have changed one of those keys. The thread
 * that made a key ready serves: when its own command is done, and its locks are released, it runs the
 * waiting command in the client's place and posts the reply to the client's thread. So between a push
 * and the service of who waits for it no other request of the same thread comes in.
 *
 *   BLPOP k  ──▶ registered, token in the connection's record ──┬──▶ served: whoever exchanges the token
 *                                                               ├──▶ timed out      for its own mark answers,
 *                                                               └──▶ unblocked      and nobody else
 *
 * The token decides between a service, the timeout, CLIENT UNBLOCK and a client that leaves, all of which
 * may happen on different threads at once. The mark names the thread: if that dies before it has answered, the
 * client does not wait for ever.
 */
import { assert } from '../../base/assert.ts';
import { NOTE, notesWant } from '../../engine/change-log.ts';
import { databaseCalled } from '../../engine/database.ts';
import type { Keyspace } from '../../engine/keyspace.ts';
import { CONNECTION } from '../../memory/connections.ts';
import { CONTROL } from '../../memory/control.ts';
import { HEADER, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { Arguments, argumentPush, argumentsCopy } from '../../protocol/resp/arguments.ts';
import { respNull, respNullArray } from '../../protocol/resp/reply.ts';
import { bulletinPost } from './bulletin.ts';
import { keyTake, type RespCall } from './call.ts';
import { lapUs, waitNote } from './command-note.ts';
import { clientNote } from './server/client-note.ts';
import { GATE, PHASE, type RespSession } from './session.ts';
import { Wait, type WaitFields, waitName } from './wait-registry.ts';

/** What a timer takes at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const TOKEN_MASK = 0x7fffffff;

/** A wait as threads tell each other of it. */
type WaitNotice = {
  readonly fields: WaitFields;
  readonly source: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
};

// ── Waiting ─────────────────────────────────────────────────────────────────────────────────────

/**
 * A blocking command may take what it found. False: it runs in a client's place, and somebody else has
 * answered that client; then it must do nothing.
 */
export function blockedClaim(call: RespCall): boolean {
  const { serving } = call;
  if (serving === null) return true;
  serving.isServed = tokenTake(call, serving);
  return serving.isServed;
}

/**
 * A blocking command found nothing: the client waits for the keys at arguments first, first + 1, … last. Their
 * locks are held.
 *
 *   timeoutMs       0: for ever; when time is up the answer is a null array, whatever the command
 *   answersArray    within a transaction, where nobody waits, it is that as well; or else a null
 *   readerGroup     the consumer group for whose entries it waits
 */
export function blockOnKeys(
  call: RespCall,
  first: number,
  last: number,
  timeoutMs: number,
  answersArray: boolean,
  readerGroup: string | null = null,
): void {
  if (call.serving !== null) return;
  if (call.inTransaction) {
    if (answersArray) respNullArray(call.reply);
    else respNull(call.reply);
    return;
  }
  const { session, args } = call;
  const names = new Set<string>();
  for (let index = first; index <= last; index++) {
    const key = args.source.toString('latin1', args.start[index], args.end[index]);
    names.add(waitName(session.database, key));
    notesWant(keyTake(call, index), NOTE.READY | NOTE.GONE, 0);
  }
  const endReply = session.resp === 3 ? '_\r\n' : '*-1\r\n';
  waitBegin(call, [...names], timeoutMs, endReply, readerGroup);
}

/** The client waits for nothing but time to pass, and gets this reply then. Not within a transaction. */
export function blockForTime(call: RespCall, timeoutMs: number, endReply: string): void {
  assert(!call.inTransaction, 'a transaction does not wait');
  waitBegin(call, [], timeoutMs, endReply, null);
}

function waitBegin(
  call: RespCall,
  names: readonly string[],
  timeoutMs: number,
  endReply: string,
  readerGroup: string | null,
): void {
  const { session, args } = call;
  const fields = fieldsOf(call, names, endReply, timeoutMs > 0, readerGroup);
  const wait = new Wait(fields, argumentsCopy(args));
  wait.isSilent = (session.gate & (GATE.REPLY_OFF | GATE.REPLY_SKIP)) !== 0;
  session.wait = wait;
  session.phase = PHASE.BLOCKED;
  const { record, token } = wait.fields;
  Atomics.store(call.keyspace.control.i32, record + CONNECTION.waitToken, token);
  call.waits.add(wait);
  call.bulletin.post({ kind: 'wait', wait: noticeOf(wait) });
  if (timeoutMs > 0) timerSet(call, session, wait, timeoutMs);
}

function fieldsOf(
  { session, command, keyspace, server, clockUs }: RespCall,
  names: readonly string[],
  endReply: string,
  isTimed: boolean,
  readerGroup: string | null,
): WaitFields {
  const drawn = Atomics.add(keyspace.control.i32, CONTROL.waitTokens, 1) & TOKEN_MASK;
  return {
    token: drawn === 0 ? TOKEN_MASK : drawn,
    record: session.host.record,
    clientId: session.id,
    thread: server.threadIndex,
    database: session.database,
    user: session.user.name,
    resp: session.resp,
    commandNumber: command.number,
    names,
    readerGroup,
    ranUs: performance.now() * 1000 - clockUs,
    isTimed,
    endReply,
  };
}

function timerSet(call: RespCall, session: RespSession, wait: Wait, leftMs: number): void {
  const ms = Math.min(leftMs, TIMER_MS_MAX);
  wait.timer = setTimeout(() => {
    if (leftMs > ms) timerSet(call, session, wait, leftMs - ms);
    else waitEnd(call, session, endReplyOf(wait));
  }, ms);
}

function endReplyOf({ fields }: Wait): Buffer {
  return Buffer.from(fields.endReply, 'latin1');
}

// ── Who answers ─────────────────────────────────────────────────────────────────────────────────

/** Takes the right to answer a waiting client. */
function tokenTake({ keyspace, server }: RespCall, { fields }: Wait): boolean {
  const { record, token } = fields;
  const { i32 } = keyspace.control;
  const at = record + CONNECTION.waitToken;
  return Atomics.compareExchange(i32, at, token, markOf(server.threadIndex)) === token;
}

/** What stands in the place of a token that the thread has taken. */
function markOf(thread: number): number {
  return -1 - thread;
}

/** Whether nobody has answered the client yet. */
function waitStands({ keyspace }: RespCall, { fields }: Wait): boolean {
  const { record, token } = fields;
  return Atomics.load(keyspace.control.i32, record + CONNECTION.waitToken) === token;
}

/** Ends the wait of a session of this thread, unless it is being served: then its reply is on its way. */
export function waitEnd(call: RespCall, session: RespSession, reply: Buffer | null): boolean {
  const { wait } = session;
  if (wait === null || !tokenTake(call, wait)) return false;
  if (reply !== null) waitNote(call, wait, 0, null);
  waitForget(call, wait, reply);
  return true;
}

/** CLIENT UNBLOCK: ends the wait of a client of any thread. False: it does not wait. */
export function waitUnblock(call: RespCall, clientId: number, error: string | null): boolean {
  const wait = call.waits.ofClient(clientId);
  if (wait === null || !tokenTake(call, wait)) return false;
  waitNote(call, wait, 0, error);
  waitForget(
    call,
    wait,
    error === null ? endReplyOf(wait) : Buffer.from(`-${error}\r\n`, 'latin1'),
  );
  return true;
}

/** Whoever took the token: strikes the wait from all registries, and answers its client. */
function waitForget(call: RespCall, wait: Wait, reply: Buffer | null): void {
  const { clientId, token } = wait.fields;
  call.waits.remove(clientId, token);
  call.bulletin.post({ kind: 'unwait', clientId, token, reply });
  sessionUnblock(call, clientId, token, reply);
}

function sessionUnblock(
  call: RespCall,
  clientId: number,
  token: number,
  reply: Uint8Array | null,
): void {
  const session = call.sessions.get(clientId);
  const wait = session?.wait ?? null;
  if (session === undefined || wait === null || wait.fields.token !== token) return;
  if (wait.timer !== null) clearTimeout(wait.timer);
  session.wait = null;
  Atomics.store(call.keyspace.control.i32, wait.fields.record + CONNECTION.waitToken, 0);
  if (session.phase !== PHASE.BLOCKED) return;
  session.phase = PHASE.COMMAND;
  if (reply !== null && !wait.isSilent) {
    session.host.push(Buffer.from(reply.buffer, reply.byteOffset, reply.length));
  }
  for (const bytes of wait.behindReply) session.host.push(bytes);
  session.commandsRun++;
  clientNote(call.keyspace.control, session, call.op.nowSec);
  session.host.wake();
}

// ── Service ─────────────────────────────────────────────────────────────────────────────────────

/** What `waitsServe` needs to run a command in the place of another client. */
export type WaitRunner = (call: RespCall, wait: Wait) => Buffer | null;

/**
 * After a command, with no locks held: serves who waits for the keys that it made ready. Serving may make
 * further keys ready (BLMOVE), which then have their turn.
 */
export function waitsServe(call: RespCall, run: WaitRunner): void {
  const { ready } = call.p;
  call.bulletin.catchUp();
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    const database = databaseCalled(call.keyspace.control, next.namespace);
    keyServe(call, waitName(database, next.key.toString('latin1')), run);
  }
}

/**
 * Tries who waits for one key, until there is nothing more to be had. That is known once a command found
 * nothing: none of its kind will.
 */
function keyServe(call: RespCall, name: string, run: WaitRunner): void {
  const inVain = new Set<string>();
  for (const wait of call.waits.queue(name)) {
    const kind = kindOf(call, wait);
    if (inVain.has(kind)) continue;
    const reply = run(call, wait);
    const servedUs = lapUs(call);
    if (wait.isServed) {
      if (!wait.isRefused) waitNote(call, wait, servedUs, null);
      waitForget(call, wait, reply);
    } else if (!waitStands(call, wait)) {
      call.waits.remove(wait.fields.clientId, wait.fields.token);
    } else if (kind !== '') {
      inVain.add(kind);
    }
  }
}

/** What a wait has in common with those that find nothing when it does; '': no other. */
function kindOf({ table }: RespCall, { fields }: Wait): string {
  if (fields.readerGroup !== null) return `group ${fields.readerGroup}`;
  const { group } = table.byNumber[fields.commandNumber].row;
  return group === 'stream' ? '' : group; // each reader wants what is behind an id of its own
}

/** Keys whose streams are gone, as the main thread tells of them: Partition.ready. */
type ReadyNotice = { readonly key: Uint8Array; readonly namespace: number };

/** Tells the data threads which keys the main thread has made ready: by evicting streams. */
export function readyPost({ control, partitions }: Keyspace, bulletinName: string): void {
  const { ready } = partitions[0];
  if (ready.length > 0)
    bulletinPost(control, bulletinName, [{ kind: 'ready', ready: ready.splice(0) }]);
}

/** Now and then: partitions need not note what is ready when nobody waits. */
export function waitsRest(call: RespCall): void {
  if (call.waits.clientCount > 0 || !call.bulletin.hasJoined) return;
  for (const p of call.keyspace.partitions) {
    if ((p.i32[HEADER.changeListeners] & NOTE.READY) === 0) continue;
    call.bulletin.catchUp();
    // Who starts to wait for a key here has told so before it let go of this lock. What was told since is heard
    // when it is not held any more: that may take locks.
    partitionLock(p);
    const isUnused = call.waits.clientCount === 0 && !call.bulletin.isBehind;
    if (isUnused) notesWant(p, 0, NOTE.READY | NOTE.GONE);
    partitionUnlock(p);
  }
}

// ── Between threads ─────────────────────────────────────────────────────────────────────────────

function noticeOf({ fields, args }: Wait): WaitNotice {
  const { source, start, end } = args;
  return { fields, source, start, end };
}

/** A wait that another thread has told of. One that has ended meanwhile is not noted any more. */
function waitHear(call: RespCall, { fields, source, start, end }: WaitNotice): void {
  const args = new Arguments(Buffer.from(source.buffer, source.byteOffset, source.length));
  for (let index = 0; index < start.length; index++) argumentPush(args, start[index], end[index]);
  const wait = new Wait(fields, args);
  if (waitStands(call, wait)) call.waits.add(wait);
}

/** Has this thread hear of the waits of others. */
export function waitsListen(call: RespCall): void {
  const { bulletin, waits, server } = call;
  bulletin.on('wait', (notice) => waitHear(call, notice['wait'] as WaitNotice));
  bulletin.on('unwait', (notice) => {
    const { clientId, token, reply } = notice as unknown as {
      clientId: number;
      token: number;
      reply: Uint8Array | null;
    };
    waits.remove(clientId, token);
    sessionUnblock(call, clientId, token, reply);
  });
  bulletin.on('ready', (notice) => {
    for (const { key, namespace } of notice['ready'] as readonly ReadyNotice[]) {
      call.p.ready.push({ key: Buffer.from(key), namespace });
    }
  });
  bulletin.share('waits', {
    tell: () =>
      [...waits.all()]
        .filter(({ fields }) => fields.thread === server.threadIndex)
        .map((wait) => noticeOf(wait)),
    hear: (_, told) => {
      for (const wait of told as readonly WaitNotice[]) waitHear(call, wait);
    },
    forget: (thread) => threadForget(call, thread),
  });
}

/** A thread died: its clients do not wait any more, and whom it was serving it will not answer. */
function threadForget(call: RespCall, thread: number): void {
  for (const { fields } of [...call.waits.all()]) {
    if (fields.thread === thread) call.waits.remove(fields.clientId, fields.token);
  }
  const { i32 } = call.keyspace.control;
  for (const { wait } of call.sessions.values()) {
    if (wait === null) continue;
    if (Atomics.load(i32, wait.fields.record + CONNECTION.waitToken) === markOf(thread)) {
      waitForget(call, wait, endReplyOf(wait));
    }
  }
}
