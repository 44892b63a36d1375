/** Payloads of DUMP, made of values and read back. */
import { assert } from 'vitest';
import { RdbDecoder } from '../../../src/protocol/rdb/decoder.ts';
import {
  payloadBegin,
  payloadEnd,
  payloadIsSound,
  payloadRead,
} from '../../../src/protocol/rdb/dump-payload.ts';
import { RdbEncoder } from '../../../src/protocol/rdb/encoder.ts';
import { RDB_READ } from '../../../src/protocol/rdb/outcome.ts';
import { RDB_TYPE, type RdbType } from '../../../src/protocol/rdb/types.ts';
import { RdbWriter } from '../../../src/protocol/rdb/writer.ts';
import { Recorder, type TestValue, valueTell } from '../../support/told-values.ts';

const writer = new RdbWriter();
const encoder = new RdbEncoder(writer);
const decoder = new RdbDecoder();

/** The payload of DUMP, the value written as `type`. */
export function payloadOf(value: TestValue, type: RdbType): Buffer {
  const expiries = value.elements.map(({ expiresAtMs }) => expiresAtMs ?? Number.POSITIVE_INFINITY);
  const earliestMs = type === RDB_TYPE.HASH_METADATA ? Math.min(...expiries) : 0;
  payloadBegin(writer, type);
  encoder.start(type, earliestMs);
  assert(valueTell(value, encoder));
  payloadEnd(writer, type);
  return Buffer.from(writer.bytes.subarray(0, writer.used));
}

/** These bytes with a footer, so that only they are to be found fault with. */
export function payloadWrap(type: number, bytes: Uint8Array): Buffer {
  payloadBegin(writer, type as RdbType); // any byte, here
  writer.bytes = Buffer.concat([writer.bytes.subarray(0, 1), bytes, Buffer.alloc(64)]);
  writer.used = 1 + bytes.length;
  payloadEnd(writer, RDB_TYPE.STRING);
  return Buffer.from(writer.bytes.subarray(0, writer.used));
}

/** The value of a payload; null where there is none that holds together. */
export function payloadValue(payload: Buffer): TestValue | null {
  const bytes = Buffer.concat([Buffer.from('??'), payload, Buffer.from('?')]);
  assert(payloadIsSound(bytes, 2, bytes.length - 1));
  const recorder = new Recorder();
  const result = payloadRead(decoder, bytes, 2, bytes.length - 1, recorder);
  assert(recorder.isEnded === (result === RDB_READ.OK));
  return result === RDB_READ.OK ? { kind: recorder.kind, elements: recorder.elements } : null;
}

/** What a sink that has enough after `tellsMax` calls makes of a payload. */
export function payloadRefusal(payload: Buffer, tellsMax: number): number {
  return payloadRead(decoder, payload, 0, payload.length, new Recorder(tellsMax));
}
