/**
 * SASL_LIST, SASL_AUTH, SASL_STEP.
 * Spec: memcached/memcached, "SASLAuthProtocol" (wiki). Unless the server demands authentication (-S)
 * they are unknown commands.
 */
import { guessSource } from '../../auth/guess-limit.ts';
import { SASL_DATA_BYTES_MAX, SaslExchange, type SaslOutcome } from '../../auth/sasl.ts';
import { COUNTER } from '../../memory/control.ts';
import {
  BINARY_FAULT,
  type BinaryFault,
  binaryHeader,
  OPCODE,
} from '../../protocol/memcached/binary.ts';
import { replyBytes } from '../../protocol/reply.ts';
import { fail, successHeader } from './binary-reply.ts';
import { type Call, NO_CAS } from './call.ts';
import type { BinaryRow } from './row.ts';
import { PHASE, sessionAwait, sessionSwallow, sessionWake, waitAt } from './session.ts';

const MECHANISM_BYTES_MAX = 32;
const AUTHENTICATED = Buffer.from('Authenticated');

// biome-ignore format: a table reads in columns
export const SASL_BINARY_ROWS: readonly BinaryRow[] = [
  { opcode: OPCODE.SASL_LIST, name: 'SASL_LIST', extrasBytes: 0, extrasMayLack: false, key: 'none',   hasValue: false, isOpen: true, run: list,                            doc: 'The mechanisms there are.' },
  { opcode: OPCODE.SASL_AUTH, name: 'SASL_AUTH', extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: true,  isOpen: true, run: (call, at) => go(call, at, true),  doc: 'Begins to authenticate.' },
  { opcode: OPCODE.SASL_STEP, name: 'SASL_STEP', extrasBytes: 0, extrasMayLack: false, key: 'needed', hasValue: true,  isOpen: true, run: (call, at) => go(call, at, false), doc: 'Goes on with it.' },
];

function list(call: Call): number {
  const { sasl } = call.auth;
  if (sasl === null) return refuse(call, BINARY_FAULT.unknownCommand);
  const text = Buffer.from(sasl.mechanismsText());
  successHeader(call, 0, 0, text.length, NO_CAS);
  replyBytes(call.reply, text);
  return call.request.valueStart;
}

function go(call: Call, at: number, begins: boolean): number {
  const { input, request, session, auth } = call;
  const { sasl } = auth;
  if (sasl === null) return refuse(call, BINARY_FAULT.unknownCommand);
  const isTooLong =
    request.keyBytes > MECHANISM_BYTES_MAX || request.valueBytes > SASL_DATA_BYTES_MAX;
  if (isTooLong) return refuse(call, BINARY_FAULT.invalid);
  const requestEnd = request.valueStart + request.valueBytes;
  if (requestEnd > call.end) return waitAt(at);
  const mechanism = input.toString('latin1', request.keyStart, request.valueStart);
  const data = new Uint8Array(input.subarray(request.valueStart, requestEnd));
  session.exchange ??= new SaslExchange(sasl, guessSource(session.holder.remoteAddress));
  session.isAuthenticated = false;
  session.opcode = request.opcode;
  session.opaque = request.opaque;
  const { exchange } = session;
  sessionAwait(session);
  void (begins ? exchange.start(mechanism, data) : exchange.step(data))
    .catch((): SaslOutcome => ({ kind: 'failure', fault: 'too many attempts' })) // no memory for scrypt
    .then((outcome) => sessionWake(session, (call, at) => outcomeAnswer(call, at, outcome)));
  return requestEnd;
}

function outcomeAnswer(call: Call, at: number, outcome: SaslOutcome): number {
  const { session, request, reply, counters, block } = call;
  session.phase = PHASE.COMMAND;
  request.opcode = session.opcode;
  request.opaque = session.opaque;
  if (outcome.kind === 'challenge') {
    const { status } = BINARY_FAULT.authContinue;
    binaryHeader(reply, request.opcode, request.opaque, status, 0, 0, outcome.data.length, NO_CAS);
    replyBytes(reply, outcome.data);
    return at;
  }
  counters[block + COUNTER.authCommands]++;
  if (outcome.kind === 'success') {
    session.isAuthenticated = true;
    successHeader(call, 0, 0, AUTHENTICATED.length, NO_CAS);
    replyBytes(reply, AUTHENTICATED);
  } else {
    counters[block + COUNTER.authErrors]++;
    fail(call, BINARY_FAULT.auth);
  }
  return at;
}

/** Answers a failure and discards the data. */
function refuse(call: Call, fault: BinaryFault): number {
  fail(call, fault);
  sessionSwallow(call.session, call.request.valueBytes);
  return call.request.valueStart;
}
