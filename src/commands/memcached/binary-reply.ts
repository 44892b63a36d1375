/** Answers of the binary protocol to the request in hand. A quiet one says nothing of success. */
import type { Uint64 } from '../../base/uint64.ts';
import {
  BINARY_FAULT,
  type BinaryFault,
  binaryFaultReply,
  binaryHeader,
} from '../../protocol/memcached/binary.ts';
import type { Call } from './call.ts';
import { PHASE } from './session.ts';

/** Header of a success, with what is to follow it. */
export function successHeader(
  call: Call,
  extrasBytes: number,
  keyBytes: number,
  valueBytes: number,
  casUnique: Readonly<Uint64>,
): void {
  const { opcode, opaque } = call.request;
  binaryHeader(call.reply, opcode, opaque, 0, extrasBytes, keyBytes, valueBytes, casUnique);
}

/** A success that has nothing to tell but perhaps the item's CAS unique. */
export function succeed(call: Call, quiet: boolean, casUnique: Readonly<Uint64>): void {
  if (!quiet) successHeader(call, 0, 0, 0, casUnique);
}

export function fail(call: Call, fault: BinaryFault): void {
  const { opcode, opaque } = call.request;
  binaryFaultReply(call.reply, opcode, opaque, fault);
}

/** Answers a request after which nothing on the connection can be trusted. Returns as a handler does. */
export function failAndClose(call: Call, fault: BinaryFault): number {
  const { request } = call;
  fail(call, fault);
  call.session.phase = PHASE.CLOSED;
  return request.extrasStart + request.bodyBytes;
}

/** Lengths that do not belong to the opcode. */
export function malformed(call: Call): number {
  return failAndClose(call, BINARY_FAULT.invalid);
}
