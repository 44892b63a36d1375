/**
 * SET, ADD, REPLACE, APPEND, PREPEND and their quiet forms. A CAS unique in the header makes each of
 * them conditional.
 * Spec: memcached/memcached, "BinaryProtocolRevamped" (wiki), "Set, Add, Replace", "Append, Prepend".
 */
import { keyFill } from '../../base/key.ts';
import { uint64IsZero } from '../../base/uint64.ts';
import { casDemand, termsClear } from '../../engine/operation.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { storeGiveUp, valueStore } from '../../engine/types/chained.ts';
import { STORE, type StoreMode } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import { itemBytesFor } from '../../memory/item.ts';
import { partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { BINARY_FAULT, type BinaryFault, OPCODE } from '../../protocol/memcached/binary.ts';
import { exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { fail, succeed } from './binary-reply.ts';
import { type Call, uniqueStoredTake } from './call.ts';
import type { BinaryRow } from './row.ts';
import { type Received, sessionSwallow, waitAt } from './session.ts';
import { detailSet } from './stats-detail.ts';
import { receiveStart } from './value-receive.ts';

/** Client flags and exptime. */
const STORE_EXTRAS_BYTES = 8;
/** A request that is to be this short is waited for; the value of a longer one is received. */
const WAITED_BYTES_MAX = 10240;

// biome-ignore format: a table reads in columns
export const STORAGE_BINARY_ROWS: readonly BinaryRow[] = [
  row('SET',      OPCODE.SET,      STORE.SET,     false, 'Stores a value.'),
  row('SETQ',     OPCODE.SETQ,     STORE.SET,     true,  'As SET; success is not answered.'),
  row('ADD',      OPCODE.ADD,      STORE.ADD,     false, 'Stores a value if the key is missing.'),
  row('ADDQ',     OPCODE.ADDQ,     STORE.ADD,     true,  'As ADD; success is not answered.'),
  row('REPLACE',  OPCODE.REPLACE,  STORE.REPLACE, false, 'Stores a value if the key is there.'),
  row('REPLACEQ', OPCODE.REPLACEQ, STORE.REPLACE, true,  'As REPLACE; success is not answered.'),
  row('APPEND',   OPCODE.APPEND,   STORE.APPEND,  false, 'Puts data behind the value of a key.'),
  row('APPENDQ',  OPCODE.APPENDQ,  STORE.APPEND,  true,  'As APPEND; success is not answered.'),
  row('PREPEND',  OPCODE.PREPEND,  STORE.PREPEND, false, 'Puts data before the value of a key.'),
  row('PREPENDQ', OPCODE.PREPENDQ, STORE.PREPEND, true,  'As PREPEND; success is not answered.'),
];

function row(
  name: string,
  opcode: number,
  mode: StoreMode,
  quiet: boolean,
  doc: string,
): BinaryRow {
  const received: Received = (call, status) => {
    call.request.opcode = opcode;
    call.request.opaque = call.session.opaque;
    storeAnswer(call, mode, quiet, status);
  };
  const joins = mode === STORE.APPEND || mode === STORE.PREPEND;
  return {
    opcode,
    name,
    extrasBytes: joins ? 0 : STORE_EXTRAS_BYTES,
    extrasMayLack: false,
    key: 'needed',
    hasValue: true,
    run: (call, at) => store(call, at, mode, joins, received),
    doc,
  };
}

function store(
  call: Call,
  at: number,
  mode: StoreMode,
  joins: boolean,
  received: Received,
): number {
  const { input, request, op, session, counters, block } = call;
  const requestEnd = request.valueStart + request.valueBytes;
  const isWhole = requestEnd <= call.end;
  if (!isWhole && requestEnd - at <= WAITED_BYTES_MAX) return waitAt(at);
  keyFill(op.key, input, request.keyStart, request.keyBytes);
  op.clientFlags = joins ? 0 : input.readUInt32BE(request.extrasStart);
  op.expiresAtMs = joins ? 0 : exptimeToMs(input.readUInt32BE(request.extrasStart + 4), op.nowMs);
  termsTake(call);
  const storeMode = op.demandsCas && !joins ? STORE.CAS : mode;
  counters[block + COUNTER.setCommands]++;
  if (call.countsPrefixes) detailSet(call, request.keyStart, request.keyBytes);
  session.opaque = request.opaque;

  const p = call.keyspace.partitionAsked(op.key);
  if (itemBytesFor(0, request.keyBytes, request.valueBytes) > op.itemBytesMax) {
    counters[block + COUNTER.storeTooLarge]++;
    partitionLock(p);
    storeGiveUp(p, op, mode, STATUS.TOO_LARGE);
    partitionUnlock(p);
    return refuse(call, BINARY_FAULT.tooLarge);
  }
  if (!isWhole) {
    if (receiveStart(call, p, storeMode, request.valueBytes, 0, received))
      return request.valueStart;
    counters[block + COUNTER.storeNoMemory]++;
    return refuse(call, BINARY_FAULT.noMemory);
  }
  op.value = input;
  op.valueStart = request.valueStart;
  op.valueBytes = request.valueBytes;
  partitionLock(p);
  const status = valueStore(p, op, storeMode);
  partitionUnlock(p);
  received(call, status);
  return requestEnd;
}

/** The terms of the operation: a CAS unique in the header makes it conditional. */
export function termsTake({ op, request }: Call): void {
  termsClear(op);
  if (!uint64IsZero(request.casUnique)) casDemand(op, request.casUnique);
}

/** Answers a failure and discards the value. */
function refuse(call: Call, fault: BinaryFault): number {
  fail(call, fault);
  sessionSwallow(call.session, call.request.valueBytes);
  return call.request.valueStart;
}

function storeAnswer(call: Call, mode: StoreMode, quiet: boolean, status: Status | -1): void {
  switch (status) {
    case STATUS.OK:
      uniqueStoredTake(call);
      succeed(call, quiet, call.unique);
      break;
    case STATUS.EXISTS:
      fail(call, BINARY_FAULT.exists);
      break;
    case STATUS.MISSING:
      call.counters[call.block + COUNTER.casMisses]++;
      fail(call, BINARY_FAULT.missing);
      break;
    case STATUS.NOT_STORED:
    case STATUS.TOO_LARGE:
      fail(call, notStoredFault(mode));
      break;
    case STATUS.WRONG_TYPE:
      fail(call, BINARY_FAULT.wrongType);
      break;
    default:
      call.counters[call.block + COUNTER.storeNoMemory]++;
      fail(call, BINARY_FAULT.noMemory);
  }
}

function notStoredFault(mode: StoreMode): BinaryFault {
  if (mode === STORE.ADD) return BINARY_FAULT.exists;
  return mode === STORE.REPLACE ? BINARY_FAULT.missing : BINARY_FAULT.notStored;
}
