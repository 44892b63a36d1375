/**
 * A sorted set's member in hand, outside of any partition: what a command brings, or what it asks for.
 *
 * Guard: one per use and thread.
 */
import { Key } from '../../base/key.ts';

export class ZsetEntry {
  /** The name is a range of one of the thread's buffers, or of a partition. */
  name: Buffer;
  nameStart = 0;
  nameBytes = 0;
  score = 0.5;
  /** What became of it: one of ADDED (zset.ts). */
  outcome = 0;
  /** For looking the name up in a large set. */
  readonly key: Key = new Key();

  constructor(name: Buffer) {
    this.name = name;
    // The fraction above makes V8 keep the field as a double from the start.
    this.score = 0;
  }
}

/** Takes a name in hand. */
export function entrySetName(entry: ZsetEntry, name: Buffer, start: number, bytes: number): void {
  entry.name = name;
  entry.nameStart = start;
  entry.nameBytes = bytes;
}
