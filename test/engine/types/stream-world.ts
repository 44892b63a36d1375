/**
 * Streams against arrays. A step changes one stream both ways; `check` then compares all of them, entry by
 * entry and in both directions, and walks the partition's structures.
 */
import { expect } from 'vitest';
import { StreamId, streamIdIncrement } from '../../../src/base/stream-id.ts';
import { graveyardWork } from '../../../src/engine/collection/graveyard-work.ts';
import { itemChanged } from '../../../src/engine/collection/packed.ts';
import { indexFind } from '../../../src/engine/hash-index.ts';
import { STATUS } from '../../../src/engine/status.ts';
import {
  ID_GIVEN,
  streamAdd,
  streamCreate,
  streamIdChoose,
  streamRootOf,
} from '../../../src/engine/types/stream.ts';
import { blockLimits } from '../../../src/engine/types/stream-append.ts';
import {
  cursorIsLong,
  fieldPass,
  StreamCursor,
  streamNext,
  streamPrevious,
  streamSeek,
  streamSeekBack,
  streamSeekExact,
} from '../../../src/engine/types/stream-cursor.ts';
import { FieldText, fieldTake, StreamFields } from '../../../src/engine/types/stream-fields.ts';
import {
  LongReader,
  longBytes,
  longLength,
  longOpen,
} from '../../../src/engine/types/stream-long.ts';
import {
  streamAddedExact,
  streamFirstId,
  streamLastId,
  streamMaxDeletedId,
} from '../../../src/engine/types/stream-root.ts';
import {
  StreamTrim,
  streamDelete,
  streamTrim,
  TRIM,
} from '../../../src/engine/types/stream-trim.ts';
import { collectionCount } from '../../../src/memory/collection.ts';
import type { Partition } from '../../../src/memory/partition.ts';
import { Client } from '../client.ts';
import { Famine } from '../famine.ts';
import { partitionExpectSound, partitionMake, type Setup } from '../fixture.ts';

export type ModelEntry = { readonly id: bigint; readonly strings: readonly Buffer[] };

class Model {
  entries: ModelEntry[] = [];
  lastId = 0n;
  maxDeletedId = 0n;
  added = 0n;
}

const UINT32 = 0xffffffffn;

export function idOf(id: bigint): StreamId {
  const to = new StreamId();
  to.msHi = Number(id >> 96n) | 0;
  to.msLo = Number((id >> 64n) & UINT32) | 0;
  to.seqHi = Number((id >> 32n) & UINT32) | 0;
  to.seqLo = Number(id & UINT32) | 0;
  return to;
}

export function idNumber({ msHi, msLo, seqHi, seqLo }: StreamId): bigint {
  return [msHi, msLo, seqHi, seqLo].reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
}

/** Names and values as a front end has them. */
export function fieldsOf(strings: readonly Buffer[]): StreamFields {
  const fields = new StreamFields(Buffer.concat(strings));
  fields.start = new Int32Array(strings.length);
  fields.end = new Int32Array(strings.length);
  let at = 0;
  for (const [index, string] of strings.entries()) {
    fields.start[index] = at;
    at += string.length;
    fields.end[index] = at;
  }
  fields.count = strings.length >> 1;
  return fields;
}

/** Names and values of the entry that a cursor is at. */
export function stringsAt(p: Partition, cursor: StreamCursor): Buffer[] {
  const strings: Buffer[] = [];
  const text = new FieldText();
  if (cursorIsLong(p, cursor)) {
    const reader = new LongReader();
    longOpen(p, cursor.entry, reader);
    for (let left = 2 * cursor.fieldCount; left > 0; left--) {
      const string = Buffer.alloc(longLength(p, reader));
      longBytes(p, reader, string, 0, string.length);
      strings.push(string);
    }
    return strings;
  }
  for (let left = cursor.fieldCount; left > 0; left--) {
    for (const at of [cursor.nameAt, cursor.valueAt]) {
      fieldTake(p.u8, at, text);
      strings.push(Buffer.from(text.source.subarray(text.start, text.start + text.bytes)));
    }
    fieldPass(p, cursor);
  }
  return strings;
}

