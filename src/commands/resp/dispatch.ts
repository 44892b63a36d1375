/**
 * The loop of a RESP session: from bytes to commands.
 */
import { clockUs } from '../../base/clock.ts';
import { databaseOf } from '../../engine/database.ts';
import { COMMAND_STAT } from '../../memory/command-stats.ts';
import { CONTROL, COUNTER } from '../../memory/control.ts';
import { replyTakeBack } from '../../protocol/reply.ts';
import { argumentsCopy, argumentText } from '../../protocol/resp/arguments.ts';
import { execAborted, RESP_ERROR, wrongArity } from '../../protocol/resp/errors.ts';
import { respError, respRaw, respSimple } from '../../protocol/resp/reply.ts';
import {
  REQUEST_BROKEN,
  type RequestParser,
  requestParse,
} from '../../protocol/resp/request-parser.ts';
import { RUN_ENDED } from '../run-ended.ts';
import { aclCheck, aclLogPost, contextOf, refusalText } from './acl/acl-guard.ts';
import { errorCount, type RespCall, respClock } from './call.ts';
import type { Command } from './command.ts';
import { subcommandFind } from './command-lookup.ts';
import { briefsSettle } from './command-note.ts';
import { commandExecute, unknownSubcommand } from './execute.ts';
import { httpRefuse } from './http-refusal.ts';
import { memoryAdmits, memoryGateRead } from './memory-gate.ts';
import { overdueGateRead, overdueText } from './overdue.ts';
import { runFlags } from './request-flags.ts';
import { FLAG } from './row.ts';
import { pauseHolds } from './server/client-pause.ts';
import { monitorFeed } from './server/monitor.ts';
import { GATE, PHASE, type Phase, type RespSession } from './session.ts';
import { pubsubPost } from './subscriptions/pubsub.ts';
import { trackedHear, trackedTell } from './tracking/tracking.ts';
import { trackingSend } from './tracking/tracking-delivery.ts';
import { transactionForget } from './transaction-state.ts';

/** Requests of one event; then others have their turn. */
const REQUESTS_PER_EVENT_MAX = 1000;
const UNKNOWN_ARGS_TEXT_MAX = 128;
/** What a client of RESP2 that has subscribed may still ask for. */
const ALLOWED_SUBSCRIBED = new Set([
  'subscribe',
  'ssubscribe',
  'psubscribe',
  'unsubscribe',
  'sunsubscribe',
  'punsubscribe',
  'ping',
  'quit',
  'reset',
]);
const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';
/** What is not queued by MULTI. */
const NOT_QUEUED = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset']);

/**
 * Runs what has arrived: call.input[start, call.end), of which `parser` may know a part already. Returns how
 * far it came; the rest is an incomplete request, or has to wait: call.runEnded tells.
 */
export function respRun(call: RespCall, parser: RequestParser, start: number): number {
  batchStart(call, parser);
  const at = requestsRun(call, parser, start);
  batchEnd(call);
  return at;
}

function requestsRun(call: RespCall, parser: RequestParser, start: number): number {
  const { session } = call;
  let at = start;
  let budget = REQUESTS_PER_EVENT_MAX;
  call.runEnded = RUN_ENDED.INPUT;
  for (;;) {
    if (phaseOf(session) !== PHASE.COMMAND) {
      call.runEnded = RUN_ENDED.BLOCKED;
      return at;
    }
    if (at >= call.end) return at;
    if (budget-- === 0) {
      call.counters[call.block + COUNTER.connectionYields]++;
      call.runEnded = RUN_ENDED.BUDGET;
      return at;
    }
    const next = requestParse(parser, call.input, at, call.end);
    if (next < 0) {
      if (next === REQUEST_BROKEN) requestRefuse(call, parser);
      return at;
    }
    if (parser.args.count > 0) {
      call.args = parser.args;
      requestRun(call);
      if (phaseOf(session) === PHASE.PAUSED) return at; // it is asked for again when the pause is over
    }
    at = next;
  }
}

/** Commands change it, which the compiler does not see. */
function phaseOf(session: RespSession): Phase {
  return session.phase;
}

