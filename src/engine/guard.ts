/**
 * Guards: items that a command is at work on. Whatever takes memory may evict items, and move them to
 * another page; a guarded one stays, and with it all members and nodes of its collection.
 *
 *   guardAdd(p, itemRef) …   what the command holds refs of, or of parts of
 *   guardsClear(p)           after the command
 *
 * A command that itself moves a guarded item says so (guardMove). One that only stores a string needs a
 * single guard, `p.guardRef`, which it sets and clears by itself.
 *
 * Guard: the partition lock. Guards are this thread's; nobody else works in the partition meanwhile.
 */
import type { Partition } from '../memory/partition.ts';

export function guardAdd(p: Partition, itemRef: number): void {
  if (p.guardCount === p.guards.length) guardsGrow(p);
  p.guards[p.guardCount++] = itemRef;
}

/** Lets go of all. */
export function guardsClear(p: Partition): void {
  p.guardRef = 0;
  p.guardCount = 0;
}

/** A guarded item is at another ref from now on. */
export function guardMove(p: Partition, from: number, to: number): void {
  if (p.guardRef === from) p.guardRef = to;
  for (let at = 0; at < p.guardCount; at++) if (p.guards[at] === from) p.guards[at] = to;
}

/** Whether the item, that of a key, is guarded. */
export function itemIsGuarded(p: Partition, ref: number): boolean {
  if (ref === p.guardRef) return true;
  for (let at = 0; at < p.guardCount; at++) if (p.guards[at] === ref) return true;
  return false;
}

function guardsGrow(p: Partition): void {
  const more = new Int32Array(p.guards.length * 2);
  more.set(p.guards);
  p.guards = more;
}
