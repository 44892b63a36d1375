/**
 * Blocked clients: who waits for which keys, in the order of their arrival over all threads.
 *
 * A client that finds nothing registers under the locks of its keys, and tells all threads (bulletin.ts), so
 * that each thread has the same registry by the time it can have changed one of those keys. The thread
 * that made a key ready serves: when its own command is done, and its locks are released, it runs the
 * waiting command in the client's place and posts the reply to the client's thread. So between a push
 * and the service of who waits for it no other request of the same thread comes in.
 *
 *   BLPOP k  ──▶ registered, token in the connection's record ──┬──▶ served: whoever exchanges the token
 *                                                               ├──▶ timed out      for 0 answers, and
 *                                                               └──▶ unblocked      nobody else
 *
 * The token decides between a service, the timeout, CLIENT UNBLOCK and a client that leaves, all of which
 * may happen on different threads at once.
 */
import { changeNoteReady } from '../../engine/change-log.ts';
import { databaseCalled } from '../../engine/database.ts';
import { CONNECTION } from '../../memory/connections.ts';
import { CONTROL } from '../../memory/control.ts';
import { partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { Arguments, argumentPush, argumentsCopy } from '../../protocol/resp/arguments.ts';
import { respNull, respNullArray } from '../../protocol/resp/reply.ts';
import type { RespCall } from './call.ts';
import { PHASE, type RespSession } from './session.ts';

/** What a timer takes at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class Wait {
  readonly token: number;
  /** i32 index of the client's connection record, where the token lies while it waits. */
  readonly record: number;
  readonly clientId: number;
  readonly database: number;
  readonly resp: 2 | 3;
  readonly commandNumber: number;
  readonly args: Arguments;
  /** Keys as waitName calls them. */
  readonly names: readonly string[];
  /** The reply when time is up: a null array, or a null. */
  readonly endsWithArray: boolean;
  /** While it is tried: it got what it waits for. */
  isServed = false;
  timer: NodeJS.Timeout | null = null;

  constructor(fields: WaitFields, args: Arguments) {
    this.token = fields.token;
    this.record = fields.record;
    this.clientId = fields.clientId;
    this.database = fields.database;
    this.resp = fields.resp;
    this.commandNumber = fields.commandNumber;
    this.names = fields.names;
    this.endsWithArray = fields.endsWithArray;
    this.args = args;
  }
}

type WaitFields = Pick<
  Wait,
  | 'token'
  | 'record'
  | 'clientId'
  | 'database'
  | 'resp'
  | 'commandNumber'
  | 'names'
  | 'endsWithArray'
>;

/** A wait as threads tell each other of it. */
type WaitNotice = WaitFields & {
  readonly source: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
};

/** How a key is called in the registry. */
export function waitName(database: number, key: string): string {
  return `${database}:${key}`;
}

/** This thread's copy of the registry of all waits. */
export class WaitRegistry {
  private readonly byName = new Map<string, Wait[]>();
  private readonly byClient = new Map<number, Wait>();

  add(wait: Wait): void {
    this.byClient.set(wait.clientId, wait);
    for (const name of new Set(wait.names)) {
      const queue = this.byName.get(name);
      if (queue === undefined) {
        this.byName.set(name, [wait]);
        continue;
      }
      // Notices of two threads may come the other way round.
      let at = queue.length;
      while (at > 0 && ((queue[at - 1].token - wait.token) | 0) > 0) at--;
      queue.splice(at, 0, wait);
    }
  }

  remove(clientId: number, token: number): Wait | null {
    const wait = this.byClient.get(clientId);
    if (wait === undefined || wait.token !== token) return null;
    this.byClient.delete(clientId);
    for (const name of new Set(wait.names)) {
      const queue = (this.byName.get(name) ?? []).filter((other) => other !== wait);
      if (queue.length === 0) this.byName.delete(name);
      else this.byName.set(name, queue);
    }
    return wait;
  }

  /** Who waits for a key, first come first. */
  queue(name: string): readonly Wait[] {
    return this.byName.get(name) ?? [];
  }

  ofClient(clientId: number): Wait | null {
    return this.byClient.get(clientId) ?? null;
  }

  /** Names of all keys that are waited for in a database. */
  names(database: number): string[] {
    return [...this.byName.keys()].filter((name) => name.startsWith(`${database}:`));
  }

  get clientCount(): number {
    return this.byClient.size;
  }

  get keyCount(): number {
    return this.byName.size;
  }
}

/** Before a command that may block takes its locks: from now on partitions note what becomes ready. */
export function waitsPrepare(call: RespCall): void {
  const { control, partitions } = call.keyspace;
  if (Atomics.load(control.i32, CONTROL.waitsAreNoted) !== 0) return;
  for (const p of partitions) {
    partitionLock(p);
    changeNoteReady(p);
    partitionUnlock(p);
  }
  Atomics.store(control.i32, CONTROL.waitsAreNoted, 1);
}

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
 * A blocking command found nothing: the client waits for the keys at arguments first, first + step, … last.
 * Within a transaction it does not; then the answer is what it would be when time is up.
 *
 *   timeoutMs        0: for ever
 *   endsWithArray    the answer then: a null array, or a null
 */
