/**
 * Packets of memcached's binary protocol, for tests: built from names, and taken apart into them.
 * Strings are latin1: one character is one byte. The numbers are written out here and not taken from
 * the sources under test: an error in a table must not excuse itself.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki).
 */

// biome-ignore format: a table reads in columns
export const OPCODES = {
  GET: 0x00, SET: 0x01, ADD: 0x02, REPLACE: 0x03, DELETE: 0x04, INCREMENT: 0x05, DECREMENT: 0x06, QUIT: 0x07,
  FLUSH: 0x08, GETQ: 0x09, NOOP: 0x0a, VERSION: 0x0b, GETK: 0x0c, GETKQ: 0x0d, APPEND: 0x0e, PREPEND: 0x0f,
  STAT: 0x10, SETQ: 0x11, ADDQ: 0x12, REPLACEQ: 0x13, DELETEQ: 0x14, INCREMENTQ: 0x15, DECREMENTQ: 0x16, QUITQ: 0x17,
  FLUSHQ: 0x18, APPENDQ: 0x19, PREPENDQ: 0x1a, VERBOSITY: 0x1b, TOUCH: 0x1c, GAT: 0x1d, GATQ: 0x1e,
  SASL_LIST: 0x20, SASL_AUTH: 0x21, SASL_STEP: 0x22, GATK: 0x23, GATKQ: 0x24,
} as const;
export type OpcodeName = keyof typeof OPCODES;

/** Status words, each with the text that comes with it. */
// biome-ignore format: a table reads in columns
export const STATUSES = {
  OK:          { code: 0x00, text: '' },
  MISSING:     { code: 0x01, text: 'Not found' },
  EXISTS:      { code: 0x02, text: 'Data exists for key.' },
  TOO_LARGE:   { code: 0x03, text: 'Too large.' },
  INVALID:     { code: 0x04, text: 'Invalid arguments' },
  NOT_STORED:  { code: 0x05, text: 'Not stored.' },
  NOT_NUMERIC: { code: 0x06, text: 'Non-numeric server-side value for incr or decr' },
  AUTH:        { code: 0x20, text: 'Auth failure.' },
  UNKNOWN:     { code: 0x81, text: 'Unknown command' },
  NO_MEMORY:   { code: 0x82, text: 'Out of memory allocating item' },
} as const;
export type StatusName = keyof typeof STATUSES;

export const HEADER_BYTES = 24;
const REQUEST_MAGIC = 0x80;
const REPLY_MAGIC = 0x81;
const OPAQUE = 0x6f706171;
const CAS_BYTES = 8;
const SHOWN_VALUE_CHARS_MAX = 60;
/** Beyond it an expected reply is a list of parts: patterns have a length at which they are refused. */
const PATTERN_CHARS_MAX = 2000;

/** A CAS unique: a number, or 8 bytes as they are; `{name}` stands for what was remembered. */
export type Cas = bigint | string;

/** What stands in a reply for a CAS unique that is not known beforehand. */
export const ANY_CAS = /[\s\S]{8}/;

/** As ANY_CAS; remembers it for `{name}` in later rows of a transcript. */
export function casNamed(name: string): RegExp {
  return new RegExp(`(?<${name}>[\\s\\S]{8})`);
}

export interface RequestFields {
  readonly extras?: string;
  readonly key?: string;
  readonly value?: string;
  readonly cas?: Cas;
  readonly opaque?: number;
  /** Where the header is to lie. */
  readonly magic?: number;
  readonly extrasBytes?: number;
  readonly keyBytes?: number;
  readonly bodyBytes?: number;
}

export interface ReplyFields {
  readonly status?: StatusName;
  readonly extras?: string;
  readonly key?: string;
  /** Without it: the text of the status. */
  readonly value?: string;
  readonly cas?: Cas | RegExp;
  readonly opaque?: number;
}

/** What must come: bytes, a pattern, or several of them in a row. */
export type Expected = string | RegExp | readonly (string | RegExp)[];

export interface Packet {
  readonly magic: number;
  readonly opcode: number;
  readonly status: number;
  readonly opaque: number;
  readonly cas: bigint;
  readonly extras: string;
  readonly key: string;
  readonly value: string;
}

export function uint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('latin1');
}

export function uint64(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString('latin1');
}

/** A request; the opcode may be a number that has no name. */
export function requestPacket(opcode: OpcodeName | number, fields: RequestFields = {}): string {
  const { extras = '', key = '', value = '' } = fields;
  const head = header(
    fields.magic ?? REQUEST_MAGIC,
    opcode,
    fields.keyBytes ?? key.length,
    fields.extrasBytes ?? extras.length,
    0,
    fields.bodyBytes ?? extras.length + key.length + value.length,
    fields.opaque ?? OPAQUE,
  );
  return `${head}${casBytes(fields.cas ?? 0n)}${extras}${key}${value}`;
}

