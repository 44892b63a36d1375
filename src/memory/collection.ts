/**
 * The value of a collection's item: a header, and the collection itself or the way to it.
 *
 *   byte 0      1       2       4            8
 *        ┌──────┬───────┬───────┬────────────┬──────────────────────────────────────────────
 *        │ form │ flags │ spare │ count      │ PACKED: a strip of entries · LARGE: rootRef u32
 *        └──────┴───────┴───────┴────────────┴──────────────────────────────────────────────
 *
 * The value starts behind the key, wherever that ends: so it is read through the DataView. It always lies
 * in the item's own chunk. `count` is the members or elements of a packed collection; a large one has the
 * count in its root (node.ts). `flags` belong to the type of collection.
 *
 * Guard: the partition lock.
 */
import { ITEM_TYPE, itemType, itemValueOffset } from './item.ts';
import { rootCount } from './node.ts';
import type { Partition } from './partition.ts';

/** How a collection is kept. */
export const FORM = {
  PACKED: 1, // in the item, in one piece
  LARGE: 2, // in nodes and members of its own
} as const;

/** Byte offsets within the value. */
export const COLLECTION = { form: 0, flags: 1, spare: 2, count: 4, body: 8 } as const;
/** Bytes of a large collection's value. */
export const LARGE_VALUE_BYTES = COLLECTION.body + 4;

/** Writes the header of a value at this byte offset. */
export function collectionHeaderWrite(
  p: Partition,
  valueOffset: number,
  form: number,
  flags: number,
  count: number,
): void {
  p.u8[valueOffset + COLLECTION.form] = form;
  p.u8[valueOffset + COLLECTION.flags] = flags;
  p.view.setUint16(valueOffset + COLLECTION.spare, 0, true);
  p.view.setInt32(valueOffset + COLLECTION.count, count, true);
}

/** Whether the item is the name of a collection. */
export function itemIsCollection(p: Partition, ref: number): boolean {
  const type = itemType(p, ref);
  return type >= ITEM_TYPE.LIST && type <= ITEM_TYPE.STREAM;
}

/** One of FORM. */
export function collectionForm(p: Partition, ref: number): number {
  return p.u8[itemValueOffset(p, ref) + COLLECTION.form];
}

export function collectionFlags(p: Partition, ref: number): number {
  return p.u8[itemValueOffset(p, ref) + COLLECTION.flags];
}

export function collectionFlagsSet(p: Partition, ref: number, flags: number): void {
  p.u8[itemValueOffset(p, ref) + COLLECTION.flags] = flags;
}

/** Members or elements, whatever the form. */
export function collectionCount(p: Partition, ref: number): number {
  const offset = itemValueOffset(p, ref);
  if (p.u8[offset + COLLECTION.form] === FORM.LARGE) return rootCount(p, collectionRoot(p, ref));
  return p.view.getInt32(offset + COLLECTION.count, true);
}

/** For a packed one. */
export function collectionCountSet(p: Partition, ref: number, count: number): void {
  p.view.setInt32(itemValueOffset(p, ref) + COLLECTION.count, count, true);
}

/** The root of a large collection. */
export function collectionRoot(p: Partition, ref: number): number {
  return p.view.getInt32(itemValueOffset(p, ref) + COLLECTION.body, true);
}

export function collectionRootSet(p: Partition, ref: number, rootRef: number): void {
  p.view.setInt32(itemValueOffset(p, ref) + COLLECTION.body, rootRef, true);
}

/** Whether the item leads to nodes and members that are to be freed with it. */
export function itemIsLarge(p: Partition, ref: number): boolean {
  return itemIsCollection(p, ref) && collectionForm(p, ref) === FORM.LARGE;
}
