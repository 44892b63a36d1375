/**
 * The binary protocol: its header, which requests and replies share.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki); protocol_binary.h.
 *
 *   byte 0       1        2           4         5      6          8          12       16     24
 *        ┌───────┬────────┬───────────┬─────────┬──────┬──────────┬──────────┬────────┬──────┬──────────
 *        │ magic │ opcode │ key       │ extras  │ data │ vbucket, │ body     │ opaque │ CAS  │ extras,
 *        │       │        │ bytes u16 │ bytes   │ type │ status   │ bytes u32│ 4 B    │ u64  │ key, value
 *        └───────┴────────┴───────────┴─────────┴──────┴──────────┴──────────┴────────┴──────┴──────────
 *
 * All numbers are big-endian. Body bytes count extras, key and value together.
 */
import { Uint64 } from '../../base/uint64.ts';
import { type Reply, replyBytes } from '../reply.ts';

export const BINARY_REQUEST_MAGIC = 0x80;
const BINARY_REPLY_MAGIC = 0x81;
export const BINARY_HEADER_BYTES = 24;

const HEADER = {
  magic: 0,
  opcode: 1,
  keyBytes: 2,
  extrasBytes: 4,
  dataType: 5,
  status: 6,
  bodyBytes: 8,
  opaque: 12,
  casHi: 16,
  casLo: 20,
} as const;

export const OPCODE = {
  GET: 0x00,
  SET: 0x01,
  ADD: 0x02,
  REPLACE: 0x03,
  DELETE: 0x04,
  INCREMENT: 0x05,
  DECREMENT: 0x06,
  QUIT: 0x07,
  FLUSH: 0x08,
  GETQ: 0x09,
  NOOP: 0x0a,
  VERSION: 0x0b,
  GETK: 0x0c,
  GETKQ: 0x0d,
  APPEND: 0x0e,
  PREPEND: 0x0f,
  STAT: 0x10,
  SETQ: 0x11,
  ADDQ: 0x12,
  REPLACEQ: 0x13,
  DELETEQ: 0x14,
  INCREMENTQ: 0x15,
  DECREMENTQ: 0x16,
  QUITQ: 0x17,
  FLUSHQ: 0x18,
  APPENDQ: 0x19,
  PREPENDQ: 0x1a,
  VERBOSITY: 0x1b,
  TOUCH: 0x1c,
  GAT: 0x1d,
  GATQ: 0x1e,
  SASL_LIST: 0x20,
  SASL_AUTH: 0x21,
  SASL_STEP: 0x22,
  GATK: 0x23,
  GATKQ: 0x24,
  CONFIG_GET: 0x60,
  CONFIG_GETQ: 0x61,
  CONFIG_GETK: 0x62,
  CONFIG_GETKQ: 0x63,
  CONFIG_SET: 0x64,
  CONFIG_SETQ: 0x65,
  CONFIG_DELETE: 0x66,
  CONFIG_DELETEQ: 0x67,
  CONFIG_LIST: 0x68,
} as const;

/** A failure: the status word of a reply, and the text that is its value. */
export type BinaryFault = { readonly status: number; readonly text: Buffer };

function fault(status: number, text: string): BinaryFault {
  return { status, text: Buffer.from(text, 'latin1') };
}

/** Statuses that are not success, which is 0, with the texts that memcached 1.6.45 sends. */
export const BINARY_FAULT = {
  missing: fault(0x01, 'Not found'),
  exists: fault(0x02, 'Data exists for key.'),
  tooLarge: fault(0x03, 'Too large.'),
  invalid: fault(0x04, 'Invalid arguments'),
  notStored: fault(0x05, 'Not stored.'),
  notNumeric: fault(0x06, 'Non-numeric server-side value for incr or decr'),
  wrongType: fault(0x83, 'the key holds a value that memcached commands cannot read'),
  auth: fault(0x20, 'Auth failure.'),
  authContinue: fault(0x21, ''),
  unknownCommand: fault(0x81, 'Unknown command'),
  noMemory: fault(0x82, 'Out of memory allocating item'),
} as const;

/** The header of the request in hand, and where its parts lie in the input. One per thread. */
export class BinaryRequest {
  opcode = 0;
  keyBytes = 0;
  extrasBytes = 0;
  valueBytes = 0;
  bodyBytes = 0;
  /** As it came, 32 bits signed: it only goes back. */
  opaque = 0;
  readonly casUnique = new Uint64();
  extrasStart = 0;
  keyStart = 0;
  valueStart = 0;
}

/** Reads the header at input[at, at + BINARY_HEADER_BYTES). Lengths may contradict one another. */
export function binaryRequestRead(request: BinaryRequest, input: Buffer, at: number): void {
  request.opcode = input[at + HEADER.opcode];
  request.keyBytes = input.readUInt16BE(at + HEADER.keyBytes);
  request.extrasBytes = input[at + HEADER.extrasBytes];
  request.bodyBytes = input.readUInt32BE(at + HEADER.bodyBytes);
  request.valueBytes = request.bodyBytes - request.extrasBytes - request.keyBytes;
  request.opaque = input.readInt32BE(at + HEADER.opaque);
  request.casUnique.hi = input.readInt32BE(at + HEADER.casHi);
  request.casUnique.lo = input.readInt32BE(at + HEADER.casLo);
  request.extrasStart = at + BINARY_HEADER_BYTES;
  request.keyStart = request.extrasStart + request.extrasBytes;
  request.valueStart = request.keyStart + request.keyBytes;
}

/**
 * Appends a reply's header, for which the caller made room.
 *   opcode, opaque   those of the request
 *   casUnique        zero where the reply has none
 */
export function binaryHeader(
  reply: Reply,
  opcode: number,
  opaque: number,
  status: number,
  extrasBytes: number,
  keyBytes: number,
  valueBytes: number,
  casUnique: Readonly<Uint64>,
): void {
  const { bytes, used } = reply;
  bytes[used + HEADER.magic] = BINARY_REPLY_MAGIC;
  bytes[used + HEADER.opcode] = opcode;
  uint16Write(bytes, used + HEADER.keyBytes, keyBytes);
  bytes[used + HEADER.extrasBytes] = extrasBytes;
  bytes[used + HEADER.dataType] = 0;
  uint16Write(bytes, used + HEADER.status, status);
  uint32Write(bytes, used + HEADER.bodyBytes, extrasBytes + keyBytes + valueBytes);
  uint32Write(bytes, used + HEADER.opaque, opaque);
  uint32Write(bytes, used + HEADER.casHi, casUnique.hi);
  uint32Write(bytes, used + HEADER.casLo, casUnique.lo);
  reply.used = used + BINARY_HEADER_BYTES;
}

const NO_CAS: Readonly<Uint64> = new Uint64();

/** Appends a failure: header and text. */
export function binaryFaultReply(
  reply: Reply,
  opcode: number,
  opaque: number,
  { status, text }: BinaryFault,
): void {
  binaryHeader(reply, opcode, opaque, status, 0, 0, text.length, NO_CAS);
  replyBytes(reply, text);
}

/** Appends a 32-bit number, most significant byte first. */
export function replyUint32(reply: Reply, value: number): void {
  uint32Write(reply.bytes, reply.used, value);
  reply.used += 4;
}

function uint16Write(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function uint32Write(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
