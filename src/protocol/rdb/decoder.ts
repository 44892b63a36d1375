/**
 * Reads values of the RDB format, of every type but those of modules, and tells them to a
 * sink. What is read may be anything: a broken value ends in BROKEN, at the latest where it breaks.
 *
 * Members that come twice are the sink's to refuse, as only it knows which there are.
 *
 * Source: valkey-io/valkey src/rdb.c; for fields that expire, redis/redis 7.4 src/rdb.c.
 */
import { float64Parse } from '../../base/float64.ts';
import { VALUE_KIND, type ValueKind, type ValueSink } from '../../base/value-sink.ts';
import { INTSET } from './intset.ts';
import { LISTPACK } from './listpack.ts';
import { RDB_READ, type RdbRead } from './outcome.ts';
import {
  PACKED_STEP,
  PackedEntries,
  type PackedFormat,
  packedCount,
  packedOpen,
} from './packed-entries.ts';
import {
  RdbReader,
  rdbByteRead,
  rdbDoubleRead,
  rdbLengthRead,
  rdbStringRead,
  rdbTimeRead,
} from './reader.ts';
import { rdbStreamRead } from './stream-decoder.ts';
import { QUICKLIST_NODE, RDB_TYPE } from './types.ts';
import { ZIPLIST } from './ziplist.ts';
import { ZIPMAP } from './zipmap.ts';

export class RdbDecoder {
  readonly reader: RdbReader = new RdbReader();
  readonly entries: PackedEntries = new PackedEntries();
  /** Of a quicklist, the node in hand is one element, not a listpack. */
  nodeIsPlain = false;
}

/** Scores that are text have their length in a byte; these stand for what has none. */
const SCORE_NAN = 253;
const SCORE_INFINITE = 254;
/** A number in a packed collection is not longer. */
const NUMBER_BYTES_MAX = 400;

/** Reads the value that the reader is at, all of it, and tells it to the sink. */
export function rdbValueRead(decoder: RdbDecoder, type: number, sink: ValueSink): RdbRead {
  const result = valueTell(decoder, type, sink);
  if (result !== RDB_READ.OK) return result;
  return sink.valueEnd() ? RDB_READ.OK : RDB_READ.REFUSED;
}

function valueTell(decoder: RdbDecoder, type: number, sink: ValueSink): RdbRead {
  switch (type) {
    case RDB_TYPE.STRING:
      return stringsTell(decoder, sink, VALUE_KIND.STRING, 1, 1);
    case RDB_TYPE.LIST:
      return stringsTell(decoder, sink, VALUE_KIND.LIST, rdbLengthRead(decoder.reader), 1);
    case RDB_TYPE.SET:
      return stringsTell(decoder, sink, VALUE_KIND.SET, rdbLengthRead(decoder.reader), 1);
    case RDB_TYPE.HASH:
      return stringsTell(decoder, sink, VALUE_KIND.HASH, rdbLengthRead(decoder.reader), 2);
    case RDB_TYPE.ZSET:
      return membersTell(decoder, sink, scoreTextRead);
    case RDB_TYPE.ZSET_2:
      return membersTell(decoder, sink, rdbDoubleRead);
    case RDB_TYPE.HASH_METADATA:
      return fieldsTell(decoder, sink);
    case RDB_TYPE.LIST_QUICKLIST:
    case RDB_TYPE.LIST_QUICKLIST_2:
      return nodesTell(decoder, sink, type === RDB_TYPE.LIST_QUICKLIST_2);
    case RDB_TYPE.LIST_ZIPLIST:
      return packedTell(decoder, sink, VALUE_KIND.LIST, ZIPLIST);
    case RDB_TYPE.SET_INTSET:
      return packedTell(decoder, sink, VALUE_KIND.SET, INTSET);
    case RDB_TYPE.SET_LISTPACK:
      return packedTell(decoder, sink, VALUE_KIND.SET, LISTPACK);
    case RDB_TYPE.ZSET_ZIPLIST:
      return packedTell(decoder, sink, VALUE_KIND.ZSET, ZIPLIST);
    case RDB_TYPE.ZSET_LISTPACK:
      return packedTell(decoder, sink, VALUE_KIND.ZSET, LISTPACK);
    case RDB_TYPE.HASH_ZIPMAP:
      return packedTell(decoder, sink, VALUE_KIND.HASH, ZIPMAP);
    case RDB_TYPE.HASH_ZIPLIST:
      return packedTell(decoder, sink, VALUE_KIND.HASH, ZIPLIST);
    case RDB_TYPE.HASH_LISTPACK:
      return packedTell(decoder, sink, VALUE_KIND.HASH, LISTPACK);
    case RDB_TYPE.HASH_LISTPACK_EX:
      return expiringPackTell(decoder, sink);
    case RDB_TYPE.STREAM_LISTPACKS:
    case RDB_TYPE.STREAM_LISTPACKS_2:
    case RDB_TYPE.STREAM_LISTPACKS_3:
      return rdbStreamRead(decoder.reader, decoder.entries, type, sink);
    default:
      return RDB_READ.BROKEN;
  }
}

