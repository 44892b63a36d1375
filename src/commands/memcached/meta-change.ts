/**
 * md and ma: delete, or leave a stale or empty item in its place; add to a number.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Delete", "Meta Arithmetic".
 */
import { uint64IsZero } from '../../base/uint64.ts';
import { indexFind } from '../../engine/hash-index.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { counterAdd } from '../../engine/types/counter.ts';
import { itemEmpty, itemInvalidate } from '../../engine/types/stale.ts';
import { itemDelete, itemTouch, STORE, stringStore } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import { itemExpiresAtMs } from '../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import {
  FLAG,
  metaCreatedExpiresAtMs,
  metaWordsAreFlags,
} from '../../protocol/memcached/meta-flags.ts';
import { CRLF, META, REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyDecimal, replyRange, replyUint64 } from '../../protocol/reply.ts';
import { type Call, uniqueStoredTake } from './call.ts';
import {
  metaTake,
  replyFlagKey,
  replyFlagLetter,
  replyFlagNumber,
  replyOpaque,
  replyPlain,
  ttlSec,
} from './meta-reply.ts';
import type { TextRow } from './row.ts';

const FIRST_FLAG = 2;
const ZERO = 0x30;
const DELTA_DEFAULT = Buffer.from('1');
const INITIAL_DEFAULT = Buffer.from('0');

/** M: the letter of a mode, and whether it counts up. */
const MODES: ReadonlyMap<number, boolean> = new Map([
  [0, true], // no M
  [0x49, true], // I
  [0x2b, true], // +
  [0x44, false], // D
  [0x2d, false], // -
]);

// biome-ignore format: a table reads in columns
export const META_CHANGE_ROWS: readonly TextRow[] = [
  { name: 'md', wordsMin: 2, run: metaDelete, streams: false, doc: 'Meta delete: removes a key, or marks it as stale.' },
  { name: 'ma', wordsMin: 2, run: metaCount,  streams: false, doc: 'Meta arithmetic: adds to a number, or subtracts.' },
];

function metaDelete(call: Call): number {
  const { line, flags, reply, counters, block } = call;
  const fault = metaTake(call, FIRST_FLAG);
  if (fault !== null || flags.opaqueIsLong) {
    replyBytes(reply, fault ?? REPLY.badOpaque);
    return line.next;
  }
  const p = call.keyspace.partitionAsked(call.op.key);
  partitionLock(p);
  const status = remove(call, p);
  partitionUnlock(p);
  if (status === STATUS.OK) {
    if (!flags.isQuiet) replyPlain(call, META.done, FIRST_FLAG);
  } else if (status === STATUS.MISSING || status === STATUS.EXISTS) {
    counters[block + COUNTER.deleteMisses]++;
    replyPlain(call, status === STATUS.MISSING ? META.notFound : META.exists, FIRST_FLAG);
  } else {
    replyBytes(reply, status === STATUS.WRONG_TYPE ? REPLY.wrongType : REPLY.noMemoryCounter);
  }
  return line.next;
}

function remove({ op, flags }: Call, p: Partition): Status {
  op.expiresAtMs = flags.expiresAtMs;
  if (flags.empties) return itemEmpty(p, op, flags.isStale);
  if (flags.isStale) return itemInvalidate(p, op, flags.touches);
  p.log.isMeta = true;
  const status = itemDelete(p, op);
  p.log.isMeta = false;
  return status;
}

function metaCount(call: Call): number {
  const { line, flags, reply, counters, block } = call;
  const fault = metaTake(call, FIRST_FLAG);
  const up = MODES.get(flags.mode);
  if (fault !== null || up === undefined || flags.opaqueIsLong) {
    replyBytes(reply, countFault(call, fault, up));
    return line.next;
  }
  deltaTake(call);
  if (uint64IsZero(flags.casUnique)) call.op.demandsCas = false; // as in memcached
  const p = call.keyspace.partitionAsked(call.op.key);
  partitionLock(p);
  let status = counterAdd(p, call.op, up, call.counterResult);
  const creates = status === STATUS.MISSING && flags.creates;
  if (creates) status = counterCreate(call, p);
  if (status === STATUS.OK) countDone(call, p, creates);
  partitionUnlock(p);
  switch (status) {
    case STATUS.OK:
      break;
    case STATUS.MISSING:
      counters[block + (up ? COUNTER.incrMisses : COUNTER.decrMisses)]++;
      replyPlain(call, META.notFound, FIRST_FLAG);
      break;
    case STATUS.EXISTS:
      replyPlain(call, META.exists, FIRST_FLAG);
      break;
    case STATUS.NOT_NUMERIC:
      replyBytes(reply, REPLY.notNumeric);
      break;
    case STATUS.WRONG_TYPE:
      replyBytes(reply, REPLY.wrongType);
      break;
    default:
      replyBytes(reply, creates ? REPLY.noMemoryCreate : REPLY.noMemoryCounter);
  }
  return line.next;
}

