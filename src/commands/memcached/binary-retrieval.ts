/**
 * GET, GETK, TOUCH, GAT, GATK and their quiet forms, which say nothing of a miss.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki), "Get…", "Touch, GAT and GATQ".
 */
import { keyFill } from '../../base/key.ts';
import { itemClientFlags, itemValueBytes } from '../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import {
  BINARY_FAULT,
  BINARY_HEADER_BYTES,
  binaryHeader,
  OPCODE,
  replyUint32,
} from '../../protocol/memcached/binary.ts';
import { LEGACY_KEY } from '../../protocol/memcached/cluster-config.ts';
import { exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { replyLong, replyRange, replyRoom } from '../../protocol/reply.ts';
import { fail, successHeader } from './binary-reply.ts';
import { type Call, KEY_BYTES_MAX, NO_CAS, uniqueTake } from './call.ts';
import { keyLookup, LOOKUP_WRONG_TYPE, legacyLookup } from './lookup.ts';
import type { BinaryRow } from './row.ts';
import { PHASE, waitAt } from './session.ts';
import { COPIED_VALUE_BYTES_MAX, valueReply, valueSend } from './value-send.ts';

const FLAGS_BYTES = 4;
const EXPTIME_BYTES = 4;
const ROOM_BYTES = BINARY_HEADER_BYTES + FLAGS_BYTES + KEY_BYTES_MAX + COPIED_VALUE_BYTES_MAX;

type Form = {
  readonly withKey: boolean;
  readonly withValue: boolean;
  readonly touches: boolean;
  readonly quiet: boolean;
};

// biome-ignore format: a table reads in columns
export const RETRIEVAL_BINARY_ROWS: readonly BinaryRow[] = [
  row('GET',   OPCODE.GET,   { withKey: false, withValue: true,  touches: false, quiet: false }, 'The value of a key.'),
  row('GETQ',  OPCODE.GETQ,  { withKey: false, withValue: true,  touches: false, quiet: true },  'As GET; a miss is not answered.'),
  row('GETK',  OPCODE.GETK,  { withKey: true,  withValue: true,  touches: false, quiet: false }, 'Key and value.'),
  row('GETKQ', OPCODE.GETKQ, { withKey: true,  withValue: true,  touches: false, quiet: true },  'As GETK; a miss is not answered.'),
  row('TOUCH', OPCODE.TOUCH, { withKey: false, withValue: false, touches: true,  quiet: false }, 'Sets a new expiry time.'),
  row('GAT',   OPCODE.GAT,   { withKey: false, withValue: true,  touches: true,  quiet: false }, 'Sets a new expiry time and returns the value.'),
  row('GATQ',  OPCODE.GATQ,  { withKey: false, withValue: true,  touches: true,  quiet: true },  'As GAT; a miss is not answered.'),
  row('GATK',  OPCODE.GATK,  { withKey: true,  withValue: true,  touches: true,  quiet: false }, 'As GAT, with the key.'),
  row('GATKQ', OPCODE.GATKQ, { withKey: true,  withValue: true,  touches: true,  quiet: true },  'As GATK; a miss is not answered.'),
];

function row(name: string, opcode: number, form: Form, doc: string): BinaryRow {
  return {
    opcode,
    name,
    extrasBytes: form.touches ? EXPTIME_BYTES : 0,
    extrasMayLack: false,
    key: 'needed',
    hasValue: false,
    run: (call, at) => retrieve(call, at, form),
    doc,
  };
}

function retrieve(call: Call, at: number, form: Form): number {
  const { input, request, op, reply } = call;
  if (!replyRoom(reply, ROOM_BYTES)) return waitAt(at);
  keyFill(op.key, input, request.keyStart, request.keyBytes);
  if (form.touches) {
    op.expiresAtMs = exptimeToMs(input.readUInt32BE(request.extrasStart), op.nowMs);
  }
  const p = call.keyspace.partitionFor(op.key.hash);
  partitionLock(p);
  const ref = keyLookup(call, p, request.keyStart, form.touches);
  if (ref > 0) hitReply(call, p, ref, form);
  partitionUnlock(p);
  if (ref === LOOKUP_WRONG_TYPE) fail(call, BINARY_FAULT.wrongType);
  else if (ref === 0 && !legacyReply(call, form) && !form.quiet) missReply(call, form);
  return request.valueStart;
}

function hitReply(call: Call, p: Partition, ref: number, form: Form): void {
  const { input, request, reply } = call;
  const keyBytes = form.withKey ? request.keyBytes : 0;
  const valueBytes = form.withValue ? itemValueBytes(p, ref) : 0;
  uniqueTake(call, p, ref);
  successHeader(call, FLAGS_BYTES, keyBytes, valueBytes, call.unique);
  replyUint32(reply, itemClientFlags(p, ref));
  replyRange(reply, input, request.keyStart, keyBytes);
  if (form.withValue) valueReply(call, p, ref, sendOn);
}

/** Sends what is left of a long value. */
function sendOn(call: Call, at: number): number {
  if (!valueSend(call)) return waitAt(at);
  call.session.phase = PHASE.COMMAND;
  return at;
}

/** A key that was not found may be the one by which old clients ask for the cluster's nodes. */
function legacyReply(call: Call, form: Form): boolean {
  const { request, reply } = call;
  if (form.touches || request.keyBytes !== LEGACY_KEY.length) return false;
  const config = legacyLookup(call, request.keyStart, request.keyBytes);
  if (config === null) return false;
  const keyBytes = form.withKey ? request.keyBytes : 0;
  successHeader(call, FLAGS_BYTES, keyBytes, config.value.length, NO_CAS);
  replyUint32(reply, config.clientFlags);
  replyRange(reply, LEGACY_KEY, 0, keyBytes);
  replyLong(reply, config.value);
  return true;
}

/** A miss: a text, or where keys are asked for, the key. */
function missReply(call: Call, form: Form): void {
  const { input, request, reply } = call;
  const { missing } = BINARY_FAULT;
  if (!form.withKey) {
    fail(call, missing);
    return;
  }
  binaryHeader(
    reply,
    request.opcode,
    request.opaque,
    missing.status,
    0,
    request.keyBytes,
    0,
    NO_CAS,
  );
  replyRange(reply, input, request.keyStart, request.keyBytes);
}
