/**
 * Freeing what lies in the graveyard, some chunks at a time: a collection's members from the last to the
 * first, and the root in the end.
 *
 * Guard: the partition lock. It takes no memory.
 */
import { itemHash } from '../../memory/item.ts';
import { rootCount } from '../../memory/node.ts';
import { HEADER_F64, type Partition } from '../../memory/partition.ts';
import { chunkGive } from '../../memory/slab.ts';
import { indexRemove } from '../hash-index.ts';
import { itemRetire } from '../lifecycle.ts';
import { graveyardFirst, graveyardShift } from './graveyard.ts';
import { rosterAt, rosterRemove } from './roster.ts';

/** Frees up to `membersMax` members and what is empty by then. Returns how much: 0 when all is done. */
export function graveyardWork(p: Partition, membersMax: number): number {
  let freed = 0;
  while (freed < membersMax) {
    const rootRef = graveyardFirst(p);
    if (rootRef === 0) break;
    const count = rootCount(p, rootRef);
    if (count > 0) {
      lastMemberFree(p, rootRef, count - 1);
    } else {
      graveyardShift(p);
      chunkGive(p, rootRef);
      p.f64[HEADER_F64.discardTotal]++;
    }
    freed++;
  }
  return freed;
}

function lastMemberFree(p: Partition, rootRef: number, slot: number): void {
  const ref = rosterAt(p, rootRef, slot);
  rosterRemove(p, rootRef, slot);
  indexRemove(p, itemHash(p, ref), ref);
  itemRetire(p, ref);
}