/** `count` elements of `width` strings each. */
function stringsTell(
  decoder: RdbDecoder,
  sink: ValueSink,
  kind: ValueKind,
  count: number,
  width: number,
): RdbRead {
  const { reader } = decoder;
  if (!isCredible(reader, count, width)) return RDB_READ.BROKEN;
  if (!sink.valueBegin(kind, count)) return RDB_READ.REFUSED;
  for (let left = count * width; left > 0; left--) {
    if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
    if (!readTell(reader, sink)) return RDB_READ.REFUSED;
  }
  return RDB_READ.OK;
}

/** Whether so many elements, of at least `bytesMin` bytes each, can be there; none is no value. */
function isCredible(reader: RdbReader, count: number, bytesMin: number): boolean {
  return count > 0 && count * bytesMin <= reader.end - reader.at;
}

function readTell(reader: RdbReader, sink: ValueSink): boolean {
  return sink.valueString(reader.source, reader.start, reader.length);
}

/** Members of a sorted set, in any order. */
function membersTell(
  decoder: RdbDecoder,
  sink: ValueSink,
  scoreRead: (reader: RdbReader) => number,
): RdbRead {
  const { reader } = decoder;
  const count = rdbLengthRead(reader);
  if (!isCredible(reader, count, 2)) return RDB_READ.BROKEN;
  if (!sink.valueBegin(VALUE_KIND.ZSET, count)) return RDB_READ.REFUSED;
  for (let left = count; left > 0; left--) {
    if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
    if (!readTell(reader, sink)) return RDB_READ.REFUSED;
    const score = scoreRead(reader);
    if (Number.isNaN(score)) return RDB_READ.BROKEN;
    if (!sink.valueScore(score)) return RDB_READ.REFUSED;
  }
  return RDB_READ.OK;
}

function scoreTextRead(reader: RdbReader): number {
  const bytes = rdbByteRead(reader);
  if (bytes > SCORE_INFINITE) return Number.NEGATIVE_INFINITY;
  if (bytes === SCORE_INFINITE) return Number.POSITIVE_INFINITY;
  if (bytes < 0 || bytes === SCORE_NAN || bytes > reader.end - reader.at) return Number.NaN;
  reader.at += bytes;
  return float64Parse(reader.bytes, reader.at - bytes, reader.at);
}

/** Fields, each with its expiry before it: 0 for none, else 1 plus its distance from the earliest. */
function fieldsTell(decoder: RdbDecoder, sink: ValueSink): RdbRead {
  const { reader } = decoder;
  const earliestMs = rdbTimeRead(reader);
  const count = rdbLengthRead(reader);
  if (earliestMs < 0 || !isCredible(reader, count, 3)) return RDB_READ.BROKEN;
  if (!sink.valueBegin(VALUE_KIND.HASH, count)) return RDB_READ.REFUSED;
  for (let left = count; left > 0; left--) {
    const distance = rdbLengthRead(reader);
    const expiresAtMs = distance > 0 ? earliestMs + distance - 1 : 0;
    if (distance < 0 || expiresAtMs > Number.MAX_SAFE_INTEGER) return RDB_READ.BROKEN;
    if (expiresAtMs > 0 && !sink.valueExpiry(expiresAtMs)) return RDB_READ.REFUSED;
    for (let strings = 2; strings > 0; strings--) {
      if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
      if (!readTell(reader, sink)) return RDB_READ.REFUSED;
    }
  }
  return RDB_READ.OK;
}

/**
 * A quicklist. How many elements it has is known at its end; so it is walked to there once before.
 * Nodes may be empty, but not all of them.
 */
function nodesTell(decoder: RdbDecoder, sink: ValueSink, isSecond: boolean): RdbRead {
  const { reader } = decoder;
  const nodes = rdbLengthRead(reader);
  if (!isCredible(reader, nodes, 1)) return RDB_READ.BROKEN;
  const { at } = reader;
  let count = 0;
  for (let left = nodes; left > 0; left--) {
    const nodeCount = nodeRead(decoder, isSecond);
    if (nodeCount < 0) return RDB_READ.BROKEN;
    count += nodeCount;
  }
  if (count === 0) return RDB_READ.BROKEN;
  if (!sink.valueBegin(VALUE_KIND.LIST, count)) return RDB_READ.REFUSED;
  reader.at = at;
  const format = isSecond ? LISTPACK : ZIPLIST;
  for (let left = nodes; left > 0; left--) {
    const nodeCount = nodeRead(decoder, isSecond);
    const isTold = decoder.nodeIsPlain
      ? readTell(reader, sink)
      : entriesTell(decoder, sink, VALUE_KIND.LIST, format, nodeCount);
    if (!isTold) return RDB_READ.REFUSED;
  }
  return RDB_READ.OK;
}

