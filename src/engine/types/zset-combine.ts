/**
 * Union, intersection and difference of sorted sets (and sets), as rows outside of any partition. Rows
 * take memory of the thread, for as long as the command runs: two results of the same sources may be
 * wanted in different orders, by different partitions, or not be kept at all.
 *
 * Guard: the locks of the sources' partitions.
 */
import { collectionCount } from '../../memory/collection.ts';
import { ITEM_TYPE, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  Entry,
  EntryWalk,
  entryFind,
  entryName,
  entryScore,
  walkNext,
  walkStart,
} from '../collection/entry.ts';

/** The score of a set's member. */
const SET_SCORE = 1;

/** What is combined: a sorted set, or a set; and what its scores are multiplied by. */
export class ZsetSource {
  readonly p: Partition;
  /** 0: the key has nothing. */
  readonly ref: number;
  weight = 1.5;

  constructor(p: Partition, ref: number) {
    this.p = p;
    this.ref = ref;
    // The fraction above makes V8 keep the field as a double from the start.
    this.weight = 1;
  }
}

/** Whether an item can be a source. */
export function itemIsSource(p: Partition, ref: number): boolean {
  return itemType(p, ref) === ITEM_TYPE.ZSET || itemType(p, ref) === ITEM_TYPE.SET;
}

/** A member of a result. The name has a character for each byte, so that its order is that of bytes. */
export type ZsetRow = { readonly name: string; score: number };

/** How the scores of one name are put together. */
export const AGGREGATE = { SUM: 0, MIN: 1, MAX: 2 } as const;

/** A walk through one source, the member that it has come to, and the same in another. */
const walk = new EntryWalk();
const walked = new Entry(Buffer.alloc(0));
const sought = new Entry(Buffer.alloc(0));

/** The rows in the order of a sorted set. */
export function rowsSort(rows: ZsetRow[]): ZsetRow[] {
  return rows.sort((one, other) => {
    if (one.score !== other.score) return one.score < other.score ? -1 : 1;
    return one.name < other.name ? -1 : 1;
  });
}

export function rowMake(name: Buffer, start: number, bytes: number, score: number): ZsetRow {
  return { name: name.toString('latin1', start, start + bytes), score };
}

/** Whatever is in any source, in order. */
export function zsetUnion(sources: readonly ZsetSource[], aggregate: number): ZsetRow[] {
  const rows = new Map<string, ZsetRow>();
  for (const source of byCount(sources)) {
    for (sourceStart(source); sourceNext(source); ) {
      const row = walkedRow(nothingIfNaN(source.weight * scoreOf(source, walked)));
      const known = rows.get(row.name);
      if (known === undefined) rows.set(row.name, row);
      else known.score = aggregated(known.score, row.score, aggregate);
    }
  }
  return rowsSort([...rows.values()]);
}

/** What is in all sources, in order. */
export function zsetIntersection(sources: readonly ZsetSource[], aggregate: number): ZsetRow[] {
  const rows: ZsetRow[] = [];
  const [smallest, ...others] = byCount(sources);
  for (sourceStart(smallest); sourceNext(smallest); ) {
    let score = nothingIfNaN(smallest.weight * scoreOf(smallest, walked));
    let isInAll = true;
    for (const source of others) {
      isInAll = walkedIsIn(source);
      if (!isInAll) break;
      score = aggregated(score, source.weight * scoreOf(source, sought), aggregate);
    }
    if (isInAll) rows.push(walkedRow(score));
  }
  return rowsSort(rows);
}

/** How much is in all sources; it is not counted beyond `limit`, unless that is 0. */
export function zsetIntersectionCount(sources: readonly ZsetSource[], limit: number): number {
  let count = 0;
  const [smallest, ...others] = byCount(sources);
  for (sourceStart(smallest); sourceNext(smallest); ) {
    if (others.every(walkedIsIn) && ++count === limit) break;
  }
  return count;
}

/** What is in the first source and in no other, in order. */
export function zsetDifference(sources: readonly ZsetSource[]): ZsetRow[] {
  const rows: ZsetRow[] = [];
  const [first, ...others] = sources;
  for (sourceStart(first); sourceNext(first); ) {
    if (!others.some(walkedIsIn)) rows.push(walkedRow(scoreOf(first, walked)));
  }
  return rowsSort(rows);
}

/** The smallest first: it is walked, and the others are searched. */
function byCount(sources: readonly ZsetSource[]): ZsetSource[] {
  return [...sources].sort((one, other) => sourceCount(one) - sourceCount(other));
}

function sourceCount({ p, ref }: ZsetSource): number {
  return ref === 0 ? 0 : collectionCount(p, ref);
}

function sourceStart({ p, ref }: ZsetSource): void {
  if (ref !== 0) walkStart(p, ref, walk);
}

/** Takes the next member in hand. Those of sets and sorted sets never expire. */
function sourceNext({ p, ref }: ZsetSource): boolean {
  return ref !== 0 && walkNext(p, walk, walked, 0);
}

/** Whether the member in hand is in another source too: then it is `sought`. */
function walkedIsIn({ p, ref }: ZsetSource): boolean {
  if (ref === 0) return false;
  entryName(sought, walked.name, walked.nameStart, walked.nameBytes);
  return entryFind(p, ref, sought, 0);
}

function scoreOf({ p, ref }: ZsetSource, entry: Entry): number {
  return itemType(p, ref) === ITEM_TYPE.SET ? SET_SCORE : entryScore(p, entry);
}

function walkedRow(score: number): ZsetRow {
  return rowMake(walked.name, walked.nameStart, walked.nameBytes, score);
}

/** Infinities times a weight of 0, or added to their opposites, make nothing. */
function nothingIfNaN(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}

function aggregated(score: number, other: number, aggregate: number): number {
  if (aggregate === AGGREGATE.SUM) return nothingIfNaN(score + other);
  if (aggregate === AGGREGATE.MIN) return other < score ? other : score;
  return other > score ? other : score;
}
