/**
 * A call: what a handler of the text protocol works with. One object per thread, pointed at the
 * connection whose batch is running.
 */

import { Key } from '../../base/key.ts';
import { Sampling } from '../../base/sampling.ts';
import { Uint64, uint64Copy } from '../../base/uint64.ts';
import { type Keyspace, keyspaceFlushIfDue } from '../../engine/keyspace.ts';
import { casStoredTake, itemCasTake } from '../../engine/lifecycle.ts';
import { Operation } from '../../engine/operation.ts';
import { CounterResult } from '../../engine/types/counter.ts';
import { CONNECTION } from '../../memory/connections.ts';
import { COMMANDS_FIRST, CONTROL_F64, counterBlock } from '../../memory/control.ts';
import { eventKindsRead } from '../../memory/event-log.ts';
import { keyTapClock } from '../../memory/key-tap.ts';
import type { Partition } from '../../memory/partition.ts';
import { prefixesCounted } from '../../memory/prefix-table.ts';
import { BinaryRequest } from '../../protocol/memcached/binary.ts';
import { KEY_BYTES_MAX, Line } from '../../protocol/memcached/line.ts';
import { MetaFlags } from '../../protocol/memcached/meta-flags.ts';
import { type Reply, replyBytes } from '../../protocol/reply.ts';
import type { ServerContext } from '../server-context.ts';
import type { Authentication } from './authentication.ts';
import type { Session } from './session.ts';
import { Watchers } from './watchers.ts';

/** Where there is no CAS unique to show. */
export const NO_CAS: Readonly<Uint64> = new Uint64();

const UINT64_DIGITS_MAX = 20;

export { KEY_BYTES_MAX };

export class Call {
  readonly keyspace: Keyspace;
  readonly server: ServerContext;
  readonly auth: Authentication;
  readonly op: Operation;
  readonly reply: Reply;
  /** The request in hand: of the text protocol, of the binary one. */
  readonly line: Line;
  readonly request: BinaryRequest;
  /** What the flags of a meta command ask for. */
  readonly flags: MetaFlags;
  /** A CAS unique in hand, on its way in or out. */
  readonly unique: Uint64;
  readonly counterResult: CounterResult;
  /** Room for a number that an operation wants as digits. */
  readonly digits: Buffer;
  /** The thread's counters: `counters[block + COUNTER.getMisses]++`. */
  readonly counters: Float64Array;
  readonly block: number;
  session: Session;
  /** What has arrived: input[…, end), with a line feed at `end`. */
  input: Buffer;
  /** The same bytes. */
  view: DataView;
  end: number;
  /** Whether keys are counted by prefix, as of this batch: stats detail. */
  countsPrefixes: boolean;
  /** The byte that ends a prefix, and a prefix in hand. */
  readonly prefixDelimiter: number;
  readonly prefix: Key;
  /** Which batches are timed, and the number of the command that was counted last: see dispatch.ts. */
  readonly timing: Sampling;
  command: number;
  /** Why the last run ended: RUN_ENDED. */
  runEnded: number;
  readonly watchers: Watchers;

  constructor(
    keyspace: Keyspace,
    server: ServerContext,
    auth: Authentication,
    reply: Reply,
    idle: Session,
  ) {
    this.keyspace = keyspace;
    this.server = server;
    this.auth = auth;
    this.op = new Operation(reply.bytes);
    this.op.itemBytesMax = server.config.itemBytesMax;
    this.reply = reply;
    this.line = new Line();
    this.request = new BinaryRequest();
    this.flags = new MetaFlags();
    this.unique = new Uint64();
    this.digits = Buffer.alloc(UINT64_DIGITS_MAX);
    this.counterResult = new CounterResult();
    this.counters = keyspace.control.f64;
    this.block = counterBlock(server.threadIndex);
    this.session = idle;
    this.input = reply.bytes;
    this.view = reply.view;
    this.end = 0;
    this.countsPrefixes = false;
    this.prefixDelimiter = server.config.statsPrefixDelimiter.charCodeAt(0);
    this.prefix = new Key();
    this.timing = new Sampling();
    this.command = -1;
    this.runEnded = 0;
    this.watchers = new Watchers(this);
  }
}

/**
 * Starts a batch: the clock stands still until the next one, and so does what is counted and watched.
 */
export function callClock(call: Call): void {
  const nowMs = Date.now() + call.counters[CONTROL_F64.clockOffsetMs];
  call.op.nowMs = nowMs;
  call.op.nowSec = Math.floor(nowMs / 1000);
  call.countsPrefixes = prefixesCounted(call.keyspace.control);
  eventsReady(call);
  keyTapClock(call.keyspace.keyTap, nowMs);
  call.timing.clock(nowMs);
  keyspaceFlushIfDue(call.keyspace, nowMs);
}

/** Reads what is watched in this batch, and says whose batch it is. */
function eventsReady({ keyspace, session }: Call): void {
  const { log, control } = keyspace;
  eventKindsRead(log);
  if (log.kinds === 0 || session.holder.record < 0) return;
  log.connection = control.i32[session.holder.record + CONNECTION.id];
}

/** Counts a run of the command with this number: see table.ts. */
export function commandCount(call: Call, number: number): void {
  call.command = number;
  call.counters[call.block + COMMANDS_FIRST + number]++;
}

/** Takes in hand the item's CAS unique as clients see it. */
export function uniqueTake(call: Call, p: Partition, ref: number): void {
  if (call.server.config.casEnabled) itemCasTake(p, ref, call.unique);
  else uint64Copy(call.unique, NO_CAS);
}

/** Takes in hand the CAS unique of the item that was just stored. */
export function uniqueStoredTake(call: Call): void {
  if (call.server.config.casEnabled) casStoredTake(call.op, call.unique);
  else uint64Copy(call.unique, NO_CAS);
}

/** Answers one of the fixed lines, unless the client asked for silence. */
export function answer(call: Call, line: Uint8Array): void {
  if (!call.line.noreply) replyBytes(call.reply, line);
}
