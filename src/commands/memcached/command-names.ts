/**
 * From the name at the start of a line to its row: a hash over the bytes up to the first space and
 * one comparison. Built from the rows, whatever their order.
 */
import { assert } from '../../base/assert.ts';
import { lineEndsAt, SPACE } from '../../protocol/memcached/line.ts';
import { ADMIN_ROWS } from './admin.ts';
import { ARITHMETIC_ROWS } from './arithmetic.ts';
import { META_CHANGE_ROWS } from './meta-change.ts';
import { META_DEBUG_ROWS } from './meta-debug.ts';
import { META_GET_ROWS } from './meta-get.ts';
import { META_STORE_ROWS } from './meta-store.ts';
import { RETRIEVAL_ROWS } from './retrieval.ts';
import type { TextRow } from './row.ts';
import { STORAGE_ROWS } from './storage.ts';

export const TEXT_ROWS: readonly TextRow[] = [
  ...RETRIEVAL_ROWS,
  ...STORAGE_ROWS,
  ...ARITHMETIC_ROWS,
  ...META_GET_ROWS,
  ...META_STORE_ROWS,
  ...META_CHANGE_ROWS,
  ...META_DEBUG_ROWS,
  ...ADMIN_ROWS,
];

const SLOT_COUNT = 256;
const NAME_BYTES_MAX = 16;

type NamedRow = { readonly row: TextRow; readonly name: Buffer };

const slots: (NamedRow | null)[] = Array.from({ length: SLOT_COUNT }, () => null);
for (const row of TEXT_ROWS) {
  const name = Buffer.from(row.name);
  let hash = 0;
  for (const byte of name) hash = nameStep(hash, byte);
  assert(slots[hash & (SLOT_COUNT - 1)] === null, 'no two commands share a slot');
  assert(name.length <= NAME_BYTES_MAX, 'a command name is short');
  slots[hash & (SLOT_COUNT - 1)] = { row, name };
}

function nameStep(hash: number, byte: number): number {
  return (Math.imul(hash, 29) + byte) | 0;
}

/** The row of the command at input[at, …), or null. The name ends at a space or at the line's end. */
export function commandFind(input: Uint8Array, at: number): TextRow | null {
  let hash = 0;
  let end = at;
  while (input[end] > SPACE && end - at <= NAME_BYTES_MAX) hash = nameStep(hash, input[end++]);
  const slot = slots[hash & (SLOT_COUNT - 1)];
  if (slot === null || slot.name.length !== end - at) return null;
  if (input[end] !== SPACE && !lineEndsAt(input, end)) return null;
  for (let offset = 0; offset < slot.name.length; offset++) {
    if (input[at + offset] !== slot.name[offset]) return null;
  }
  return slot.row;
}
