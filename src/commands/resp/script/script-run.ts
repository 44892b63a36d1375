/**
 * Running a script: under locks, with the keys and arguments of the call, and an answer at the end.
 *
 * A script runs as one, so it holds the locks of what it uses from its start to its end:
 *
 *   has kept to its keys before ──▶ the locks of its keys
 *   is new, or has not          ──▶ all locks
 *
 * One that kept to its keys and then uses another takes that one's lock as well, if it can be had at once. If it
 * cannot, and the script has written nothing, it is as if it had not been: it is run again under all locks. If
 * it has written, it strays (locks.ts). One at a time can: a second that has written and wants to as well, while the
 * first waits, fails with an error, half done. So a script is believed only after some runs.
 *
 * Spec: valkey-io/valkey src/script.c, scriptPrepareForRun, and src/script_lua.c, luaCallFunction.
 */
import { KEY_BYTES_LIMIT, keyFillIn } from '../../../base/key.ts';
import { keyspaceRoomMake } from '../../../engine/memory-limit.ts';
import { LUA_STATUS, LUA_TYPE } from '../../../lua/lua-api.ts';
import { luaText } from '../../../lua/lua-machine.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { answerError, answerErrorAgain, type RespCall } from '../call.ts';
import { briefsSettle } from '../command-note.ts';
import { overdueStop, overdueText } from '../overdue.ts';
import { GATE, RespSession } from '../session.ts';
import { trackingBefore } from '../tracking/tracking.ts';
import { functionMachine } from './function-compile.ts';
import { beyondUse, machineKeep } from './machine-care.ts';
import type { Conduct } from './script-cache.ts';
import { SCRIPT_FLAG } from './script-flags.ts';
import { ScriptMachine, STACK } from './script-machine.ts';
import type { ScriptRun } from './script-state.ts';

/** Argument from which on keys and others follow. */
const FIRST = 3;
/** After so many runs in which it kept to its keys a script is believed to. */
const CLEAN_RUNS_MIN = 3;
const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';
const OUT_OF_MEMORY =
  "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'";
const NOT_READ_ONLY = 'ERR Can not execute a script with write flag using *_ro command.';

/** What is run. */
export interface Subject {
  /** As errors name it. */
  readonly name: string;
  /** SCRIPT_FLAG bits. */
  readonly flags: number;
  readonly conduct: Conduct;
  /** Of EVAL: finds KEYS and ARGV as globals. Others get them as arguments. */
  readonly isEval: boolean;
  /** Of the function in the machine for which it was prepared last. */
  readonly reference: number;
  /** Sees to it that the function is compiled; or returns the error that is to be answered. */
  prepare(machine: ScriptMachine): string | null;
}

/** The thread's machine, which the first script has made. */
export function scriptMachine(call: RespCall): ScriptMachine {
  call.scripts.machine ??= new ScriptMachine(call, false);
  return call.scripts.machine;
}

/** Sees to it that the subject can be run; or returns the error that is to be answered. */
export function subjectPrepare(
  call: RespCall,
  machine: ScriptMachine,
  subject: Subject,
): string | null {
  try {
    return subject.prepare(machine);
  } catch (thrown) {
    return beyondUse(call, machine, thrown);
  }
}

/** Runs the subject with `keyCount` keys and the arguments behind them, and answers. */
export function scriptRun(
  call: RespCall,
  subject: Subject,
  keyCount: number,
  isReadOnly: boolean,
): void {
  const { locks, scripts, op } = call;
  const machine = subject.isEval ? scriptMachine(call) : functionMachine(call);
  const error = subjectPrepare(call, machine, subject);
  if (error !== null) {
    answerError(call, error);
    return;
  }
  const isOurs = !call.inTransaction;
  const isTight = isOurs && (call.gate & GATE.MEMORY_TIGHT) !== 0;
  const { run } = scripts;
  run.isOutOfMemory = isTight && !keyspaceRoomMake(call.keyspace, op.nowMs);
  const refusal = refusalOf(call, run, subject, isReadOnly);
  if (refusal !== null) {
    answerError(call, refusal);
    return;
  }
  if (isOurs && !locksName(call, subject.conduct, keyCount)) {
    answerError(call, RESP_ERROR.keyTooLong);
    return;
  }
  run.isReadOnly = isReadOnly || (subject.flags & SCRIPT_FLAG.NO_WRITES) !== 0;
  run.allowsOutOfMemory = (subject.flags & SCRIPT_FLAG.ALLOW_OOM) !== 0;
  run.name = subject.name;
  run.isEval = subject.isEval;
  const startUs = call.clockUs;
  if (isOurs && !locks.take(true)) {
    answerError(call, overdueText(call));
    return;
  }
  lockedRun(call, machine, subject, keyCount);
  if (run.isAbandoned) {
    locks.release();
    locks.wantAll();
    locks.take(false);
    lockedRun(call, machine, subject, keyCount);
  }
  if (isOurs) locks.release();
  conductNote(run, subject.conduct);
  briefsSettle(call);
  call.clockUs = startUs; // the time of its commands is its own as well
  machineKeep(call, machine);
}

