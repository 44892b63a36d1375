/** HyperLogLogs: estimates of how many distinct elements were added. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { denseAt, denseOf, hllIsDense } from '../../../engine/types/hyperloglog.ts';
import { REGISTER_COUNT } from '../../../engine/types/hyperloglog-hash.ts';
import {
  HLL_STATUS,
  HllCounted,
  type HllStatus,
  HllWork,
  hllAdd,
  hllChanged,
  hllClose,
  hllCount,
  hllMakeDense,
  hllOpen,
  hllRaise,
  hllRanksRaise,
  ranksEstimate,
} from '../../../engine/types/hyperloglog-key.ts';
import { sparseText } from '../../../engine/types/hyperloglog-sparse.ts';
import { hllTrial } from '../../../engine/types/hyperloglog-trial.ts';
import { itemFind, itemRead } from '../../../engine/types/string.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBigInteger,
  respInteger,
  respOk,
  respSimple,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { FLAG, INSERT_KEY, type KeySpec, type RespRow } from '../row.ts';

const { WRITE, READONLY, DENY_OOM, FAST, ADMIN, MAY_REPLICATE } = FLAG;
const COUNT_KEYS: readonly KeySpec[] = [{ use: 'RW access', from: 1, to: -1 }];
const MERGE_KEYS: readonly KeySpec[] = [
  { use: 'RW access insert', from: 1 },
  { use: 'RO access', from: 2, to: -1 },
];
const DEBUG_KEY: readonly KeySpec[] = [{ use: 'RW access', from: 2 }];

// biome-ignore format: a table reads in columns
export const HYPERLOGLOG_ROWS: readonly RespRow[] = [
  { name: 'pfadd',      arity: -2, flags: WRITE | DENY_OOM | FAST,   keys: INSERT_KEY, group: 'hyperloglog', since: '2.8.9', complexity: 'O(1) for each element',   syntax: 'key [element [element ...]]',       doc: 'Adds elements to a HyperLogLog.',                    run: pfadd },
  { name: 'pfcount',    arity: -2, flags: READONLY | MAY_REPLICATE,  keys: COUNT_KEYS, group: 'hyperloglog', since: '2.8.9', complexity: 'O(N), N the keys',        syntax: 'key [key ...]',                     doc: 'How many distinct elements there are, about.',       run: pfcount },
  { name: 'pfmerge',    arity: -2, flags: WRITE | DENY_OOM,          keys: MERGE_KEYS, group: 'hyperloglog', since: '2.8.9', complexity: 'O(N), N the keys',        syntax: 'destkey [sourcekey [sourcekey ...]]', doc: 'Adds what was added to others.',                   run: pfmerge },
  { name: 'pfdebug',    arity:  3, flags: WRITE | DENY_OOM | ADMIN,  keys: DEBUG_KEY,  group: 'hyperloglog', since: '2.8.9', complexity: 'O(1)',                    syntax: '(DECODE | ENCODING | GETREG | TODENSE) key', doc: 'Shows how a HyperLogLog is kept.',             run: pfdebug },
  { name: 'pfselftest', arity:  1, flags: ADMIN,                                       group: 'hyperloglog', since: '2.8.9', complexity: 'O(1), about a second',    syntax: '',                                  doc: 'Tries whether HyperLogLogs count as they should.',   run: pfselftest },
];

const work = new HllWork();
const counted = new HllCounted();
const ranks = new Uint8Array(REGISTER_COUNT);

/** Whether it went well; an error was answered if not. */
function isOk(call: RespCall, status: HllStatus): boolean {
  if (status === HLL_STATUS.OK) return true;
  answerError(call, STATUS_ERRORS[status]);
  return false;
}

const STATUS_ERRORS: Readonly<Record<Exclude<HllStatus, 0>, string>> = {
  [HLL_STATUS.WRONG_TYPE]: RESP_ERROR.wrongType,
  [HLL_STATUS.NOT_SOUND]: 'WRONGTYPE Key is not a valid HyperLogLog string value.',
  [HLL_STATUS.CORRUPT]: 'INVALIDOBJ Corrupted HLL object detected',
  [HLL_STATUS.NO_MEMORY]: RESP_ERROR.outOfMemory,
};

/** Ends a command that may have written to the value at argument 1. */
function writeSettle(call: RespCall): void {
  if (!work.isChanged) return;
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STRING, 'pfadd', 1);
}

