/**
 * CLIENT PAUSE: commands are held back for a while, all of them or those that write. Every thread has its own
 * copy of the pause, and its own timer. A command that is held back is still in its connection's input; it
 * is found again when the pause is over.
 *
 * Keys do not change meanwhile, so none goes for having expired either. Those that have are not seen any more.
 * memcached's clients are not paused, and what they find expired goes.
 */
import { CONTROL_F64 } from '../../../memory/control.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, subcommandMisused } from '../../../protocol/resp/errors.ts';
import { respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { integerArgument } from '../number-arguments.ts';
import { runFlags } from '../request-flags.ts';
import { FLAG } from '../row.ts';
import { GATE, PHASE } from '../session.ts';

/** What a timer takes at most. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** Commands that write by way of others, or reach other servers: held back with those that write. */
const WRITES_TOO = FLAG.WRITE | FLAG.MAY_REPLICATE;

/** CLIENT PAUSE timeout [WRITE | ALL] */
export function clientPause(call: RespCall): void {
  const { args } = call;
  const isOfAll = args.count === 3 || !argumentIs(args, 3, 'write');
  if (args.count > 4) {
    answerError(call, subcommandMisused('client', argumentText(args, 1)));
    return;
  }
  if (args.count === 4 && isOfAll && !argumentIs(args, 3, 'all')) {
    answerError(call, 'ERR CLIENT PAUSE mode must be WRITE or ALL');
    return;
  }
  const ms = integerArgument(call, 2, 'ERR timeout is not an integer or out of range');
  if (Number.isNaN(ms)) return;
  if (ms < 0) {
    answerError(call, RESP_ERROR.timeoutNegative);
    return;
  }
  // A pause that holds is never made shorter, nor of fewer commands.
  const { pause } = call;
  const holds = pause.untilMs > Date.now();
  const untilMs = Math.max(Date.now() + ms, holds ? pause.untilMs : 0);
  pauseSet(call, untilMs, isOfAll || (holds && pause.isOfAll));
  call.keyspace.control.f64[CONTROL_F64.expiryRestsUntilMs] = untilMs;
  call.bulletin.post({ kind: 'pause', untilMs, isOfAll: pause.isOfAll });
  respOk(call.reply);
}

/** CLIENT UNPAUSE */
export function clientUnpause(call: RespCall): void {
  pauseEnd(call);
  call.keyspace.control.f64[CONTROL_F64.expiryRestsUntilMs] = 0;
  call.bulletin.post({ kind: 'pause', untilMs: 0, isOfAll: false });
  respOk(call.reply);
}

/** Whether the pause holds the command back. Then the session waits for its end. */
export function pauseHolds(call: RespCall, command: Command): boolean {
  const { pause, session } = call;
  if (pause.untilMs <= Date.now()) {
    pauseEnd(call);
    return false;
  }
  const writes = (runFlags(call, command) & WRITES_TOO) !== 0;
  const holds = pause.isOfAll || writes;
  if (holds && !session.isMonitor && command.fullName !== 'client|unpause') {
    session.phase = PHASE.PAUSED;
    return true;
  }
  call.op.sparesDead = !writes;
  return false;
}

function pauseSet(call: RespCall, untilMs: number, isOfAll: boolean): void {
  const { pause } = call;
  if (pause.timer !== null) clearTimeout(pause.timer);
  pause.untilMs = untilMs;
  pause.isOfAll = isOfAll;
  call.gate |= GATE.PAUSED;
  const leftMs = Math.min(Math.max(0, untilMs - Date.now()), TIMER_MS_MAX);
  pause.timer = setTimeout(() => pauseEnd(call), leftMs);
}

/** Lets everybody go on. */
function pauseEnd(call: RespCall): void {
  const { pause } = call;
  if (pause.timer !== null) clearTimeout(pause.timer);
  pause.timer = null;
  pause.untilMs = 0;
  call.gate &= ~GATE.PAUSED;
  call.op.sparesDead = false;
  for (const session of call.sessions.values()) {
    if (session.phase !== PHASE.PAUSED) continue;
    session.phase = PHASE.COMMAND;
    session.host.wake();
  }
}

/** Has this thread hear of the pauses of others. */
export function pauseListen(call: RespCall): void {
  const { bulletin, pause } = call;
  bulletin.on('pause', (notice) => {
    const untilMs = Number(notice['untilMs']);
    if (untilMs === 0) pauseEnd(call);
    else pauseSet(call, untilMs, notice['isOfAll'] === true);
  });
  bulletin.share('pause', {
    tell: () => [pause.untilMs, pause.isOfAll],
    hear: (_, told) => {
      const [untilMs, isOfAll] = told as readonly [number, boolean];
      if (untilMs > Date.now()) pauseSet(call, untilMs, isOfAll);
    },
    forget: () => undefined,
  });
}