/** The reply that must come; a pattern where the CAS unique is not known. */
export function replyPacket(opcode: OpcodeName | number, fields: ReplyFields = {}): Expected {
  const { status = 'OK', extras = '', key = '', cas = 0n } = fields;
  const value = fields.value ?? (key === '' ? STATUSES[status].text : '');
  const bodyBytes = extras.length + key.length + value.length;
  const head = header(
    REPLY_MAGIC,
    opcode,
    key.length,
    extras.length,
    STATUSES[status].code,
    bodyBytes,
    fields.opaque ?? OPAQUE,
  );
  const body = extras + key + value;
  if (!(cas instanceof RegExp)) return head + casBytes(cas) + body;
  return repliesJoin(head, cas, body);
}

/** Several expected replies in a row as one. */
export function repliesJoin(...replies: readonly Expected[]): Expected {
  const parts: readonly (string | RegExp)[] = replies.flat();
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  const chars = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 0), 0);
  if (chars > PATTERN_CHARS_MAX) return parts;
  return new RegExp(
    parts.map((part) => (typeof part === 'string' ? literal(part) : part.source)).join(''),
  );
}

/** The whole packets at the start of the bytes, and what is behind them. */
export function packetsParse(bytes: string): { packets: Packet[]; rest: string } {
  const packets: Packet[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER_BYTES) {
    const head = Buffer.from(bytes.slice(at, at + HEADER_BYTES), 'latin1');
    const end = at + HEADER_BYTES + head.readUInt32BE(8);
    if (end > bytes.length) break;
    const keyStart = at + HEADER_BYTES + head[4];
    const valueStart = keyStart + head.readUInt16BE(2);
    packets.push({
      magic: head[0],
      opcode: head[1],
      status: head.readUInt16BE(6),
      opaque: head.readUInt32BE(12),
      cas: head.readBigUInt64BE(16),
      extras: bytes.slice(at + HEADER_BYTES, keyStart),
      key: bytes.slice(keyStart, valueStart),
      value: bytes.slice(valueStart, end),
    });
    at = end;
  }
  return { packets, rest: bytes.slice(at) };
}

/** Whether the bytes begin as a request does. */
export function requestBegins(bytes: string): boolean {
  return bytes.charCodeAt(0) === REQUEST_MAGIC;
}

/** Whether the bytes begin as a packet does, request or reply. */
export function packetBegins(bytes: string): boolean {
  return requestBegins(bytes) || bytes.charCodeAt(0) === REPLY_MAGIC;
}

/** Packets in words, one to a line, for messages. */
export function packetsShown(bytes: string): string {
  const { packets, rest } = packetsParse(bytes);
  const lines = packets.map(packetShown);
  if (rest !== '') lines.push(`and ${rest.length} bytes ${clipped(rest)}`);
  return lines.join('\n           ');
}

function packetShown(packet: Packet): string {
  const { opcode, status, opaque, cas, extras, key, value } = packet;
  const names = Object.entries(OPCODES);
  const name = names.find(([, code]) => code === opcode)?.[0] ?? `0x${opcode.toString(16)}`;
  const statuses = Object.entries(STATUSES);
  const outcome = statuses.find(([, { code }]) => code === status)?.[0] ?? status.toString(16);
  const parts = packet.magic === REPLY_MAGIC ? [name, outcome] : [name];
  if (cas !== 0n) parts.push(`cas=${cas}`);
  if (opaque !== OPAQUE) parts.push(`opaque=${opaque.toString(16)}`);
  if (extras !== '') parts.push(`extras=${Buffer.from(extras, 'latin1').toString('hex')}`);
  if (key !== '') parts.push(`key=${clipped(key)}`);
  if (value !== '') parts.push(`value=${clipped(value)}`);
  return parts.join(' ');
}

function clipped(text: string): string {
  if (text.length <= SHOWN_VALUE_CHARS_MAX) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_VALUE_CHARS_MAX))}… (${text.length})`;
}

function header(
  magic: number,
  opcode: OpcodeName | number,
  keyBytes: number,
  extrasBytes: number,
  status: number,
  bodyBytes: number,
  opaque: number,
): string {
  const head = Buffer.alloc(HEADER_BYTES - CAS_BYTES);
  head[0] = magic;
  head[1] = typeof opcode === 'number' ? opcode : OPCODES[opcode];
  head.writeUInt16BE(keyBytes, 2);
  head[4] = extrasBytes;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(bodyBytes, 8);
  head.writeUInt32BE(opaque, 12);
  return head.toString('latin1');
}

/** The source of a pattern that matches these bytes. */
function literal(text: string): string {
  return text.replace(
    /[^\w,]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function casBytes(cas: Cas): string {
  return typeof cas === 'bigint' ? uint64(cas) : cas;
}