/** What holds for a batch: the clock, what other threads have told, the database's namespace. */
function batchStart(call: RespCall, parser: RequestParser): void {
  const { session, reply } = call;
  if (!call.isAside) {
    respClock(call);
    call.bulletin.catchUp();
    if (call.tracking.isRung) trackedHear(call);
    call.keyspace.tracked.client = session.id;
  }
  call.ranBriefsOnly = true;
  call.startedUs = clockUs();
  call.clockUs = call.startedUs;
  session.namespace = databaseOf(call.keyspace.control, session.database);
  reply.resp = session.resp;
  call.op.isTraceless = session.noTouch;
  parser.isAuthenticated = (session.gate & GATE.UNAUTHENTICATED) === 0;
  parser.bulkBytesMax = call.config.hot.protoMaxBulkLen;
  call.keyEvents = call.keyspace.control.i32[CONTROL.keyEvents];
  call.running = session;
  memoryGateRead(call);
  overdueGateRead(call);
}

/** Before the replies leave, other threads hear of what was done. A client that does it too fast has to wait. */
function batchEnd(call: RespCall): void {
  const { session } = call;
  briefsSettle(call);
  if (call.isAside) return;
  if (call.tracking.hasUnsent) {
    trackingSend(call);
    afterReplySend(call);
  }
  call.keyspace.tracked.client = 0;
  call.running = null;
  aclLogPost(call);
  if (!pubsubPost(call) || !call.bulletin.isCrowded) return;
  if (session.phase === PHASE.COMMAND) session.phase = PHASE.HELD;
}

/** Runs `call.args`, with what belongs around any reply. */
function requestRun(call: RespCall): void {
  const { session, reply } = call;
  reply.mark = reply.used;
  const asideCount = reply.aside.length;
  commandRun(call);
  if (session.gate !== 0) gateAfter(call, session, asideCount);
  if (call.afterReply.length > 0) afterReplySend(call);
}

function afterReplySend({ reply, afterReply }: RespCall): void {
  for (const bytes of afterReply.splice(0)) respRaw(reply, bytes, 0, bytes.length);
}

function requestRefuse(call: RespCall, parser: RequestParser): void {
  call.counters[call.block + COUNTER.protocolErrors]++;
  const text = `ERR Protocol error: ${parser.error}`;
  errorCount(call, text);
  respError(call.reply, text);
  call.session.phase = PHASE.CLOSED;
}

/** Finds the command that `call.args` names, and runs it, queues it, or refuses it. */
function commandRun(call: RespCall): void {
  const { args, session } = call;
  const found = call.table.find(args);
  if (found === null) {
    if (!httpRefuse(call)) refuse(call, null, unknownCommand(call));
    return;
  }
  let command: Command = found;
  if (found.subcommands.length > 0 && args.count > 1) {
    const sub = subcommandFind(found, args);
    if (sub === null) {
      call.command = found;
      unknownSubcommand(call, found);
      if (session.gate & GATE.MULTI) session.queueIsBroken = true;
      return;
    }
    command = sub;
  }
  const { arity } = command;
  if (arity >= 0 ? args.count !== arity : args.count < -arity) {
    refuse(call, command, wrongArity(command.fullName));
    return;
  }
  if ((session.gate | call.gate) !== 0 && !gatePass(call, command)) return;
  commandExecute(call, command);
}

/**
 * Answers an error instead of running the command, which then breaks a transaction that is being queued. EXEC
 * ends it, and what was watched, whether there is one or not.
 */
function refuse(call: RespCall, command: Command | null, text: string): void {
  if (command !== null) {
    call.command = command;
    call.stats[call.statsBlock + command.statsRecord + COMMAND_STAT.rejected]++;
  }
  const { session } = call;
  const ends = command?.row.name === 'exec';
  const said = ends ? execAborted(text.replace(/^ERR /, '')) : text;
  call.failed = true;
  errorCount(call, said);
  respError(call.reply, said);
  if (ends) {
    transactionForget(session);
    if (call.gate & GATE.MONITORED) monitorFeed(call, command);
  } else if (session.gate & GATE.MULTI) {
    session.queueIsBroken = true;
  }
}