/** Why a script that says what it needs is not run, or null. */
function refusalOf(
  call: RespCall,
  run: ScriptRun,
  { flags }: Subject,
  isReadOnly: boolean,
): string | null {
  if (flags & SCRIPT_FLAG.COMPATIBLE) return null;
  if ((flags & SCRIPT_FLAG.NO_WRITES) === 0) {
    if (isReadOnly) return NOT_READ_ONLY;
    if (call.gate & GATE.NO_REPLICAS) return NO_REPLICAS;
    if (run.isOutOfMemory && (flags & SCRIPT_FLAG.ALLOW_OOM) === 0) return OUT_OF_MEMORY;
  }
  return null;
}

/** Names the locks to run under. False: a key is longer than any key can be. */
function locksName(call: RespCall, conduct: Conduct, keyCount: number): boolean {
  const { locks, args, op, keyspace, session } = call;
  for (let index = FIRST; index < FIRST + keyCount; index++) {
    const start = args.start[index];
    const bytes = args.end[index] - start;
    if (bytes > KEY_BYTES_LIMIT) {
      locks.wantNone();
      return false;
    }
    keyFillIn(op.key, session.namespace, args.source, start, bytes);
    locks.want(keyspace.partitionFor(op.key.hash));
  }
  locks.declare();
  if (conduct.wanders || conduct.cleanRuns < CLEAN_RUNS_MIN) locks.wantAll();
  return true;
}

function conductNote(run: ScriptRun, conduct: Conduct): void {
  if (run.hasStrayed) conduct.wanders = true;
  else if (conduct.cleanRuns < CLEAN_RUNS_MIN) conduct.cleanRuns++;
}

/** Runs the subject once, under locks that are held. */
function lockedRun(
  call: RespCall,
  machine: ScriptMachine,
  subject: Subject,
  keyCount: number,
): void {
  const { scripts, inTransaction, session } = call;
  const { run } = scripts;
  run.session = scriptingSession(session);
  if (session.tracking !== null && !inTransaction) trackingBefore(call);
  run.resp = 2;
  run.hasWritten = false;
  run.isAbandoned = false;
  run.isKilled = false;
  run.hasStrayed = false;
  run.startedAtMs = call.clockUs / 1000;
  run.isRunning = true;
  call.inTransaction = true;
  try {
    luaRun(call, machine, subject, keyCount);
  } catch (thrown) {
    const error = beyondUse(call, machine, thrown);
    run.isRunning = false;
    answerError(call, error);
  }
  run.isRunning = false;
  run.session = null;
  call.inTransaction = inTransaction;
  if (run.isAbandoned || run.isKilled) machine.interruptsSet(machine.lua.L, false);
  overdueStop(call);
}

/** As whom the scripts of a client run commands, as it is at the start of each. */
function scriptingSession(session: RespSession): RespSession {
  session.scripting ??= new RespSession(session.host, session.id, session.user);
  const { scripting } = session;
  scripting.user = session.user;
  scripting.gate = session.gate & GATE.CACHING;
  scripting.tracking = session.tracking;
  scripting.database = session.database;
  scripting.namespace = session.namespace;
  scripting.resp = 2;
  return scripting;
}

function luaRun(call: RespCall, machine: ScriptMachine, subject: Subject, keyCount: number): void {
  const { lua, writer } = machine;
  const { L } = lua;
  const { run } = call.scripts;
  machine.functionPush(subject.reference);
  let count = 0;
  if (subject.isEval) {
    machine.globalsSet(call, FIRST, keyCount);
  } else {
    machine.listPush(call.args, FIRST, keyCount);
    machine.listPush(call.args, FIRST + keyCount, call.args.count - FIRST - keyCount);
    count = 2;
  }
  const status = lua.call(L, count, 1, STACK.HANDLER);
  run.isRunning = false;
  if (!run.isAbandoned) {
    if (status === LUA_STATUS.OK) writer.write(L, call.reply, run.resp);
    else errorAnswer(call, machine);
  }
  machine.stackClear();
}

/** Answers the error on top, by which the script has ended. */
function errorAnswer(call: RespCall, { lua, fields }: ScriptMachine): void {
  const { api, L } = lua;
  const { run } = call.scripts;
  if (api.lua_type(L, -1) !== LUA_TYPE.TABLE) {
    const text = lua.string(L, -1) ? luaText(lua, L, -1).slice(0, 100) : 'execution failure';
    answerError(call, `ERR Error running script ${run.name}, ${text}`);
    return;
  }
  const top = api.lua_gettop(L);
  const text = fields.fieldPush(L, fields.names.err) === LUA_TYPE.NIL ? '' : luaText(lua, L, -1);
  api.lua_settop(L, top);
  fields.fieldPush(L, fields.names.source);
  const source = luaText(lua, L, -1);
  api.lua_settop(L, top);
  fields.fieldPush(L, fields.names.line);
  const line = luaText(lua, L, -1);
  api.lua_settop(L, top);
  const place = line === '' ? '' : ` script: ${run.name}, on ${source}:${line}.`;
  const said = `${text === '' ? 'ERR unknown error' : text}${place}`;
  fields.fieldPush(L, fields.names.ignore_error_stats_update);
  if (api.lua_toboolean(L, -1) !== 0) answerErrorAgain(call, said);
  else answerError(call, said);
}
