/**
 * Building the value of a key out of what is told (base/value-sink.ts): an item that nobody sees, until it
 * takes the key over at once, or is given up.
 *
 *   new ValueBuilder → valueBegin … valueEnd → commit | abandon
 *
 * The operation is the builder's meanwhile; its key is the one to be.
 *
 * Guard: the lock of the key's partition, from start to end. What is told may lie in that partition, in an
 * item that is guarded.
 */
import { KEY_BYTES_LIMIT } from '../base/key.ts';
import { VALUE_KIND, type ValueKind, type ValueSink } from '../base/value-sink.ts';
import { bytesCopy } from '../memory/bytes.ts';
import { chainUnhold } from '../memory/chain.ts';
import { collectionCount } from '../memory/collection.ts';
import {
  EXTRA_CLIENT_FLAGS,
  EXTRA_EXPIRY,
  ITEM_TYPE,
  itemBytesFor,
  itemHeaderWrite,
  itemKeyWrite,
  itemType,
  itemValueOffset,
} from '../memory/item.ts';
import type { Partition } from '../memory/partition.ts';
import { Entry, entryName, OUTCOME } from './collection/entry.ts';
import { collectionMake } from './collection/packed.ts';
import { chunkObtain } from './eviction.ts';
import { itemFree } from './lifecycle.ts';
import { type Operation, termsClear } from './operation.ts';
import { STATUS, type Status } from './status.ts';
import { StreamBuilder } from './stream-build.ts';
import { chainStart, chainWrite } from './types/chained.ts';
import { hashEncodingExpect, hashSet } from './types/hash.ts';
import { listPush } from './types/list.ts';
import { setAdd, setEncodingExpect } from './types/set.ts';
import { streamMake } from './types/stream.ts';
import { fieldsWrite, itemSeek, itemSucceed, storeFitsChunk } from './types/string.ts';
import { ADDED, zsetAdd } from './types/zset.ts';
import { entrySetName, ZsetEntry } from './types/zset-entry.ts';

/** The name of a field or member, until its value or score is told. */
const nameBuffer = Buffer.allocUnsafeSlow(KEY_BYTES_LIMIT);
const entry = new Entry(nameBuffer);
const member = new ZsetEntry(nameBuffer);

export class ValueBuilder implements ValueSink {
  /** The item so far; 0: there is none. */
  ref = 0;
  private ownStatus: Status = STATUS.OK;
  private stream: StreamBuilder | null = null;
  private readonly p: Partition;
  private readonly op: Operation;
  /** Of the key. */
  private readonly expiresAtMs: number;
  private kind: ValueKind = VALUE_KIND.STRING;
  /** A field was told, and its value is next. */
  private hasName = false;
  private fieldExpiresAtMs = 0;

  /** The key is to expire at `expiresAtMs`, 0: never. Client flags of a string are op's, and its extras. */
  constructor(p: Partition, op: Operation, expiresAtMs: number) {
    this.p = p;
    this.op = op;
    this.expiresAtMs = expiresAtMs;
    termsClear(op);
  }

  /** Why it had enough: NO_MEMORY; TOO_LARGE, a name; EXISTS, a member that was there already. */
  get status(): Status {
    return this.ownStatus === STATUS.OK && this.stream !== null
      ? this.stream.status
      : this.ownStatus;
  }

  valueBegin(kind: ValueKind, count: number): boolean {
    const { p, op } = this;
    this.kind = kind;
    if (kind === VALUE_KIND.STRING) return true;
    op.expiresAtMs = this.expiresAtMs;
    // The numbers of kinds and types are the same.
    this.ref = collectionMake(p, op, kind, this.expiresAtMs === 0 ? 0 : EXTRA_EXPIRY);
    if (this.ref === 0) return this.fail(STATUS.NO_MEMORY);
    if (kind === VALUE_KIND.SET) setEncodingExpect(p, this.ref, count, true);
    if (kind === VALUE_KIND.HASH) hashEncodingExpect(p, this.ref, count);
    return true;
  }

  streamBegin(): StreamBuilder | null {
    const { p, op } = this;
    op.expiresAtMs = this.expiresAtMs;
    this.ref = streamMake(p, op, this.expiresAtMs === 0 ? 0 : EXTRA_EXPIRY);
    if (this.ref === 0) {
      this.fail(STATUS.NO_MEMORY);
      return null;
    }
    this.stream = new StreamBuilder(p, op, this.ref);
    return this.stream;
  }

  valueExpiry(atMs: number): boolean {
    this.fieldExpiresAtMs = atMs;
    return true;
  }