/** What stands between a command and its run. False: it was answered, queued, or has to wait. */
function gatePass(call: RespCall, command: Command): boolean {
  const { session } = call;
  const gate = session.gate | call.gate;
  const { flags, row } = command;
  if (gate & GATE.UNAUTHENTICATED && (flags & FLAG.NO_AUTH) === 0) {
    refuse(call, command, RESP_ERROR.noAuth);
    return false;
  }
  if (gate & GATE.RESTRICTED && !isAllowed(call, command)) return false;
  if (gate & GATE.NO_REPLICAS && runFlags(call, command) & FLAG.WRITE) {
    refuse(call, command, NO_REPLICAS);
    return false;
  }
  if (gate & GATE.SUBSCRIBED && session.resp === 2 && !ALLOWED_SUBSCRIBED.has(row.name)) {
    refuse(call, command, subscribedText(command));
    return false;
  }
  if (gate & GATE.BUSY && (flags & FLAG.ALLOW_BUSY) === 0) {
    refuse(call, command, overdueText(call));
    return false;
  }
  if (gate & GATE.PAUSED && pauseHolds(call, command)) return false;
  if (gate & GATE.MEMORY_TIGHT && !memoryHasRoom(call, command)) {
    refuse(call, command, RESP_ERROR.outOfMemory);
    return false;
  }
  if (gate & GATE.MULTI && !NOT_QUEUED.has(row.name)) {
    queue(call, command);
    return false;
  }
  return true;
}

/** Whether the user may run it; false: it was answered. */
function isAllowed(call: RespCall, command: Command): boolean {
  const { session, args } = call;
  if (session.gate & GATE.MULTI && command.flags & FLAG.NO_MULTI) return true; // refused as it is
  call.command = command;
  const verdict = aclCheck(call, command, args, contextOf(call));
  if (verdict === 0) return true;
  refuse(call, command, `NOPERM ${refusalText(session.user, command, verdict)}`);
  return false;
}

/** What goes to make room goes before the reply. */
function memoryHasRoom(call: RespCall, command: Command): boolean {
  const admits = memoryAdmits(call, command);
  if (call.keyspace.tracked.hasNews) {
    call.tracking.speaksFirst = true;
    trackedTell(call);
    call.tracking.speaksFirst = false;
  }
  return admits;
}

function subscribedText({ fullName }: Command): string {
  const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET';
  return `ERR Can't execute '${fullName}': only ${allowed} are allowed in this context`;
}

function queue(call: RespCall, command: Command): void {
  const { session, reply } = call;
  if (command.flags & FLAG.NO_MULTI) {
    refuse(call, command, 'ERR Command not allowed inside a transaction');
    return;
  }
  const args = argumentsCopy(call.args);
  session.queue.push({ command, args });
  session.queuedBytes += args.source.length;
  session.lastCommand = command.number + 1;
  respSimple(reply, 'QUEUED');
}

/** CLIENT REPLY: takes back what the command has answered, unless it was a push. */
function gateAfter(call: RespCall, session: RespSession, asideCount: number): void {
  const isSilent = (session.gate & (GATE.REPLY_OFF | GATE.REPLY_SKIP)) !== 0;
  if (isSilent && !call.answersByPush) replyTakeBack(call.reply, asideCount);
  call.answersByPush = false;
  session.gate &= ~GATE.REPLY_SKIP;
  // CLIENT CACHING counts for the next command, or the next transaction.
  if (session.gate & GATE.CACHING && (session.gate & GATE.MULTI) === 0 && !isOfClient(call)) {
    session.gate &= ~GATE.CACHING;
  }
  if (session.gate & GATE.REPLY_SKIP_NEXT) {
    session.gate = (session.gate & ~GATE.REPLY_SKIP_NEXT) | GATE.REPLY_SKIP;
  }
}

function isOfClient({ command }: RespCall): boolean {
  return command.fullName.startsWith('client|');
}

function unknownCommand({ args }: RespCall): string {
  let words = '';
  for (let index = 1; index < args.count && words.length < UNKNOWN_ARGS_TEXT_MAX; index++) {
    words += `'${argumentText(args, index).slice(0, UNKNOWN_ARGS_TEXT_MAX - words.length)}' `;
  }
  const name = argumentText(args, 0).slice(0, UNKNOWN_ARGS_TEXT_MAX);
  return `ERR unknown command '${name}', with args beginning with: ${words}`;
}
