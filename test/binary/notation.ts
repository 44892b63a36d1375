/** Requests and replies of the binary protocol as the transcripts use them, one function for a form. */
import {
  ANY_CAS,
  type Cas,
  type Expected,
  type OpcodeName,
  replyPacket,
  requestPacket,
  type StatusName,
  uint32,
  uint64,
} from '../support/binary-packet.ts';

export const SILENCE = '';
/** The exptime with which a counter that is missing is not created. */
export const NO_CREATION = 0xffffffff;
export const KEY_250 = 'k'.repeat(250);
export const KEY_251 = 'k'.repeat(251);

interface StoreFields {
  readonly flags?: number;
  readonly exptime?: number;
  readonly cas?: Cas;
  readonly as?: OpcodeName;
}

interface CountFields {
  readonly initial?: bigint;
  readonly exptime?: number;
  readonly cas?: Cas;
}

interface HitFields {
  readonly flags?: number;
  readonly key?: string;
  readonly cas?: Cas | RegExp;
}

/** Success without a body, and whatever CAS unique. */
export function stored(opcode: OpcodeName = 'SET', cas: Cas | RegExp = ANY_CAS): Expected {
  return replyPacket(opcode, { cas });
}

/** Success without a body and without a CAS unique. */
export function done(opcode: OpcodeName): string {
  return replyPacket(opcode) as string; // it has no CAS unique that would make it a pattern
}

/** A failure, with the text that belongs to it. */
export function fault(opcode: OpcodeName | number, status: StatusName): Expected {
  return replyPacket(opcode, { status });
}

/** SET, ADD, REPLACE and their quiet forms. */
export function set(key: string, value: string, fields: StoreFields = {}): string {
  const extras = uint32(fields.flags ?? 0) + uint32(fields.exptime ?? 0);
  return requestPacket(fields.as ?? 'SET', { extras, key, value, cas: fields.cas ?? 0n });
}

/** APPEND, PREPEND and their quiet forms. */
export function join(opcode: OpcodeName, key: string, value: string, cas: Cas = 0n): string {
  return requestPacket(opcode, { key, value, cas });
}

/** A request of which only the key tells anything: GET, GETK, DELETE, STAT and their kin. */
export function keyed(opcode: OpcodeName, key: string, cas: Cas = 0n): string {
  return requestPacket(opcode, { key, cas });
}

export function get(key: string): string {
  return keyed('GET', key);
}

/** TOUCH, GAT, GATK and their quiet forms. */
export function touch(opcode: OpcodeName, key: string, exptime: number): string {
  return requestPacket(opcode, { extras: uint32(exptime), key });
}

/** The value of a key; with `key` in it for those that return one. */
export function hit(opcode: OpcodeName, value: string, fields: HitFields = {}): Expected {
  const extras = uint32(fields.flags ?? 0);
  return replyPacket(opcode, { extras, value, key: fields.key ?? '', cas: fields.cas ?? ANY_CAS });
}

/** A miss where the key is asked for: the key, and no text. */
export function missOf(opcode: OpcodeName, key: string): Expected {
  return replyPacket(opcode, { status: 'MISSING', key });
}

/** INCREMENT, DECREMENT and their quiet forms. */
export function count(
  opcode: OpcodeName,
  key: string,
  delta: bigint,
  fields: CountFields = {},
): string {
  const { initial = 0n, exptime = NO_CREATION, cas = 0n } = fields;
  const extras = uint64(delta) + uint64(initial) + uint32(exptime);
  return requestPacket(opcode, { extras, key, cas });
}

export function counted(opcode: OpcodeName, value: bigint, cas: Cas | RegExp = ANY_CAS): Expected {
  return replyPacket(opcode, { value: uint64(value), cas });
}

/** Some packets of a STAT reply, whatever they tell, and the empty one behind the last. */
export function statsReply(): RegExp {
  const head = '\\x81\\x10[\\s\\S]{2}\\x00{4}[\\s\\S]{4}opaq\\x00{8}';
  return new RegExp(`(?:${head}\\w[\\w:.]*[^\\x81]*)+\\x81\\x10\\x00{10}opaq\\x00{8}`);
}

/** One packet of a STAT reply. */
export function stat(key: string, value: string): Expected {
  return replyPacket('STAT', { key, value });
}

/** Bytes that repeat with no small period, so that a value put together wrongly is seen. */
export function pattern(length: number): string {
  let text = '';
  for (let at = 0; text.length < length; at++) text += `${at},`;
  return text.slice(0, length);
}
