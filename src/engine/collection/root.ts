/**
 * Roots: where a large collection begins (memory/node.ts draws it). A collection is built unattached,
 * pinned and seen by nobody; then an item takes it over, and with that it is the key's. One that is given
 * up goes to the graveyard.
 *
 * Guard: the partition lock.
 */
import { assert } from '../../base/assert.ts';
import {
  collectionFlags,
  collectionHeaderWrite,
  collectionRootSet,
  FORM,
  LARGE_VALUE_BYTES,
} from '../../memory/collection.ts';
import { itemValueBytes, itemValueOffset } from '../../memory/item.ts';
import { ROOT_BYTES, rootBytesAdd, rootInit, rootItem, rootItemSet } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';
import { chunkObtain } from '../eviction.ts';

/**
 * An empty collection that no key names; 0 without memory. It has to be attached, or discarded. `bytes` are
 * more for those of a stream, whose further words are its own to fill.
 */
export function rootCreate(p: Partition, nowMs: number, bytes: number = ROOT_BYTES): number {
  const ref = chunkObtain(p, p.classes.classFor(bytes), nowMs);
  if (ref === 0) return 0;
  rootInit(p, ref);
  rootBytesAdd(p, ref, bytes);
  return ref;
}

/** Makes the collection that of an item, whose value has just the bytes for it. Its flags stay. */
export function rootAttach(p: Partition, itemRef: number, rootRef: number): void {
  assert(
    itemValueBytes(p, itemRef) === LARGE_VALUE_BYTES,
    "a large collection's value is its root",
  );
  assert(rootItem(p, rootRef) === 0, 'a root is attached once');
  const flags = collectionFlags(p, itemRef);
  collectionHeaderWrite(p, itemValueOffset(p, itemRef), FORM.LARGE, flags, 0);
  collectionRootSet(p, itemRef, rootRef);
  rootItemSet(p, rootRef, itemRef);
}

/** Takes the collection from its item, which is about to hold something else. */
export function rootDetach(p: Partition, rootRef: number): void {
  rootItemSet(p, rootRef, 0);
}