export class StreamWorld {
  readonly p: Partition;
  readonly client = new Client();
  readonly famine: Famine;
  readonly streams = new Map<string, Model>();
  refusals = 0;
  losses = 0;
  private readonly cursor = new StreamCursor();

  constructor(setup: Setup) {
    this.p = partitionMake(setup);
    this.famine = new Famine(this.p);
    this.limit(4096, 100);
  }

  limit(bytesMax: number, entriesMax: number): void {
    Object.assign(blockLimits, { bytesMax, entriesMax });
  }

  find(key: string): number {
    this.client.keySet(key);
    return indexFind(this.p, this.client.op.key);
  }

  private rootOf(key: string): number {
    const ref = this.find(key);
    return ref === 0 ? 0 : streamRootOf(this.p, ref);
  }

  model(key: string): Model {
    return this.streams.get(key) as Model; // for keys that have a stream
  }

  count(key: string): number {
    return this.streams.get(key)?.entries.length ?? 0;
  }

  /** Adds an entry `ahead` of the last one. */
  add(key: string, ahead: bigint, strings: readonly Buffer[]): void {
    const { p, client } = this;
    let ref = this.find(key);
    if (ref === 0) {
      ref = streamCreate(p, client.op);
      if (ref !== 0) this.streams.set(key, new Model());
    }
    if (ref === 0) {
      this.refusals++;
      return;
    }
    const model = this.model(key);
    const id = model.lastId + ahead;
    if (id >= 1n << 128n) return;
    const isBehind = streamIdChoose(p, streamRootOf(p, ref), ID_GIVEN.ALL, idOf(id), 0);
    const status = streamAdd(p, client.op, ref, idOf(id), fieldsOf(strings));
    const isExpected = isBehind && (status === STATUS.OK || status === STATUS.NO_MEMORY);
    if (!isExpected || this.find(key) !== ref)
      expect([status, isBehind]).toEqual([STATUS.OK, true]);
    itemChanged(p, ref);
    if (status === STATUS.NO_MEMORY) {
      this.refusals++;
      return;
    }
    model.entries.push({ id, strings });
    model.lastId = id;
    model.added++;
  }

  /** Takes out the entry of an id, if there is one. */
  delete(key: string, id: bigint): void {
    const rootRef = this.rootOf(key);
    if (rootRef === 0) return;
    const model = this.model(key);
    const at = model.entries.findIndex((entry) => entry.id === id);
    expect(streamDelete(this.p, rootRef, idOf(id))).toBe(at >= 0);
    if (at < 0) return;
    model.entries.splice(at, 1);
    if (id > model.maxDeletedId) model.maxDeletedId = id;
  }

  /** Leaves the last `length` entries, or in whole blocks as much as is said. */
  trimLength(key: string, length: number, isRough: boolean, countMax: number): void {
    const trim = new StreamTrim();
    trim.by = TRIM.LENGTH;
    trim.length = length;
    this.trim(key, trim, isRough, countMax, Math.max(0, this.count(key) - length));
  }

  trimId(key: string, id: bigint, isRough: boolean, countMax: number): void {
    const trim = new StreamTrim();
    trim.by = TRIM.ID;
    Object.assign(trim.id, idOf(id));
    const entries = this.streams.get(key)?.entries ?? [];
    this.trim(key, trim, isRough, countMax, entries.filter((entry) => entry.id < id).length);
  }

  private trim(
    key: string,
    trim: StreamTrim,
    isRough: boolean,
    countMax: number,
    exact: number,
  ): void {
    const rootRef = this.rootOf(key);
    if (rootRef === 0) return;
    trim.isRough = isRough;
    trim.countMax = countMax;
    const removed = streamTrim(this.p, rootRef, trim);
    if (!isRough && countMax === 0) expect(removed).toBe(exact);
    expect(removed).toBeLessThanOrEqual(countMax === 0 ? exact : Math.min(exact, countMax));
    this.model(key).entries.splice(0, removed);
  }

