/**
 * version, quit, verbosity, flush_all, stats, slabs, shutdown, refresh_certs, and the test command debugtime.
 * Spec: memcached/memcached doc/protocol.txt, "Other commands".
 */
import { decimalParse, decimalParseSigned } from '../../base/decimal.ts';
import { keyspaceFlush, keyspaceFlushAt, keyspacePagesMove } from '../../engine/keyspace.ts';
import { CONTROL, CONTROL_F64, COUNTER } from '../../memory/control.ts';
import { exptimeParse, exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyText, textBytes } from '../../protocol/reply.ts';
import { answer, type Call } from './call.ts';
import type { TextRow } from './row.ts';
import { PHASE } from './session.ts';
import { stats } from './stats.ts';

const UINT32_MAX = 2 ** 32 - 1;
const VERBOSITY_MAX = 3;
const AUTOMOVE_MAX = 2;

// biome-ignore format: a table reads in columns
export const ADMIN_ROWS: readonly TextRow[] = [
  { name: 'version',   wordsMin: 1, run: version,   streams: false, doc: 'The version of the server.' },
  { name: 'quit',      wordsMin: 1, run: quit,      streams: false, doc: 'Closes the connection.' },
  { name: 'verbosity', wordsMin: 1, run: verbosity, streams: false, doc: 'Sets how much is logged: 0 to 3.' },
  { name: 'flush_all', wordsMin: 1, run: flushAll,  streams: false, doc: 'Forgets all items, now or at a time.' },
  { name: 'stats',     wordsMin: 1, run: stats,     streams: false, doc: 'Counters and settings, by section.' },
  { name: 'slabs',     wordsMin: 1, run: slabs,     streams: false, doc: 'slabs automove 0|1|2: whether memory follows demand.' },
  { name: 'shutdown',  wordsMin: 1, run: shutdown,  streams: false, doc: 'Ends the server, if it was started with -A.' },
  { name: 'refresh_certs', wordsMin: 1, run: refreshCerts, streams: false, doc: 'Reads the TLS certificate anew; open connections keep the old one.' },
  { name: 'debugtime', wordsMin: 1, run: debugTime, streams: false, doc: 'Moves the clock; for tests, if the server allows it.' },
];

/** Answers whatever follows, even `noreply`, as memcached does. */
function version(call: Call): number {
  replyBytes(call.reply, REPLY.version);
  return call.line.next;
}

function quit(call: Call): number {
  call.session.phase = PHASE.CLOSED;
  return call.line.next;
}

function verbosity(call: Call): number {
  const { line, input } = call;
  const level = decimalParse(input, line.start[1], line.count > 1 ? line.end[1] : line.start[1]);
  if (!(level <= UINT32_MAX)) {
    answer(call, REPLY.badFormat);
  } else {
    verbositySet(call, level);
    answer(call, REPLY.ok);
  }
  return line.next;
}

export function verbositySet(call: Call, level: number): void {
  Atomics.store(call.keyspace.control.i32, CONTROL.verbosity, Math.min(level, VERBOSITY_MAX));
}

/** flush_all [delay|time] [noreply]; a negative time counts as none, as in memcached. */
function flushAll(call: Call): number {
  const { line, input, op } = call;
  const words = line.noreply ? line.count - 1 : line.count;
  const delay = words > 1 ? exptimeParse(input, line.start[1], line.end[1]) : 0;
  if (Number.isNaN(delay)) {
    const isAllowed = call.server.config.flushAllEnabled;
    answer(call, isAllowed ? REPLY.badExptime : REPLY.flushRefused);
    return line.next;
  }
  const isDone = flush(call, delay > 0 ? exptimeToMs(delay, op.nowMs) : 0);
  answer(call, isDone ? REPLY.ok : REPLY.flushRefused);
  return line.next;
}

/** Forgets all items at `atMs`; 0: now. False when the server was told not to allow that. */
export function flush(call: Call, atMs: number): boolean {
  call.counters[call.block + COUNTER.flushCommands]++;
  if (!call.server.config.flushAllEnabled) return false;
  if (atMs > 0) keyspaceFlushAt(call.keyspace, atMs);
  else keyspaceFlush(call.keyspace);
  return true;
}

function slabs(call: Call): number {
  const { line, input } = call;
  if (lineWord(line, input, 1) !== 'automove' || line.count < 3) {
    answer(call, REPLY.error);
    return line.next;
  }
  const level = decimalParse(input, line.start[2], line.end[2]);
  if (Number.isNaN(level)) {
    answer(call, REPLY.badFormat);
  } else if (level > AUTOMOVE_MAX) {
    answer(call, REPLY.error);
  } else {
    keyspacePagesMove(call.keyspace, level > 0);
    answer(call, REPLY.ok);
  }
  return line.next;
}

function shutdown(call: Call): number {
  const { line, input, session } = call;
  const mode = lineWord(line, input, 1);
  if (!call.server.config.shutdownCommand) {
    answer(call, REPLY.shutdownRefused);
  } else if (mode === '' || mode === 'graceful') {
    session.phase = PHASE.CLOSED;
    call.server.shutdown(mode === 'graceful');
  } else {
    answer(call, REPLY.badShutdown);
  }
  return line.next;
}

/** Spec: memcached/memcached doc/tls.txt. The error is memcached's up to what OpenSSL says. */
function refreshCerts(call: Call): number {
  const problem = call.server.certificatesRefresh();
  if (problem === null) answer(call, REPLY.ok);
  else if (!call.line.noreply) replyText(call.reply, textBytes(`Error ${problem}\r\n`));
  return call.line.next;
}

/** debugtime SECONDS: all threads' clocks move together. */
function debugTime(call: Call): number {
  const { line, input, keyspace } = call;
  const seconds =
    line.count > 1 ? decimalParseSigned(input, line.start[1], line.end[1]) : Number.NaN;
  if (!call.server.debugCommands || Number.isNaN(seconds)) {
    answer(call, REPLY.error);
    return line.next;
  }
  keyspace.control.f64[CONTROL_F64.clockOffsetMs] += seconds * 1000;
  answer(call, REPLY.ok);
  return line.next;
}
