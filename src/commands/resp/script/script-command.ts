/**
 * redis.call and redis.pcall: a command that a script runs.
 *
 * It is run as any other, but for whom it answers: a session of the script's own, with its database and protocol,
 * and a reply that becomes a value.
 *
 * Spec: Redis, "Lua API". Texts and their order: valkey-io/valkey src/script.c.
 */
import { KEY_BYTES_LIMIT, keyFillIn } from '../../../base/key.ts';
import { guardsClear } from '../../../engine/guard.ts';
import { luaRaise } from '../../../lua/lua-machine.ts';
import { COMMAND_STAT } from '../../../memory/command-stats.ts';
import { CONTROL } from '../../../memory/control.ts';
import { replyTotal } from '../../../protocol/reply.ts';
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { aclCheck, refusalText } from '../acl/acl-guard.ts';
import { errorCount, type RespCall } from '../call.ts';
import { type Command, KEY_MODE } from '../command.ts';
import { subcommandFind } from '../command-lookup.ts';
import { commandExecute, commandExecuteHeld, locksWant } from '../execute.ts';
import { overdueMayWrite } from '../overdue.ts';
import { FLAG } from '../row.ts';
import { GATE } from '../session.ts';
import { scriptArgumentsTake } from './script-arguments.ts';
import { scriptInterrupt } from './script-interrupt.ts';
import type { ScriptMachine } from './script-machine.ts';
import type { ScriptRun } from './script-state.ts';

/** Others that are not for scripts change what stands still around one: the client, its transaction, users. */
const LIFTED = new Set(['debug', 'client|list', 'client|id', 'client|info']);
const OUTSIDE = 'redis.call/pcall can only be called inside a script invocation';
const UNKNOWN = 'ERR Unknown Redis command called from script';
const ARITY = 'ERR Wrong number of args calling Redis command from script';
const NOT_FROM_SCRIPTS = 'ERR This Redis command is not allowed from script';
const READ_ONLY = 'ERR Write commands are not allowed from read-only scripts.';
const NO_REPLICAS = 'NOREPLICAS Not enough good replicas to write.';
const RUN_AGAIN = 'the script is run again';
const KILLED = 'the script was killed';
const NOT_DECLARED =
  'Script has written, and now needs a key that it has not declared and another client holds';

/** Tries to get a lock out of order: for a script that can be run again, and for one that cannot. */
const LOCK_TRIES = 200;
const LOCK_TRIES_WRITTEN = 2_000_000;
/** Commands from one look at the clock to the next, if there are not enough instructions between them. */
const INTERRUPT_COMMANDS = 256;
const MINUS = 0x2d;

/** Runs the command on the stack, and leaves its reply there. `raises`: errors are raised. */
export function scriptCommand(
  call: RespCall,
  machine: ScriptMachine,
  L: number,
  raises: boolean,
): number {
  const { run } = call.scripts;
  const { lua, fields } = machine;
  if (!run.isRunning) luaRaise(lua, L, OUTSIDE);
  if (run.isAbandoned || run.isKilled || --run.commandsLeft === 0) {
    run.commandsLeft = INTERRUPT_COMMANDS;
    scriptInterrupt(call, machine, L);
  }
  const unfit = scriptArgumentsTake(machine, L);
  if (unfit !== null) {
    fields.errorPush(L, unfit);
    return raises ? lua.api.lua_error(L) : 1;
  }
  const command = commandFind(call, machine);
  const refusal = refusalOf(call, run, machine, command);
  if (refusal !== null || command === null) {
    refusalCount(call, command, refusal ?? UNKNOWN);
    fields.errorPush(L, refusal ?? UNKNOWN);
    fields.countedMark(L);
    return raises ? lua.api.lua_error(L) : 1;
  }
  const uncovered = commandRun(call, machine, command);
  if (uncovered !== null) luaRaise(lua, L, uncovered);
  const isError = replyPush(machine, L);
  return isError && raises ? lua.api.lua_error(L) : 1;
}

/** The command or subcommand that the arguments name, or null. */
export function commandFind(call: RespCall, { args }: ScriptMachine): Command | null {
  const found = call.table.find(args);
  if (found === null || found.subcommands.length === 0 || args.count === 1) return found;
  return subcommandFind(found, args);
}

/** Why the command is not run, or null. */
function refusalOf(
  call: RespCall,
  run: ScriptRun,
  { args }: ScriptMachine,
  command: Command | null,
): string | null {
  if (command === null) return UNKNOWN;
  const { flags, arity } = command;
  if (arity >= 0 ? args.count !== arity : args.count < -arity) return ARITY;
  if (flags & FLAG.NO_SCRIPT && !isLifted(call, command)) return NOT_FROM_SCRIPTS;
  const { user } = call.session;
  if (user.isRestricted) {
    const verdict = aclCheck(call, command, args, 'lua');
    if (verdict !== 0) return `ERR ACL failure in script: ${refusalText(user, command, verdict)}`;
  }
  if (run.isReadOnly && flags & (FLAG.WRITE | FLAG.MAY_REPLICATE)) return READ_ONLY;
  if (run.hasWritten) return null;
  if (call.gate & GATE.NO_REPLICAS && flags & FLAG.WRITE) return NO_REPLICAS;
  if (run.isOutOfMemory && flags & FLAG.DENY_OOM && !run.allowsOutOfMemory) {
    return RESP_ERROR.outOfMemory;
  }
  return null;
}

