/** DUMP and RESTORE: a value as bytes that other servers understand, too. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import type { Operation } from '../../../engine/operation.ts';
import { STATUS } from '../../../engine/status.ts';
import { HASH_ENCODING, hashEncodingOf } from '../../../engine/types/hash.ts';
import { listExpect } from '../../../engine/types/list-encoding.ts';
import { SET_ENCODING, setEncodingOf } from '../../../engine/types/set.ts';
import { itemFind, itemRead, itemSeek } from '../../../engine/types/string.ts';
import { zsetIsSkiplist } from '../../../engine/types/zset.ts';
import { ValueBuilder } from '../../../engine/value-build.ts';
import { valueEarliestMs, valueIsThere, valueTell } from '../../../engine/value-tell.ts';
import { ITEM_TYPE, itemType } from '../../../memory/item.ts';
import {
  itemAccessedSecSet,
  itemUsesSet,
  USES_MAX,
  usesAreCounted,
} from '../../../memory/item-access.ts';
import type { Partition } from '../../../memory/partition.ts';
import { RdbDecoder } from '../../../protocol/rdb/decoder.ts';
import {
  payloadBegin,
  payloadEnd,
  payloadIsSound,
  payloadRead,
} from '../../../protocol/rdb/dump-payload.ts';
import { RdbEncoder } from '../../../protocol/rdb/encoder.ts';
import { RDB_READ } from '../../../protocol/rdb/outcome.ts';
import { RDB_TYPE, type RdbType } from '../../../protocol/rdb/types.ts';
import { RdbWriter, rdbWriterClear } from '../../../protocol/rdb/writer.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBulk, respNull, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, OVERWRITE_KEY, READ_KEY, type RespRow } from '../row.ts';

const { WRITE, READONLY, DENY_OOM, ASKING } = FLAG;

// biome-ignore format: a table reads in columns
export const DUMP_ROWS: readonly RespRow[] = [
  { name: 'dump',    arity:  2, flags: READONLY,         keys: READ_KEY,      group: 'generic', since: '2.6.0', complexity: 'O(N), N the bytes', syntax: 'key', doc: 'What a key holds, as bytes for RESTORE.', run: dump },
  { name: 'restore', arity: -4, flags: WRITE | DENY_OOM, keys: OVERWRITE_KEY, group: 'generic', categories: ['dangerous'], since: '2.6.0', complexity: 'O(N), N the bytes; for a sorted set O(N log(N))', syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]', doc: 'Gives a key what DUMP answered.', run: restore },
  { name: 'restore-asking', arity: -4, flags: WRITE | DENY_OOM | ASKING, keys: OVERWRITE_KEY, group: 'generic', categories: ['dangerous'], since: '3.0.0', complexity: 'O(N), N the bytes; for a sorted set O(N log(N))', syntax: 'key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]', doc: 'As RESTORE, from a node of a cluster.', run: restore },
];

const writer = new RdbWriter();
const encoder = new RdbEncoder(writer);
const decoder = new RdbDecoder();

/** How a value is written: small ones packed, but for sets, whose listpacks 7.0 does not know yet. */
function dumpType(p: Partition, ref: number, earliestMs: number): RdbType {
  switch (itemType(p, ref)) {
    case ITEM_TYPE.LIST:
      return RDB_TYPE.LIST_QUICKLIST_2;
    case ITEM_TYPE.SET:
      return setEncodingOf(p, ref) === SET_ENCODING.INTSET ? RDB_TYPE.SET_INTSET : RDB_TYPE.SET;
    case ITEM_TYPE.ZSET:
      return zsetIsSkiplist(p, ref) ? RDB_TYPE.ZSET_2 : RDB_TYPE.ZSET_LISTPACK;
    case ITEM_TYPE.HASH:
      if (earliestMs !== 0) return RDB_TYPE.HASH_METADATA;
      return hashEncodingOf(p, ref) === HASH_ENCODING.HASHTABLE
        ? RDB_TYPE.HASH
        : RDB_TYPE.HASH_LISTPACK;
    case ITEM_TYPE.STREAM:
      return RDB_TYPE.STREAM_LISTPACKS_2;
    default:
      return RDB_TYPE.STRING;
  }
}

function dump(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = itemRead(p, op);
  if (ref === 0) keyMissed(call, 1);
  if (ref === 0 || !valueIsThere(p, ref, op.nowMs)) {
    respNull(reply);
    return;
  }
  if (payloadWrite(p, op, ref)) respBulk(reply, writer.bytes, 0, writer.used);
  else answerError(call, RESP_ERROR.stringTooLong);
  rdbWriterClear(writer);
}

/** Leaves the payload of a live item in the writer. False: it would be too long. */
function payloadWrite(p: Partition, op: Operation, ref: number): boolean {
  const earliestMs = valueEarliestMs(p, ref, op.nowMs);
  const type = dumpType(p, ref, earliestMs);
  payloadBegin(writer, type);
  encoder.start(type, earliestMs);
  const isTold = valueTell(p, ref, op.nowMs, encoder);
  payloadEnd(writer, type);
  return isTold && !writer.isFull;
}

