/**
 * set, add, replace, append, prepend, cas. A value that has arrived whole is stored from the input;
 * one that is long or late is received into a chain of chunks as it comes.
 * Spec: memcached/memcached doc/protocol.txt, "Storage commands".
 */
import { decimalParse, decimalParseSigned } from '../../base/decimal.ts';
import { keyFill } from '../../base/key.ts';
import { uint64Parse } from '../../base/uint64.ts';
import { casDemand, termsClear } from '../../engine/operation.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { storeGiveUp, valueStore } from '../../engine/types/chained.ts';
import { STORE, type StoreMode } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import { itemBytesFor } from '../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { CR, LF } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes } from '../../protocol/reply.ts';
import { answer, type Call, KEY_BYTES_MAX } from './call.ts';
import type { TextRow } from './row.ts';
import { type Received, sessionSwallow, waitAt } from './session.ts';
import { detailSet } from './stats-detail.ts';
import { RECEIVED_BAD_CHUNK, receiveStart } from './value-receive.ts';

const CLIENT_FLAGS_MAX = 0xffffffff;
export const VALUE_BYTES_MAX = 2 ** 31 - 3;
/** A request that is to be this short is waited for; the value of a longer one is received. */
const WAITED_BYTES_MAX = 10240;
/** Words: name, key, flags, exptime, bytes, and for cas the unique. */
const WORD = { KEY: 1, FLAGS: 2, EXPTIME: 3, BYTES: 4, CAS: 5 } as const;

export const STORAGE_ROWS: readonly TextRow[] = [
  row('set', STORE.SET, 'Stores a value.'),
  row('add', STORE.ADD, 'Stores a value if the key is missing.'),
  row('replace', STORE.REPLACE, 'Stores a value if the key is there.'),
  row('append', STORE.APPEND, 'Puts data behind the value of a key.'),
  row('prepend', STORE.PREPEND, 'Puts data before the value of a key.'),
  row('cas', STORE.CAS, 'Stores a value if the key is as it was when it was fetched.'),
];

function row(name: string, mode: StoreMode, doc: string): TextRow {
  const received: Received = (call, status) => {
    call.line.noreply = call.session.noreply;
    storeAnswer(call, mode, status);
  };
  const run = (call: Call, at: number): number => store(call, at, mode, received);
  return { name, wordsMin: 5, run, streams: false, doc };
}

function store(call: Call, at: number, mode: StoreMode, received: Received): number {
  const { input, line, op } = call;
  const valueBytes = decimalParse(input, line.start[WORD.BYTES], line.end[WORD.BYTES]);
  // Without a length there is no telling where the data ends: it will be read as commands.
  // So the client hears of it even if it asked for silence.
  if (!(valueBytes <= VALUE_BYTES_MAX)) {
    replyBytes(call.reply, REPLY.badFormat);
    return line.next;
  }
  if (valueIsAwaited(call, at, valueBytes)) return waitAt(at);
  if (!operationFill(call, mode)) return storeRefuse(call, valueBytes, REPLY.badFormat);

  if (call.countsPrefixes) detailSet(call, line.start[WORD.KEY], op.key.bytes);
  call.session.noreply = line.noreply;
  return valueTake(call, mode, valueBytes, received);
}

/** Whether the rest of the request that starts at `at` is to come, and is short enough to wait for. */
export function valueIsAwaited({ line, end }: Call, at: number, valueBytes: number): boolean {
  const requestEnd = line.next + valueBytes + 2;
  return requestEnd > end && requestEnd - at <= WAITED_BYTES_MAX;
}

/**
 * Stores the value whose first byte is at line.next, under op's key, fields and terms: at once if it
 * has arrived whole, else as it comes. Then `received` answers; what is refused before that is
 * answered here. Returns as a handler does.
 */
