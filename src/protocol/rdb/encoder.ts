/**
 * Writes values of the RDB format: a sink that is told a value and appends it to a writer, as the type
 * that was chosen for it. Which types fit a kind of value:
 *
 *   STRING   STRING
 *   LIST     LIST_QUICKLIST_2 · LIST
 *   SET      SET · SET_INTSET, if all are integers · SET_LISTPACK, if it is small
 *   ZSET     ZSET_2 · ZSET_LISTPACK, if it is small, told in its order
 *   HASH     HASH · HASH_LISTPACK, if it is small · HASH_METADATA, if fields expire
 *   STREAM   STREAM_LISTPACKS_2: stream-encoder.ts
 */
import { assert } from '../../base/assert.ts';
import { FLOAT64_TEXT_BYTES_MAX, float64Write } from '../../base/float64.ts';
import { int64Exact, int64Parse } from '../../base/int64.ts';
import { VALUE_KIND, type ValueKind, type ValueSink } from '../../base/value-sink.ts';
import { intsetWrite } from './intset.ts';
import { listpackAppend, listpackBegin, listpackEnd } from './listpack.ts';
import { RdbStreamEncoder } from './stream-encoder.ts';
import { QUICKLIST_NODE, RDB_TYPE, type RdbType } from './types.ts';
import {
  RDB_LENGTH_32_BYTES,
  RdbWriter,
  rdbByteWrite,
  rdbDoubleWrite,
  rdbLength32Write,
  rdbLengthWrite,
  rdbRoom,
  rdbStringWrite,
  rdbTimeWrite,
  rdbWriterClear,
} from './writer.ts';

/** A node of a quicklist takes no more, and a longer element is a node of its own. */
const NODE_BYTES_MAX = 8192;

/** How each type that is written is made of what is told. A stream begins in its own way. */
const FORM = { PLAIN: 0, PACKED: 1, NODES: 2, INTEGERS: 3, EXPIRING: 4, ENTRIES: 5 } as const;
type Form = (typeof FORM)[keyof typeof FORM];

// biome-ignore format: a table reads in columns
const TYPES: ReadonlyMap<RdbType, readonly [ValueKind | null, Form]> = new Map([
  [RDB_TYPE.STRING,           [VALUE_KIND.STRING, FORM.PLAIN]],
  [RDB_TYPE.LIST,             [VALUE_KIND.LIST,   FORM.PLAIN]],
  [RDB_TYPE.LIST_QUICKLIST_2, [VALUE_KIND.LIST,   FORM.NODES]],
  [RDB_TYPE.SET,              [VALUE_KIND.SET,    FORM.PLAIN]],
  [RDB_TYPE.SET_INTSET,       [VALUE_KIND.SET,    FORM.INTEGERS]],
  [RDB_TYPE.SET_LISTPACK,     [VALUE_KIND.SET,    FORM.PACKED]],
  [RDB_TYPE.ZSET_2,           [VALUE_KIND.ZSET,   FORM.PLAIN]],
  [RDB_TYPE.ZSET_LISTPACK,    [VALUE_KIND.ZSET,   FORM.PACKED]],
  [RDB_TYPE.HASH,             [VALUE_KIND.HASH,   FORM.PLAIN]],
  [RDB_TYPE.HASH_LISTPACK,    [VALUE_KIND.HASH,   FORM.PACKED]],
  [RDB_TYPE.HASH_METADATA,    [VALUE_KIND.HASH,   FORM.EXPIRING]],
  [RDB_TYPE.STREAM_LISTPACKS_2, [null,              FORM.ENTRIES]],
] as const);

export class RdbEncoder implements ValueSink {
  readonly writer: RdbWriter;
  /** A listpack or intset, until it is whole. */
  private readonly pack: RdbWriter = new RdbWriter();
  private readonly text: Buffer = Buffer.allocUnsafeSlow(FLOAT64_TEXT_BYTES_MAX);
  private type: RdbType = RDB_TYPE.STRING;
  private form: Form = FORM.PLAIN;
  private earliestMs = 0;
  /** Of the field told next; 0 for none. */
  private expiresAtMs = 0;
  /** Strings told so far. */
  private told = 0;
  /** A list's nodes so far, where their number is to stand, and elements of the one being made. */
  private nodes = 0;
  private nodesAt = 0;
  private nodeElements = 0;
  private integers: BigInt64Array = new BigInt64Array(0);
  private readonly stream: RdbStreamEncoder;

  constructor(writer: RdbWriter) {
    this.writer = writer;
    this.stream = new RdbStreamEncoder(writer);
  }

