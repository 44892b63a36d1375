/**
 * What is counted of a command that was run: for INFO, LATENCY, the slow log, and its client. One that
 * blocks its client counts once that has its answer, where the answer comes from.
 */
import { COMMAND_STAT } from '../../memory/command-stats.ts';
import { RESP_COUNTER, timeNote } from '../../memory/resp-stats.ts';
import { errorCount, type RespCall } from './call.ts';
import type { Command } from './command.ts';
import { notableNote, unblockingNote } from './notable.ts';
import { FLAG } from './row.ts';
import type { Wait } from './wait-registry.ts';

/** After each command. */
export function commandNote(call: RespCall, command: Command): void {
  const { session, op, respStats, respBlock } = call;
  const us = lapUs(call);
  if (command.flags & FLAG.READONLY) {
    respStats.f64[respBlock + RESP_COUNTER.keyHits] += op.found;
    respStats.f64[respBlock + RESP_COUNTER.keyMisses] += op.missed;
  }
  op.found = 0;
  op.missed = 0;
  session.lastCommand = command.number + 1;
  if (session.wait !== null) return;
  session.commandsRun++;
  timeCount(call, command, us);
  if (us >= call.notableUs) notableNote(call, command, call.args, session.host.record, us);
}

/** A client that waited has been answered, by whichever thread calls this. `servedUs`: what that took. */
export function waitNote(call: RespCall, wait: Wait, servedUs: number, error: string | null): void {
  const { record, commandNumber, ranUs } = wait.fields;
  const command = call.table.byNumber[commandNumber];
  const us = ranUs + servedUs;
  timeCount(call, command, us);
  if (error !== null) {
    call.stats[call.statsBlock + command.statsRecord + COMMAND_STAT.failed]++;
    errorCount(call, error);
  }
  if (us >= call.notableUs) notableNote(call, command, wait.args, record, us);
  if (servedUs >= call.notableUs) unblockingNote(call, servedUs);
}

/** Microseconds since it was asked for last, or the batch began. */
export function lapUs(call: RespCall): number {
  const nowUs = performance.now() * 1000;
  const us = nowUs - call.clockUs;
  call.clockUs = nowUs;
  return us;
}

function timeCount(call: RespCall, command: Command, us: number): void {
  const { respStats, respBlock } = call;
  const record = call.statsBlock + command.statsRecord;
  call.stats[record + COMMAND_STAT.calls]++;
  call.stats[record + COMMAND_STAT.us] += us;
  respStats.f64[respBlock + RESP_COUNTER.commands]++;
  respStats.f64[respBlock + RESP_COUNTER.commandUs] += us;
  if (call.config.hot.latencyTracking) timeNote(respStats, respBlock, command.number, us);
}