  valueString(source: Buffer, start: number, bytes: number): boolean {
    const { kind, op } = this;
    if (kind === VALUE_KIND.ZSET || (kind === VALUE_KIND.HASH && !this.hasName)) {
      if (bytes > KEY_BYTES_LIMIT) return this.fail(STATUS.TOO_LARGE);
      bytesCopy(source, start, nameBuffer, 0, bytes);
      entryName(entry, nameBuffer, 0, bytes);
      this.hasName = true;
      return true;
    }
    op.value = source;
    op.valueStart = start;
    op.valueBytes = bytes;
    if (kind === VALUE_KIND.STRING) return this.stringPut();
    if (kind === VALUE_KIND.LIST) return this.elementPut();
    if (kind === VALUE_KIND.HASH) return this.fieldPut();
    entryName(entry, source, start, bytes);
    return this.entryTaken(setAdd(this.p, op, this.ref, entry));
  }

  valueScore(score: number): boolean {
    entrySetName(member, nameBuffer, 0, entry.nameBytes);
    member.score = score;
    this.ref = zsetAdd(this.p, this.op, this.ref, member, 0);
    if (member.outcome === ADDED.NEW) return true;
    return this.fail(member.outcome === ADDED.NO_MEMORY ? STATUS.NO_MEMORY : STATUS.EXISTS);
  }

  valueEnd(): boolean {
    return this.stream === null || this.stream.end();
  }

  /** Puts what was built in the place of whatever the key holds. If that fails, it holds that still. */
  commit(): Status {
    const { p, op, ref } = this;
    const type = itemType(p, ref);
    const mayBeEmpty = type === ITEM_TYPE.STRING || type === ITEM_TYPE.STREAM;
    this.ref = 0;
    if (!mayBeEmpty && collectionCount(p, ref) === 0) {
      itemFree(p, ref);
      return STATUS.MISSING;
    }
    // What the key held may have moved, or gone, to make room.
    return itemSucceed(p, op, itemSeek(p, op), ref);
  }

  /** Gives up what was built. */
  abandon(): void {
    if (this.ref !== 0) itemFree(this.p, this.ref);
    this.ref = 0;
  }

  private stringPut(): boolean {
    this.op.expiresAtMs = this.expiresAtMs;
    this.ref = stringMake(this.p, this.op);
    return this.ref !== 0 || this.fail(STATUS.NO_MEMORY);
  }

  private elementPut(): boolean {
    const ref = listPush(this.p, this.op, this.ref, false);
    if (ref === 0) return this.fail(STATUS.NO_MEMORY);
    this.ref = ref;
    return true;
  }

  private fieldPut(): boolean {
    const { p, op } = this;
    op.expiresAtMs = this.fieldExpiresAtMs;
    this.fieldExpiresAtMs = 0;
    this.hasName = false;
    // One whose time has come already would never be seen.
    if (op.expiresAtMs !== 0 && op.expiresAtMs <= op.nowMs) return true;
    return this.entryTaken(hashSet(p, op, this.ref, entry));
  }

  /** What became of the entry that was to be added. */
  private entryTaken(ref: number): boolean {
    this.ref = ref;
    if (entry.outcome === OUTCOME.ADDED) return true;
    if (entry.outcome === OUTCOME.TOO_LONG) return this.fail(STATUS.TOO_LARGE);
    return this.fail(entry.outcome === OUTCOME.NO_MEMORY ? STATUS.NO_MEMORY : STATUS.EXISTS);
  }

  private fail(status: Status): false {
    this.ownStatus = status;
    return false;
  }
}

/** An unlinked string with op's value, client flags and expiry time; 0 without memory. */
function stringMake(p: Partition, op: Operation): number {
  if (!storeFitsChunk(op)) return chainMake(p, op);
  const extras =
    op.extras |
    (op.clientFlags !== 0 ? EXTRA_CLIENT_FLAGS : 0) |
    (op.expiresAtMs !== 0 ? EXTRA_EXPIRY : 0);
  const bytes = itemBytesFor(extras, op.key.bytes, op.valueBytes);
  const ref = chunkObtain(p, p.classes.classFor(bytes), op.nowMs);
  if (ref === 0) return 0;
  itemHeaderWrite(p, ref, ITEM_TYPE.STRING, extras, op.key.bytes, op.valueBytes);
  fieldsWrite(p, op, ref, extras);
  itemKeyWrite(p, ref, op.key);
  bytesCopy(op.value, op.valueStart, p.u8, itemValueOffset(p, ref), op.valueBytes);
  return ref;
}

function chainMake(p: Partition, op: Operation): number {
  const ref = chainStart(p, op, op.valueBytes);
  if (ref === 0) return 0;
  chainUnhold(p, ref); // nobody comes back for it: it is whole when this returns
  if (chainWrite(p, ref, 0, op.value, op.valueStart, op.valueBytes, op.nowMs)) return ref;
  itemFree(p, ref);
  return 0;
}
