/**
 * CONFIG_GET, CONFIG_GETK, CONFIG_SET, CONFIG_DELETE and their quiet forms: as `config` (config.ts).
 * Opcodes and layout are those of Amazon's clients for auto-discovery; CONFIG_LIST, which none of them
 * sends, is an unknown command.
 */
import {
  CONFIG_SET,
  CONFIG_VALUE_BYTES_MAX,
  configDelete,
  configGet,
  configSet,
} from '../../memory/config-store.ts';
import { BINARY_FAULT, OPCODE, replyUint32 } from '../../protocol/memcached/binary.ts';
import { replyLong, replyRange } from '../../protocol/reply.ts';
import { fail, succeed, successHeader } from './binary-reply.ts';
import { type Call, NO_CAS } from './call.ts';
import type { BinaryRow } from './row.ts';
import { sessionSwallow } from './session.ts';
import { gatherStart } from './value-gather.ts';

const FLAGS_BYTES = 4;

// biome-ignore format: a table reads in columns
export const CONFIG_BINARY_ROWS: readonly BinaryRow[] = [
  { opcode: OPCODE.CONFIG_GET,     name: 'CONFIG_GET',     extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => get(call, false, false), doc: 'The list of the nodes of a cluster, or another small text.' },
  { opcode: OPCODE.CONFIG_GETQ,    name: 'CONFIG_GETQ',    extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => get(call, false, true),  doc: 'As CONFIG_GET; a miss is not answered.' },
  { opcode: OPCODE.CONFIG_GETK,    name: 'CONFIG_GETK',    extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => get(call, true, false),  doc: 'As CONFIG_GET, with the key.' },
  { opcode: OPCODE.CONFIG_GETKQ,   name: 'CONFIG_GETKQ',   extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => get(call, true, true),   doc: 'As CONFIG_GETK; a miss is not answered.' },
  { opcode: OPCODE.CONFIG_SET,     name: 'CONFIG_SET',     extrasBytes: 4, extrasMayLack: false, key: 'needed', hasValue: true,  run: (call) => set(call, false),        doc: 'Keeps a small text.' },
  { opcode: OPCODE.CONFIG_SETQ,    name: 'CONFIG_SETQ',    extrasBytes: 4, extrasMayLack: false, key: 'needed', hasValue: true,  run: (call) => set(call, true),         doc: 'As CONFIG_SET; success is not answered.' },
  { opcode: OPCODE.CONFIG_DELETE,  name: 'CONFIG_DELETE',  extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => remove(call, false),     doc: 'Forgets a small text.' },
  { opcode: OPCODE.CONFIG_DELETEQ, name: 'CONFIG_DELETEQ', extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => remove(call, true),      doc: 'As CONFIG_DELETE; success is not answered.' },
];

function get(call: Call, withKey: boolean, quiet: boolean): number {
  const { request, reply } = call;
  const key = keyOf(call);
  const entry = configGet(call.keyspace.configs, key);
  if (entry === null) {
    if (!quiet) fail(call, BINARY_FAULT.missing);
    return request.valueStart;
  }
  const keyBytes = withKey ? key.length : 0;
  successHeader(call, FLAGS_BYTES, keyBytes, entry.value.length, NO_CAS);
  replyUint32(reply, entry.clientFlags);
  replyRange(reply, key, 0, keyBytes);
  replyLong(reply, entry.value);
  return request.valueStart;
}

function set(call: Call, quiet: boolean): number {
  const { input, request, session } = call;
  if (request.valueBytes > CONFIG_VALUE_BYTES_MAX) {
    fail(call, BINARY_FAULT.tooLarge);
    sessionSwallow(session, request.valueBytes);
    return request.valueStart;
  }
  const key = Buffer.from(keyOf(call));
  const clientFlags = input.readUInt32BE(request.extrasStart);
  const { opcode, opaque } = request;
  gatherStart(call, request.valueBytes, 0, (later, value) => {
    later.request.opcode = opcode;
    later.request.opaque = opaque;
    if (value !== null) store(later, key, clientFlags, value, quiet);
  });
  return request.valueStart;
}

function store(call: Call, key: Buffer, clientFlags: number, value: Buffer, quiet: boolean): void {
  const outcome = configSet(call.keyspace.configs, key, clientFlags, value);
  if (outcome === CONFIG_SET.STORED) succeed(call, quiet, NO_CAS);
  else fail(call, BINARY_FAULT.noMemory);
}

function remove(call: Call, quiet: boolean): number {
  if (configDelete(call.keyspace.configs, keyOf(call))) succeed(call, quiet, NO_CAS);
  else fail(call, BINARY_FAULT.missing);
  return call.request.valueStart;
}

/** The key, where it lies in the input. */
function keyOf({ input, request }: Call): Buffer {
  return input.subarray(request.keyStart, request.valueStart);
}
