/**
 * Writes streams of the RDB format as type STREAM_LISTPACKS_2, which stream-decoder.ts draws: a sink that
 * gathers entries in listpacks, of as many as Redis would put in one.
 *
 * Source: valkey-io/valkey src/rdb.c, src/t_stream.c.
 */
import {
  STREAM_ID_BYTES,
  StreamId,
  streamIdCopy,
  streamIdMs,
  streamIdSeq,
  streamIdToBytes,
} from '../../base/stream-id.ts';
import type { ConsumerState, GroupState, StreamSink, StreamState } from '../../base/stream-sink.ts';
import {
  LISTPACK_FIRST_AT,
  listpackAppend,
  listpackAppendInteger,
  listpackBegin,
  listpackEnd,
} from './listpack.ts';
import {
  RDB_LENGTH_32_BYTES,
  RdbWriter,
  rdbLength32Write,
  rdbLengthWrite,
  rdbRoom,
  rdbStringWrite,
  rdbTimeWrite,
  rdbUint64Write,
  rdbWriterClear,
} from './writer.ts';

/** A listpack gets no further entry from here on. So their count is one byte, which is set in the end. */
const LISTPACK_BYTES_MAX = 4096;
const LISTPACK_ENTRIES_MAX = 100;
const SAME_NAMES = 2n;
const UINT64_MASK = (1n << 64n) - 1n;

export class RdbStreamEncoder implements StreamSink {
  private readonly writer: RdbWriter;
  /** The listpack that is being made, the id that it starts with, and how many entries and items it has. */
  private readonly pack: RdbWriter = new RdbWriter();
  private readonly packId: StreamId = new StreamId();
  private packEntries = 0;
  private packItems = 0;
  private packNames: readonly Buffer[] = [];
  /** Listpacks so far, where their number is to stand. */
  private packs = 0;
  private packsAt = 0;
  /** The entry that is being told. */
  private readonly id: StreamId = new StreamId();
  private fieldCount = 0;
  private strings: Buffer[] = [];
  private readonly rawId: Buffer = Buffer.alloc(STREAM_ID_BYTES);

  constructor(writer: RdbWriter) {
    this.writer = writer;
  }

  begin(): void {
    const { writer } = this;
    this.packs = 0;
    this.packEntries = 0;
    this.strings = [];
    this.packsAt = writer.used;
    if (rdbRoom(writer, RDB_LENGTH_32_BYTES)) writer.used += RDB_LENGTH_32_BYTES;
  }

  streamEntry(id: Readonly<StreamId>, fieldCount: number): boolean {
    streamIdCopy(this.id, id);
    this.fieldCount = fieldCount;
    this.strings = [];
    return this.goesOn();
  }

  streamString(source: Buffer, start: number, bytes: number): boolean {
    this.strings.push(Buffer.from(source.subarray(start, start + bytes)));
    if (this.strings.length === 2 * this.fieldCount) this.entryWrite();
    return this.goesOn();
  }

  streamState(state: StreamState): boolean {
    const { writer } = this;
    this.packEnd();
    if (!writer.isFull) rdbLength32Write(writer.bytes, this.packsAt, this.packs);
    rdbLengthWrite(writer, state.count);
    this.idWrite(state.lastId);
    this.idWrite(state.firstId);
    this.idWrite(state.maxDeletedId);
    this.numberWrite(state.added);
    rdbLengthWrite(writer, state.groupCount);
    return this.goesOn();
  }

  streamGroup(source: Buffer, start: number, bytes: number, state: GroupState): boolean {
    const { writer } = this;
    rdbStringWrite(writer, source, start, bytes);
    this.idWrite(state.lastId);
    this.numberWrite(state.read & UINT64_MASK);
    rdbLengthWrite(writer, state.pendingCount);
    return this.goesOn();
  }

  streamPending(id: Readonly<StreamId>, deliveredMs: number, deliveryCount: number): boolean {
    this.rawIdWrite(id);
    rdbTimeWrite(this.writer, deliveredMs);
    rdbLengthWrite(this.writer, deliveryCount);
    return this.goesOn();
  }

