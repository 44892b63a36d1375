/**
 * DEBUG DIGEST: a fingerprint of all keys, their values and expiry times, that does not depend on the order in
 * which they are found. Two servers with the same keys have the same. What is a set, so sets, hashes and all
 * keys of a database, is the exclusive or of its parts' fingerprints; what is a list is hashed in order.
 */
import { createHash } from 'node:crypto';
import { DATABASE_COUNT } from '../../../base/key.ts';
import { type StreamId, streamIdText } from '../../../base/stream-id.ts';
import type { GroupState, StreamSink, StreamState } from '../../../base/stream-sink.ts';
import { VALUE_KIND, type ValueKind, type ValueSink } from '../../../base/value-sink.ts';
import { databaseCalled } from '../../../engine/database.ts';
import { indexWalk } from '../../../engine/hash-index.ts';
import { itemIsDead } from '../../../engine/lifecycle.ts';
import { valueTell } from '../../../engine/value-tell.ts';
import {
  itemExpiresAtMs,
  itemNameBytes,
  itemNameOffset,
  itemNamespace,
  itemType,
} from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { RespCall } from '../call.ts';

const DIGEST_BYTES = 20;

function sha1(...parts: readonly (Buffer | string)[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest();
}

function xorInto(target: Buffer, other: Buffer): void {
  for (let at = 0; at < DIGEST_BYTES; at++) target[at] ^= other[at];
}

/** Makes the fingerprint of a value that it is told. */
class DigestSink implements ValueSink {
  digest: Buffer = Buffer.alloc(DIGEST_BYTES);
  private kind: ValueKind = VALUE_KIND.STRING;
  /** What belongs to the string that was told last: a score, or the field before it. */
  private name: Buffer | null = null;
  private expiresAtMs = 0;

  valueBegin(kind: ValueKind): boolean {
    this.kind = kind;
    this.digest = Buffer.alloc(DIGEST_BYTES);
    this.name = null;
    this.expiresAtMs = 0;
    return true;
  }

  streamBegin(): StreamSink {
    this.digest = Buffer.alloc(DIGEST_BYTES);
    return new StreamDigest(this);
  }

  valueExpiry(atMs: number): boolean {
    this.expiresAtMs = atMs;
    return true;
  }

  valueString(source: Buffer, start: number, bytes: number): boolean {
    const text = source.subarray(start, start + bytes);
    const { kind, name } = this;
    if (kind === VALUE_KIND.SET) {
      xorInto(this.digest, sha1(text));
    } else if (kind === VALUE_KIND.ZSET) {
      this.name = Buffer.from(text);
    } else if (kind === VALUE_KIND.HASH && name === null) {
      this.name = Buffer.from(text);
    } else if (kind === VALUE_KIND.HASH) {
      xorInto(this.digest, sha1(name ?? '', text, `${this.expiresAtMs}`));
      this.name = null;
      this.expiresAtMs = 0;
    } else {
      this.digest = sha1(this.digest, text);
    }
    return true;
  }

  valueScore(score: number): boolean {
    xorInto(this.digest, sha1(this.name ?? '', `${score}`));
    return true;
  }

  valueEnd(): boolean {
    return true;
  }
}

/** Hashes all that is told of a stream, in the order in which it is told. */
class StreamDigest implements StreamSink {
  private readonly sink: DigestSink;

  constructor(sink: DigestSink) {
    this.sink = sink;
  }

  streamEntry(id: Readonly<StreamId>): boolean {
    return this.add(streamIdText(id));
  }

  streamString(source: Buffer, start: number, bytes: number): boolean {
    return this.add(source.subarray(start, start + bytes));
  }

  streamState({ lastId, maxDeletedId, added }: StreamState): boolean {
    return this.add(streamIdText(lastId), streamIdText(maxDeletedId), `${added}`);
  }

  streamGroup(source: Buffer, start: number, bytes: number, state: GroupState): boolean {
    const name = source.subarray(start, start + bytes);
    return this.add(name, streamIdText(state.lastId), `${state.read}`);
  }

  streamPending(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): boolean {
    return this.add(streamIdText(id), `${deliveredMs}`, `${deliveryCount}`);
  }

  streamConsumers(): boolean {
    return true;
  }

  streamConsumer(source: Buffer, start: number, bytes: number): boolean {
    return this.add(source.subarray(start, start + bytes));
  }

  streamOwned(id: Readonly<StreamId>): boolean {
    return this.add(streamIdText(id));
  }

  private add(...parts: readonly (Buffer | string)[]): true {
    this.sink.digest = sha1(this.sink.digest, ...parts);
    return true;
  }
}

const sink = new DigestSink();

/** The fingerprint of a value, and when it expires. */
export function valueDigest(p: Partition, ref: number, nowMs: number): Buffer {
  valueTell(p, ref, nowMs, sink);
  return sha1(sink.digest, `${itemType(p, ref)}`, `${itemExpiresAtMs(p, ref)}`);
}

/** That of all keys in all databases. All partitions are locked. */
export function keyspaceDigest({ keyspace, op }: RespCall): Buffer {
  const digest = Buffer.alloc(DIGEST_BYTES);
  const called = Array.from({ length: DATABASE_COUNT }, (_, database) =>
    databaseCalled(keyspace.control, database),
  );
  for (const p of keyspace.partitions) {
    indexWalk(p, (ref) => {
      if (itemIsDead(p, ref, op.nowMs)) return;
      const start = itemNameOffset(p, ref);
      const name = p.u8.subarray(start, start + itemNameBytes(p, ref));
      const database = `${called[itemNamespace(p, ref)]}`;
      xorInto(digest, sha1(database, name, valueDigest(p, ref, op.nowMs)));
    });
  }
  return digest;
}

/** How a fingerprint is shown; of nothing it is all zeros. */
export function digestText(digest: Buffer): string {
  return digest.toString('hex');
}

export const DIGEST_OF_NOTHING = Buffer.alloc(DIGEST_BYTES);
