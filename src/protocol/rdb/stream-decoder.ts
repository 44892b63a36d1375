/**
 * Reads streams of the RDB format, and tells them to a sink. What is read may be anything.
 *
 *   stream    listpacks { id 16 B, listpack } … count lastId [firstId maxDeletedId added] groups …
 *                                                              type 19 and 21
 *   listpack  count deleted fieldCount name … 0  entry …
 *   entry     flags ms seq [fieldCount] [name] value … length      ms, seq: what it has more than the id
 *
 *   group     name lastId [read] pendings { id 16 B, delivered 8 B, deliveries } …
 *             consumers { name, seen 8 B, [active 8 B] owned { id 16 B } … } …
 *                                          type 21
 *
 * An entry has names of its own unless its flags say that they are those of the listpack. Entries that were
 * deleted are there, with a flag. Ids are told as they come: that they ascend is for the sink to see.
 *
 * Source: valkey-io/valkey src/rdb.c, src/t_stream.c.
 */

import { int64Exact, int64Parse } from '../../base/int64.ts';
import {
  STREAM_ID_BYTES,
  StreamId,
  streamIdCompare,
  streamIdCopy,
  streamIdFromBytes,
  streamIdIsZero,
  streamIdMs,
  streamIdSeq,
  streamIdSet,
} from '../../base/stream-id.ts';
import type { StreamSink } from '../../base/stream-sink.ts';
import type { ValueSink } from '../../base/value-sink.ts';
import { LISTPACK } from './listpack.ts';
import { RDB_READ, type RdbRead } from './outcome.ts';
import { PACKED_STEP, type PackedEntries, packedCount, packedOpen } from './packed-entries.ts';
import {
  type RdbReader,
  rdbBytesRead,
  rdbLengthRead,
  rdbStringRead,
  rdbTimeRead,
  rdbUint64Read,
} from './reader.ts';
import { RDB_TYPE } from './types.ts';

const DELETED = 1n;
const SAME_NAMES = 2n;
/** Flags, two numbers of the id, and what comes behind the values. */
const ENTRY_ITEMS = 3n;
const READ_UNKNOWN = -1n;

const first = new StreamId();
const listpackId = new StreamId();
const id = new StreamId();
const lastId = new StreamId();
const maxDeletedId = new StreamId();

/** Reads the stream that the reader is at, of this type. */
export function rdbStreamRead(
  reader: RdbReader,
  entries: PackedEntries,
  type: number,
  values: ValueSink,
): RdbRead {
  const sink = values.streamBegin?.() ?? null;
  if (sink === null) return RDB_READ.REFUSED;
  const listpacks = rdbLengthRead(reader);
  if (listpacks < 0 || listpacks > reader.end - reader.at) return RDB_READ.BROKEN;
  const walk = new StreamWalk(entries, sink);
  for (let left = listpacks; left > 0; left--) {
    const result = listpackRead(reader, walk);
    if (result !== RDB_READ.OK) return result;
  }
  return stateRead(reader, type, sink, walk.told);
}

function listpackRead(reader: RdbReader, walk: StreamWalk): RdbRead {
  if (!rdbStringRead(reader) || reader.length !== STREAM_ID_BYTES) return RDB_READ.BROKEN;
  streamIdFromBytes(reader.source, reader.start, listpackId);
  if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
  const { source, start, length } = reader;
  const items = packedCount(walk.entries, LISTPACK, source, start, start + length);
  if (items < 0) return RDB_READ.BROKEN;
  packedOpen(walk.entries, LISTPACK, source, start, start + length);
  return walk.run();
}

/** A walk over the listpacks of one stream, each of which has been seen to be one. */
class StreamWalk {
  readonly entries: PackedEntries;
  readonly sink: StreamSink;
  /** Entries that were told; the id of the first one of them is in `first`. */
  told = 0;
  private nameCount = 0n;
  private namesAt = 0;

  constructor(entries: PackedEntries, sink: StreamSink) {
    this.entries = entries;
    this.sink = sink;
  }

  run(): RdbRead {
    const count = this.integer() + this.integer();
    this.nameCount = this.integer();
    this.namesAt = this.entries.at;
    if (this.nameCount < 1n || !this.skip(this.nameCount) || this.integer() !== 0n) {
      return RDB_READ.BROKEN;
    }
    for (let left = count; left > 0n; left--) {
      const result = this.entry();
      if (result !== RDB_READ.OK) return result;
    }
    const isAtEnd = LISTPACK.next(this.entries) === PACKED_STEP.END;
    return isAtEnd && count >= 0n ? RDB_READ.OK : RDB_READ.BROKEN;
  }