  drop(key: string): void {
    this.client.delete(this.p, key);
    this.streams.delete(key);
  }

  bury(chunks: number): void {
    graveyardWork(this.p, chunks);
  }

  /** Of streams that were evicted the model forgets; all others are as it has them. */
  check(): void {
    const { p } = this;
    partitionExpectSound(p);
    for (const [key, model] of this.streams) {
      const ref = this.find(key);
      if (ref === 0 && p.evicts) {
        this.losses++;
        this.streams.delete(key);
        continue;
      }
      expect(collectionCount(p, ref)).toBe(model.entries.length);
      this.rootCheck(streamRootOf(p, ref), model);
      this.entriesCheck(streamRootOf(p, ref), model.entries);
    }
  }

  private rootCheck(rootRef: number, model: Model): void {
    const { p } = this;
    const id = new StreamId();
    streamLastId(p, rootRef, id);
    expect(idNumber(id)).toBe(model.lastId);
    streamFirstId(p, rootRef, id);
    expect(idNumber(id)).toBe(model.entries[0]?.id ?? 0n);
    streamMaxDeletedId(p, rootRef, id);
    expect(idNumber(id)).toBe(model.maxDeletedId);
    expect(streamAddedExact(p, rootRef)).toBe(model.added);
  }

  private entriesCheck(rootRef: number, entries: readonly ModelEntry[]): void {
    const { p, cursor } = this;
    const id = new StreamId();
    let at = 0;
    for (let more = streamSeek(p, rootRef, id, cursor); more; more = streamNext(p, cursor)) {
      this.entryCheck(entries[at++]);
    }
    expect(at).toBe(entries.length);
    id.msHi = id.msLo = id.seqHi = id.seqLo = -1;
    for (
      let more = streamSeekBack(p, rootRef, id, cursor);
      more;
      more = streamPrevious(p, cursor)
    ) {
      expect(idNumber(cursor.id)).toBe(entries[--at].id);
    }
    expect(at).toBe(0);
    for (const index of [0, entries.length >> 1, (entries.length * 7) >> 3, entries.length - 1]) {
      if (entries[index] !== undefined) this.seekCheck(rootRef, entries, index);
    }
  }

  /** Seeks an entry's id, the one before, and the one behind. */
  private seekCheck(rootRef: number, entries: readonly ModelEntry[], index: number): void {
    const { p, cursor } = this;
    const { id } = entries[index];
    expect(streamSeekExact(p, rootRef, idOf(id), cursor)).toBe(true);
    this.entryCheck(entries[index]);
    expect(streamSeekBack(p, rootRef, idOf(id), cursor)).toBe(true);
    expect(idNumber(cursor.id)).toBe(id);
    const next = idOf(id);
    if (!streamIdIncrement(next)) return;
    const behind = entries[index + 1]?.id;
    expect(streamSeekExact(p, rootRef, next, cursor)).toBe(behind === id + 1n);
    expect(streamSeek(p, rootRef, next, cursor)).toBe(behind !== undefined);
    if (behind !== undefined) expect(idNumber(cursor.id)).toBe(behind);
    const before = entries[index - 1]?.id;
    expect(streamSeekBack(p, rootRef, idOf(id - 1n), cursor)).toBe(before !== undefined);
    if (before !== undefined) expect(idNumber(cursor.id)).toBe(before);
  }

  private entryCheck({ id, strings }: ModelEntry): void {
    const { p, cursor } = this;
    expect(idNumber(cursor.id)).toBe(id);
    const isSame =
      cursor.fieldCount * 2 === strings.length &&
      stringsAt(p, cursor).every((string, at) => string.equals(strings[at]));
    expect(isSame).toBe(true);
  }
}
