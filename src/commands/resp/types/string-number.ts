/** Strings that are numbers. */
import { int64Exact, int64Parse } from '../../../base/int64.ts';
import { longDoubleParse } from '../../../base/long-double.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { OTHER_TYPE, STATUS, type Status } from '../../../engine/status.ts';
import {
  decimalAdd,
  deltaIsInt64,
  deltaParse,
  deltaSet,
  IntegerDelta,
  integerAdd,
  NumberResult,
} from '../../../engine/types/string-number.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBigInteger, respBulk, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { ACCESS_UPDATE_KEY, FLAG, type RespRow } from '../row.ts';
import { stringToChange } from './string.ts';

const { WRITE, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const STRING_NUMBER_ROWS: readonly RespRow[] = [
  { name: 'incr',        arity: 2, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key',           doc: 'Adds one to an integer.',         run: (call) => addOne(call, 1) },
  { name: 'decr',        arity: 2, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key',           doc: 'Takes one from an integer.',      run: (call) => addOne(call, -1) },
  { name: 'incrby',      arity: 3, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key increment', doc: 'Adds to an integer of 64 bits.',  run: incrby },
  { name: 'decrby',      arity: 3, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key decrement', doc: 'Subtracts from an integer of 64 bits.', run: decrby },
  { name: 'incrbyfloat', arity: 3, flags: WRITE | DENY_OOM | FAST, keys: ACCESS_UPDATE_KEY, group: 'string', since: '2.6.0', complexity: 'O(1)', syntax: 'key increment', doc: 'Adds to a decimal.',              run: incrbyfloat },
];

const delta = new IntegerDelta();
const sum = new NumberResult();

function addOne(call: RespCall, value: number): void {
  deltaSet(delta, value);
  deltaAdd(call);
}

function incrby(call: RespCall): void {
  const { args } = call;
  if (deltaParse(delta, args.source, args.start[2], args.end[2], false)) deltaAdd(call);
  else answerError(call, RESP_ERROR.notInteger);
}

function decrby(call: RespCall): void {
  const { args } = call;
  if (!deltaParse(delta, args.source, args.start[2], args.end[2], true)) {
    answerError(call, RESP_ERROR.notInteger);
  } else if (!deltaIsInt64(delta)) {
    answerError(call, 'ERR decrement would overflow');
  } else {
    deltaAdd(call);
  }
}

/** Adds `delta` to the integer at the key. */
function deltaAdd(call: RespCall): void {
  const { p, op, reply } = call;
  const status = integerAdd(p, op, delta, sum);
  if (status !== STATUS.OK) {
    statusAnswer(call, status, RESP_ERROR.notInteger, RESP_ERROR.overflow);
    return;
  }
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STRING, 'incrby', 1);
  const value = int64Parse(sum.digits, 0, sum.bytes);
  if (Number.isSafeInteger(value)) respInteger(reply, value);
  else respBigInteger(reply, int64Exact(sum.digits, 0, sum.bytes));
}

function statusAnswer(
  call: RespCall,
  status: Status,
  notNumeric: string,
  outOfRange: string,
): void {
  if (status === STATUS.WRONG_TYPE) answerError(call, RESP_ERROR.wrongType);
  else if (status === STATUS.NOT_NUMERIC) answerError(call, notNumeric);
  else if (status === STATUS.OUT_OF_RANGE) answerError(call, outOfRange);
  else answerError(call, RESP_ERROR.outOfMemory);
}

function incrbyfloat(call: RespCall): void {
  const { p, op, args, reply } = call;
  if (stringToChange(call, p) === OTHER_TYPE) return;
  const added = longDoubleParse(args.source, args.start[2], args.end[2]);
  if (added === null) {
    answerError(call, RESP_ERROR.notFloat);
    return;
  }
  const status = decimalAdd(p, op, added, sum);
  if (status !== STATUS.OK) {
    statusAnswer(call, status, RESP_ERROR.notFloat, 'ERR increment would produce NaN or Infinity');
    return;
  }
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STRING, 'incrbyfloat', 1);
  respBulk(reply, sum.digits, 0, sum.bytes);
}