  private entry(): RdbRead {
    const { entries } = this;
    const flags = this.integer();
    const ms = this.integer();
    const seq = this.integer();
    if (flags < 0n || ms === NONE || seq === NONE) return RDB_READ.BROKEN;
    streamIdSet(id, streamIdMs(listpackId) + ms, streamIdSeq(listpackId) + seq);
    const isSame = (flags & SAME_NAMES) !== 0n;
    const fields = isSame ? this.nameCount : this.integer();
    const bodyAt = entries.at;
    if (fields < 1n || !this.skip(isSame ? fields : 2n * fields)) return RDB_READ.BROKEN;
    const items = isSame ? ENTRY_ITEMS + fields : ENTRY_ITEMS + 1n + 2n * fields;
    if (this.integer() !== items) return RDB_READ.BROKEN;
    if ((flags & DELETED) !== 0n) return RDB_READ.OK;
    if (this.told++ === 0) streamIdCopy(first, id);
    const endAt = entries.at;
    const isTold = this.fieldsTell(Number(fields), isSame ? this.namesAt : bodyAt, bodyAt, isSame);
    entries.at = endAt;
    return isTold ? RDB_READ.OK : RDB_READ.REFUSED;
  }

  private fieldsTell(fields: number, namesAt: number, valuesAt: number, isSame: boolean): boolean {
    const { entries, sink } = this;
    if (!sink.streamEntry(id, fields)) return false;
    let nameAt = namesAt;
    let valueAt = valuesAt;
    for (let left = fields; left > 0; left--) {
      entries.at = nameAt;
      if (!this.stringTell()) return false;
      nameAt = entries.at;
      if (isSame) entries.at = valueAt;
      if (!this.stringTell()) return false;
      valueAt = entries.at;
      if (!isSame) nameAt = valueAt;
    }
    return true;
  }

  private stringTell(): boolean {
    const { entries, sink } = this;
    LISTPACK.next(entries);
    return sink.streamString(entries.source, entries.sourceStart, entries.length);
  }

  /** Passes over so many items. False: there are not so many. */
  private skip(count: bigint): boolean {
    for (let left = count; left > 0n; left--) {
      if (LISTPACK.next(this.entries) !== PACKED_STEP.ENTRY) return false;
    }
    return true;
  }

  /** The next item, which is to be an integer; NONE if it is not. */
  private integer(): bigint {
    const { entries } = this;
    if (LISTPACK.next(entries) !== PACKED_STEP.ENTRY) return NONE;
    const { source, sourceStart, length } = entries;
    if (Number.isNaN(int64Parse(source, sourceStart, sourceStart + length))) return NONE;
    return int64Exact(source, sourceStart, sourceStart + length);
  }
}

/** What no int64 is, nor any sum of two. */
const NONE = -(2n ** 70n);

/** Takes an id that is there as two numbers. */
function idRead(reader: RdbReader, to: StreamId): boolean {
  const ms = rdbUint64Read(reader);
  const seq = rdbUint64Read(reader);
  streamIdSet(to, ms, seq);
  return ms >= 0n && seq >= 0n;
}

/** What comes behind the entries, of which there were `told`. */
function stateRead(reader: RdbReader, type: number, sink: StreamSink, told: number): RdbRead {
  const isFirstVersion = type === RDB_TYPE.STREAM_LISTPACKS;
  const count = rdbLengthRead(reader);
  if (count !== told || !idRead(reader, lastId)) return RDB_READ.BROKEN;
  let added = BigInt(count);
  streamIdSet(maxDeletedId, 0n, 0n);
  if (!isFirstVersion) {
    // The first entry's id is known already.
    if (!idRead(reader, id) || !idRead(reader, maxDeletedId)) return RDB_READ.BROKEN;
    added = rdbUint64Read(reader);
    if (added < 0n) return RDB_READ.BROKEN;
  }
  if (told === 0) streamIdSet(first, 0n, 0n);
  const groupCount = rdbLengthRead(reader);
  if (groupCount < 0 || groupCount > reader.end - reader.at) return RDB_READ.BROKEN;
  const state = { lastId, firstId: first, maxDeletedId, count, added, groupCount };
  if (!sink.streamState(state)) return RDB_READ.REFUSED;
  for (let left = groupCount; left > 0; left--) {
    const result = groupRead(reader, type, sink, count);
    if (result !== RDB_READ.OK) return result;
  }
  return RDB_READ.OK;
}

