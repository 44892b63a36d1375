/** Commands that took notably long: they come into the slow log and the latency monitor, of all threads. */
import { CLIENT_TEXT, clientText } from '../../memory/client-records.ts';
import { RESP_WORD } from '../../memory/resp-stats.ts';
import { type Arguments, argumentBytes } from '../../protocol/resp/arguments.ts';
import type { RespCall } from './call.ts';
import type { Command } from './command.ts';
import { argumentsRedacted } from './redaction.ts';
import { FLAG } from './row.ts';
import { clientAddress } from './server/client-list.ts';
import type { LatencySample } from './server/latency-log.ts';
import type { SlowEntry } from './server/slow-log.ts';

/** So much of a request is shown. */
const WORD_COUNT_MAX = 32;
const WORD_BYTES_MAX = 128;
/** Of a command that a script ran. */
const NO_ADDRESS = '?:0';

/** Called for what took at least call.notableUs. `record`: that of the client's connection. */
export function notableNote(
  call: RespCall,
  command: Command,
  args: Arguments,
  record: number,
  us: number,
): void {
  const { hot } = call.config;
  const slowUs = hot.slowlogLogSlowerThan;
  if (slowUs >= 0 && us >= slowUs && (command.flags & FLAG.SKIP_SLOWLOG) === 0) {
    slowNote(call, command, args, record, us);
  }
  delayNote(call, command.flags & FLAG.FAST ? 'fast-command' : 'command', us);
}

/** As notableNote, for the answer to a client that had waited: the latency monitor has it by itself. */
export function unblockingNote(call: RespCall, us: number): void {
  delayNote(call, 'command-unblocking', us);
}

function delayNote(call: RespCall, event: string, us: number): void {
  const { latencyMonitorThreshold } = call.config.hot;
  const ms = Math.floor(us / 1000);
  if (latencyMonitorThreshold > 0 && ms >= latencyMonitorThreshold) latencyNote(call, event, ms);
}

/** Notes that an event took so long, on all threads. */
export function latencyNote(call: RespCall, event: string, ms: number): void {
  const sample: LatencySample = { atSec: call.op.nowSec, ms };
  call.latencyLog.note(event, sample);
  call.bulletin.post({ kind: 'late', event, sample });
}

function slowNote(
  call: RespCall,
  command: Command,
  args: Arguments,
  record: number,
  us: number,
): void {
  const { respStats, config, keyspace, scripts } = call;
  const isOfScript = scripts.run.isRunning;
  const entry: SlowEntry = {
    id: Atomics.add(respStats.i32, RESP_WORD.slowIds, 1),
    atSec: call.op.nowSec,
    us: Math.floor(us),
    words: wordsShown(args, argumentsRedacted(command, args)),
    address: isOfScript ? NO_ADDRESS : clientAddress(call, record),
    name: isOfScript ? '' : clientText(keyspace.control, record, CLIENT_TEXT.name),
  };
  call.slowLog.add(entry, config.settings.slowlogMaxLen);
  call.bulletin.post({ kind: 'slow', entry });
}

/** The arguments as the slow log has them. `hidden`: indices of those that nobody is to see. */
function wordsShown(args: Arguments, hidden: ReadonlySet<number>): readonly string[] {
  const words: string[] = [];
  const shownCount = args.count > WORD_COUNT_MAX ? WORD_COUNT_MAX - 1 : args.count;
  for (let at = 0; at < shownCount; at++) {
    words.push(hidden.has(at) ? '(redacted)' : wordShown(args, at));
  }
  if (args.count > shownCount) words.push(`... (${args.count - shownCount} more arguments)`);
  return words;
}

function wordShown(args: Arguments, index: number): string {
  const { source } = args;
  const start = args.start[index];
  const surplus = argumentBytes(args, index) - WORD_BYTES_MAX;
  if (surplus <= 0) return source.toString('latin1', start, args.end[index]);
  return `${source.toString('latin1', start, start + WORD_BYTES_MAX)}... (${surplus} more bytes)`;
}

/** Has this thread hear of what others note. */
export function notableListen(call: RespCall): void {
  const { bulletin, slowLog, latencyLog } = call;
  bulletin.share('slow', slowLog);
  bulletin.share('late', latencyLog);
  bulletin.on('slow', (notice) => {
    slowLog.add(notice['entry'] as SlowEntry, call.config.settings.slowlogMaxLen);
  });
  bulletin.on('slowReset', () => slowLog.clear());
  bulletin.on('late', (notice) => {
    latencyLog.note(notice['event'] as string, notice['sample'] as LatencySample);
  });
  bulletin.on('lateReset', (notice) => {
    latencyLog.reset(notice['events'] as readonly string[] | null);
  });
}
