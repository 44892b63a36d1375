/**
 * One command of the binary protocol: from its header to its row.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki), "Packet Structure".
 */
import {
  BINARY_FAULT,
  BINARY_HEADER_BYTES,
  BINARY_REQUEST_MAGIC,
  binaryRequestRead,
} from '../../protocol/memcached/binary.ts';
import { fail, failAndClose, malformed } from './binary-reply.ts';
import { type Call, commandCount, KEY_BYTES_MAX } from './call.ts';
import type { BinaryRow, Numbered } from './row.ts';
import { PHASE, sessionSwallow, waitAt } from './session.ts';
import { BINARY_TABLE } from './table.ts';

const BODY_BYTES_MAX = 2 ** 30;

const rowOf: (Numbered<BinaryRow> | null)[] = Array.from({ length: 256 }, () => null);
for (const row of BINARY_TABLE) rowOf[row.opcode] = row;

/** Runs the command at `at`; returns as a handler does. */
export function binaryCommand(call: Call, at: number): number {
  const { input, request, session } = call;
  if (input[at] !== BINARY_REQUEST_MAGIC) {
    session.phase = PHASE.CLOSED;
    return at;
  }
  if (call.end - at < BINARY_HEADER_BYTES) return waitAt(at);
  binaryRequestRead(request, input, at);
  if (request.valueBytes < 0) return failAndClose(call, BINARY_FAULT.unknownCommand);
  if (request.bodyBytes > BODY_BYTES_MAX) return malformed(call);
  const row = rowOf[request.opcode];
  if (!session.isAuthenticated && row?.isOpen !== true) {
    return failAndClose(call, BINARY_FAULT.auth);
  }
  if (request.keyBytes > KEY_BYTES_MAX) return malformed(call);
  if (row === null) {
    fail(call, BINARY_FAULT.unknownCommand);
    sessionSwallow(session, request.bodyBytes);
    return at + BINARY_HEADER_BYTES;
  }
  if (!lengthsFit(call, row)) return malformed(call);
  if (call.end < request.valueStart) return waitAt(at);
  const next = row.run(call, at);
  if (next >= 0) commandCount(call, row.number);
  return next;
}

function lengthsFit({ request }: Call, row: BinaryRow): boolean {
  const { extrasBytes } = request;
  if (extrasBytes !== row.extrasBytes && !(row.extrasMayLack && extrasBytes === 0)) return false;
  if (row.key === 'needed' ? request.keyBytes === 0 : row.key === 'none' && request.keyBytes > 0) {
    return false;
  }
  return row.hasValue || request.valueBytes === 0;
}