function groupRead(reader: RdbReader, type: number, sink: StreamSink, count: number): RdbRead {
  if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
  const name = Buffer.from(reader.source.subarray(reader.start, reader.start + reader.length));
  if (!idRead(reader, id)) return RDB_READ.BROKEN;
  const isFirstVersion = type === RDB_TYPE.STREAM_LISTPACKS;
  const told = isFirstVersion ? readEstimate(count) : rdbUint64Read(reader);
  if (!isFirstVersion && told < 0n) return RDB_READ.BROKEN;
  const read = BigInt.asIntN(64, told);
  const pendingCount = rdbLengthRead(reader);
  if (pendingCount < 0 || pendingCount > reader.end - reader.at) return RDB_READ.BROKEN;
  if (!sink.streamGroup(name, 0, name.length, { lastId: id, read, pendingCount })) {
    return RDB_READ.REFUSED;
  }
  for (let left = pendingCount; left > 0; left--) {
    if (!rawIdRead(reader)) return RDB_READ.BROKEN;
    const deliveredMs = rdbTimeRead(reader);
    const deliveries = rdbLengthRead(reader);
    if (deliveredMs < 0 || deliveries < 0) return RDB_READ.BROKEN;
    if (!sink.streamPending(id, deliveredMs, deliveries)) return RDB_READ.REFUSED;
  }
  const consumers = rdbLengthRead(reader);
  if (consumers < 0 || consumers > reader.end - reader.at) return RDB_READ.BROKEN;
  if (!sink.streamConsumers(consumers)) return RDB_READ.REFUSED;
  for (let left = consumers; left > 0; left--) {
    const result = consumerRead(reader, type, sink);
    if (result !== RDB_READ.OK) return result;
  }
  return RDB_READ.OK;
}

/** What the first version does not say: how many entries a group has read whose last id is `id`. */
function readEstimate(count: number): bigint {
  const toLast = streamIdCompare(id, lastId);
  if (streamIdIsZero(lastId)) return 0n;
  if (toLast === 0 || (count === 0 && toLast < 0)) return BigInt(count);
  if (toLast > 0) return READ_UNKNOWN;
  const toFirst = streamIdCompare(id, first);
  if (toFirst < 0) return 0n;
  return toFirst === 0 ? 1n : READ_UNKNOWN;
}

function consumerRead(reader: RdbReader, type: number, sink: StreamSink): RdbRead {
  if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
  const name = Buffer.from(reader.source.subarray(reader.start, reader.start + reader.length));
  const seenMs = rdbTimeRead(reader);
  if (seenMs < 0) return RDB_READ.BROKEN;
  const activeMs = type === RDB_TYPE.STREAM_LISTPACKS_3 ? activeRead(reader) : seenMs;
  const pendingCount = rdbLengthRead(reader);
  if (Number.isNaN(activeMs) || pendingCount < 0 || pendingCount > reader.end - reader.at) {
    return RDB_READ.BROKEN;
  }
  if (!sink.streamConsumer(name, 0, name.length, { seenMs, activeMs, pendingCount })) {
    return RDB_READ.REFUSED;
  }
  for (let left = pendingCount; left > 0; left--) {
    if (!rawIdRead(reader)) return RDB_READ.BROKEN;
    if (!sink.streamOwned(id)) return RDB_READ.REFUSED;
  }
  return RDB_READ.OK;
}

/** When a consumer was last active: -1 for never, which is all bits set; NaN if it is not there. */
function activeRead(reader: RdbReader): number {
  const at = rdbBytesRead(reader, 8);
  if (at < 0) return Number.NaN;
  const activeMs = Number(reader.bytes.readBigInt64LE(at));
  return activeMs >= -1 && Number.isSafeInteger(activeMs) ? activeMs : Number.NaN;
}

/** Takes an id of 16 bytes. */
function rawIdRead(reader: RdbReader): boolean {
  const at = rdbBytesRead(reader, STREAM_ID_BYTES);
  if (at < 0) return false;
  streamIdFromBytes(reader.bytes, at, id);
  return true;
}
