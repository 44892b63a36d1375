/** Several sets joined: what is in all, in any, in the first alone; answered, counted, or stored. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { Entry } from '../../../engine/collection/entry.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { setRead } from '../../../engine/types/set.ts';
import {
  Difference,
  Intersection,
  type Members,
  type SetOperand,
  setReplace,
  Union,
} from '../../../engine/types/set-algebra.ts';
import { itemFind } from '../../../engine/types/string.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBulk, respDefer, respDeferredSet, respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { atLeastOneArgument, integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, READ_KEYS, type RespRow } from '../row.ts';

const { WRITE, READONLY, DENY_OOM } = FLAG;
const STORE_KEYS: readonly KeySpec[] = [
  { use: 'OW update', from: 1 },
  { use: 'RO access', from: 2, to: -1 },
];
const COUNTED_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 1, counted: true }];
const O_INTER = 'O(N*M), N the members of the smallest set, M the sets';
const O_ALL = 'O(N), N the members of all sets';

// biome-ignore format: a table reads in columns
export const SET_ALGEBRA_ROWS: readonly RespRow[] = [
  { name: 'sinter',      arity: -2, flags: READONLY,         keys: READ_KEYS,    group: 'set', since: '1.0.0', complexity: O_INTER, syntax: 'key [key ...]',                       doc: 'What is in all sets.',                                run: (call) => answer(call, intersection) },
  { name: 'sintercard',  arity: -3, flags: READONLY,         keys: COUNTED_KEYS, group: 'set', since: '7.0.0', complexity: O_INTER, syntax: 'numkeys key [key ...] [LIMIT limit]', doc: 'How much is in all sets.',                            run: sintercard },
  { name: 'sinterstore', arity: -3, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'set', since: '1.0.0', complexity: O_INTER, syntax: 'destination key [key ...]',           doc: 'Stores what is in all sets.',                         run: (call) => store(call, intersection, 'sinterstore') },
  { name: 'sunion',      arity: -2, flags: READONLY,         keys: READ_KEYS,    group: 'set', since: '1.0.0', complexity: O_ALL,   syntax: 'key [key ...]',                       doc: 'What is in any of the sets.',                         run: (call) => answer(call, union) },
  { name: 'sunionstore', arity: -3, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'set', since: '1.0.0', complexity: O_ALL,   syntax: 'destination key [key ...]',           doc: 'Stores what is in any of the sets.',                  run: (call) => store(call, union, 'sunionstore') },
  { name: 'sdiff',       arity: -2, flags: READONLY,         keys: READ_KEYS,    group: 'set', since: '1.0.0', complexity: O_ALL,   syntax: 'key [key ...]',                       doc: 'What is in the first set and in none of the others.', run: (call) => answer(call, difference) },
  { name: 'sdiffstore',  arity: -3, flags: WRITE | DENY_OOM, keys: STORE_KEYS,   group: 'set', since: '1.0.0', complexity: O_ALL,   syntax: 'destination key [key ...]',           doc: 'Stores what is in the first set and in none of the others.', run: (call) => store(call, difference, 'sdiffstore') },
];

/** The member in hand. */
const entry = new Entry(Buffer.alloc(0));

type Join = (operands: readonly SetOperand[]) => Members;

const intersection: Join = (operands) => new Intersection(operands);
const union: Join = (operands) => new Union(operands);
const difference: Join = (operands) => new Difference(operands, entry);

/** The sets at arguments [first, end); null if one is none, which was answered. */
function operandsTake(call: RespCall, first: number, end: number): SetOperand[] | null {
  const operands: SetOperand[] = [];
  for (let index = first; index < end; index++) {
    const p = keyTake(call, index);
    const ref = setRead(p, call.op);
    if (ref === OTHER_TYPE) {
      answerError(call, RESP_ERROR.wrongType);
      return null;
    }
    operands.push({ p, ref });
  }
  return operands;
}

function answer(call: RespCall, join: Join): void {
  const { reply } = call;
  const operands = operandsTake(call, 1, call.args.count);
  if (operands === null) return;
  const members = join(operands);
  const place = respDefer(reply);
  let count = 0;
  for (; members.next(entry); count++) {
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
  }
  respDeferredSet(reply, place, 'set', count);
}

function sintercard(call: RespCall): void {
  const { args } = call;
  const keys = atLeastOneArgument(call, 1, 'ERR numkeys should be greater than 0');
  if (Number.isNaN(keys)) return;
  if (keys > args.count - 2) {
    answerError(call, "ERR Number of keys can't be greater than number of args");
  } else {
    const limit = limitTake(call, keys + 2);
    if (limit >= 0) cardinalityAnswer(call, keys, limit);
  }
}

/** Reads LIMIT from argument `at` on; 0: none. -1 if something is wrong, which was answered. */
function limitTake(call: RespCall, at: number): number {
  const { args } = call;
  let limit = 0;
  for (let index = at; index < args.count; index += 2) {
    if (index + 1 >= args.count || !argumentIs(args, index, 'limit')) {
      answerError(call, RESP_ERROR.syntax);
      return -1;
    }
    limit = integerArgument(call, index + 1, "ERR LIMIT can't be negative");
    if (Number.isNaN(limit)) return -1;
    if (limit >= 0) continue;
    answerError(call, "ERR LIMIT can't be negative");
    return -1;
  }
  return limit;
}

function cardinalityAnswer(call: RespCall, keys: number, limit: number): void {
  const operands = operandsTake(call, 2, keys + 2);
  if (operands === null) return;
  const members = intersection(operands);
  let count = 0;
  while ((limit === 0 || count < limit) && members.next(entry)) count++;
  respInteger(call.reply, count);
}

function store(call: RespCall, join: Join, event: string): void {
  const { op, reply } = call;
  const operands = operandsTake(call, 2, call.args.count);
  if (operands === null) return;
  const p = keyTake(call, 1);
  const wasThere = itemFind(p, op) !== 0;
  const count = setReplace(p, op, operands, join(operands), entry);
  if (count < 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  if (count > 0 || wasThere) changesCount(call, 1);
  if (count > 0) keyEvent(call, KEY_EVENT.SET, event, 1);
  else if (wasThere) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
  respInteger(reply, count);
}
