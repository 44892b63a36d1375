/**
 * INCREMENT, DECREMENT, DELETE and their quiet forms.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki), "Increment, Decrement", "Delete".
 */
import { decimalParse, decimalWrite } from '../../base/decimal.ts';
import { keyFill } from '../../base/key.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { counterAdd } from '../../engine/types/counter.ts';
import { itemDelete, STORE, stringStore } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import { partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { BINARY_FAULT, OPCODE, replyUint32 } from '../../protocol/memcached/binary.ts';
import { exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { fail, succeed, successHeader } from './binary-reply.ts';
import { termsTake } from './binary-storage.ts';
import { type Call, NO_CAS, uniqueStoredTake } from './call.ts';
import type { BinaryRow } from './row.ts';
import { detailDelete } from './stats-detail.ts';

/** Delta u64, initial value u64, exptime u32. */
const EXTRA = { delta: 0, initial: 8, exptime: 16, bytes: 20 } as const;
/** The exptime that says: do not create the counter. */
const EXPTIME_NO_CREATION = 0xffffffff;
const NUMBER_BYTES = 8;
const EXACT_DIGITS_MAX = 15;
const UINT32_END = 4294967296;

// biome-ignore format: a table reads in columns
export const ARITHMETIC_BINARY_ROWS: readonly BinaryRow[] = [
  { opcode: OPCODE.INCREMENT,  name: 'INCREMENT',  extrasBytes: EXTRA.bytes, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => count(call, true, false),  doc: 'Adds to a number; creates it if asked to.' },
  { opcode: OPCODE.INCREMENTQ, name: 'INCREMENTQ', extrasBytes: EXTRA.bytes, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => count(call, true, true),   doc: 'As INCREMENT; success is not answered.' },
  { opcode: OPCODE.DECREMENT,  name: 'DECREMENT',  extrasBytes: EXTRA.bytes, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => count(call, false, false), doc: 'Subtracts from a number, down to 0; creates it if asked to.' },
  { opcode: OPCODE.DECREMENTQ, name: 'DECREMENTQ', extrasBytes: EXTRA.bytes, extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => count(call, false, true),  doc: 'As DECREMENT; success is not answered.' },
  { opcode: OPCODE.DELETE,     name: 'DELETE',     extrasBytes: 0,           extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => remove(call, false),       doc: 'Removes a key.' },
  { opcode: OPCODE.DELETEQ,    name: 'DELETEQ',    extrasBytes: 0,           extrasMayLack: false, key: 'needed', hasValue: false, run: (call) => remove(call, true),        doc: 'As DELETE; success is not answered.' },
];

function count(call: Call, up: boolean, quiet: boolean): number {
  const { input, request, op, counterResult } = call;
  const { extrasStart } = request;
  keyFill(op.key, input, request.keyStart, request.keyBytes);
  termsTake(call);
  digitsTake(call, extrasStart + EXTRA.delta);
  const exptime = input.readUInt32BE(extrasStart + EXTRA.exptime);
  const p = call.keyspace.partitionAsked(op.key);
  partitionLock(p);
  let status = counterAdd(p, op, up, counterResult);
  const creates = status === STATUS.MISSING && exptime !== EXPTIME_NO_CREATION;
  if (creates) {
    digitsTake(call, extrasStart + EXTRA.initial);
    counterResult.bytes = op.value.copy(counterResult.digits, 0, 0, op.valueBytes);
    op.clientFlags = 0;
    op.expiresAtMs = exptimeToMs(exptime, op.nowMs);
    status = stringStore(p, op, STORE.ADD);
  }
  partitionUnlock(p);
  if (status === STATUS.OK) countAnswer(call, quiet);
  else countFail(call, up, status);
  return request.valueStart;
}

/** Gives the operation the digits of the u64 at `at` as its value. */
function digitsTake(call: Call, at: number): void {
  const { input, op, digits } = call;
  const high = input.readUInt32BE(at);
  const low = input.readUInt32BE(at + 4);
  op.value = digits;
  op.valueStart = 0;
  if (high < 2 ** 17) op.valueBytes = decimalWrite(digits, 0, high * UINT32_END + low);
  else op.valueBytes = digits.write(String(input.readBigUInt64BE(at)), 'latin1');
}

/** The new number, as a u64. */
function countAnswer(call: Call, quiet: boolean): void {
  const { reply, counterResult } = call;
  if (quiet) return;
  const { digits, bytes } = counterResult;
  uniqueStoredTake(call);
  successHeader(call, 0, 0, NUMBER_BYTES, call.unique);
  if (bytes <= EXACT_DIGITS_MAX) {
    const value = decimalParse(digits, 0, bytes);
    replyUint32(reply, Math.floor(value / UINT32_END));
    replyUint32(reply, value | 0);
  } else {
    const value = BigInt(digits.toString('latin1', 0, bytes));
    reply.used = reply.bytes.writeBigUInt64BE(value, reply.used);
  }
}

function countFail(call: Call, up: boolean, status: Status): void {
  switch (status) {
    case STATUS.MISSING:
      call.counters[call.block + (up ? COUNTER.incrMisses : COUNTER.decrMisses)]++;
      fail(call, BINARY_FAULT.missing);
      break;
    case STATUS.EXISTS:
      fail(call, BINARY_FAULT.exists);
      break;
    case STATUS.NOT_NUMERIC:
      fail(call, BINARY_FAULT.notNumeric);
      break;
    case STATUS.WRONG_TYPE:
      fail(call, BINARY_FAULT.wrongType);
      break;
    default:
      call.counters[call.block + COUNTER.storeNoMemory]++;
      fail(call, BINARY_FAULT.noMemory);
  }
}

function remove(call: Call, quiet: boolean): number {
  const { input, request, op } = call;
  keyFill(op.key, input, request.keyStart, request.keyBytes);
  termsTake(call);
  if (call.countsPrefixes) detailDelete(call, request.keyStart, request.keyBytes);
  const p = call.keyspace.partitionAsked(op.key);
  partitionLock(p);
  const status = itemDelete(p, op);
  partitionUnlock(p);
  if (status === STATUS.OK) {
    succeed(call, quiet, NO_CAS);
  } else if (status === STATUS.EXISTS) {
    fail(call, BINARY_FAULT.exists);
  } else {
    call.counters[call.block + COUNTER.deleteMisses]++;
    fail(call, BINARY_FAULT.missing);
  }
  return request.valueStart;
}
