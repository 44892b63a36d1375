/**
 * What data threads note of the keys that clients ask for: how many there were in each partition; and, while
 * a sampling is on, some of the keys themselves. A block for each data thread, which that thread alone
 * writes, and one for whoever else is attached.
 *
 *   ┌────────┬───────────────────────────────────────────────────┬─  ─┐
 *   │ header │ thread 0: │ head │ operations, by │ ring of slots  │ …  │
 *   │ 64 B   │           │ 64 B │ partition: f64 │ 1,024 × 128 B  │    │
 *   └────────┴───────────────────────────────────────────────────┴─  ─┘
 *
 *   slot
 *   ┌────────┬───────────┬────────┬──────┬─────────────────────┐
 *   │ weight │ namespace │ length │ hash │ the key's beginning │
 *   │ u32    │ u32       │ u32    │ i32  │ 112 B               │
 *   └────────┴───────────┴────────┴──────┴─────────────────────┘
 *
 * A sampling is on until a time, which every batch compares with its own: it ends even if whoever began it
 * has died. While it is on, a thread copies some of the keys, at most 4,000 a second: base/sampling.ts. So what
 * their weights add up to is right, also over threads that are unlike busy.
 *
 * Guard: the ring's head is stored atomically once a slot is written. A slot is overwritten unasked: whoever reads
 * one looks at the head again, and drops what may have changed meanwhile.
 */
import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import { Sampling } from '../base/sampling.ts';
import { PARTITION_COUNT_MAX, THREAD_COUNT_MAX } from './control.ts';

/** Bytes of a key that a slot has room for. */
export const SAMPLED_BYTES_MAX = 112;
export const SLOT_COUNT = 1024;

/** f64 index of the time at which sampling ends, in milliseconds; 0: none was ever asked for. */
const END_MS = 0;
const HEADER_BYTES = 64;
const HEAD_BYTES = 64;
const RING_OFFSET = HEAD_BYTES + PARTITION_COUNT_MAX * 8;
const SLOT = { weight: 0, namespace: 1, bytes: 2, hash: 3, key: 4, words: 32 } as const;
const BLOCK_BYTES = RING_OFFSET + SLOT_COUNT * SLOT.words * 4;

assert(SLOT.key * 4 + SAMPLED_BYTES_MAX === SLOT.words * 4, 'a slot is full');
assert(BLOCK_BYTES % 64 === 0, 'no two threads write one cache line');

export function keyTapBytes(threadCount: number): number {
  return HEADER_BYTES + (threadCount + 1) * BLOCK_BYTES;
}

function threadCountOf(sab: SharedArrayBuffer): number {
  return (sab.byteLength - HEADER_BYTES) / BLOCK_BYTES - 1;
}

function blockOffset(thread: number): number {
  return HEADER_BYTES + thread * BLOCK_BYTES;
}

// ── Writing ─────────────────────────────────────────────────────────────────────────────────────

/** A thread's end of it. */
export class KeyTap {
  readonly sab: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** f64 index of the thread's operations by partition. */
  readonly operations: number;
  /** i32 indices. */
  readonly head: number;
  readonly ring: number;
  /** A sampling is on, as of this batch. */
  isOn = false;
  /** … until then: another time is another sampling, or a longer one, and begins anew. */
  endMs = 0.5;
  readonly sampling = new Sampling();

  /** `thread`: the data thread's index; any other number: this thread asks for no keys that count. */
  constructor(sab: SharedArrayBuffer, thread: number) {
    const threadCount = threadCountOf(sab);
    const isData = thread >= 0 && thread < threadCount;
    const offset = blockOffset(isData ? thread : threadCount);
    this.sab = sab;
    this.i32 = new Int32Array(sab);
    this.f64 = new Float64Array(sab);
    this.head = offset >>> 2;
    this.operations = (offset + HEAD_BYTES) >>> 3;
    this.ring = (offset + RING_OFFSET) >>> 2;
  }
}

/** Starts a batch: whether a sampling is on. */
export function keyTapClock(tap: KeyTap, nowMs: number): void {
  const endMs = tap.f64[END_MS];
  if (endMs <= nowMs) {
    tap.isOn = false;
  } else if (tap.isOn && tap.endMs === endMs) {
    tap.sampling.clock(nowMs);
  } else {
    tap.isOn = true;
    tap.endMs = endMs;
    tap.sampling.begin(nowMs);
  }
}

/** Counts an operation on the key, which is in that partition. */
export function keyAsked(tap: KeyTap, partition: number, key: Key): void {
  tap.f64[tap.operations + partition]++;
  if (tap.isOn) keyLook(tap, key);
}

