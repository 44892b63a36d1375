/**
 * Values that SORT looks up: an element takes the place of the star in a pattern, and that is a key.
 *
 *   weight_*        the string at weight_ELEMENT
 *   item_*->price   the field `price` of the hash at item_ELEMENT
 *   #               the element itself
 *
 * Source: valkey-io/valkey src/sort.c lookupKeyByPattern.
 */
import { KEY_BYTES_LIMIT, keyFillIn } from '../../../base/key.ts';
import { Entry, entryName } from '../../../engine/collection/entry.ts';
import { hashGet } from '../../../engine/types/hash.ts';
import { itemRead } from '../../../engine/types/string.ts';
import { itemValueCopy } from '../../../memory/chain.ts';
import { ITEM_TYPE, itemType, itemValueBytes } from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentCopy } from '../../../protocol/resp/arguments.ts';
import type { RespCall } from '../call.ts';

const STAR = 0x2a;
const ARROW = '->';
const ITSELF = '#';

const entry = new Entry(Buffer.alloc(0));

/** A pattern, taken apart. */
export class SortPattern {
  readonly isElement: boolean;
  /** What goes before the element and behind it; null: there is no star, and so no key. */
  private readonly prefix: Buffer | null;
  private readonly suffix: Buffer;
  private readonly field: Buffer | null;

  /** The pattern is argument `index`. */
  constructor(call: RespCall, index: number) {
    const pattern = argumentCopy(call.args, index);
    const star = pattern.indexOf(STAR);
    const arrow = star < 0 ? -1 : pattern.indexOf(ARROW, star + 1);
    const hasField = arrow >= 0 && arrow + ARROW.length < pattern.length;
    this.isElement = pattern.toString('latin1') === ITSELF;
    this.prefix = star < 0 ? null : pattern.subarray(0, star);
    this.suffix = pattern.subarray(star + 1, hasField ? arrow : pattern.length);
    this.field = hasField ? pattern.subarray(arrow + ARROW.length) : null;
  }

  /** The value that the pattern leads to from an element, or null. All partitions are locked. */
  lookup(call: RespCall, element: Buffer): Buffer | null {
    const { prefix, suffix, field } = this;
    if (this.isElement) return element;
    if (prefix === null) return null;
    const name = Buffer.concat([prefix, element, suffix]);
    if (name.length > KEY_BYTES_LIMIT) return null;
    const { op, session, keyspace } = call;
    keyFillIn(op.key, session.namespace, name, 0, name.length);
    const p = keyspace.partitionFor(op.key.hash);
    const ref = itemRead(p, op);
    if (ref === 0) return null;
    if (field !== null) return fieldValue(call, p, ref, field);
    return itemType(p, ref) === ITEM_TYPE.STRING ? itemValue(p, ref) : null;
  }
}

function fieldValue({ op }: RespCall, p: Partition, ref: number, field: Buffer): Buffer | null {
  if (itemType(p, ref) !== ITEM_TYPE.HASH) return null;
  entryName(entry, field, 0, field.length);
  if (!hashGet(p, op, ref, entry)) return null;
  if (entry.memberRef !== 0) return itemValue(p, entry.memberRef);
  const { valueStart, valueBytes } = entry;
  return Buffer.from(p.u8.subarray(valueStart, valueStart + valueBytes));
}

function itemValue(p: Partition, ref: number): Buffer {
  const value = Buffer.allocUnsafe(itemValueBytes(p, ref));
  itemValueCopy(p, ref, value, 0);
  return value;
}
