/**
 * memcached's binary protocol. A request's opaque is its key's number, which the reply has to bring back.
 * Spec: as of protocol/memcached/binary.ts, where the header is drawn.
 */
import {
  BINARY_HEADER_BYTES,
  BINARY_REQUEST_MAGIC,
  OPCODE,
} from '../../protocol/memcached/binary.ts';
import type { KeyValues } from '../key-values.ts';
import type { LoadPlan } from '../plan.ts';
import { type Dialect, problemText, VERB, VERDICT, type Verdict, verbsOf } from './dialect.ts';

const REPLY_MAGIC = 0x81;
const AT = { opcode: 1, keyBytes: 2, extrasBytes: 4, status: 6, bodyBytes: 8, opaque: 12 } as const;
/** A set's extras: client flags and exptime. A get has none, and its reply client flags. */
const SET_EXTRAS_BYTES = 8;
const STATUS_MISSING = 1;
/** A body beyond it is none, but bytes of something else. */
const BODY_BYTES_MAX = 2 ** 30;

export class BinaryDialect implements Dialect {
  readonly requestBytesMax: number;
  replyEnd = 0;
  problem = '';
  private readonly verbs: Uint8Array;
  private readonly values: KeyValues;
  private readonly verifies: boolean;
  private readonly getHead: Buffer;
  private readonly setHead: Buffer;

  constructor(plan: LoadPlan, values: KeyValues) {
    this.values = values;
    this.verifies = plan.verifies;
    this.verbs = verbsOf(plan.kinds);
    this.getHead = headMake(OPCODE.GET, values.keyBytes, 0);
    this.setHead = headMake(OPCODE.SET, values.keyBytes, SET_EXTRAS_BYTES);
    this.setHead.writeUInt32BE(plan.expireSec, BINARY_HEADER_BYTES + 4);
    this.requestBytesMax = this.setHead.length + values.keyBytes + values.bytesMax;
  }

  requestWrite(target: Buffer, at: number, kind: number, keyId: number): number {
    const { values } = this;
    const isSet = this.verbs[kind] === VERB.set;
    const head = isSet ? this.setHead : this.getHead;
    for (let i = 0; i < head.length; i++) target[at + i] = head[i];
    uint32Put(target, at + AT.opaque, keyId);
    const end = values.nameWrite(target, at + head.length, keyId);
    if (!isSet) return end;
    const valueBytes = values.bytesOf(keyId);
    uint32Put(target, at + AT.bodyBytes, SET_EXTRAS_BYTES + values.keyBytes + valueBytes);
    return values.write(target, end, keyId, valueBytes);
  }

  replyJudge(bytes: Buffer, at: number, end: number, kind: number, keyId: number): Verdict {
    if (bytes[at] !== REPLY_MAGIC) return this.broken(bytes, at, end);
    if (end - at < BINARY_HEADER_BYTES) return VERDICT.incomplete;
    const bodyBytes = uint32Take(bytes, at + AT.bodyBytes);
    if (bodyBytes > BODY_BYTES_MAX) return this.broken(bytes, at, end);
    const bodyStart = at + BINARY_HEADER_BYTES;
    const replyEnd = bodyStart + bodyBytes;
    if (replyEnd > end) return VERDICT.incomplete;
    this.replyEnd = replyEnd;
    const isSet = this.verbs[kind] === VERB.set;
    const opcode = isSet ? OPCODE.SET : OPCODE.GET;
    if (bytes[at + AT.opcode] !== opcode || uint32Take(bytes, at + AT.opaque) !== keyId) {
      return this.wrong('an answer to something else');
    }
    const status = (bytes[at + AT.status] << 8) | bytes[at + AT.status + 1];
    if (status === STATUS_MISSING && !isSet) return VERDICT.miss;
    if (status !== 0) {
      const text = problemText(bytes, bodyStart, replyEnd);
      this.problem = `status 0x${status.toString(16).padStart(4, '0')} ${text}`.trimEnd();
      return VERDICT.refused;
    }
    if (isSet) return VERDICT.right;
    const valueStart = bodyStart + bytes[at + AT.extrasBytes];
    if (!this.verifies || this.values.isValue(bytes, valueStart, replyEnd, keyId)) {
      return VERDICT.hit;
    }
    return this.wrong('another value than was stored');
  }

  private wrong(problem: string): Verdict {
    this.problem = problem;
    return VERDICT.wrong;
  }

  private broken(bytes: Buffer, at: number, end: number): Verdict {
    this.problem = `no reply of this protocol: ${problemText(bytes, at, end)}`;
    return VERDICT.broken;
  }
}

/** Header and extras of a request without a value. */
function headMake(opcode: number, keyBytes: number, extrasBytes: number): Buffer {
  const head = Buffer.alloc(BINARY_HEADER_BYTES + extrasBytes);
  head[0] = BINARY_REQUEST_MAGIC;
  head[AT.opcode] = opcode;
  head.writeUInt16BE(keyBytes, AT.keyBytes);
  head[AT.extrasBytes] = extrasBytes;
  head.writeUInt32BE(extrasBytes + keyBytes, AT.bodyBytes);
  return head;
}

function uint32Put(target: Buffer, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function uint32Take(bytes: Buffer, at: number): number {
  const high = (bytes[at] << 24) | (bytes[at + 1] << 16);
  return (high | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
