/**
 * The event log: what data threads did with keys and connections, for those who watch. One ring for each
 * thread, in shared memory. A thread writes to its own ring and to no other, and only while somebody
 * watches; anybody reads. Nobody waits: what is not read in time is written over, and the readers count it.
 *
 *   ring   ┌──────────┬───────────┬────────┬────────┬────────┬─────────┬ ─ ─ ─ ─
 *          │ reserved │ committed │ record │ record │ record │ record …│ empty
 *          └──────────┴───────────┴────────┴────────┴────────┴─────────┴ ─ ─ ─ ─
 *            64 B                   a power of two of words
 *   record ┌───────┬──────────┬─────────┬─────┬────┬──────┬────────┬────────┬──────┬─────┬ ─ ─ ─ ─ ─
 *          │ words │ sequence │ ordinal │ sec │ µs │ kind │ connec-│ five   │ text │ text
 *          │       │          │         │     │    │      │ tion   │ numbers│ Bytes│
 *          └───────┴──────────┴─────────┴─────┴────┴──────┴────────┴────────┴──────┴─────┴ ─ ─ ─ ─ ─
 *
 * Positions count words written since the ring was made, modulo 2^32. A record does not wrap: what is left
 * of a round is filled by a word of 0, so every round starts with a record. `ordinal` orders the records of
 * all rings; `sequence` those of one, and shows what was missed.
 *
 * This is not the change log of the engine: that tells, in order and under the partition's lock, how the
 * data changed. Here are also lookups and stores that changed nothing, who asked for them, and none of it
 * may hold a request up.
 *
 * Guard: a ring has one writer, its thread. A reader copies, and then looks at `reserved` to see whether
 * the writer came by meanwhile.
 */
import { assert } from '../base/assert.ts';
import { CONTROL, COUNTER, type Control } from './control.ts';

/** Kinds of events, a bit each: watchers name the set they want. */
export const EVENT = {
  LOOKUP: 1,
  STORE: 2,
  EVICT: 4,
  DELETE: 8,
  CONNECT: 16,
  DISCONNECT: 32,
  PAGE_MOVE: 64,
} as const;

const RING_HEADER_WORDS = 16;
const RESERVED = 0;
const COMMITTED = 1;
/** i32 indices within a record. */
const RECORD = {
  words: 0,
  sequence: 1,
  ordinal: 2,
  sec: 3,
  usec: 4,
  kind: 5,
  connection: 6,
  numbers: 7,
  textBytes: 12,
  text: 13,
} as const;
const RING_WORDS_MIN = 1024;

export type LoggedEvent = {
  readonly ordinal: number;
  readonly sec: number;
  readonly usec: number;
  readonly kind: number;
  /** Id of the connection that asked, or that the event is about. */
  readonly connection: number;
  /** Five, by kind: see eventWrite's callers. */
  readonly numbers: readonly number[];
  /** A key or an address, one character a byte. */
  readonly text: string;
};

/** Words of a ring for logs of `bytes`: rounded down to a power of two. */
function ringWords(bytes: number): number {
  return Math.max(RING_WORDS_MIN, 2 ** Math.floor(Math.log2(bytes / 4)));
}

/** Bytes for `count` rings of `bytes` each. */
export function eventRingsBytes(bytes: number, count: number): number {
  return (RING_HEADER_WORDS + ringWords(bytes)) * 4 * count;
}

/** A thread's own end of its ring. */
export class EventLog {
  /** Which kinds somebody watches, as of this batch: EVENT. 0: nobody. */
  kinds = 0;
  /** The connection whose batch is running, as `stats conns` calls it. */
  connection = 0;
  /** Whether a meta command is at work: of deletions that is told. */
  isMeta = false;
  readonly control: Control;
  /** f64 index of the thread's counters; -1: it has none. */
  readonly block: number;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly start: number;
  readonly mask: number;
  sequence = 0;

  constructor(rings: EventRings, index: number, control: Control, block: number) {
    this.control = control;
    this.block = block;
    this.words = rings.words;
    this.bytes = Buffer.from(rings.words.buffer);
    assert(index < rings.count, 'every thread has a ring');
    this.start = rings.ringStart(index);
    this.mask = rings.ringWords - 1;
  }
}

/** All rings, as readers see them. */
export class EventRings {
  readonly words: Int32Array;
  readonly count: number;
  readonly ringWords: number;

  constructor(sab: SharedArrayBuffer, count: number) {
    this.words = new Int32Array(sab);
    this.count = count;
    this.ringWords = this.words.length / count - RING_HEADER_WORDS;
  }

  /** i32 index of a ring's header. */
  ringStart(index: number): number {
    return index * (RING_HEADER_WORDS + this.ringWords);
  }
}

