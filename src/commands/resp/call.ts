/**
 * A call: what a RESP handler works with. One object per thread, pointed at the session whose batch is
 * running and at the request in hand.
 *
 * Before a handler runs, dispatch has locked the partitions of its keys. A handler of one key finds it
 * in `call.op.key` and its partition in `call.p`; others take their keys one by one with `keyTake`.
 */
import { keyFillIn } from '../../base/key.ts';
import type { RespConfig } from '../../config/resp-config.ts';
import { type Keyspace, keyspaceFlushIfDue } from '../../engine/keyspace.ts';
import { Operation } from '../../engine/operation.ts';
import { COMMAND_STAT, commandStatsBlock } from '../../memory/command-stats.ts';
import { CONTROL_F64, counterBlock } from '../../memory/control.ts';
import { eventKindsRead } from '../../memory/event-log.ts';
import { keyTapClock } from '../../memory/key-tap.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  errorNote,
  errorSlot,
  RESP_COUNTER,
  type RespStats,
  respStatsBlock,
} from '../../memory/resp-stats.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/resp/arguments.ts';
import { respError } from '../../protocol/resp/reply.ts';
import { RequestParser } from '../../protocol/resp/request-parser.ts';
import type { ServerContext } from '../server-context.ts';
import { AclLog } from './acl/acl-log.ts';
import { AclUsers } from './acl/acl-users.ts';
import type { Bulletin } from './bulletin.ts';
import type { Command } from './command.ts';
import type { CommandTable } from './command-lookup.ts';
import { Locks } from './locks.ts';
import { Monitors } from './monitors.ts';
import { OverdueScripts } from './overdue-state.ts';
import { Pause } from './pause-state.ts';
import { Functions } from './script/function-state.ts';
import { ScriptCache } from './script/script-cache.ts';
import { Scripts } from './script/script-state.ts';
import { LatencyLog } from './server/latency-log.ts';
import { SlowLog } from './server/slow-log.ts';
import { type RespHost, RespSession } from './session.ts';
import { PubSub } from './subscriptions/pubsub-message.ts';
import { TrackingTable } from './tracking/tracking-table.ts';
import { type Wait, WaitRegistry } from './wait-registry.ts';

/** A longer first word of an error is none of its code. */
const ERROR_CODE_LENGTH_MAX = 32;

/** Brief commands whose time is taken together: see command-note.ts. */
export const BRIEF_COUNT_MAX = 64;

export class RespCall {
  readonly keyspace: Keyspace;
  readonly server: ServerContext;
  readonly table: CommandTable;
  readonly bulletin: Bulletin;
  readonly config: RespConfig;
  readonly users: AclUsers;
  readonly aclLog = new AclLog();
  reply: Reply;
  readonly op: Operation;
  readonly locks: Locks;
  /** The thread's counters: `counters[block + COUNTER.getCommands]++`. */
  readonly counters: Float64Array;
  readonly block: number;
  /** The thread's statistics of commands, and where they start. */
  readonly stats: Float64Array;
  readonly statsBlock: number;
  /** What else is counted: `respStats.f64[respBlock + RESP_COUNTER.reads]++`. */
  readonly respStats: RespStats;
  readonly respBlock: number;
  /** The thread's own parser, for requests that lie in the read area. */
  readonly parser: RequestParser;
  /** Sessions of this thread, by client id. */
  readonly sessions = new Map<number, RespSession>();
  readonly waits: WaitRegistry;
  readonly pubsub = new PubSub();
  readonly slowLog = new SlowLog();
  readonly latencyLog = new LatencyLog();
  readonly monitors = new Monitors();
  readonly pause = new Pause();
  readonly overdue = new OverdueScripts();
  /** Serves other connections while a request keeps the thread from its event loop: net/aside-turn.ts. */
  aside: (() => void) | null = null;
  /** Hears when a script of this thread is overdue, and when it has ended. */
  overdueChanged: ((isOverdue: boolean) => void) | null = null;
  readonly scripts = new Scripts(new ScriptCache());
  readonly functions = new Functions();
  readonly tracking: TrackingTable;
  /** Microseconds from which on a command is for the slow log or the latency monitor. */
  notableUs = Number.POSITIVE_INFINITY;
  /** Slots of error codes, as this thread has met them. */
  readonly errorSlots = new Map<string, number>();

