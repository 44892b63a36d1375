/**
 * The graveyard: large collections that nobody can reach any more, as a list through their roots. A
 * command that deletes one of a million members takes as long as any other; the members are freed later,
 * some at a time, by the maintainer or by whoever needs the memory (graveyard-work.ts).
 *
 *   HEADER.graveyardRef ──▶ root ──nextRef──▶ root ──▶ 0
 *
 * Their members stay in the index until then. No lookup meets them: it would have to ask for a member of
 * this root, and the root is the last of a collection to be freed. So the same key may have a new
 * collection at once, with another root.
 *
 * Guard: the partition lock.
 */
import { collectionRoot } from '../../memory/collection.ts';
import { ROOT, rootItem, rootItemSet } from '../../memory/node.ts';
import { HEADER, type Partition } from '../../memory/partition.ts';

/**
 * The item of a large collection is about to be freed: the collection follows later, unless it has passed
 * to another item.
 */
export function collectionDiscard(p: Partition, itemRef: number): void {
  const rootRef = collectionRoot(p, itemRef);
  if (rootItem(p, rootRef) === itemRef) rootDiscard(p, rootRef);
}

/** Gives up a collection that no key names, or whose item goes. */
export function rootDiscard(p: Partition, rootRef: number): void {
  rootItemSet(p, rootRef, 0);
  p.i32[(rootRef << 1) + ROOT.nextRef] = p.i32[HEADER.graveyardRef];
  p.i32[HEADER.graveyardRef] = rootRef;
  p.i32[HEADER.graveyardCount]++;
}

/** The collection that is freed next, or 0. */
export function graveyardFirst(p: Partition): number {
  return p.i32[HEADER.graveyardRef];
}

/** Takes the first collection off the list. */
export function graveyardShift(p: Partition): void {
  const first = p.i32[HEADER.graveyardRef];
  p.i32[HEADER.graveyardRef] = p.i32[(first << 1) + ROOT.nextRef];
  p.i32[HEADER.graveyardCount]--;
}

/** Collections that wait. */
export function graveyardCount(p: Partition): number {
  return p.i32[HEADER.graveyardCount];
}
