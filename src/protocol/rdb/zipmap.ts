/**
 * Zipmaps, the small hashes of servers before 2.6: fields and values by turns.
 *
 *   ┌───────┬────────────────┬────────────────┬──────┬───────┬──────┬───┬────┐
 *   │ count │ length, field  │ length         │ free │ value │ free │ … │ ff │
 *   │ u8    │                │                │ u8   │       │ bytes│   │    │
 *   └───────┴────────────────┴────────────────┴──────┴───────┴──────┴───┴────┘
 *
 * A length is a byte below 254, or fe and a little-endian u32. Behind a value are as many unused bytes
 * as `free` says. `count` is of pairs; 254 and above mean: walk and see.
 *
 * Source: valkey-io/valkey src/zipmap.c.
 */
import {
  PACKED_COUNT_UNKNOWN,
  PACKED_STEP,
  type PackedEntries,
  type PackedFormat,
  type PackedStep,
  packedString,
} from './packed-entries.ts';

const END = 0xff;
const LENGTH_LONG = 0xfe;
const COUNT_UNKNOWN = 254;
/** What is next, kept in the walk's `width`. */
const FIELD = 0;
const VALUE = 1;

export const ZIPMAP: PackedFormat = { open, next };

function open(entries: PackedEntries): boolean {
  const { bytes, start, end } = entries;
  if (end - start < 2) return false;
  entries.count = bytes[start] >= COUNT_UNKNOWN ? PACKED_COUNT_UNKNOWN : 2 * bytes[start];
  entries.at = start + 1;
  entries.width = FIELD;
  return bytes[end - 1] === END;
}

function next(entries: PackedEntries): PackedStep {
  const { bytes, at, width } = entries;
  const last = entries.end - 1;
  if (width === FIELD && at === last) return PACKED_STEP.END;
  const first = bytes[at];
  if (first === END) return PACKED_STEP.BROKEN;
  let content = at + (first === LENGTH_LONG ? 5 : 1);
  if (content + width > last) return PACKED_STEP.BROKEN;
  const length = first === LENGTH_LONG ? bytes.readUInt32LE(at + 1) : first;
  const free = width === VALUE ? bytes[content++] : 0;
  if (content + length + free > last) return PACKED_STEP.BROKEN;
  entries.width = width === FIELD ? VALUE : FIELD;
  return packedString(entries, content, length, content + length + free);
}
