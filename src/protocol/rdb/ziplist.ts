/**
 * Ziplists, as servers before 7.0 wrote them: entries behind each other, each preceded by the size of
 * the one before.
 *
 *   ┌───────┬──────┬───────┬────────────────┬───────────────────────┬───┬────┐
 *   │ bytes │ tail │ count │ size of the    │ code [length] content │ … │ ff │
 *   │ u32   │ u32  │ u16   │ one before     │                       │   │    │
 *   └───────┴──────┴───────┴────────────────┴───────────────────────┴───┴────┘
 *                            u8, or fe u32
 *
 *   00nnnnnn            string of n bytes         c0  i16     d0  i32     e0  i64
 *   01nnnnnn nnnnnnnn   string of n bytes         f0  i24     fe  i8
 *   80 u32              string of n bytes         f1 … fd     0 to 12
 *
 * All is little-endian, but the lengths of 14 and 32 bits. `bytes` is all of it, `tail` where the last
 * entry begins. A count of 65535 means: walk and see.
 *
 * Source: valkey-io/valkey src/ziplist.c.
 */
import {
  PACKED_COUNT_UNKNOWN,
  PACKED_STEP,
  type PackedEntries,
  type PackedFormat,
  type PackedStep,
  packedInteger,
  packedInteger64,
  packedString,
} from './packed-entries.ts';

const HEADER_BYTES = 10;
const COUNT_UNKNOWN = 0xffff;
const END = 0xff;
const SIZE_LONG = 0xfe;
const CODE = {
  STRING_14: 0x40,
  STRING_32: 0x80,
  INTEGER_16: 0xc0,
  INTEGER_32: 0xd0,
  INTEGER_64: 0xe0,
  INTEGER_24: 0xf0,
  SMALL_FIRST: 0xf1,
  SMALL_LAST: 0xfd,
  INTEGER_8: 0xfe,
} as const;

export const ZIPLIST: PackedFormat = { open, next };

function open(entries: PackedEntries): boolean {
  const { bytes, start, end } = entries;
  if (end - start < HEADER_BYTES + 1 || bytes.readUInt32LE(start) !== end - start) return false;
  if (bytes.readUInt32LE(start + 4) > end - start - 1) return false;
  const count = bytes.readUInt16LE(start + 8);
  entries.count = count === COUNT_UNKNOWN ? PACKED_COUNT_UNKNOWN : count;
  entries.at = start + HEADER_BYTES;
  entries.width = 0;
  return bytes[end - 1] === END;
}

function next(entries: PackedEntries): PackedStep {
  const { bytes, at, width } = entries;
  const last = entries.end - 1;
  if (bytes[at] === END) return endStep(entries);
  const head = at + (bytes[at] === SIZE_LONG ? 5 : 1);
  if (head >= last) return PACKED_STEP.BROKEN;
  const before = bytes[at] === SIZE_LONG ? bytes.readUInt32LE(at + 1) : bytes[at];
  const code = bytes[head];
  const content = head + headBytes(code);
  if (before !== width || content === head || content > last) return PACKED_STEP.BROKEN;
  const length = contentBytes(bytes, head, code);
  const after = content + length;
  if (after > last) return PACKED_STEP.BROKEN;
  entries.width = after - at;
  if (code < CODE.INTEGER_16) return packedString(entries, content, length, after);
  if (code === CODE.INTEGER_64) return packedInteger64(entries, content, after);
  return packedInteger(entries, integer(bytes, content, code), after);
}

/** The end has to be at the end, and the last entry where the header says. */
function endStep(entries: PackedEntries): PackedStep {
  const { bytes, start, end, at, width } = entries;
  if (at !== end - 1) return PACKED_STEP.BROKEN;
  const tail = bytes.readUInt32LE(start + 4);
  return width === 0 || start + tail === at - width ? PACKED_STEP.END : PACKED_STEP.BROKEN;
}

/** Bytes of code and length; 0 for no code. */
function headBytes(code: number): number {
  if (code < CODE.STRING_14) return 1;
  if (code < CODE.STRING_32) return 2;
  if (code < CODE.INTEGER_16) return code === CODE.STRING_32 ? 5 : 0;
  if (code < CODE.INTEGER_24) return (code & 0x0f) === 0 ? 1 : 0;
  return code === END ? 0 : 1;
}

function contentBytes(bytes: Buffer, head: number, code: number): number {
  if (code < CODE.STRING_14) return code;
  if (code < CODE.STRING_32) return bytes.readUInt16BE(head) & 0x3fff;
  if (code === CODE.STRING_32) return bytes.readUInt32BE(head + 1);
  if (code >= CODE.SMALL_FIRST && code <= CODE.SMALL_LAST) return 0;
  return code === CODE.INTEGER_64 ? 8 : integerBytes(code);
}

function integerBytes(code: number): number {
  if (code === CODE.INTEGER_8) return 1;
  if (code === CODE.INTEGER_16) return 2;
  return code === CODE.INTEGER_24 ? 3 : 4;
}

function integer(bytes: Buffer, at: number, code: number): number {
  if (code >= CODE.SMALL_FIRST && code <= CODE.SMALL_LAST) return code - CODE.SMALL_FIRST;
  return bytes.readIntLE(at, integerBytes(code));
}
