/**
 * What is counted of a command that was run: for INFO, LATENCY, the slow log, and its client. One that
 * blocks its client counts once that has its answer, where the answer comes from.
 */
import { clockUs } from '../../base/clock.ts';
import { COMMAND_STAT } from '../../memory/command-stats.ts';
import { RESP_COUNTER, timeNote } from '../../memory/resp-stats.ts';
import { BRIEF_COUNT_MAX, errorCount, type RespCall } from './call.ts';
import type { Command } from './command.ts';
import { notableNote, unblockingNote } from './notable.ts';
import { FLAG } from './row.ts';
import type { Wait } from './wait-registry.ts';

/** Bytes of a request or reply up to which a brief command is one. */
const BRIEF_BYTES_MAX = 4096;
/** While less than this is notable, every command is timed by itself. */
const NOTABLE_US_MIN = 1000;

/**
 * After each command. To read the clock costs as much as a tenth of a GET, so the time of brief commands that
 * follow each other is taken once, and divided among them.
 */
export function commandNote(call: RespCall, command: Command): void {
  const { session, op, respStats, respBlock } = call;
  if (command.flags & FLAG.READONLY) {
    respStats.f64[respBlock + RESP_COUNTER.keyHits] += op.found;
    respStats.f64[respBlock + RESP_COUNTER.keyMisses] += op.missed;
  }
  op.found = 0;
  op.missed = 0;
  session.lastCommand = command.number + 1;
  if (session.wait !== null) return;
  session.commandsRun++;
  if (command.isBrief && wasBrief(call)) {
    call.stats[call.statsBlock + command.statsRecord + COMMAND_STAT.calls]++;
    respStats.f64[respBlock + RESP_COUNTER.commands]++;
    call.briefs[call.briefCount++] = command.number;
    if (call.briefCount === BRIEF_COUNT_MAX) briefsSettle(call);
    return;
  }
  briefsSettle(call);
  const us = lapUs(call);
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

/** Whether the command that has run had little to read and little to say. */
function wasBrief({ args, reply, notableUs }: RespCall): boolean {
  const askedBytes = args.end[args.count - 1] - args.start[0];
  const saidBytes = reply.used - reply.mark;
  return (
    askedBytes < BRIEF_BYTES_MAX &&
    saidBytes < BRIEF_BYTES_MAX &&
    reply.aside.length === 0 &&
    notableUs >= NOTABLE_US_MIN
  );
}

/** Gives the brief commands that have run their shares of the time since the clock was read last. */
export function briefsSettle(call: RespCall): void {
  const { briefs, briefCount, stats, statsBlock, respStats, respBlock, table } = call;
  if (briefCount === 0) return;
  call.briefCount = 0;
  const us = lapUs(call);
  const share = us / briefCount;
  const isTracked = call.config.hot.latencyTracking;
  respStats.f64[respBlock + RESP_COUNTER.commandUs] += us;
  for (let at = 0; at < briefCount; at++) {
    stats[statsBlock + table.byNumber[briefs[at]].statsRecord + COMMAND_STAT.us] += share;
    if (isTracked) timeNote(respStats, respBlock, briefs[at], share);
  }
}

/** Microseconds since it was asked for last, or the batch began. */
export function lapUs(call: RespCall): number {
  const nowUs = clockUs();
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
