/**
 * incr, decr, delete, touch: commands on one key without a value.
 * Spec: memcached/memcached doc/protocol.txt, "Increment/Decrement", "Deletion", "Touch".
 */
import { keyFill } from '../../base/key.ts';
import { uint64Parse } from '../../base/uint64.ts';
import { termsClear } from '../../engine/operation.ts';
import { STATUS, type Status } from '../../engine/status.ts';
import { counterAdd } from '../../engine/types/counter.ts';
import { itemDelete, itemFind, itemTouch } from '../../engine/types/string.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { COUNTER } from '../../memory/control.ts';
import { itemNoteUse } from '../../memory/item.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { exptimeParse, exptimeToMs } from '../../protocol/memcached/exptime.ts';
import { CRLF, REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyRange } from '../../protocol/reply.ts';
import { answer, type Call, KEY_BYTES_MAX } from './call.ts';
import type { TextRow } from './row.ts';
import { detailDelete } from './stats-detail.ts';

// biome-ignore format: a table reads in columns
export const ARITHMETIC_ROWS: readonly TextRow[] = [
  { name: 'incr',   wordsMin: 3, run: (call) => count(call, true),  streams: false, doc: 'Adds to a number.' },
  { name: 'decr',   wordsMin: 3, run: (call) => count(call, false), streams: false, doc: 'Subtracts from a number, down to 0.' },
  { name: 'delete', wordsMin: 2, run: remove,                       streams: false, doc: 'Removes a key.' },
  { name: 'touch',  wordsMin: 3, run: touch,                        streams: false, doc: 'Sets a new expiry time.' },
];

/** Points the operation at the key in word 1. False when the key is too long. */
function keyWordTake(call: Call): boolean {
  const { input, line, op } = call;
  const keyStart = line.start[1];
  const keyBytes = line.end[1] - keyStart;
  if (keyBytes > KEY_BYTES_MAX) return false;
  keyFill(op.key, input, keyStart, keyBytes);
  termsClear(op);
  return true;
}

/** Runs an operation on the key's partition, locked. */
function keyRun(call: Call, operation: (p: Partition, call: Call) => Status): Status {
  const p = call.keyspace.partitionAsked(call.op.key);
  partitionLock(p);
  const status = operation(p, call);
  partitionUnlock(p);
  return status;
}

function count(call: Call, up: boolean): number {
  const { input, line, op } = call;
  if (!keyWordTake(call)) {
    answer(call, REPLY.badFormat);
    return line.next;
  }
  op.value = input;
  op.valueStart = line.start[2];
  op.valueBytes = line.end[2] - line.start[2];
  if (!uint64Parse(input, op.valueStart, line.end[2], call.unique)) {
    answer(call, REPLY.badDelta);
    return line.next;
  }
  const status = keyRun(call, up ? counterUp : counterDown);
  if (status === STATUS.OK) {
    if (!line.noreply) {
      replyRange(call.reply, call.counterResult.digits, 0, call.counterResult.bytes);
      replyBytes(call.reply, CRLF);
    }
  } else if (status === STATUS.MISSING) {
    call.counters[call.block + (up ? COUNTER.incrMisses : COUNTER.decrMisses)]++;
    answer(call, REPLY.notFound);
  } else if (status === STATUS.NOT_NUMERIC) {
    answer(call, REPLY.notNumeric);
  } else {
    answer(call, status === STATUS.WRONG_TYPE ? REPLY.wrongType : REPLY.noMemoryCounter);
  }
  return line.next;
}

function counterUp(p: Partition, call: Call): Status {
  return counterAdd(p, call.op, true, call.counterResult);
}

function counterDown(p: Partition, call: Call): Status {
  return counterAdd(p, call.op, false, call.counterResult);
}

function remove(call: Call): number {
  const { line, input } = call;
  // Old clients send a 0 behind the key. No other word makes sense there.
  const words = line.noreply ? line.count - 1 : line.count;
  const isOldForm = words === 3 && input.toString('latin1', line.start[2], line.end[2]) === '0';
  if (words > 2 && !isOldForm) {
    answer(call, REPLY.badDelete);
    return line.next;
  }
  if (!keyWordTake(call)) {
    answer(call, REPLY.badFormat);
    return line.next;
  }
  if (call.countsPrefixes) detailDelete(call, line.start[1], line.end[1] - line.start[1]);
  const status = keyRun(call, itemDeleteOf);
  if (status === STATUS.OK) {
    answer(call, REPLY.deleted);
  } else {
    call.counters[call.block + COUNTER.deleteMisses]++;
    answer(call, REPLY.notFound);
  }
  return line.next;
}

function itemDeleteOf(p: Partition, call: Call): Status {
  return itemDelete(p, call.op);
}

function touch(call: Call): number {
  const { line, input, op, counters, block } = call;
  if (!keyWordTake(call)) {
    answer(call, REPLY.badFormat);
    return line.next;
  }
  const exptime = exptimeParse(input, line.start[2], line.end[2]);
  if (Number.isNaN(exptime)) {
    answer(call, REPLY.badExptime);
    return line.next;
  }
  op.expiresAtMs = exptimeToMs(exptime, op.nowMs);
  counters[block + COUNTER.touchCommands]++;
  const status = keyRun(call, itemTouchOf);
  if (status === STATUS.OK) {
    answer(call, REPLY.touched);
  } else if (status === STATUS.MISSING) {
    counters[block + COUNTER.touchMisses]++;
    answer(call, REPLY.notFound);
  } else {
    answer(call, REPLY.noMemoryCounter);
  }
  return line.next;
}

function itemTouchOf(p: Partition, call: Call): Status {
  const ref = itemFind(p, call.op);
  if (ref === 0) return STATUS.MISSING;
  itemNoteUse(p, ref, call.op.nowSec);
  classCount(p, chunkClass(p, ref), CLASS_TOTAL.touchHits);
  return itemTouch(p, call.op, ref) === 0 ? STATUS.NO_MEMORY : STATUS.OK;
}
