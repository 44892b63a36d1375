/**
 * Tracked keys: which keys clients of RESP may have copies of, roughly, and what has happened to those keys.
 * Each partition has a section in a buffer that all threads share, and that is not part of the memory for items:
 * what is tracked matters most when that is full. Until somebody tracks nothing of it is touched.
 *
 *   section ┌────────────┬─────────────────────────────┬────────────────────────────────┐
 *           │ head, 64 B │ counts, 32,768 × i32        │ ring, 512 KiB                  │
 *           └────────────┴─────────────────────────────┴────────────────────────────────┘
 *   record  ┌───────┬──────────────────┬────────┬──────────┬─────────┬─────────────────────┬ ─ ─ ─ ─ ─
 *           │ words │ kind │ namespace │ client │ keyBytes │ ordinal │ key, padded to 4    │
 *           │ i32   │ u8   │ i24       │ i32    │ i32      │ i32     │                     │
 *           └───────┴──────────────────┴────────┴──────────┴─────────┴─────────────────────┴ ─ ─ ─ ─ ─
 *
 * A count says for how many keys of a hash the tables of threads have entries. Whoever changes a key looks at its
 * count alone, and if that is not 0 leaves a record, with the client that did it. Whoever has entries reads the
 * records, and knows what to do about them: commands/resp/tracking/tracking-table.ts.
 *
 * `head` counts the words ever written, modulo 2^32. A record does not wrap: a word of 0 leads to the ring's start.
 * `ordinal` orders the records of all partitions; the next one stands behind the head of the first.
 * A reader keeps its own positions; one that falls more than a ring behind learns that it missed something.
 *
 * Guard: the partition lock, for readers as well; `head` may be read without. The counts are atomic, and that of a
 * key goes up under the lock of its partition, so that no change of it goes unseen.
 */
import { bytesCopy } from './bytes.ts';

const COUNT_WORDS = 32768;
const RING_WORDS = 131072;
const HEAD_WORDS = 16;
const SECTION_WORDS = HEAD_WORDS + COUNT_WORDS + RING_WORDS;
const RECORD_WORDS = 5;
/** Of the first section. */
const ORDINAL_WORD = 1;

/** A change that a reader has found. */
export type TrackedChange = {
  readonly kind: number;
  readonly partition: number;
  /** Of two records the later one's is greater; it goes round. */
  readonly ordinal: number;
  /** As that of its key; -1: all. */
  readonly namespace: number;
  /** Of the client that did it; 0: of none. Of a flush its number, which it has in all partitions. */
  readonly client: number;
  /** Its bytes, one character each. */
  readonly name: string;
};

export function trackedKeysBytes(partitionCount: number): number {
  return partitionCount * SECTION_WORDS * 4;
}

/** A thread's view. */
export class TrackedKeys {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  /** The client whose command this thread runs; 0: none of RESP. */
  client = 0;
  /** This thread has written records since it was last set to false: others have to be told. */
  hasNews = false;
  /** The number of the flush that this thread is at. */
  flush: number;

  /** `owner`: what the thread shows in a lock word. */
  constructor(sab: SharedArrayBuffer, owner: number) {
    this.words = new Int32Array(sab);
    this.bytes = Buffer.from(sab);
    this.flush = owner << 24;
  }
}

/** Notes that one entry more, or less, is for a key of the hash. */
export function trackedCountAdd(
  { words }: TrackedKeys,
  partition: number,
  hash: number,
  sign: 1 | -1,
): void {
  Atomics.add(words, countWord(partition, hash), sign);
}

/** Whether some thread may have an entry for the key. */
export function trackedIs({ words }: TrackedKeys, partition: number, hash: number): boolean {
  return Atomics.load(words, countWord(partition, hash)) !== 0;
}

/** Leaves a record. The key is source[start, start + keyBytes). */
export function trackedWrite(
  tracked: TrackedKeys,
  partition: number,
  kind: number,
  namespace: number,
  client: number,
  source: Buffer,
  start: number,
  keyBytes: number,
): void {
  const { words, bytes } = tracked;
  const headWord = partition * SECTION_WORDS;
  const ring = headWord + HEAD_WORDS + COUNT_WORDS;
  const needed = RECORD_WORDS + ((keyBytes + 3) >>> 2);
  let head = words[headWord];
  const room = RING_WORDS - (head & (RING_WORDS - 1));
  if (room < needed) {
    words[ring + RING_WORDS - room] = 0;
    head = (head + room) | 0;
  }
  const at = ring + (head & (RING_WORDS - 1));
  words[at] = needed;
  words[at + 1] = kind | (namespace << 8);
  words[at + 2] = client;
  words[at + 3] = keyBytes;
  words[at + 4] = Atomics.add(words, ORDINAL_WORD, 1);
  bytesCopy(source, start, bytes, (at + RECORD_WORDS) << 2, keyBytes);
  Atomics.store(words, headWord, (head + needed) | 0);
  tracked.hasNews = true;
}

/** Where the next record of the partition will be. */
export function trackedHead({ words }: TrackedKeys, partition: number): number {
  return Atomics.load(words, partition * SECTION_WORDS);
}

/**
 * Reads the partition's records from `position` on, and puts them behind `changes`. False: some were written over
 * before they were read. Either way one reads on from the head.
 */
export function trackedRead(
  { words, bytes }: TrackedKeys,
  partition: number,
  position: number,
  changes: TrackedChange[],
): boolean {
  const headWord = partition * SECTION_WORDS;
  const ring = headWord + HEAD_WORDS + COUNT_WORDS;
  const head = words[headWord];
  if ((head - position) >>> 0 > RING_WORDS) return false;
  let from = position;
  while (from !== head) {
    const at = ring + (from & (RING_WORDS - 1));
    const length = words[at];
    if (length === 0) {
      from = (from + RING_WORDS - (from & (RING_WORDS - 1))) | 0;
      continue;
    }
    const start = (at + RECORD_WORDS) << 2;
    changes.push({
      kind: words[at + 1] & 0xff,
      partition,
      ordinal: words[at + 4],
      namespace: words[at + 1] >> 8,
      client: words[at + 2],
      name: bytes.toString('latin1', start, start + words[at + 3]),
    });
    from = (from + length) | 0;
  }
  return true;
}

/** Puts changes into the order in which they were made. */
export function trackedSort(changes: TrackedChange[]): void {
  changes.sort((one, other) => (one.ordinal - other.ordinal) | 0);
}

function countWord(partition: number, hash: number): number {
  return partition * SECTION_WORDS + HEAD_WORDS + (hash & (COUNT_WORDS - 1));
}