export function blockOnKeys(
  call: RespCall,
  first: number,
  last: number,
  timeoutMs: number,
  endsWithArray: boolean,
): void {
  if (call.serving !== null) return;
  if (call.inTransaction) {
    if (endsWithArray) respNullArray(call.reply);
    else respNull(call.reply);
    return;
  }
  const { session, args, keyspace } = call;
  const { i32 } = keyspace.control;
  const names: string[] = [];
  for (let index = first; index <= last; index++) {
    const key = args.source.toString('latin1', args.start[index], args.end[index]);
    names.push(waitName(session.database, key));
  }
  // Zero means that nobody waits.
  const token = (Atomics.add(i32, CONTROL.waitTokens, 1) + 1) | 0 || 1;
  const { record } = session.host;
  const { database, resp, id: clientId } = session;
  const commandNumber = call.command.number;
  const fields = { token, record, clientId, database, resp, commandNumber, names, endsWithArray };
  const wait = new Wait(fields, argumentsCopy(args));
  session.wait = wait;
  session.phase = PHASE.BLOCKED;
  Atomics.store(i32, record + CONNECTION.waitToken, token);
  call.waits.add(wait);
  const { source, start, end } = wait.args;
  call.bulletin.post({ kind: 'wait', wait: { ...fields, source, start, end } });
  if (timeoutMs > 0) timerSet(call, session, wait, timeoutMs);
}

function timerSet(call: RespCall, session: RespSession, wait: Wait, leftMs: number): void {
  const ms = Math.min(leftMs, TIMER_MS_MAX);
  wait.timer = setTimeout(() => {
    if (leftMs > ms) timerSet(call, session, wait, leftMs - ms);
    else waitEnd(call, session, nullReply(wait));
  }, ms);
}

function nullReply({ resp, endsWithArray }: Wait): Buffer {
  return Buffer.from(resp === 3 ? '_\r\n' : endsWithArray ? '*-1\r\n' : '$-1\r\n');
}

/** Takes the right to answer a waiting client. */
function tokenTake(call: RespCall, { record, token }: Wait): boolean {
  const { i32 } = call.keyspace.control;
  return Atomics.compareExchange(i32, record + CONNECTION.waitToken, token, 0) === token;
}

/** Ends the wait of a session of this thread, unless it is being served: then its reply is on its way. */
export function waitEnd(call: RespCall, session: RespSession, reply: Buffer | null): boolean {
  const { wait } = session;
  if (wait === null || !tokenTake(call, wait)) return false;
  waitForget(call, wait, reply);
  return true;
}

/** CLIENT UNBLOCK: ends the wait of a client of any thread. False: it does not wait. */
export function waitUnblock(call: RespCall, clientId: number, error: string | null): boolean {
  const wait = call.waits.ofClient(clientId);
  if (wait === null || !tokenTake(call, wait)) return false;
  waitForget(call, wait, error === null ? nullReply(wait) : Buffer.from(`-${error}\r\n`, 'latin1'));
  return true;
}

/** Whoever took the token: strikes the wait from all registries, and answers its client. */
function waitForget(call: RespCall, wait: Wait, reply: Buffer | null): void {
  const { clientId, token } = wait;
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
  if (session === undefined || session.wait?.token !== token) return;
  if (session.wait.timer !== null) clearTimeout(session.wait.timer);
  session.wait = null;
  if (session.phase !== PHASE.BLOCKED) return;
  session.phase = PHASE.COMMAND;
  if (reply !== null) session.host.push(Buffer.from(reply.buffer, reply.byteOffset, reply.length));
  session.host.wake();
}

/** Has this thread hear of the waits of others. */
export function waitsListen(call: RespCall): void {
  call.bulletin.on('wait', (notice) => {
    const { source, start, end, ...fields } = notice['wait'] as WaitNotice;
    const args = new Arguments(Buffer.from(source.buffer, source.byteOffset, source.length));
    for (let index = 0; index < start.length; index++) argumentPush(args, start[index], end[index]);
    call.waits.add(new Wait(fields, args));
  });
  call.bulletin.on('unwait', (notice) => {
    const { clientId, token, reply } = notice as unknown as {
      clientId: number;
      token: number;
      reply: Uint8Array | null;
    };
    call.waits.remove(clientId, token);
    sessionUnblock(call, clientId, token, reply);
  });
}

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
    const name = waitName(database, next.key.toString('latin1'));
    for (const wait of [...call.waits.queue(name)]) {
      const reply = run(call, wait);
      if (wait.isServed) waitForget(call, wait, reply);
      else if (!waitStands(call, wait)) call.waits.remove(wait.clientId, wait.token);
    }
  }
}

/** Whether nobody has answered the client yet. */
function waitStands(call: RespCall, { record, token }: Wait): boolean {
  return Atomics.load(call.keyspace.control.i32, record + CONNECTION.waitToken) === token;
}
