/**
 * The value of a collection's item: a list, set, sorted set or hash. What the item's key, expiry and CAS
 * unique are to a string they are to a collection.
 *
 *   byte   0      1       2       4       8
 *         ┌──────┬───────┬───────┬───────┬────────────────────────────────────────────────────
 *         │ form │ flags │ spare │ count │ PACKED: a strip (strip.ts), of at most 2 KiB in all
 *         │ u8   │ u8    │ u16   │ u32   │ LARGE:  rootRef u32 (memory/node.ts)
 *         └──────┴───────┴───────┴───────┴────────────────────────────────────────────────────
 *
 * A packed collection is read by going along its strip; a large one has chunks of its own. `count` is
 * the members of a packed one, a field and its value being one; a large one's are counted in its root.
 * What the bits of `flags` mean is up to the type. The value starts where the key ends, so its words
 * are unaligned.
 *
 * Guard: the partition lock.
 */
import { ITEM_TYPE, itemType, itemValueBytes, itemValueOffset } from '../../memory/item.ts';
import { rootCount } from '../../memory/node.ts';
import type { Partition } from '../../memory/partition.ts';

export const FORM = { PACKED: 0, LARGE: 1 } as const;

const VALUE = { form: 0, flags: 1, count: 4, body: 8 } as const;
/** Bytes before the strip. */
export const PACKED_HEADER_BYTES = 8;
/** Bytes of a large collection's value. */
export const LARGE_VALUE_BYTES = 12;
/** Bytes of a packed collection's value, header and strip. */
export const PACKED_BYTES_MAX = 2048;

/** Whether the item is that of a list, set, sorted set or hash. */
export function itemIsCollection(p: Partition, ref: number): boolean {
  const type = itemType(p, ref);
  return type >= ITEM_TYPE.LIST && type <= ITEM_TYPE.HASH;
}

/** Whether the item is that of a collection with chunks of its own. */
export function itemIsLarge(p: Partition, ref: number): boolean {
  return itemIsCollection(p, ref) && packedForm(p, ref) === FORM.LARGE;
}

/** Makes the value that of a packed collection with nothing in it. */
export function packedInit(p: Partition, ref: number): void {
  const value = itemValueOffset(p, ref);
  for (let at = value; at < value + PACKED_HEADER_BYTES; at++) p.u8[at] = 0;
}

/** One of FORM. */
export function packedForm(p: Partition, ref: number): number {
  return p.u8[itemValueOffset(p, ref) + VALUE.form];
}

export function packedFormSet(p: Partition, ref: number, form: number): void {
  p.u8[itemValueOffset(p, ref) + VALUE.form] = form;
}

/** Eight bits of the type's own. */
export function packedFlags(p: Partition, ref: number): number {
  return p.u8[itemValueOffset(p, ref) + VALUE.flags];
}

export function packedFlagsSet(p: Partition, ref: number, flags: number): void {
  p.u8[itemValueOffset(p, ref) + VALUE.flags] = flags;
}

/** Members or elements of a packed collection. */
export function packedCount(p: Partition, ref: number): number {
  return p.view.getUint32(itemValueOffset(p, ref) + VALUE.count, true);
}

export function packedCountSet(p: Partition, ref: number, count: number): void {
  p.view.setUint32(itemValueOffset(p, ref) + VALUE.count, count, true);
}

export function packedCountAdd(p: Partition, ref: number, difference: number): void {
  packedCountSet(p, ref, packedCount(p, ref) + difference);
}

/** Where a packed collection's strip starts. */
export function packedStart(p: Partition, ref: number): number {
  return itemValueOffset(p, ref) + VALUE.body;
}

/** Where it ends. */
export function packedEnd(p: Partition, ref: number): number {
  return itemValueOffset(p, ref) + itemValueBytes(p, ref);
}

/** The root of a large collection. */
export function largeRoot(p: Partition, ref: number): number {
  return p.view.getInt32(itemValueOffset(p, ref) + VALUE.body, true);
}

/** Names the root of a collection whose value has room for that. */
export function largeRootSet(p: Partition, ref: number, rootRef: number): void {
  p.view.setInt32(itemValueOffset(p, ref) + VALUE.body, rootRef, true);
}

/** Members or elements of a collection of either form. */
export function collectionCount(p: Partition, ref: number): number {
  return packedForm(p, ref) === FORM.PACKED ? packedCount(p, ref) : rootCount(p, largeRoot(p, ref));
}