  /**
   * Makes it ready for a value, to be written as `type`.
   *   earliestMs   when the first of its fields expires; 0 but for HASH_METADATA
   */
  start(type: RdbType, earliestMs: number): void {
    const known = TYPES.get(type);
    assert(known !== undefined, 'this type of value is written');
    assert((known[1] === FORM.EXPIRING) === earliestMs > 0, 'some field expires first, or none');
    this.type = type;
    this.form = known[1];
    this.earliestMs = earliestMs;
    this.expiresAtMs = 0;
    this.told = 0;
    rdbWriterClear(this.pack);
  }

  valueBegin(kind: ValueKind, count: number): boolean {
    const { writer, form } = this;
    assert(TYPES.get(this.type)?.[0] === kind, 'the value is of a kind that its type is for');
    if (form === FORM.PACKED) {
      listpackBegin(this.pack);
    } else if (form === FORM.INTEGERS) {
      this.integers = new BigInt64Array(count);
    } else if (form === FORM.NODES) {
      listpackBegin(this.pack);
      this.nodes = 0;
      this.nodeElements = 0;
      this.nodesAt = writer.used;
      if (rdbRoom(writer, RDB_LENGTH_32_BYTES)) writer.used += RDB_LENGTH_32_BYTES;
    } else if (kind !== VALUE_KIND.STRING) {
      if (form === FORM.EXPIRING) rdbTimeWrite(writer, this.earliestMs);
      rdbLengthWrite(writer, count);
    }
    return !writer.isFull;
  }

  streamBegin(): RdbStreamEncoder {
    assert(this.form === FORM.ENTRIES, 'the value is of a kind that its type is for');
    this.stream.begin();
    return this.stream;
  }

  valueExpiry(atMs: number): boolean {
    assert(this.form === FORM.EXPIRING, 'fields expire only where the type has room for it');
    this.expiresAtMs = atMs;
    return true;
  }

  valueString(source: Buffer, start: number, bytes: number): boolean {
    const { writer, form } = this;
    if (form === FORM.PLAIN) rdbStringWrite(writer, source, start, bytes);
    else if (form === FORM.PACKED) listpackAppend(this.pack, source, start, bytes);
    else if (form === FORM.INTEGERS) this.integerTake(source, start, bytes);
    else if (form === FORM.NODES) this.elementWrite(source, start, bytes);
    else this.fieldWrite(source, start, bytes);
    this.told++;
    return !writer.isFull && !this.pack.isFull;
  }

  valueScore(score: number): boolean {
    if (this.form === FORM.PLAIN) {
      rdbDoubleWrite(this.writer, score);
      return !this.writer.isFull;
    }
    return this.valueString(this.text, 0, float64Write(this.text, 0, score));
  }

  valueEnd(): boolean {
    const { writer, pack, form } = this;
    if (form === FORM.NODES) {
      this.nodeEnd();
      rdbLength32Write(writer.bytes, this.nodesAt, this.nodes);
    } else if (form === FORM.INTEGERS) {
      intsetWrite(pack, this.integers);
      rdbStringWrite(writer, pack.bytes, 0, pack.used);
    } else if (form === FORM.PACKED) {
      listpackEnd(pack, this.told);
      rdbStringWrite(writer, pack.bytes, 0, pack.used);
    }
    return !writer.isFull && !pack.isFull;
  }

  private integerTake(source: Buffer, start: number, bytes: number): void {
    const end = start + bytes;
    assert(!Number.isNaN(int64Parse(source, start, end)), 'a set of integers has no other members');
    this.integers[this.told] = int64Exact(source, start, end);
  }

  /** Adds an element to the node that is being made, or to the next. */
  private elementWrite(source: Buffer, start: number, bytes: number): void {
    const { writer } = this;
    if (this.pack.used + bytes > NODE_BYTES_MAX) this.nodeEnd();
    if (bytes > NODE_BYTES_MAX) {
      rdbByteWrite(writer, QUICKLIST_NODE.PLAIN);
      rdbStringWrite(writer, source, start, bytes);
      this.nodes++;
    } else {
      listpackAppend(this.pack, source, start, bytes);
      this.nodeElements++;
    }
  }

  private nodeEnd(): void {
    const { writer, pack } = this;
    if (this.nodeElements === 0) return;
    listpackEnd(pack, this.nodeElements);
    rdbByteWrite(writer, QUICKLIST_NODE.PACKED);
    rdbStringWrite(writer, pack.bytes, 0, pack.used);
    this.nodes++;
    listpackBegin(pack);
    this.nodeElements = 0;
  }

  /** A field with its expiry before it, or a value. */
  private fieldWrite(source: Buffer, start: number, bytes: number): void {
    const { writer, earliestMs, expiresAtMs } = this;
    if ((this.told & 1) === 0) {
      assert(expiresAtMs === 0 || expiresAtMs >= earliestMs, 'no field expires before the first');
      rdbLengthWrite(writer, expiresAtMs === 0 ? 0 : expiresAtMs - earliestMs + 1);
      this.expiresAtMs = 0;
    }
    rdbStringWrite(writer, source, start, bytes);
  }
}
