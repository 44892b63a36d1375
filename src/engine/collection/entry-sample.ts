/**
 * Drawing entries of a set or hash at random, each as likely as any other.
 *
 * A *sample* is so many entries, none of them twice, and each set of so many as likely. If it is a good
 * part of all, one goes along them and takes each with the chance that it still has (Knuth, TAOCP vol. 2,
 * 3.4.2, algorithm S); if it is small, one draws until there are enough different ones.
 *
 * Guard: the partition lock.
 */
import { collectionCount } from '../../memory/collection.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  collectionIsPacked,
  type Entry,
  EntryWalk,
  entryAt,
  entryCount,
  walkNext,
  walkStart,
} from './entry.ts';

/** Samples below this share of all entries are drawn, and not walked for. */
const DRAWN_SHARE = 1 / 4;
/** Draws that may meet fields whose time has come, before one looks for one that is there. */
const DEAD_DRAWS_MAX = 64;

/** Takes some entry. False: the collection has none that is there. */
export function entryDraw(p: Partition, ref: number, entry: Entry, nowMs: number): boolean {
  const count = collectionCount(p, ref);
  for (let draws = 0; draws < DEAD_DRAWS_MAX; draws++) {
    if (entryAt(p, ref, Math.floor(Math.random() * count), entry, nowMs)) return true;
  }
  const alive = entryCount(p, ref, nowMs);
  if (alive === 0) return false;
  const skipped = Math.floor(Math.random() * alive);
  walkStart(p, ref, walk);
  for (let at = 0; at <= skipped; at++) walkNext(p, walk, entry, nowMs);
  return true;
}

const walk = new EntryWalk();

/** A sample that is being drawn; the collection must not change meanwhile. */
export class EntrySample {
  private readonly ref: number;
  private readonly nowMs: number;
  private readonly walk = new EntryWalk();
  /** Entries drawn so far, if they are drawn. */
  private readonly seen: Set<number> | null;
  /** Entries that are not walked over yet, and those still to be taken. */
  private left: number;
  private wanted: number;

  /** Of `count` entries, or of all if there are fewer. */
  constructor(p: Partition, ref: number, count: number, nowMs: number) {
    this.ref = ref;
    this.nowMs = nowMs;
    this.left = entryCount(p, ref, nowMs);
    this.wanted = Math.min(count, this.left);
    const isDrawn = !collectionIsPacked(p, ref) && this.wanted < this.left * DRAWN_SHARE;
    this.seen = isDrawn ? new Set() : null;
    walkStart(p, ref, this.walk);
  }

  /** How many entries are still to come. */
  get size(): number {
    return this.wanted;
  }

  /** Takes the next entry. False: that was all. */
  next(p: Partition, entry: Entry): boolean {
    if (this.wanted === 0) return false;
    if (this.seen === null) {
      while (walkNext(p, this.walk, entry, this.nowMs)) {
        const isTaken = Math.random() * this.left < this.wanted;
        this.left--;
        if (isTaken) break;
      }
    } else {
      do entryDraw(p, this.ref, entry, this.nowMs);
      while (this.seen.has(entry.memberRef));
      this.seen.add(entry.memberRef);
    }
    this.wanted--;
    return true;
  }
}