/** Whether scripts may call it, though it is not for them, since DEBUG has said so. */
function isLifted({ keyspace }: RespCall, { fullName }: Command): boolean {
  return Atomics.load(keyspace.control.i32, CONTROL.scriptsDebug) !== 0 && LIFTED.has(fullName);
}

function refusalCount(call: RespCall, command: Command | null, text: string): void {
  errorCount(call, text);
  if (command === null) return;
  call.stats[call.statsBlock + command.statsRecord + COMMAND_STAT.rejected]++;
}

/** Runs the command. Returns null; or why it could not be run, for want of locks. */
function commandRun(call: RespCall, machine: ScriptMachine, command: Command): string | null {
  const { session, reply, args, failed, scripts } = call;
  const { run } = scripts;
  const outer = call.command;
  const { lua } = machine;
  if (machine.replyEpoch !== lua.epoch) machine.replyReset();
  machine.reply.used = 0;
  machine.reply.resp = run.resp;
  call.session = run.session ?? session;
  call.reply = machine.reply;
  call.args = machine.args;
  const isOneKey =
    command.keyMode === KEY_MODE.ONE && argumentBytes(machine.args, 1) <= KEY_BYTES_LIMIT;
  const uncovered = locksCover(call, run, command, isOneKey) ?? writeStart(call, run, command);
  if (uncovered === null) {
    run.isInCommand = true;
    if (isOneKey) commandExecuteHeld(call, command);
    else commandExecute(call, command);
    run.isInCommand = false;
    if (run.session !== null) session.commandsRun++; // it is the client's
    if (isOneKey) guardsClear(call.p);
    else call.locks.guardsClear();
  }
  call.session = session;
  call.reply = reply;
  call.args = args;
  call.command = outer;
  call.failed = failed;
  return uncovered;
}

/** Notes that the script writes, unless it was killed before: then it must not. Returns null, or that. */
function writeStart(call: RespCall, run: ScriptRun, { flags }: Command): string | null {
  if ((flags & FLAG.WRITE) === 0 || run.hasWritten) return null;
  run.hasWritten = overdueMayWrite(call);
  if (run.hasWritten) return null;
  run.isKilled = true; // which the next interrupt finds
  return KILLED;
}

/**
 * Sees to it that the locks are held that the command needs. Returns null; or what to say if they cannot be had.
 * The key of a command of one is then in call.op.key, and its partition in call.p.
 */
function locksCover(
  call: RespCall,
  run: ScriptRun,
  command: Command,
  isOneKey: boolean,
): string | null {
  const { locks, args, op, session, keyspace } = call;
  const { keyMode } = command;
  if (command.flags & FLAG.WHOLE || keyMode === KEY_MODE.ALL) {
    locks.wantAll();
  } else if (keyMode === KEY_MODE.NONE) {
    return null;
  } else if (isOneKey) {
    keyFillIn(op.key, session.namespace, args.source, args.start[1], argumentBytes(args, 1));
    call.p = keyspace.partitionFor(op.key.hash);
    if (!locks.declares(call.p)) run.hasStrayed = true;
    if (locks.holds(call.p)) return null;
    locks.want(call.p);
  } else if (!locksWant(call, command, args)) {
    locks.wantNone();
    return null; // a key is too long, which the command will answer
  }
  if (!locks.areDeclared) run.hasStrayed = true;
  const { hasWritten } = run;
  if (locks.takeMore(hasWritten ? LOCK_TRIES_WRITTEN : LOCK_TRIES, hasWritten)) return null;
  if (run.hasWritten) return NOT_DECLARED;
  run.isAbandoned = true;
  return RUN_AGAIN;
}

/** Makes a value of the reply; true: it is an error. */
function replyPush(machine: ScriptMachine, L: number): boolean {
  const { reply, reader, lua, replyAt } = machine;
  const { aside } = reply;
  if (aside.length === 0) {
    const isError = reply.bytes[0] === MINUS;
    reader.push(L, replyAt);
    return isError;
  }
  const pieces = [...aside, reply.bytes.subarray(0, reply.used)];
  const whole = Buffer.concat(pieces, replyTotal(reply));
  machine.replyReset();
  // Lua frees it when nothing is left of it, also after an error on the way.
  const at = lua.api.lua_newuserdata(L, whole.length);
  whole.copy(lua.bytes, at);
  reader.push(L, at);
  return whole[0] === MINUS;
}
