/** What a session tells other threads of itself: its part of the connection's record. */
import {
  CLIENT,
  CLIENT_F64,
  CLIENT_FLAG,
  CLIENT_TEXT,
  clientF64,
  clientTextSet,
} from '../../../memory/client-records.ts';
import { CONNECTION } from '../../../memory/connections.ts';
import type { Control } from '../../../memory/control.ts';
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import type { RespCall } from '../call.ts';
import { GATE, PHASE, type RespHost, type RespSession, subscriptionCount } from '../session.ts';

/** Brings the record up to date: before somebody reads it on this thread, and when anything may have changed. */
export function clientNote(control: Control, session: RespSession, nowSec: number): void {
  clientNoteRun(control, session, nowSec);
  const { i32 } = control;
  const { host, channels, patterns, shardChannels, queue, watched, tracking } = session;
  const { record } = host;
  session.notedPlain = isPlain(session);
  i32[record + CONNECTION.phase] = session.phase;
  i32[record + CLIENT.flags] = clientFlags(session);
  i32[record + CLIENT.database] = session.database;
  i32[record + CLIENT.resp] = session.resp;
  i32[record + CLIENT.channels] = channels.size;
  i32[record + CLIENT.patterns] = patterns.size;
  i32[record + CLIENT.shardChannels] = shardChannels.size;
  i32[record + CLIENT.queued] = session.gate & GATE.MULTI ? queue.length : -1;
  i32[record + CLIENT.watched] = watched.length;
  i32[record + CLIENT.redirect] = tracking === null ? -1 : tracking.redirect;
  i32[record + CLIENT.prefixes] = tracking === null ? 0 : tracking.prefixes.size;
  i32[record + CLIENT.queuedBytes] = session.queuedBytes;
  i32[record + CLIENT.outputBytes] = host.outputBytes;
  i32[record + CLIENT.outputPieces] = host.outputPieces;
}

/** … after each batch: whole, unless all that it ran were brief commands, which change nothing of a client. */
export function clientNoteBatch(call: RespCall): void {
  const { session, keyspace, op } = call;
  if (call.ranBriefsOnly && session.notedPlain && isPlain(session)) {
    clientNoteRun(keyspace.control, session, op.nowSec);
  } else {
    clientNote(keyspace.control, session, op.nowSec);
  }
}

function isPlain({ gate, phase }: RespSession): boolean {
  return gate === 0 && phase === PHASE.COMMAND;
}

/** … as to what it has run, and what that took. */
function clientNoteRun(control: Control, session: RespSession, nowSec: number): void {
  const { i32, f64 } = control;
  const { host } = session;
  const { record } = host;
  clientNoteQuery(control, host);
  i32[record + CONNECTION.lastCommandSec] = nowSec;
  i32[record + CLIENT.command] = session.lastCommand;
  f64[clientF64(record, CLIENT_F64.bytesRead)] = host.bytesRead;
  f64[clientF64(record, CLIENT_F64.bytesWritten)] = host.bytesWritten;
  f64[clientF64(record, CLIENT_F64.commands)] = session.commandsRun;
}

/** … as to the request that is coming in. */
export function clientNoteQuery({ i32 }: Control, host: RespHost): void {
  const { record } = host;
  i32[record + CLIENT.queryBytes] = host.queryBytes;
  i32[record + CLIENT.queryFreeBytes] = host.queryFreeBytes;
  i32[record + CLIENT.argumentBytes] = host.argumentBytes;
}

function clientFlags(session: RespSession): number {
  const { gate, phase, host, noEvict, noTouch, isMonitor, tracking } = session;
  return (
    (subscriptionCount(session) > 0 ? CLIENT_FLAG.PUBSUB : 0) |
    (gate & GATE.MULTI ? CLIENT_FLAG.MULTI : 0) |
    (phase === PHASE.BLOCKED ? CLIENT_FLAG.BLOCKED : 0) |
    (phase === PHASE.PAUSED ? CLIENT_FLAG.PAUSED : 0) |
    (phase === PHASE.CLOSED ? CLIENT_FLAG.CLOSING : 0) |
    (host.isUnix ? CLIENT_FLAG.UNIX : 0) |
    (isMonitor ? CLIENT_FLAG.MONITOR : 0) |
    (noEvict ? CLIENT_FLAG.NO_EVICT : 0) |
    (noTouch ? CLIENT_FLAG.NO_TOUCH : 0) |
    (tracking !== null ? CLIENT_FLAG.TRACKING : 0) |
    (tracking?.isBroken === true ? CLIENT_FLAG.BROKEN_REDIRECT : 0) |
    (tracking?.isBroadcast === true ? CLIENT_FLAG.BROADCAST : 0)
  );
}

/** What changes seldom: once at the start, and when the client names itself or logs in. */
export function clientNoteNames(control: Control, session: RespSession): void {
  const { host, name, libraryName, libraryVersion, user, createdAtMs } = session;
  const { record, local } = host;
  clientTextSet(control, record, CLIENT_TEXT.name, name);
  clientTextSet(control, record, CLIENT_TEXT.local, local);
  clientTextSet(control, record, CLIENT_TEXT.libraryName, libraryName);
  clientTextSet(control, record, CLIENT_TEXT.libraryVersion, libraryVersion);
  clientTextSet(control, record, CLIENT_TEXT.user, user.name);
  control.f64[clientF64(record, CLIENT_F64.createdAtMs)] = createdAtMs;
}

/** The running request's own part of the record, which only it can tell of itself. */
export function clientNoteSelf(call: RespCall): void {
  const { session, args, command, keyspace } = call;
  const { control } = keyspace;
  session.lastCommand = command.number + 1;
  clientNote(control, session, call.op.nowSec);
  let bytes = 0;
  for (let index = 0; index < args.count; index++) bytes += argumentBytes(args, index);
  control.i32[session.host.record + CLIENT.argumentBytes] = bytes;
}
