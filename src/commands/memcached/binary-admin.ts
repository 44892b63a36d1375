/**
 * QUIT, FLUSH, NOOP, VERSION, STAT, VERBOSITY.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki).
 */
import { BINARY_FAULT, BINARY_HEADER_BYTES, OPCODE } from '../../protocol/memcached/binary.ts';
import { exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { MEMCACHED_VERSION } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyRoom, replyText } from '../../protocol/reply.ts';
import { flush, verbositySet } from './admin.ts';
import { fail, succeed, successHeader } from './binary-reply.ts';
import { type Call, NO_CAS } from './call.ts';
import type { BinaryRow } from './row.ts';
import { PHASE } from './session.ts';
import { type StatRow, statsSection } from './stats.ts';

const VERSION = Buffer.from(MEMCACHED_VERSION);

// biome-ignore format: a table reads in columns
export const ADMIN_BINARY_ROWS: readonly BinaryRow[] = [
  { opcode: OPCODE.QUIT,      name: 'QUIT',      extrasBytes: 0, extrasMayLack: false, key: 'none',     hasValue: false, run: (call) => quit(call, false),     doc: 'Closes the connection.' },
  { opcode: OPCODE.QUITQ,     name: 'QUITQ',     extrasBytes: 0, extrasMayLack: false, key: 'none',     hasValue: false, run: (call) => quit(call, true),      doc: 'As QUIT, without an answer.' },
  { opcode: OPCODE.FLUSH,     name: 'FLUSH',     extrasBytes: 4, extrasMayLack: true,  key: 'none',     hasValue: false, run: (call) => flushAll(call, false), doc: 'Forgets all items, now or at a time.' },
  { opcode: OPCODE.FLUSHQ,    name: 'FLUSHQ',    extrasBytes: 4, extrasMayLack: true,  key: 'none',     hasValue: false, run: (call) => flushAll(call, true),  doc: 'As FLUSH; success is not answered.' },
  { opcode: OPCODE.NOOP,      name: 'NOOP',      extrasBytes: 0, extrasMayLack: false, key: 'none',     hasValue: false, run: noop,                            doc: 'Nothing; its answer shows that what came before it is done.' },
  { opcode: OPCODE.VERSION,   name: 'VERSION',   extrasBytes: 0, extrasMayLack: false, key: 'none',     hasValue: false, isOpen: true, run: version,                         doc: 'The version of the server.' },
  { opcode: OPCODE.STAT,      name: 'STAT',      extrasBytes: 0, extrasMayLack: false, key: 'optional', hasValue: false, run: stat,                            doc: 'Counters and settings, by section.' },
  { opcode: OPCODE.VERBOSITY, name: 'VERBOSITY', extrasBytes: 4, extrasMayLack: false, key: 'none',     hasValue: false, run: verbosity,                       doc: 'Sets how much is logged: 0 to 3.' },
];

function quit(call: Call, quiet: boolean): number {
  succeed(call, quiet, NO_CAS);
  call.session.phase = PHASE.CLOSED;
  return call.request.valueStart;
}

function flushAll(call: Call, quiet: boolean): number {
  const { input, request, op } = call;
  const exptime = request.extrasBytes === 0 ? 0 : input.readUInt32BE(request.extrasStart);
  if (flush(call, exptime === 0 ? 0 : exptimeToMs(exptime, op.nowMs))) succeed(call, quiet, NO_CAS);
  else fail(call, BINARY_FAULT.auth);
  return request.valueStart;
}

function noop(call: Call): number {
  succeed(call, false, NO_CAS);
  return call.request.valueStart;
}

function version(call: Call): number {
  successHeader(call, 0, 0, VERSION.length, NO_CAS);
  replyBytes(call.reply, VERSION);
  return call.request.valueStart;
}

function verbosity(call: Call): number {
  const { input, request } = call;
  verbositySet(call, input.readUInt32BE(request.extrasStart));
  succeed(call, false, NO_CAS);
  return request.valueStart;
}

/** A packet for each row, and an empty one behind the last. */
function stat(call: Call): number {
  const { input, request } = call;
  const name = input.toString('latin1', request.keyStart, request.valueStart);
  const rows = statsSection(call, name);
  if (rows === null) {
    fail(call, BINARY_FAULT.missing);
    return request.valueStart;
  }
  for (const row of rows) statPacket(call, row);
  replyRoom(call.reply, BINARY_HEADER_BYTES);
  succeed(call, false, NO_CAS);
  return request.valueStart;
}

function statPacket(call: Call, [name, value]: StatRow): void {
  const text = `${value}`;
  replyRoom(call.reply, BINARY_HEADER_BYTES);
  successHeader(call, 0, name.length, text.length, NO_CAS);
  replyText(call.reply, name + text);
}