function keyLook(tap: KeyTap, key: Key): void {
  const { sampling } = tap;
  if (--sampling.left > 0) return;
  slotWrite(tap, key);
  sampling.next();
}

function slotWrite({ i32, ring, head, sampling }: KeyTap, key: Key): void {
  const written = i32[head];
  const slot = ring + (written & (SLOT_COUNT - 1)) * SLOT.words;
  const first = key.tag & 1; // a namespace is the key's first word
  const bytes = key.bytes - first * 4;
  i32[slot + SLOT.weight] = sampling.weight;
  i32[slot + SLOT.namespace] = first === 0 ? 0 : key.words[0];
  i32[slot + SLOT.bytes] = bytes;
  i32[slot + SLOT.hash] = key.hash;
  const words = (Math.min(bytes, SAMPLED_BYTES_MAX) + 3) >>> 2;
  for (let word = 0; word < words; word++) i32[slot + SLOT.key + word] = key.words[first + word];
  Atomics.store(i32, head, (written + 1) | 0);
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────

/** A key that was copied. The same object shows one after the other. */
export class SampledKey {
  /** Operations that it stands for. */
  weight = 0;
  namespace = 0;
  /** All of the key; more than SAMPLED_BYTES_MAX of them are not here. */
  bytes = 0;
  hash = 0;
  /** The first `heldBytes` of it are the key, or its beginning. */
  readonly u8 = Buffer.alloc(SAMPLED_BYTES_MAX);
  heldBytes = 0;
}

/** The end where keys come out; there is one, in the admin thread. */
export class KeyTapReader {
  private readonly i32: Int32Array;
  private readonly u8: Buffer;
  private readonly f64: Float64Array;
  private readonly threadCount: number;
  /** Slots of each thread's ring that were read, or skipped. */
  private readonly tails: Int32Array;
  private readonly sample = new SampledKey();

  constructor(sab: SharedArrayBuffer) {
    this.i32 = new Int32Array(sab);
    this.u8 = Buffer.from(sab);
    this.f64 = new Float64Array(sab);
    this.threadCount = threadCountOf(sab);
    this.tails = new Int32Array(this.threadCount);
  }

  /** Has the threads copy keys until then; a time that has passed ends it. */
  until(endMs: number): void {
    this.f64[END_MS] = endMs;
  }

  /** What was copied up to now is not read. */
  skip(): void {
    for (let thread = 0; thread < this.threadCount; thread++) {
      this.tails[thread] = Atomics.load(this.i32, blockOffset(thread) >>> 2);
    }
  }

  /** Shows what was copied since it was asked for last. Returns how many were lost: overwritten before. */
  drain(visit: (key: SampledKey) => void): number {
    let lost = 0;
    for (let thread = 0; thread < this.threadCount; thread++) lost += this.ringDrain(thread, visit);
    return lost;
  }

  private ringDrain(thread: number, visit: (key: SampledKey) => void): number {
    const { i32, tails, sample } = this;
    const headWord = blockOffset(thread) >>> 2;
    const head = Atomics.load(i32, headWord);
    let lost = 0;
    for (; tails[thread] !== head; tails[thread]++) {
      const tail = tails[thread];
      this.slotRead((blockOffset(thread) + RING_OFFSET) >>> 2, tail);
      // The slot may be under the pen of a thread that has gone round and is about to count it.
      if (((Atomics.load(i32, headWord) - tail) | 0) < SLOT_COUNT) visit(sample);
      else lost++;
    }
    return lost;
  }

  private slotRead(ring: number, at: number): void {
    const { i32, u8, sample } = this;
    const slot = ring + (at & (SLOT_COUNT - 1)) * SLOT.words;
    sample.weight = i32[slot + SLOT.weight];
    sample.namespace = i32[slot + SLOT.namespace];
    sample.bytes = i32[slot + SLOT.bytes];
    sample.hash = i32[slot + SLOT.hash];
    sample.heldBytes = Math.min(Math.max(0, sample.bytes), SAMPLED_BYTES_MAX);
    const start = (slot + SLOT.key) << 2;
    u8.copy(sample.u8, 0, start, start + sample.heldBytes);
  }
}

/** Operations that clients have asked for on keys of the partition, since the server's start. */
export function partitionOperations({ sab, f64 }: KeyTap, partition: number): number {
  let sum = 0;
  for (let thread = 0; thread < threadCountOf(sab); thread++) {
    sum += f64[((blockOffset(thread) + HEAD_BYTES) >>> 3) + partition];
  }
  return sum;
}

assert(THREAD_COUNT_MAX * BLOCK_BYTES < 2 ** 31, 'offsets are small integers');