/** Unlike its sisters, ma has one text for most that can be wrong with key and flags. */
function countFault(call: Call, fault: Uint8Array | null, up: boolean | undefined): Uint8Array {
  if (!metaWordsAreFlags(call.line, call.input, FIRST_FLAG)) return REPLY.badFormat;
  if (fault !== null) return REPLY.badCountFlags;
  return up === undefined ? REPLY.badCountMode : REPLY.badOpaque;
}

/** D, or 1. */
function deltaTake({ op, flags, input }: Call): void {
  const isGiven = flags.deltaStart !== 0;
  op.value = isGiven ? input : DELTA_DEFAULT;
  op.valueStart = isGiven ? flags.deltaStart : 0;
  op.valueBytes = isGiven ? flags.deltaEnd - flags.deltaStart : DELTA_DEFAULT.length;
}

/** A counter that starts as J says, or with 0. */
function counterCreate({ op, flags, input, counterResult }: Call, p: Partition): Status {
  const isGiven = flags.initialStart !== 0;
  op.value = isGiven ? input : INITIAL_DEFAULT;
  op.valueStart = isGiven ? zerosSkip(input, flags.initialStart, flags.initialEnd) : 0;
  op.valueBytes = isGiven ? flags.initialEnd - op.valueStart : INITIAL_DEFAULT.length;
  counterResult.bytes = op.value.copy(
    counterResult.digits,
    0,
    op.valueStart,
    op.valueStart + op.valueBytes,
  );
  op.demandsCas = false;
  op.clientFlags = 0;
  op.expiresAtMs = metaCreatedExpiresAtMs(flags);
  return stringStore(p, op, STORE.ADD);
}

/** Past leading zeros, up to the last digit. */
function zerosSkip(digits: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 1 < end && digits[at] === ZERO) at++;
  return at;
}

/** The answer to a number that was changed or created, and what T changes. */
function countDone(call: Call, p: Partition, isCreated: boolean): void {
  const { flags, op, reply, counterResult } = call;
  const ref = indexFind(p, op.key);
  if (!flags.isQuiet) {
    uniqueStoredTake(call);
    if (flags.withValue) {
      replyBytes(reply, META.value);
      replyDecimal(reply, counterResult.bytes);
    } else {
      replyBytes(reply, META.done);
    }
    countFlagsReply(call, isCreated ? 0 : itemExpiresAtMs(p, ref), isCreated);
    replyBytes(reply, CRLF);
    if (flags.withValue) {
      replyRange(reply, counterResult.digits, 0, counterResult.bytes);
      replyBytes(reply, CRLF);
    }
  }
  if (!flags.touches || isCreated) return;
  op.expiresAtMs = flags.expiresAtMs;
  itemTouch(p, op, ref); // without memory for the new time the old one stays
}

function countFlagsReply(call: Call, expiresAtMsBefore: number, isCreated: boolean): void {
  const { line, input, flags, op, reply } = call;
  let expiresAtMs = expiresAtMsBefore;
  for (let word = FIRST_FLAG; word < line.count; word++) {
    const start = line.start[word];
    switch (input[start]) {
      case FLAG.T:
        expiresAtMs = flags.expiresAtMs;
        break;
      case FLAG.N:
        if (isCreated) expiresAtMs = flags.createdExpiresAtMs;
        break;
      case FLAG.t:
        replyFlagNumber(reply, FLAG.t, ttlSec(expiresAtMs, op.nowMs));
        break;
      case FLAG.c:
        replyFlagLetter(reply, FLAG.c);
        replyUint64(reply, call.unique);
        break;
      case FLAG.O:
        replyOpaque(reply, input, start, line.end[word]);
        break;
      case FLAG.k:
        replyFlagKey(reply, op.key, flags.keyIsBinary);
        break;
    }
  }
}
