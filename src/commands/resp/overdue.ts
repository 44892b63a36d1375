/**
 * Overdue scripts, as clients meet them: while any thread runs one, commands are refused with BUSY on all threads, but
 * for the few that may end it.
 *
 *   a script's hook ──overdueTick──▶ after busy-reply-threshold: its word is set (memory/overdue-scripts.ts), and
 *                                    from then on the thread's other clients are served every SERVED_EACH_MS
 *   other threads   ──batch start──▶ GATE.BUSY
 *                   ──waiting for a lock──▶ give up if nothing has been done yet; else serve their other clients
 *
 * Spec: Redis, busy-reply-threshold. Cf. valkey-io/valkey src/script.c.
 */
import { CONTROL } from '../../memory/control.ts';
import type { LockWaiter } from '../../memory/lock.ts';
import {
  OVERDUE,
  overdueBegin,
  overdueEnd,
  overdueIsKilled,
  overdueKill,
  overdueKind,
  overdueList,
  overdueWrite,
} from '../../memory/overdue-scripts.ts';
import { argumentCopy } from '../../protocol/resp/arguments.ts';
import { respOk } from '../../protocol/resp/reply.ts';
import { answerError, type RespCall } from './call.ts';
import type { OverdueScript } from './overdue-state.ts';
import { GATE } from './session.ts';

/** How often a thread that cannot go back to its event loop looks after its clients. */
const SERVED_EACH_MS = 50;

const BUSY_EVAL =
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.';
const BUSY_FUNCTION =
  'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.';
const NOT_BUSY = 'NOTBUSY No scripts in execution right now.';
const UNKILLABLE =
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.';

/** What a run of a script is known by here. */
export interface TimedRun {
  readonly name: string;
  readonly isEval: boolean;
  readonly hasWritten: boolean;
  readonly startedAtMs: number;
}

/** Hears of other threads' overdue scripts. */
export function overdueListen(call: RespCall): void {
  const { bulletin, overdue } = call;
  bulletin.on('overdue', ({ thread, script }) => {
    if (script === null) overdue.known.delete(thread as number);
    else overdue.known.set(thread as number, script as OverdueScript);
  });
  bulletin.share('overdue', {
    tell: () => null, // a thread that tells what it knows has no script running
    hear: () => undefined,
    forget: (thread) => overdue.known.delete(thread),
  });
}

// ── The thread that runs it ──

/**
 * To be called by a running script's hook. True: the script was killed, and has to end.
 */
export function overdueTick(call: RespCall, run: TimedRun): boolean {
  const { overdue, config, keyspace, server } = call;
  const nowMs = performance.now();
  if (!overdue.isOverdue) {
    const { busyReplyThreshold } = config.hot;
    if (busyReplyThreshold === 0 || nowMs - run.startedAtMs < busyReplyThreshold) return false;
    overdueStart(call, run, nowMs);
  }
  if (nowMs - overdue.servedAtMs >= SERVED_EACH_MS) {
    call.aside?.();
    overdue.servedAtMs = performance.now();
  }
  return overdueIsKilled(keyspace.control, server.threadIndex);
}

function overdueStart(call: RespCall, run: TimedRun, nowMs: number): void {
  const { overdue, bulletin, server, keyspace, args } = call;
  const kind = run.isEval ? OVERDUE.IS_EVAL : OVERDUE.IS_FUNCTION;
  const script: OverdueScript = {
    name: run.name,
    command: Array.from({ length: args.count }, (_, index) => argumentCopy(args, index)),
    startedAtMs: Date.now() - (nowMs - run.startedAtMs),
  };
  overdue.isOverdue = true;
  overdue.servedAtMs = 0.5;
  overdue.known.set(server.threadIndex, script);
  bulletin.post({ kind: 'overdue', thread: server.threadIndex, script });
  const bits = kind | (run.hasWritten ? OVERDUE.HAS_WRITTEN : 0);
  overdueBegin(keyspace.control, server.threadIndex, bits);
  call.overdueChanged?.(true);
  const ranMs = Math.round(nowMs - run.startedAtMs);
  server.warn('a script is slow; it can be killed', {
    name: run.name,
    ms: ranMs,
    by: run.isEval ? 'SCRIPT KILL' : 'FUNCTION KILL',
  });
}

/** The script has ended. */
export function overdueStop(call: RespCall): void {
  const { overdue, server } = call;
  if (!overdue.isOverdue) return;
  overdue.isOverdue = false;
  overdueEnd(call.keyspace.control, server.threadIndex);
  call.overdueChanged?.(false);
  overdue.known.delete(server.threadIndex);
  call.bulletin.post({ kind: 'overdue', thread: server.threadIndex, script: null });
}

/** The script is about to write for the first time. False: it was killed, and may not. */
export function overdueMayWrite(call: RespCall): boolean {
  const { overdue, keyspace, server } = call;
  return !overdue.isOverdue || overdueWrite(keyspace.control, server.threadIndex);
}

// ── Everybody else ──

/** Reads, for a batch, whether any thread's script is overdue. */
export function overdueGateRead(call: RespCall): void {
  if (call.keyspace.control.i32[CONTROL.overdueScripts] !== 0) call.gate |= GATE.BUSY;
  else call.gate &= ~GATE.BUSY;
}

/** What is answered instead of running a command. */
export function overdueText(call: RespCall): string {
  const kind = overdueKind(call.keyspace.control);
  return kind === OVERDUE.IS_FUNCTION ? BUSY_FUNCTION : BUSY_EVAL;
}

/** What the thread does while it waits for a lock: lock.ts. */
export function overdueWaiter(call: RespCall): LockWaiter {
  const { i32 } = call.keyspace.control;
  return (may) => {
    if (Atomics.load(i32, CONTROL.overdueScripts) === 0) return false;
    if (!may) call.aside?.();
    return may;
  };
}

/** SCRIPT KILL and FUNCTION KILL: has the overdue scripts of a kind end, if they have not written. */
export function overdueKillAll(call: RespCall, kind: number): void {
  const { control } = call.keyspace;
  const all = overdueList(control);
  const ours = all.filter(({ bits }) => bits & kind);
  const killed = ours.filter((one) => (one.bits & OVERDUE.HAS_WRITTEN) === 0);
  if (killed.length > 0) {
    for (const one of killed) {
      if (!overdueKill(control, one)) {
        overdueKillAll(call, kind); // it has written or ended meanwhile
        return;
      }
    }
    respOk(call.reply);
  } else if (all.length === 0) {
    answerError(call, NOT_BUSY);
  } else if (ours.length > 0 || all.some(({ bits }) => bits & OVERDUE.HAS_WRITTEN)) {
    answerError(call, UNKILLABLE);
  } else {
    answerError(call, overdueText(call));
  }
}
