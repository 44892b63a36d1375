/**
 * WAIT and WAITAOF: until replicas, and files, have what was written. There are neither; so whoever waits for
 * some has to wait until time is up, and then hears that there were none.
 */
import { int64Parse } from '../../../base/int64.ts';
import { respArray, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument, positiveArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';
import { blockForTime } from '../waits.ts';

const { BLOCKING } = FLAG;
const CATEGORIES = ['connection'];

// biome-ignore format: a table reads in columns
export const REPLICA_WAIT_ROWS: readonly RespRow[] = [
  { name: 'wait',    arity: 3, flags: BLOCKING, group: 'generic', categories: CATEGORIES, since: '3.0.0', complexity: 'O(1)', syntax: 'numreplicas timeout', doc: 'Waits until so many replicas have what was written; there are none.', run: wait },
  { name: 'waitaof', arity: 4, flags: BLOCKING, group: 'generic', categories: CATEGORIES, since: '7.2.0', complexity: 'O(1)', syntax: 'numlocal numreplicas timeout', doc: 'Waits until what was written is in files, here and on replicas; there are none.', run: waitAof },
];

/** How many replicas have it, and after WAITAOF first whether the file has. */
const NO_REPLICAS = ':0\r\n';
const NO_FILES = '*2\r\n:0\r\n:0\r\n';
const INT64_END = 2 ** 63;

function wait(call: RespCall): void {
  const replicas = integerArgument(call, 1);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutTake(call, 2);
  if (Number.isNaN(timeoutMs)) return;
  if (replicas <= 0 || call.inTransaction) respInteger(call.reply, 0);
  else blockForTime(call, timeoutMs, NO_REPLICAS);
}

function waitAof(call: RespCall): void {
  const { reply } = call;
  const local = integerArgument(call, 1);
  if (Number.isNaN(local)) return;
  if (local < 0 || local > 1) {
    answerError(call, 'ERR value is out of range, value must between 0 and 1');
    return;
  }
  const replicas = positiveArgument(call, 2);
  if (Number.isNaN(replicas)) return;
  const timeoutMs = timeoutTake(call, 3);
  if (Number.isNaN(timeoutMs)) return;
  if (local > 0) {
    const problem = 'WAITAOF cannot be used when numlocal is set but appendonly is disabled.';
    answerError(call, `ERR ${problem}`);
  } else if (replicas === 0 || call.inTransaction) {
    respArray(reply, 2);
    respInteger(reply, 0);
    respInteger(reply, 0);
  } else {
    blockForTime(call, timeoutMs, NO_FILES);
  }
}

/** Milliseconds, 0: for ever; NaN if they are none, which was answered. */
function timeoutTake(call: RespCall, index: number): number {
  const { args, op } = call;
  const timeoutMs = int64Parse(args.source, args.start[index], args.end[index]);
  let problem = '';
  if (Number.isNaN(timeoutMs)) problem = 'timeout is not an integer or out of range';
  else if (timeoutMs < 0) problem = 'timeout is negative';
  else if (timeoutMs + op.nowMs >= INT64_END) problem = 'timeout is out of range';
  if (problem === '') return timeoutMs;
  answerError(call, `ERR ${problem}`);
  return Number.NaN;
}
