/**
 * MONITOR: a client sees every command that is run, on any thread.
 *
 *   +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * Each thread knows how many monitors the others have; while there are any, it sends them what it runs. They
 * get it by their event loops: in the order of its own thread, and about that of time over all threads.
 */
import { wordQuoted } from '../../../config/value-type.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { argumentsRedacted } from '../redaction.ts';
import { FLAG, type RespRow } from '../row.ts';
import { GATE, type RespSession } from '../session.ts';
import { sessionPush } from '../subscriptions/pubsub-message.ts';
import { clientAddress } from './client-list.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE } = FLAG;

// biome-ignore format: a table reads in columns
export const MONITOR_ROWS: readonly RespRow[] = [
  { name: 'monitor', arity: 1, flags: ADMIN | NO_SCRIPT | LOADING | STALE, group: 'server', since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'Shows every command that the server runs.', run: monitor },
];

function monitor(call: RespCall): void {
  const { session } = call;
  if (session.isMonitor) return;
  if (call.inTransaction) {
    answerError(call, "ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  session.isMonitor = true;
  call.monitors.own.add(session);
  monitorsTell(call);
  respOk(call.reply);
}

/** The session monitors no more. */
export function monitorEnd(call: RespCall, session: RespSession): void {
  session.isMonitor = false;
  if (call.monitors.own.delete(session)) monitorsTell(call);
}

function monitorsTell(call: RespCall): void {
  gateSet(call);
  const { monitors, bulletin } = call;
  bulletin.post({ kind: 'monitors', thread: bulletin.threadIndex, count: monitors.own.size });
}

function gateSet(call: RespCall): void {
  if (call.monitors.areThere) call.gate |= GATE.MONITORED;
  else call.gate &= ~GATE.MONITORED;
}

/** Shows the command that was run to all monitors: so EXEC comes behind what it ran. */
export function monitorFeed(call: RespCall, command: Command): void {
  if ((command.flags & (FLAG.SKIP_MONITOR | FLAG.ADMIN)) === 0) monitorShow(call, command);
}

/** Shows the command to all monitors: one that runs others, before it does. */
export function monitorShow(call: RespCall, command: Command): void {
  const line = monitorLine(call, command);
  monitorsPush(call, line);
  if (call.monitors.areElsewhere) call.bulletin.post({ kind: 'monitored', line });
}

function monitorLine(call: RespCall, command: Command): string {
  const { args, session } = call;
  const us = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const at = `${Math.floor(us / 1e6)}.${`${us % 1e6}`.padStart(6, '0')}`;
  const hidden = argumentsRedacted(command, args);
  const words: string[] = [];
  for (let index = 0; index < args.count; index++) {
    words.push(wordQuoted(hidden.has(index) ? '(redacted)' : argumentText(args, index)));
  }
  return `+${at} [${session.database} ${clientShown(call)}] ${words.join(' ')}\r\n`;
}

function clientShown(call: RespCall): string {
  const { session, scripts } = call;
  if (scripts.run.isRunning) return 'lua';
  const from = clientAddress(call, session.host.record);
  return session.host.isUnix ? `unix:${from.replace(/:0$/, '')}` : from;
}

function monitorsPush(call: RespCall, line: string): void {
  if (call.monitors.own.size === 0) return;
  const bytes = Buffer.from(line, 'latin1');
  for (const session of call.monitors.own) sessionPush(call, session, bytes);
}

/** Has this thread hear of the monitors of others, and of what those of its own are to see. */
export function monitorListen(call: RespCall): void {
  const { bulletin, monitors } = call;
  bulletin.share('monitors', {
    tell: () => monitors.tell(),
    hear: (thread, told) => {
      monitors.hear(thread, told);
      gateSet(call);
    },
    forget: (thread) => {
      monitors.forget(thread);
      gateSet(call);
    },
  });
  bulletin.on('monitors', (notice) => {
    monitors.hear(Number(notice['thread']), notice['count']);
    gateSet(call);
  });
  bulletin.on('monitored', (notice) => monitorsPush(call, String(notice['line'])));
}