export function valueTake(
  call: Call,
  mode: StoreMode,
  valueBytes: number,
  received: Received,
): number {
  const { input, line, op, counters, block } = call;
  const requestEnd = line.next + valueBytes + 2;
  counters[block + COUNTER.setCommands]++;
  const p = call.keyspace.partitionAsked(op.key);
  if (itemBytesFor(0, op.key.bytes, valueBytes) > op.itemBytesMax) {
    counters[block + COUNTER.storeTooLarge]++;
    staleDrop(call, p, mode);
    return storeRefuse(call, valueBytes, REPLY.tooLarge);
  }
  if (requestEnd > call.end) {
    if (receiveStart(call, p, mode, valueBytes, 2, received)) return line.next;
    counters[block + COUNTER.storeNoMemory]++;
    return storeRefuse(call, valueBytes, REPLY.noMemory);
  }
  if (input[requestEnd - 2] !== CR || input[requestEnd - 1] !== LF) {
    answer(call, REPLY.badChunk);
    return requestEnd;
  }
  op.value = input;
  op.valueStart = line.next;
  op.valueBytes = valueBytes;
  partitionLock(p);
  const status = valueStore(p, op, mode);
  partitionUnlock(p);
  received(call, status);
  return requestEnd;
}

/** Key, flags, expiry and CAS unique from the line. False when one of them is malformed. */
function operationFill(call: Call, mode: StoreMode): boolean {
  const { input, line, op } = call;
  const clientFlags = decimalParse(input, line.start[WORD.FLAGS], line.end[WORD.FLAGS]);
  const exptime = decimalParseSigned(input, line.start[WORD.EXPTIME], line.end[WORD.EXPTIME]);
  const keyStart = line.start[WORD.KEY];
  const keyBytes = line.end[WORD.KEY] - keyStart;
  if (keyBytes > KEY_BYTES_MAX) return false;
  if (!(clientFlags <= CLIENT_FLAGS_MAX) || Number.isNaN(exptime)) return false;
  termsClear(op);
  if (mode === STORE.CAS && !casFill(call)) return false;
  op.clientFlags = clientFlags;
  op.expiresAtMs = exptimeToMs(exptime, op.nowMs);
  keyFill(op.key, input, keyStart, keyBytes);
  return true;
}

function casFill(call: Call): boolean {
  const { input, line, op, unique } = call;
  if (line.count <= WORD.CAS) return false;
  if (!uint64Parse(input, line.start[WORD.CAS], line.end[WORD.CAS], unique)) return false;
  casDemand(op, unique);
  return true;
}

/** Answers an error and discards the data block. */
export function storeRefuse(call: Call, valueBytes: number, error: Uint8Array): number {
  answer(call, error);
  sessionSwallow(call.session, valueBytes + 2);
  return call.line.next;
}

/** A set that cannot be done must not leave the old value behind. */
function staleDrop(call: Call, p: Partition, mode: StoreMode): void {
  partitionLock(p);
  storeGiveUp(p, call.op, mode, STATUS.TOO_LARGE);
  partitionUnlock(p);
}

function storeAnswer(call: Call, mode: StoreMode, status: Status | -1): void {
  const { counters, block } = call;
  switch (status) {
    case STATUS.OK:
      answer(call, REPLY.stored);
      break;
    case STATUS.NOT_STORED:
      answer(call, REPLY.notStored);
      break;
    case STATUS.EXISTS:
      answer(call, REPLY.exists);
      break;
    case STATUS.MISSING:
      if (mode === STORE.CAS) counters[block + COUNTER.casMisses]++;
      answer(call, REPLY.notFound);
      break;
    case STATUS.TOO_LARGE:
      // What was sent is not, but would be together with what is there: memcached's answer to that.
      answer(call, REPLY.notStored);
      break;
    case STATUS.WRONG_TYPE:
      answer(call, REPLY.wrongType);
      break;
    case RECEIVED_BAD_CHUNK:
      answer(call, REPLY.badChunk);
      break;
    default:
      counters[block + COUNTER.storeNoMemory]++;
      answer(call, REPLY.noMemory);
  }
}
