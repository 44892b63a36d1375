/**
 * What partitionVerify asks of a packed collection: that its value is a header and a strip, with as many
 * entries as the header says.
 *
 * Guard: the caller holds the partition lock.
 */
import { collectionCount, collectionForm, FORM, LARGE_VALUE_BYTES } from '../memory/collection.ts';
import { ITEM_TYPE, itemIsChained, itemType, itemValueBytes } from '../memory/item.ts';
import type { Partition } from '../memory/partition.ts';
import {
  PACKED_BYTES_MAX,
  PACKED_HEADER_BYTES,
  packedEnd,
  packedStart,
} from './collection/packed.ts';
import { stripCount } from './collection/strip.ts';

/** What is wrong with the value of a collection's item; an empty string if nothing is. */
export function packedProblem(p: Partition, ref: number): string {
  const bytes = itemValueBytes(p, ref);
  if (itemIsChained(p, ref)) return 'its item is chained';
  if (bytes < PACKED_HEADER_BYTES) return 'it has no header';
  const form = collectionForm(p, ref);
  if (form === FORM.LARGE) return bytes === LARGE_VALUE_BYTES ? '' : `it is large, in ${bytes} B`;
  if (form !== FORM.PACKED) return `its form is ${form}`;
  if (bytes > PACKED_BYTES_MAX) return `it is packed, in ${bytes} B`;
  const entries = stripCount(p.u8, packedStart(p, ref), packedEnd(p, ref));
  const members = collectionCount(p, ref);
  const expected = members * entriesPerMember(itemType(p, ref));
  return entries === expected ? '' : `${entries} entries for ${members} members`;
}

/** A field has a value behind it, a member of a sorted set its score. */
function entriesPerMember(type: number): number {
  return type === ITEM_TYPE.HASH || type === ITEM_TYPE.ZSET ? 2 : 1;
}
