/**
 * The slow log: the commands that took longer than slowlog-log-slower-than, the latest first. Every thread
 * has a copy of all of it; ids come from a counter in shared memory.
 *
 * Guard: none; it belongs to its thread.
 */
import type { Account } from '../bulletin.ts';

export type SlowEntry = {
  readonly id: number;
  readonly atSec: number;
  readonly us: number;
  /** Arguments as they are shown: the long ones cut, and the surplus ones as a count. */
  readonly words: readonly string[];
  readonly address: string;
  readonly name: string;
};

export class SlowLog implements Account {
  private readonly entries: SlowEntry[] = [];

  /** Adds an entry, whether it is the latest or not, and drops what is beyond `countMax`. */
  add(entry: SlowEntry, countMax: number): void {
    if (this.entries.some(({ id }) => id === entry.id)) return;
    let at = 0;
    while (at < this.entries.length && this.entries[at].id > entry.id) at++;
    this.entries.splice(at, 0, entry);
    this.trim(countMax);
  }

  trim(countMax: number): void {
    if (this.entries.length > countMax) this.entries.length = countMax;
  }

  /** The latest ones. */
  latest(count: number): readonly SlowEntry[] {
    return this.entries.slice(0, count);
  }

  get count(): number {
    return this.entries.length;
  }

  clear(): void {
    this.entries.length = 0;
  }

  // ── For a thread that starts ──

  tell(): readonly SlowEntry[] {
    return this.entries;
  }

  hear(_thread: number, told: unknown): void {
    // Only `tell` above wrote it.
    for (const entry of told as readonly SlowEntry[]) this.add(entry, Number.MAX_SAFE_INTEGER);
  }

  forget(): void {
    // What was slow was slow, whoever ran it.
  }
}