function pfadd(call: RespCall): void {
  const { p, op, args, reply, config } = call;
  work.sparseBytesMax = config.hot.hllSparseMaxBytes;
  if (!isOk(call, hllOpen(p, work, itemFind(p, op), false))) return;
  for (let index = 2; index < args.count; index++) {
    const { source, start, end } = args;
    if (!isOk(call, hllAdd(p, op, work, source, start[index], end[index]))) return;
  }
  if (!isOk(call, hllClose(p, op, work))) return;
  writeSettle(call);
  respInteger(reply, work.isChanged ? 1 : 0);
}

function pfcount(call: RespCall): void {
  const { args, op, reply } = call;
  if (args.count > 2) {
    ranks.fill(0);
    if (ranksTake(call, 1)) respInteger(reply, ranksEstimate(ranks));
    return;
  }
  const p = keyTake(call, 1);
  const ref = itemRead(p, op);
  if (ref === 0) {
    keyMissed(call, 1);
    respInteger(reply, 0);
  } else if (isOk(call, hllCount(p, op, work, ref, counted))) {
    // A count that was written by a client's own hand may be any.
    respBigInteger(reply, BigInt.asIntN(64, BigInt(counted.count)));
  }
}

/** Raises `ranks` to those under all keys from argument `from` on. False: one is none, which was answered. */
function ranksTake(call: RespCall, from: number): boolean {
  const { args, op } = call;
  for (let index = from; index < args.count; index++) {
    const p = keyTake(call, index);
    const ref = itemRead(p, op);
    if (ref === 0) keyMissed(call, index);
    else if (!isOk(call, hllRanksRaise(p, work, ref, ranks))) return false;
    if (ref !== 0) anyIsDense ||= hllIsDense(work.copy.u8);
  }
  return true;
}

/** Whether any value of a merge is dense: the result is, then. */
let anyIsDense = false;

function pfmerge(call: RespCall): void {
  const { op, reply, config } = call;
  work.sparseBytesMax = config.hot.hllSparseMaxBytes;
  ranks.fill(0);
  anyIsDense = false;
  if (!ranksTake(call, 1)) return;
  const p = keyTake(call, 1);
  if (!isOk(call, hllOpen(p, work, itemFind(p, op), true))) return;
  if (anyIsDense && !isOk(call, hllMakeDense(work))) return;
  for (let index = 0; index < REGISTER_COUNT; index++) {
    if (ranks[index] !== 0 && !isOk(call, hllRaise(work, index, ranks[index]))) return;
  }
  hllChanged(work);
  if (!isOk(call, hllClose(p, op, work))) return;
  writeSettle(call);
  respOk(reply);
}

// ── Debugging ───────────────────────────────────────────────────────────────────────────────────

function pfdebug(call: RespCall): void {
  const { args, op, reply } = call;
  const p = keyTake(call, 2);
  const ref = itemFind(p, op);
  if (ref === 0) {
    answerError(call, 'ERR The specified key does not exist');
    return;
  }
  if (!isOk(call, hllOpen(p, work, ref, true))) return;
  const wasDense = hllIsDense(work.copy.u8);
  if (argumentIs(args, 1, 'encoding')) {
    respSimple(reply, wasDense ? 'dense' : 'sparse');
  } else if (argumentIs(args, 1, 'decode')) {
    if (wasDense) answerError(call, 'ERR HLL encoding is not sparse');
    else respText(reply, sparseText(work.copy));
  } else if (argumentIs(args, 1, 'todense')) {
    if (denseMade(call)) respInteger(reply, wasDense ? 0 : 1);
  } else if (argumentIs(args, 1, 'getreg')) {
    if (denseMade(call)) registersAnswer(call);
  } else {
    answerError(call, `ERR Unknown PFDEBUG subcommand '${argumentText(args, 1)}'`);
  }
}

/** Makes the value that was opened dense, under its key too. */
function denseMade(call: RespCall): boolean {
  if (!isOk(call, hllMakeDense(work))) return false;
  if (!work.isChanged) return true;
  changesCount(call, 1);
  return isOk(call, hllClose(keyTake(call, 2), call.op, work));
}

function registersAnswer({ reply }: RespCall): void {
  const { u8 } = work.copy;
  respArray(reply, REGISTER_COUNT);
  for (let index = 0; index < REGISTER_COUNT; index++) {
    const at = denseAt(index);
    respInteger(reply, denseOf(index, u8[at], u8[at + 1]));
  }
}

function pfselftest(call: RespCall): void {
  const problem = hllTrial(call.config.hot.hllSparseMaxBytes);
  if (problem === '') respOk(call.reply);
  else answerError(call, `ERR TESTFAILED ${problem}`);
}