  session: RespSession;
  command: Command;
  args: Arguments;
  /** Of a command of one key: the key's partition. */
  p: Partition;
  /** GATE bits that concern all sessions, as of this batch. */
  gate = 0;
  /** Classes of key events that are published: KEY_EVENT bits, as of this batch. */
  keyEvents = 0;
  /** Whose batch is running; null: nobody's. `session` is another while a blocked client is served. */
  running: RespSession | null = null;
  /** What others have sent to the running client: it goes out behind the reply to its command. */
  readonly afterReply: Buffer[] = [];
  /** The running command's reply is a push, which CLIENT REPLY OFF does not keep back. */
  answersByPush = false;
  /** The running command has answered an error. */
  failed = false;
  /** Users may be changed: their lock is held. */
  holdsUsers = false;
  /** EXEC is running: locks are held until its end, and nothing blocks. */
  inTransaction = false;
  /** Its requests run in the middle of another one: aside-call.ts. */
  isAside = false;
  /** A blocked client is being served by the thread that made its key ready: see waits.ts. */
  serving: Wait | null = null;
  /** What has arrived: input[…, end). */
  input: Buffer;
  end = 0;
  /** Why the last run ended: RUN_ENDED. */
  runEnded = 0;
  /** The batch has run nothing but brief commands (command.ts). */
  ranBriefsOnly = true;
  /** When the batch began, in microseconds of the monotonic clock. */
  startedUs = 0.5;
  /** When the last command ended, likewise. */
  clockUs = 0.5;
  /** Numbers of brief commands that ran since then: the first briefCount. */
  readonly briefs = new Int32Array(BRIEF_COUNT_MAX);
  briefCount = 0;

  constructor(
    keyspace: Keyspace,
    server: ServerContext,
    table: CommandTable,
    bulletin: Bulletin,
    config: RespConfig,
    reply: Reply,
    nobody: RespHost,
    onlyTries = false,
  ) {
    this.keyspace = keyspace;
    this.server = server;
    this.table = table;
    this.bulletin = bulletin;
    this.config = config;
    this.users = new AclUsers(table);
    this.reply = reply;
    this.op = new Operation(reply.bytes);
    this.op.itemBytesMax = 2 ** 31 - 1;
    this.locks = new Locks(keyspace.control, keyspace.partitions, onlyTries);
    this.counters = keyspace.control.f64;
    this.block = counterBlock(server.threadIndex);
    this.stats = keyspace.commandStats.f64;
    this.statsBlock = commandStatsBlock(server.threadIndex);
    this.respStats = keyspace.respStats;
    this.respBlock = respStatsBlock(server.threadIndex);
    this.parser = new RequestParser(reply.bytes);
    this.waits = new WaitRegistry();
    this.tracking = new TrackingTable(keyspace.tracked, keyspace.partitions.length);
    this.session = new RespSession(nobody, 0, this.users.default);
    this.command = table.commands[0];
    this.args = this.parser.args;
    this.p = keyspace.partitions[0];
    this.input = reply.bytes;
  }
}

/** Reads the clock: once a batch, and after a command that took its time. */
export function respClock(call: RespCall): void {
  const { op, keyspace } = call;
  const nowMs = Date.now() + keyspace.control.f64[CONTROL_F64.clockOffsetMs];
  op.nowMs = nowMs;
  op.nowSec = Math.floor(nowMs / 1000);
  eventKindsRead(keyspace.log);
  keyTapClock(keyspace.keyTap, nowMs);
  keyspaceFlushIfDue(keyspace, nowMs);
}

/** Takes argument `index` for the key of `call.op`; returns its partition. */
export function keyTake(call: RespCall, index: number): Partition {
  const { args, op } = call;
  const start = args.start[index];
  keyFillIn(op.key, call.session.namespace, args.source, start, args.end[index] - start);
  return call.keyspace.partitionFor(op.key.hash);
}

/** Answers an error: `CODE text`. The command counts as failed. */
export function answerError(call: RespCall, text: string): void {
  errorCount(call, text);
  answerErrorAgain(call, text);
}

/** As answerError, for an error that was counted where it came from: by a command of a script. */
export function answerErrorAgain(call: RespCall, text: string): void {
  if (!call.failed) call.stats[call.statsBlock + call.command.statsRecord + COMMAND_STAT.failed]++;
  call.failed = true;
  respError(call.reply, text);
}

/** Counts an error that has been answered, by its code. */
export function errorCount(call: RespCall, text: string): void {
  const { respStats, respBlock, errorSlots } = call;
  respStats.f64[respBlock + RESP_COUNTER.errorReplies]++;
  const end = text.indexOf(' ');
  const code = end < 0 || end > ERROR_CODE_LENGTH_MAX ? 'ERR' : text.slice(0, end);
  let slot = errorSlots.get(code);
  if (slot === undefined) {
    slot = errorSlot(respStats, code);
    errorSlots.set(code, slot);
  }
  if (slot >= 0) errorNote(respStats, respBlock, slot);
}
