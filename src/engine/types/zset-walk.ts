/**
 * Walking along a sorted set, in its order or against it, from one rank on. All ranges come to this: by
 * score or by name, they begin and end at ranks that a search finds (zsetRankOf).
 *
 * Guard: the partition lock, under which a walk begins and ends. The set does not change meanwhile.
 */
import { collectionRoot } from '../../memory/collection.ts';
import { itemNameBytes, itemNameOffset } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import {
  memberScore,
  TreePlace,
  treeAt,
  treeEntry,
  treeNext,
  treePrevious,
} from '../collection/counted-tree.ts';
import { zsetIsLarge } from './zset.ts';
import { entrySetName, type ZsetEntry } from './zset-entry.ts';
import { packedAt, pairNext, pairPrevious, pairTake } from './zset-packed.ts';

export class ZsetWalk {
  /** Members still to come. */
  left = 0;
  goesBack = false;
  isLarge = false;
  /** The next member of a large set. */
  readonly place = new TreePlace();
  /** The next pair of a packed one. */
  at = 0;
}

/** Sets out for `count` members, which are there, from the one of this rank on. */
export function zsetWalkStart(
  p: Partition,
  ref: number,
  walk: ZsetWalk,
  rank: number,
  count: number,
  goesBack: boolean,
): void {
  walk.left = count;
  walk.goesBack = goesBack;
  walk.isLarge = zsetIsLarge(p, ref);
  if (count <= 0) return;
  if (walk.isLarge) treeAt(p, collectionRoot(p, ref), rank, walk.place);
  else walk.at = packedAt(p, ref, rank);
}

/** Takes the next member in hand: its name, which lies in the partition, and its score. */
export function zsetWalkNext(p: Partition, walk: ZsetWalk, entry: ZsetEntry): boolean {
  if (walk.left <= 0) return false;
  const isLast = --walk.left === 0;
  if (walk.isLarge) {
    memberTake(p, treeEntry(p, walk.place), entry);
    if (isLast) return true;
    if (walk.goesBack) treePrevious(p, walk.place);
    else treeNext(p, walk.place);
    return true;
  }
  const { at } = walk;
  pairTake(p, at, entry);
  if (!isLast) walk.at = walk.goesBack ? pairPrevious(p.u8, at) : pairNext(p.u8, at);
  return true;
}

function memberTake(p: Partition, member: number, entry: ZsetEntry): void {
  entrySetName(entry, p.u8, itemNameOffset(p, member), itemNameBytes(p, member));
  entry.score = memberScore(p, member);
}
