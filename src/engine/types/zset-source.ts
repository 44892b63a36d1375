/**
 * What sorted sets are combined from: sorted sets, and sets, whose members count as having score 1.
 *
 * Guard: the locks of the sources' partitions, for as long as a source is read.
 */
import { collectionCount, collectionForm, collectionRoot, FORM } from '../../memory/collection.ts';
import { ITEM_TYPE, itemNameBytes, itemNameOffset, itemType } from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import { memberScore } from '../collection/counted-tree.ts';
import { packedEnd, packedStart } from '../collection/packed.ts';
import { rosterAt } from '../collection/roster.ts';
import {
  STRIP_NONE,
  stripContentBytes,
  stripContentStart,
  stripFind,
  stripNext,
} from '../collection/strip.ts';
import { zsetScore } from './zset.ts';
import { entrySetName, type ZsetEntry } from './zset-entry.ts';
import { largeFind } from './zset-large.ts';
import { pairNext, pairTake } from './zset-packed.ts';

const SET_SCORE = 1;

/** A set or sorted set, or nothing (`ref` 0), and what its scores are multiplied by. */
export class ZsetSource {
  readonly p: Partition;
  readonly ref: number;
  readonly weight: number;

  constructor(p: Partition, ref: number, weight: number) {
    this.p = p;
    this.ref = ref;
    this.weight = weight;
  }
}

/** Whether an item can be a source. */
export function itemIsSource(p: Partition, ref: number): boolean {
  return itemType(p, ref) === ITEM_TYPE.ZSET || itemType(p, ref) === ITEM_TYPE.SET;
}

export function sourceCount({ p, ref }: ZsetSource): number {
  return ref === 0 ? 0 : collectionCount(p, ref);
}

/** Takes the score that the entry's name has in a source. False: it is no member. */
export function sourceScore({ p, ref }: ZsetSource, entry: ZsetEntry): boolean {
  if (ref === 0) return false;
  if (itemType(p, ref) === ITEM_TYPE.ZSET) return zsetScore(p, ref, entry);
  entry.score = SET_SCORE;
  if (collectionForm(p, ref) === FORM.LARGE)
    return largeFind(p, collectionRoot(p, ref), entry) !== 0;
  const { name, nameStart, nameBytes } = entry;
  const at = stripFind(p.u8, packedStart(p, ref), packedEnd(p, ref), 1, name, nameStart, nameBytes);
  return at !== STRIP_NONE;
}

/** Calls `visit` with each member of a source in hand, in no order; until it returns false. */
export function sourceWalk(
  source: ZsetSource,
  entry: ZsetEntry,
  visit: (entry: ZsetEntry) => boolean,
): void {
  const { p, ref } = source;
  if (ref === 0) return;
  const isZset = itemType(p, ref) === ITEM_TYPE.ZSET;
  if (collectionForm(p, ref) === FORM.LARGE) {
    const rootRef = collectionRoot(p, ref);
    const count = collectionCount(p, ref);
    for (let slot = 0; slot < count; slot++) {
      const member = rosterAt(p, rootRef, slot);
      entrySetName(entry, p.u8, itemNameOffset(p, member), itemNameBytes(p, member));
      entry.score = isZset ? memberScore(p, member) : SET_SCORE;
      if (!visit(entry)) return;
    }
    return;
  }
  const end = packedEnd(p, ref);
  for (let at = packedStart(p, ref); at < end; ) {
    if (isZset) {
      pairTake(p, at, entry);
      at = pairNext(p.u8, at);
    } else {
      entrySetName(entry, p.u8, stripContentStart(p.u8, at), stripContentBytes(p.u8, at));
      entry.score = SET_SCORE;
      at = stripNext(p.u8, at);
    }
    if (!visit(entry)) return;
  }
}