/** Takes the string of the next node in hand. Returns how many elements that is, or -1. */
function nodeRead(decoder: RdbDecoder, isSecond: boolean): number {
  const { reader, entries } = decoder;
  const container = isSecond ? rdbLengthRead(reader) : QUICKLIST_NODE.PACKED;
  if (!rdbStringRead(reader) || reader.length === 0) return -1;
  decoder.nodeIsPlain = container === QUICKLIST_NODE.PLAIN;
  if (decoder.nodeIsPlain) return 1;
  if (container !== QUICKLIST_NODE.PACKED) return -1;
  const format = isSecond ? LISTPACK : ZIPLIST;
  return packedCount(entries, format, reader.source, reader.start, reader.start + reader.length);
}

/** A collection that is one string. */
function packedTell(
  decoder: RdbDecoder,
  sink: ValueSink,
  kind: ValueKind,
  format: PackedFormat,
): RdbRead {
  const { reader, entries } = decoder;
  if (!rdbStringRead(reader)) return RDB_READ.BROKEN;
  const { source, start, length } = reader;
  const count = packedCount(entries, format, source, start, start + length);
  const width = kind === VALUE_KIND.HASH || kind === VALUE_KIND.ZSET ? 2 : 1;
  if (count <= 0 || count % width !== 0) return RDB_READ.BROKEN;
  if (kind === VALUE_KIND.ZSET && !scoresAreSound(decoder, format)) return RDB_READ.BROKEN;
  if (!sink.valueBegin(kind, count / width)) return RDB_READ.REFUSED;
  return entriesTell(decoder, sink, kind, format, count) ? RDB_READ.OK : RDB_READ.REFUSED;
}

/** Every second entry has to say a score. */
function scoresAreSound(decoder: RdbDecoder, format: PackedFormat): boolean {
  const { reader, entries } = decoder;
  packedOpen(entries, format, reader.source, reader.start, reader.start + reader.length);
  while (format.next(entries) === PACKED_STEP.ENTRY) {
    format.next(entries);
    if (Number.isNaN(entryNumber(entries))) return false;
  }
  return true;
}

/** Tells the `count` entries of the string in hand, which is sound. False if the sink had enough. */
function entriesTell(
  decoder: RdbDecoder,
  sink: ValueSink,
  kind: ValueKind,
  format: PackedFormat,
  count: number,
): boolean {
  const { reader, entries } = decoder;
  packedOpen(entries, format, reader.source, reader.start, reader.start + reader.length);
  for (let index = 0; index < count; index++) {
    format.next(entries);
    const isScore = kind === VALUE_KIND.ZSET && (index & 1) === 1;
    const isTold = isScore ? sink.valueScore(entryNumber(entries)) : entryTell(entries, sink);
    if (!isTold) return false;
  }
  return true;
}

function entryTell(entries: PackedEntries, sink: ValueSink): boolean {
  return sink.valueString(entries.source, entries.sourceStart, entries.length);
}

/** The number that the entry in hand says, or NaN. */
function entryNumber(entries: PackedEntries): number {
  const { source, sourceStart, length } = entries;
  if (length > NUMBER_BYTES_MAX) return Number.NaN;
  return float64Parse(source, sourceStart, sourceStart + length);
}

/** A listpack of field, value and expiry, 0 for none, of each field. */
function expiringPackTell(decoder: RdbDecoder, sink: ValueSink): RdbRead {
  const { reader, entries } = decoder;
  if (rdbTimeRead(reader) < 0 || !rdbStringRead(reader)) return RDB_READ.BROKEN;
  const { source, start, length } = reader;
  const count = packedCount(entries, LISTPACK, source, start, start + length);
  if (count <= 0 || count % 3 !== 0) return RDB_READ.BROKEN;
  if (!sink.valueBegin(VALUE_KIND.HASH, count / 3)) return RDB_READ.REFUSED;
  packedOpen(entries, LISTPACK, source, start, start + length);
  for (let left = count / 3; left > 0; left--) {
    // The expiry is told first and stands last.
    const { at } = entries;
    for (let step = 0; step < 3; step++) LISTPACK.next(entries);
    const after = entries.at;
    const expiresAtMs = entryNumber(entries);
    if (!(expiresAtMs >= 0 && Number.isSafeInteger(expiresAtMs))) return RDB_READ.BROKEN;
    if (expiresAtMs > 0 && !sink.valueExpiry(expiresAtMs)) return RDB_READ.REFUSED;
    entries.at = at;
    for (let step = 0; step < 2; step++) {
      LISTPACK.next(entries);
      if (!entryTell(entries, sink)) return RDB_READ.REFUSED;
    }
    entries.at = after;
  }
  return RDB_READ.OK;
}
