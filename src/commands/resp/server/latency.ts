/** LATENCY: how long commands take, and what took notably long. */
import { commandTimes } from '../../../memory/resp-stats.ts';
import { timeHistogram } from '../../../memory/time-steps.ts';
import { argumentText } from '../../../protocol/resp/arguments.ts';
import {
  respArray,
  respInteger,
  respMap,
  respText,
  respVerbatim,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import type { Command } from '../command.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { FLAG, type RespRow } from '../row.ts';
import { latencyGraph, latencyReport } from './latency-report.ts';

const { ADMIN, NO_SCRIPT, LOADING, STALE } = FLAG;
const LATENCY_FLAGS = ADMIN | NO_SCRIPT | LOADING | STALE;
const O1 = 'O(1)';

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'doctor',    arity:  2, flags: LATENCY_FLAGS, since: '2.8.13', complexity: O1, syntax: '', doc: 'Return a report about what took long.', run: latencyDoctor },
  { name: 'graph',     arity:  3, flags: LATENCY_FLAGS, since: '2.8.13', complexity: O1, syntax: '<event>', doc: 'Return a graph of the times of the event.', run: latencyGraphShow },
  { name: 'histogram', arity: -2, flags: LATENCY_FLAGS, since: '7.0.0',  complexity: 'O(N), N the commands', syntax: '[<command> ...]', doc: 'Return how many runs of the commands, or of all, took up to how long.', run: latencyHistogram },
  { name: 'history',   arity:  3, flags: LATENCY_FLAGS, since: '2.8.13', complexity: O1, syntax: '<event>', doc: 'Return the times of the event.', run: latencyHistory },
  { name: 'latest',    arity:  2, flags: LATENCY_FLAGS, since: '2.8.13', complexity: O1, syntax: '', doc: 'Return the latest time of every event.', run: latencyLatest },
  { name: 'reset',     arity: -2, flags: LATENCY_FLAGS, since: '2.8.13', complexity: O1, syntax: '[<event> ...]', doc: 'Forget the events, or all.', run: latencyReset },
];

export const LATENCY_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'latency',
      group: 'server',
      since: '2.8.13',
      doc: 'Commands on latency.',
      helpSince: '2.8.13',
    },
    SUBCOMMANDS,
  ),
];

function latencyHistory({ args, reply, latencyLog }: RespCall): void {
  const samples = latencyLog.get(argumentText(args, 2))?.samples ?? [];
  respArray(reply, samples.length);
  for (const { atSec, ms } of samples) {
    respArray(reply, 2);
    respInteger(reply, atSec);
    respInteger(reply, ms);
  }
}

function latencyLatest({ reply, latencyLog }: RespCall): void {
  const { events } = latencyLog;
  respArray(reply, events.length);
  for (const event of events) {
    const series = latencyLog.get(event);
    const last = series?.samples.at(-1);
    respArray(reply, 4);
    respText(reply, event);
    respInteger(reply, last?.atSec ?? 0);
    respInteger(reply, last?.ms ?? 0);
    respInteger(reply, series?.msMax ?? 0);
  }
}

function latencyReset({ args, reply, latencyLog, bulletin }: RespCall): void {
  const events: string[] = [];
  for (let at = 2; at < args.count; at++) events.push(argumentText(args, at));
  const wanted = events.length === 0 ? null : events;
  respInteger(reply, latencyLog.reset(wanted));
  bulletin.post({ kind: 'lateReset', events: wanted });
}

function latencyGraphShow(call: RespCall): void {
  const event = argumentText(call.args, 2);
  const series = call.latencyLog.get(event);
  if (series === null) {
    answerError(call, `ERR No samples available for event '${event}'`);
    return;
  }
  respVerbatim(call.reply, 'txt', latencyGraph(event, series, call.op.nowSec));
}

function latencyDoctor({ reply, latencyLog, config }: RespCall): void {
  respVerbatim(reply, 'txt', latencyReport(latencyLog, config.settings));
}

function latencyHistogram(call: RespCall): void {
  const { args, table, reply, respStats } = call;
  const commands: Command[] = [];
  for (let at = 2; at < args.count; at++) {
    const command = table.named(argumentText(args, at));
    if (command !== null) commands.push(command, ...command.subcommands);
  }
  const timed = (args.count === 2 ? table.byNumber : commands).flatMap((command) => {
    const times = commandTimes(respStats, command.number);
    return times === null ? [] : [{ command, times }];
  });
  respMap(reply, timed.length);
  for (const { command, times } of timed) {
    const rows = timeHistogram(times);
    respText(reply, command.fullName);
    respMap(reply, 2);
    respText(reply, 'calls');
    respInteger(
      reply,
      times.reduce((sum, count) => sum + count, 0),
    );
    respText(reply, 'histogram_usec');
    respMap(reply, rows.length);
    for (const [n, runs] of rows) {
      respInteger(reply, boundUs(n));
      respInteger(reply, runs);
    }
  }
}

/**
 * What Redis calls the bound of 1,024 ns × 2^n, in microseconds: the last nanosecond that its histogram, of
 * 128 steps for a power of two, counts together with it.
 */
function boundUs(n: number): number {
  const ns = 1024 * 2 ** n;
  return Math.floor((ns + ns / 128 - 1) / 1000);
}