/** Reads anew what is watched; before each batch. */
export function eventKindsRead(log: EventLog): void {
  log.kinds = Atomics.load(log.control.i32, CONTROL.watchedKinds);
}

/** Records an event about source[textStart, textStart + textBytes). Call it only for watched kinds. */
export function eventWrite(
  log: EventLog,
  kind: number,
  numbers: readonly number[],
  source: Uint8Array,
  textStart: number,
  textBytes: number,
): void {
  const { words, start, mask } = log;
  const recordWords = RECORD.text + ((textBytes + 3) >>> 2);
  let at = Atomics.load(words, start + COMMITTED);
  const roomWords = mask + 1 - (at & mask);
  const skipWords = roomWords < recordWords ? roomWords : 0;
  const end = (at + skipWords + recordWords) | 0;
  Atomics.store(words, start + RESERVED, end);
  if (skipWords > 0) words[start + RING_HEADER_WORDS + (at & mask)] = 0;
  at = (at + skipWords) | 0;
  const record = start + RING_HEADER_WORDS + (at & mask);
  const now = performance.timeOrigin + performance.now();
  words[record + RECORD.words] = recordWords;
  words[record + RECORD.sequence] = ++log.sequence;
  words[record + RECORD.ordinal] = Atomics.add(log.control.i32, CONTROL.eventOrdinal, 1);
  words[record + RECORD.sec] = Math.floor(now / 1000);
  words[record + RECORD.usec] = Math.floor((now % 1000) * 1000);
  words[record + RECORD.kind] = kind;
  words[record + RECORD.connection] = log.connection;
  for (let index = 0; index < RECORD.textBytes - RECORD.numbers; index++) {
    words[record + RECORD.numbers + index] = numbers[index] ?? 0;
  }
  words[record + RECORD.textBytes] = textBytes;
  log.bytes.set(source.subarray(textStart, textStart + textBytes), (record + RECORD.text) << 2);
  Atomics.store(words, start + COMMITTED, end);
  if (log.block >= 0) log.control.f64[log.block + COUNTER.eventsWritten]++;
}

/** One reader's place in one ring. It starts with what is written from now on. */
export class EventReader {
  /** Records that were written over before they were read, so far. */
  lostCount = 0;
  private readonly rings: EventRings;
  private readonly start: number;
  private position: number;
  /** Of the record read last; 0: not known. */
  private sequence = 0;

  constructor(rings: EventRings, index: number) {
    this.rings = rings;
    this.start = rings.ringStart(index);
    this.position = Atomics.load(rings.words, this.start + COMMITTED);
  }

  /** What has been written since, oldest first, as far as it is still there. */
  read(): LoggedEvent[] {
    const { words, ringWords: size } = this.rings;
    const committed = Atomics.load(words, this.start + COMMITTED);
    // Fallen behind: go on where this round of the ring started.
    if (((committed - this.position) | 0) > size) this.position = committed & ~(size - 1);
    const from = this.position;
    this.position = committed;
    const copy = this.copy(from, committed);
    const reserved = Atomics.load(words, this.start + RESERVED);
    if (((reserved - from) | 0) > size) return [];
    return this.parse(copy, from);
  }

  private copy(from: number, to: number): Int32Array {
    const { words, ringWords: size } = this.rings;
    const first = this.start + RING_HEADER_WORDS;
    const length = (to - from) | 0;
    const head = from & (size - 1);
    const untilEnd = Math.min(length, size - head);
    const copy = new Int32Array(length);
    copy.set(words.subarray(first + head, first + head + untilEnd));
    copy.set(words.subarray(first, first + length - untilEnd), untilEnd);
    return copy;
  }

  private parse(copy: Int32Array, from: number): LoggedEvent[] {
    const size = this.rings.ringWords;
    const bytes = Buffer.from(copy.buffer);
    const events: LoggedEvent[] = [];
    for (let at = 0; at < copy.length; ) {
      if (copy[at] === 0) {
        at += size - ((from + at) & (size - 1));
        continue;
      }
      const sequence = copy[at + RECORD.sequence];
      if (this.sequence !== 0) this.lostCount += Math.max(0, sequence - this.sequence - 1);
      this.sequence = sequence;
      const textStart = (at + RECORD.text) << 2;
      events.push({
        ordinal: copy[at + RECORD.ordinal] >>> 0,
        sec: copy[at + RECORD.sec],
        usec: copy[at + RECORD.usec],
        kind: copy[at + RECORD.kind],
        connection: copy[at + RECORD.connection],
        numbers: [...copy.subarray(at + RECORD.numbers, at + RECORD.textBytes)],
        text: bytes.toString('latin1', textStart, textStart + copy[at + RECORD.textBytes]),
      });
      at += copy[at + RECORD.words];
    }
    return events;
  }
}
