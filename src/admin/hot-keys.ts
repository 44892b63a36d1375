/**
 * The keys that are asked for most, sampled when somebody wants to know: data threads copy some of the keys
 * that they work on (memory/key-tap.ts), and this end, in the admin thread, counts what they copy.
 *
 *   start(5) ──▶ data threads copy keys ──▶ rings ──every 50 ms──▶ SpaceSaving ──▶ look()
 *                until 5 s are over
 *
 * Whoever starts a sampling while one is on joins it: what has been counted stays, and it goes on until the
 * later of the two ends. So two who look at one console do not take it from each other.
 */
import { DATABASE_COUNT } from '../base/key.ts';
import { databaseOf } from '../engine/database.ts';
import type { Keyspace } from '../engine/keyspace.ts';
import { CONTROL_F64 } from '../memory/control.ts';
import { KeyTapReader, type SampledKey } from '../memory/key-tap.ts';
import type { ConsoleHotKey, ConsoleHotKeys } from './console-state.ts';
import { keyText } from './key-text.ts';
import { type Counted, SpaceSaving } from './space-saving.ts';

export const SAMPLING_SEC_MAX = 60;
const COUNTER_COUNT = 4096;
const KEYS_SHOWN = 100;
const DRAIN_MS = 50;
/** A batch that began while the sampling was on may still copy keys. */
const LINGER_MS = 100;

type HotKey = { readonly database: number; readonly key: string };

export class HotKeys {
  private readonly keyspace: Keyspace;
  private readonly reader: KeyTapReader;
  private counts = new SpaceSaving<HotKey>(COUNTER_COUNT);
  private samples = 0;
  private startedAtMs = 0;
  private endMs = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.reader = new KeyTapReader(keyspace.keyTap.sab);
  }

  get isRunning(): boolean {
    return this.timer !== null;
  }

  /** Samples for so many seconds from now on, 1 … SAMPLING_SEC_MAX. */
  start(seconds: number): void {
    const nowMs = this.nowMs();
    if (!this.isRunning) {
      this.counts = new SpaceSaving(COUNTER_COUNT);
      this.samples = 0;
      this.startedAtMs = nowMs;
      this.endMs = 0;
      this.reader.skip();
      this.timer = setInterval(() => this.turn(), DRAIN_MS);
      this.timer.unref();
    }
    this.endMs = Math.max(this.endMs, nowMs + seconds * 1000);
    this.reader.until(this.endMs);
  }

  /** What was found, or has been found so far. */
  look(): ConsoleHotKeys {
    if (this.isRunning) this.turn();
    const operations = this.counts.total;
    return {
      isRunning: this.isRunning,
      seconds: Math.round((this.endMs - this.startedAtMs) / 1000),
      samples: this.samples,
      operations,
      keys: this.counts.top(KEYS_SHOWN).map((counted) => shown(counted, operations)),
    };
  }

  /** Ends what is on. */
  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.reader.until(0);
  }

  private turn(): void {
    this.reader.drain((sample) => this.count(sample));
    if (this.nowMs() >= this.endMs + LINGER_MS) this.close();
  }

  private count(sample: SampledKey): void {
    const { u8, heldBytes, namespace, bytes, hash, weight } = sample;
    const name = `${namespace} ${bytes} ${hash} ${u8.toString('latin1', 0, heldBytes)}`;
    this.samples++;
    this.counts.add(name, weight, () => ({
      database: this.databaseNumber(namespace),
      key: keyText(u8.subarray(0, heldBytes), bytes, hash),
    }));
  }

  /** By which clients know the database: SWAPDB has one number stand for another. */
  private databaseNumber(namespace: number): number {
    const { control } = this.keyspace;
    for (let called = 0; called < DATABASE_COUNT; called++) {
      if (databaseOf(control, called) === namespace) return called;
    }
    return namespace;
  }

  /** By the clock that data threads go by. */
  private nowMs(): number {
    return Date.now() + this.keyspace.control.f64[CONTROL_F64.clockOffsetMs];
  }
}

function shown({ value, count, countError }: Counted<HotKey>, operations: number): ConsoleHotKey {
  return { ...value, count, countError, share: count / operations };
}
