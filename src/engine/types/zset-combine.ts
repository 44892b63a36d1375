/**
 * Union, intersection and difference of sorted sets (and sets), as rows outside of any partition. Rows
 * take memory of the thread, for as long as the command runs: two results of the same sources may be
 * wanted in different orders, by different partitions, or not be kept at all.
 *
 * Guard: the locks of the sources' partitions.
 */
import { ZsetEntry } from './zset-entry.ts';
import { sourceCount, sourceScore, sourceWalk, type ZsetSource } from './zset-source.ts';

/** A member of a result. The name has a character for each byte, so that its order is that of bytes. */
export type ZsetRow = { readonly name: string; score: number };

/** How the scores of one name are put together. */
export const AGGREGATE = { SUM: 0, MIN: 1, MAX: 2 } as const;

/** Members in hand: of the source that is walked, and in the others. */
const walked = new ZsetEntry(Buffer.alloc(0));
const sought = new ZsetEntry(Buffer.alloc(0));

/** The rows in the order of a sorted set. */
export function rowsSort(rows: ZsetRow[]): ZsetRow[] {
  return rows.sort((one, other) => {
    if (one.score !== other.score) return one.score < other.score ? -1 : 1;
    return one.name < other.name ? -1 : 1;
  });
}

export function rowMake(entry: ZsetEntry, score: number): ZsetRow {
  const { name, nameStart, nameBytes } = entry;
  return { name: name.toString('latin1', nameStart, nameStart + nameBytes), score };
}

/** Whatever is in any source, in order. */
export function zsetUnion(sources: readonly ZsetSource[], aggregate: number): ZsetRow[] {
  const rows = new Map<string, ZsetRow>();
  for (const source of byCount(sources)) {
    sourceWalk(source, walked, (entry) => {
      const row = rowMake(entry, nothingIfNaN(source.weight * entry.score));
      const known = rows.get(row.name);
      if (known === undefined) rows.set(row.name, row);
      else known.score = aggregated(known.score, row.score, aggregate);
      return true;
    });
  }
  return rowsSort([...rows.values()]);
}

/** What is in all sources, in order. */
export function zsetIntersection(sources: readonly ZsetSource[], aggregate: number): ZsetRow[] {
  const rows: ZsetRow[] = [];
  const [smallest, ...others] = byCount(sources);
  sourceWalk(smallest, walked, (entry) => {
    let score = nothingIfNaN(smallest.weight * entry.score);
    for (const source of others) {
      if (!isIn(source, entry)) return true;
      score = aggregated(score, source.weight * sought.score, aggregate);
    }
    rows.push(rowMake(entry, score));
    return true;
  });
  return rowsSort(rows);
}

/** How much is in all sources; it is not counted beyond `limit`, unless that is 0. */
export function zsetIntersectionCount(sources: readonly ZsetSource[], limit: number): number {
  let count = 0;
  const [smallest, ...others] = byCount(sources);
  sourceWalk(smallest, walked, (entry) => {
    if (others.every((source) => isIn(source, entry))) count++;
    return count !== limit || limit === 0;
  });
  return count;
}

/** What is in the first source and in no other, in order. */
export function zsetDifference(sources: readonly ZsetSource[]): ZsetRow[] {
  const rows: ZsetRow[] = [];
  const [first, ...others] = sources;
  sourceWalk(first, walked, (entry) => {
    if (!others.some((source) => isIn(source, entry))) rows.push(rowMake(entry, entry.score));
    return true;
  });
  return rowsSort(rows);
}

/** The smallest first: it is walked, and the others are searched. */
function byCount(sources: readonly ZsetSource[]): ZsetSource[] {
  return [...sources].sort((one, other) => sourceCount(one) - sourceCount(other));
}

/** Looks the entry's name up, in `sought`: its own score stays. */
function isIn(source: ZsetSource, { name, nameStart, nameBytes }: ZsetEntry): boolean {
  sought.name = name;
  sought.nameStart = nameStart;
  sought.nameBytes = nameBytes;
  return sourceScore(source, sought);
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