  streamConsumers(count: number): boolean {
    rdbLengthWrite(this.writer, count);
    return this.goesOn();
  }

  streamConsumer(source: Buffer, start: number, bytes: number, state: ConsumerState): boolean {
    const { writer } = this;
    rdbStringWrite(writer, source, start, bytes);
    rdbTimeWrite(writer, state.seenMs);
    rdbLengthWrite(writer, state.pendingCount);
    return this.goesOn();
  }

  streamOwned(id: Readonly<StreamId>): boolean {
    this.rawIdWrite(id);
    return this.goesOn();
  }

  private goesOn(): boolean {
    return !this.writer.isFull && !this.pack.isFull;
  }

  /** Puts the entry that was told into the listpack in hand, or into the next. */
  private entryWrite(): void {
    const { pack, strings, fieldCount, id, packId } = this;
    const payload = strings.reduce((sum, { length }) => sum + length, 0);
    const isFull =
      this.packEntries === LISTPACK_ENTRIES_MAX || pack.used + payload >= LISTPACK_BYTES_MAX;
    if (this.packEntries > 0 && isFull) this.packEnd();
    const names = strings.filter((_, index) => index % 2 === 0);
    if (this.packEntries === 0) this.packBegin(names);
    const isSame =
      names.length === this.packNames.length &&
      names.every((name, index) => name.equals(this.packNames[index]));
    this.integer(isSame ? SAME_NAMES : 0n);
    this.integer(BigInt.asIntN(64, streamIdMs(id) - streamIdMs(packId)));
    this.integer(BigInt.asIntN(64, streamIdSeq(id) - streamIdSeq(packId)));
    if (!isSame) this.integer(BigInt(fieldCount));
    const written = isSame ? strings.filter((_, index) => index % 2 === 1) : strings;
    for (const string of written) this.item(string);
    this.integer(BigInt(written.length + (isSame ? 3 : 4)));
    this.packEntries++;
  }

  private packBegin(names: readonly Buffer[]): void {
    streamIdCopy(this.packId, this.id);
    this.packNames = names;
    this.packItems = 0;
    listpackBegin(this.pack);
    this.integer(1n); // the count
    this.integer(0n);
    this.integer(BigInt(names.length));
    for (const name of names) this.item(name);
    this.integer(0n);
  }

  private packEnd(): void {
    const { pack, writer } = this;
    if (this.packEntries === 0) return;
    pack.bytes[LISTPACK_FIRST_AT] = this.packEntries;
    listpackEnd(pack, this.packItems);
    streamIdToBytes(this.packId, this.rawId, 0);
    rdbStringWrite(writer, this.rawId, 0, STREAM_ID_BYTES);
    rdbStringWrite(writer, pack.bytes, 0, pack.used);
    if (!pack.isFull) rdbWriterClear(pack);
    this.packEntries = 0;
    this.packs++;
  }

  private item(string: Buffer): void {
    listpackAppend(this.pack, string, 0, string.length);
    this.packItems++;
  }

  private integer(value: bigint): void {
    listpackAppendInteger(this.pack, value);
    this.packItems++;
  }

  private idWrite(id: Readonly<StreamId>): void {
    rdbUint64Write(this.writer, id.msHi, id.msLo);
    rdbUint64Write(this.writer, id.seqHi, id.seqLo);
  }

  private numberWrite(value: bigint): void {
    const hi = Number(BigInt.asIntN(32, value >> 32n));
    rdbUint64Write(this.writer, hi, Number(BigInt.asIntN(32, value)));
  }

  private rawIdWrite(id: Readonly<StreamId>): void {
    if (!rdbRoom(this.writer, STREAM_ID_BYTES)) return;
    streamIdToBytes(id, this.writer.bytes, this.writer.used);
    this.writer.used += STREAM_ID_BYTES;
  }
}