/** What DUMP says of a live item, or null. */
export function dumpPayload(p: Partition, op: Operation, ref: number): Buffer | null {
  if (!valueIsThere(p, ref, op.nowMs)) return null;
  const isWhole = payloadWrite(p, op, ref);
  const payload = isWhole ? Buffer.from(writer.bytes.subarray(0, writer.used)) : null;
  rdbWriterClear(writer);
  return payload;
}

/** Bytes of a value as a file would have it: DEBUG OBJECT. */
export function valueSerializedBytes(p: Partition, ref: number, nowMs: number): number {
  const earliestMs = valueEarliestMs(p, ref, nowMs);
  encoder.start(dumpType(p, ref, earliestMs), earliestMs);
  valueTell(p, ref, nowMs, encoder);
  const { used } = writer;
  rdbWriterClear(writer);
  return used;
}

/** The options of RESTORE; -1: not given. */
class RestoreOptions {
  replaces = false;
  ttlIsAbsolute = false;
  idleSec = -1;
  frequency = -1;
}

/** Reads them. False: something is wrong, which was answered. */
function optionsTake(call: RespCall, options: RestoreOptions): boolean {
  const { args } = call;
  for (let index = 4; index < args.count; index++) {
    const hasValue = index + 1 < args.count;
    if (argumentIs(args, index, 'replace')) {
      options.replaces = true;
    } else if (argumentIs(args, index, 'absttl')) {
      options.ttlIsAbsolute = true;
    } else if (argumentIs(args, index, 'idletime') && hasValue && options.frequency < 0) {
      options.idleSec = integerArgument(call, ++index);
      if (Number.isNaN(options.idleSec)) return false;
      if (options.idleSec >= 0) continue;
      answerError(call, 'ERR Invalid IDLETIME value, must be >= 0');
      return false;
    } else if (argumentIs(args, index, 'freq') && hasValue && options.idleSec < 0) {
      options.frequency = integerArgument(call, ++index);
      if (Number.isNaN(options.frequency)) return false;
      if (options.frequency >= 0 && options.frequency <= USES_MAX) continue;
      answerError(call, 'ERR Invalid FREQ value, must be >= 0 and <= 255');
      return false;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  return true;
}

function restore(call: RespCall): void {
  const { p, op, args, reply } = call;
  const options = new RestoreOptions();
  if (!optionsTake(call, options)) return;
  if (!options.replaces && itemFind(p, op) !== 0) {
    answerError(call, 'BUSYKEY Target key name already exists.');
    return;
  }
  const ttl = integerArgument(call, 2);
  if (Number.isNaN(ttl)) return;
  if (ttl < 0) {
    answerError(call, 'ERR Invalid TTL value, must be >= 0');
    return;
  }
  if (!payloadIsSound(args.source, args.start[3], args.end[3])) {
    answerError(call, 'ERR DUMP payload version or checksum are wrong');
    return;
  }
  const expiresAtMs = ttl === 0 || options.ttlIsAbsolute ? ttl : ttl + op.nowMs;
  const builder = valueRead(call, expiresAtMs);
  if (builder === null) return;
  if (expiresAtMs !== 0 && expiresAtMs <= op.nowMs) {
    builder.abandon();
    keyDelete(call);
  } else if (!valuePut(call, builder, options)) {
    return;
  }
  respOk(reply);
}

/** Builds what the payload says. Null: it was answered why not. */
function valueRead(call: RespCall, expiresAtMs: number): ValueBuilder | null {
  const { p, op, args } = call;
  op.clientFlags = 0;
  const builder = new ValueBuilder(p, op, expiresAtMs);
  const result = payloadRead(decoder, args.source, args.start[3], args.end[3], builder);
  if (result === RDB_READ.OK) {
    if (itemType(p, builder.ref) === ITEM_TYPE.LIST) {
      listExpect(p, builder.ref, 0, 0, call.config.hot.listMaxListpackSize);
    }
    return builder;
  }
  builder.abandon();
  if (builder.status === STATUS.NO_MEMORY) answerError(call, RESP_ERROR.outOfMemory);
  else if (builder.status === STATUS.TOO_LARGE) answerError(call, RESP_ERROR.keyTooLong);
  else answerError(call, 'ERR Bad data format');
  return null;
}

/** Puts what was built in the key's place. False: there was no memory, which was answered. */
function valuePut(call: RespCall, builder: ValueBuilder, options: RestoreOptions): boolean {
  const { p, op } = call;
  const status = builder.commit();
  if (status === STATUS.NO_MEMORY) {
    answerError(call, RESP_ERROR.outOfMemory);
    return false;
  }
  if (status === STATUS.MISSING) {
    keyDelete(call);
    return true;
  }
  const ref = itemSeek(p, op);
  if (!usesAreCounted(p)) {
    if (options.idleSec >= 0) itemAccessedSecSet(p, ref, op.nowSec - options.idleSec);
  } else if (options.frequency >= 0) {
    itemUsesSet(p, ref, options.frequency, op.nowSec);
  }
  keyEvent(call, KEY_EVENT.GENERIC, 'restore', 1);
  changesCount(call, 1);
  return true;
}

/** What was to take the key's place is dead already. */
function keyDelete(call: RespCall): void {
  const { p, op } = call;
  const old = itemSeek(p, op);
  if (old === 0) return;
  itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
  keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
  changesCount(call, 1);
}
