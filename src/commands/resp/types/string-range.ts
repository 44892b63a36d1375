/** Parts of strings: read, written over, added behind. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { OTHER_TYPE, STATUS, type Status } from '../../../engine/status.ts';
import { stringAppend, stringRangeSet } from '../../../engine/types/string-range-edit.ts';
import { itemValueBytes } from '../../../memory/item.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBulkEnd, respBulkStart, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, INFO_KEY, INSERT_KEY, READ_KEY, type RespRow, UPDATE_KEY } from '../row.ts';
import { respValueRange, stringToRead, valueTake } from './string.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const STRING_RANGE_ROWS: readonly RespRow[] = [
  { name: 'append',   arity: 3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY, group: 'string', since: '2.0.0', complexity: 'O(N), N the bytes added',    syntax: 'key value',        doc: 'Adds to a string at its end.',                  run: append },
  { name: 'strlen',   arity: 2, flags: READONLY | FAST,         keys: INFO_KEY,   group: 'string', since: '2.2.0', complexity: 'O(1)',                       syntax: 'key',              doc: 'Length of a string.',                           run: strlen },
  { name: 'setrange', arity: 4, flags: WRITE | DENY_OOM,        keys: UPDATE_KEY, group: 'string', since: '2.2.0', complexity: 'O(N), N the bytes written',  syntax: 'key offset value', doc: 'Writes over a part of a string.',               run: setrange },
  { name: 'getrange', arity: 4, flags: READONLY,                keys: READ_KEY,   group: 'string', since: '2.4.0', complexity: 'O(N), N the bytes answered', syntax: 'key start end',    doc: 'A part of a string, by its first and last byte.', run: getrange },
  { name: 'substr',   arity: 4, flags: READONLY,                keys: READ_KEY,   group: 'string', since: '1.0.0', complexity: 'O(N), N the bytes answered', syntax: 'key start end',    doc: 'As GETRANGE.',                                  run: getrange },
];

function append(call: RespCall): void {
  valueTake(call, 2);
  const status = stringAppend(call.p, call.op, call.config.hot.protoMaxBulkLen);
  if (status !== STATUS.OK) statusAnswer(call, status);
  else editSettle(call, 'append');
}

/** Ends a command that has written to the string at argument 1. */
function editSettle(call: RespCall, event: string): void {
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STRING, event, 1);
  respInteger(call.reply, call.op.joinedBytes);
}

function statusAnswer(call: RespCall, status: Status): void {
  if (status === STATUS.WRONG_TYPE) answerError(call, RESP_ERROR.wrongType);
  else if (status === STATUS.TOO_LARGE) answerError(call, RESP_ERROR.stringTooLong);
  else answerError(call, RESP_ERROR.outOfMemory);
}

function strlen(call: RespCall): void {
  const ref = stringToRead(call, call.p, 1);
  if (ref !== OTHER_TYPE) respInteger(call.reply, ref === 0 ? 0 : itemValueBytes(call.p, ref));
}

function setrange(call: RespCall): void {
  const { p, op, reply, config } = call;
  const offset = integerArgument(call, 2);
  if (Number.isNaN(offset)) return;
  if (offset < 0) {
    answerError(call, 'ERR offset is out of range');
    return;
  }
  valueTake(call, 3);
  const status = stringRangeSet(p, op, offset, config.hot.protoMaxBulkLen);
  if (status !== STATUS.OK) statusAnswer(call, status);
  else if (op.valueBytes === 0) respInteger(reply, op.joinedBytes);
  else editSettle(call, 'setrange');
}

function getrange(call: RespCall): void {
  const { p, reply } = call;
  const start = integerArgument(call, 2);
  if (Number.isNaN(start)) return;
  const end = integerArgument(call, 3);
  if (Number.isNaN(end)) return;
  const ref = stringToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  const length = ref === 0 ? 0 : itemValueBytes(p, ref);
  const first = Math.max(0, start < 0 ? start + length : start);
  const last = Math.min(length - 1, Math.max(0, end < 0 ? end + length : end));
  const isEmpty = first > last || (start < 0 && end < 0 && start > end);
  if (!isEmpty) {
    respValueRange(reply, p, ref, first, last - first + 1);
    return;
  }
  respBulkStart(reply, 0);
  respBulkEnd(reply);
}
