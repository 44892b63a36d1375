/**
 * Lists: taking elements out at an end, and waiting for some to take.
 *
 *   LPOP k              e
 *   LPOP k 2            [e e]
 *   BLPOP k t           [k e]
 *   LMPOP 1 k LEFT      [k [e …]]
 */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { itemChanged } from '../../../engine/collection/packed.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { listDrop } from '../../../engine/types/list.ts';
import { ListCursor, listSeek } from '../../../engine/types/list-cursor.ts';
import { listShrunk } from '../../../engine/types/list-encoding.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentBytes, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, wrongArity } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respEmptyArray,
  respNull,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument, positiveArgument, timeoutArgument } from '../number-arguments.ts';
import { ACCESS_DELETE_KEY, FLAG, type KeySpec, type RespRow } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';
import { listToChange, respElement, respElements, SIDE, sideArgument } from './list-reply.ts';

const { WRITE, FAST, BLOCKING } = FLAG;
const KEYS_BEFORE_TIMEOUT: readonly KeySpec[] = [{ use: 'RW access delete', from: 1, to: -2 }];
const COUNTED_KEYS: readonly KeySpec[] = [{ use: 'RW access delete', from: 1, counted: true }];
const TIMEOUT_COUNTED_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 2, counted: true },
];

// biome-ignore format: a table reads in columns
export const LIST_POP_ROWS: readonly RespRow[] = [
  { name: 'lpop',   arity: -2, flags: WRITE | FAST,     keys: ACCESS_DELETE_KEY,    group: 'list', since: '1.0.0', complexity: 'O(N), N the elements taken',                   syntax: 'key [count]',                                            doc: 'Takes the first elements of a list.',                     run: (call) => pop(call, true) },
  { name: 'rpop',   arity: -2, flags: WRITE | FAST,     keys: ACCESS_DELETE_KEY,    group: 'list', since: '1.0.0', complexity: 'O(N), N the elements taken',                   syntax: 'key [count]',                                            doc: 'Takes the last elements of a list, the last one first.', run: (call) => pop(call, false) },
  { name: 'lmpop',  arity: -4, flags: WRITE,            keys: COUNTED_KEYS,         group: 'list', since: '7.0.0', complexity: 'O(K + N), K the keys, N the elements taken', syntax: 'numkeys key [key ...] (LEFT | RIGHT) [COUNT count]',         doc: 'Takes elements from the first list that there is.',       run: (call) => multiPop(call, 1) },
  { name: 'blpop',  arity: -3, flags: WRITE | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'list', since: '2.0.0', complexity: 'O(K), K the keys',                             syntax: 'key [key ...] timeout',                                  doc: 'As LPOP of the first list that there is, or waits for one.', run: (call) => blockingPop(call, true) },
  { name: 'brpop',  arity: -3, flags: WRITE | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'list', since: '2.0.0', complexity: 'O(K), K the keys',                             syntax: 'key [key ...] timeout',                                  doc: 'As RPOP of the first list that there is, or waits for one.', run: (call) => blockingPop(call, false) },
  { name: 'blmpop', arity: -5, flags: WRITE | BLOCKING, keys: TIMEOUT_COUNTED_KEYS, group: 'list', since: '7.0.0', complexity: 'O(K + N), K the keys, N the elements taken', syntax: 'timeout numkeys key [key ...] (LEFT | RIGHT) [COUNT count]', doc: 'As LMPOP, or waits for a list.',                          run: (call) => multiPop(call, 2) },
];

const NUMKEYS_ERROR = 'ERR numkeys should be greater than 0';
const COUNT_ERROR = 'ERR count should be greater than 0';

const cursor = new ListCursor();

/** How the elements that are taken are answered. */
const SHAPE = {
  ONE: 0, // an element
  ARRAY: 1,
  KEY_ONE: 2, // the key, and an element
  KEY_ARRAY: 3, // the key, and an array
} as const;

function pop(call: RespCall, atHead: boolean): void {
  const { args, p, reply } = call;
  if (args.count > 3) {
    answerError(call, wrongArity(call.command.fullName));
    return;
  }
  const isMany = args.count === 3;
  const count = isMany ? positiveArgument(call, 2) : 1;
  if (Number.isNaN(count)) return;
  const ref = listToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref !== 0) {
    if (count === 0) respEmptyArray(reply);
    else elementsTake(call, p, ref, 1, count, atHead, isMany ? SHAPE.ARRAY : SHAPE.ONE);
  } else if (isMany) {
    respNullArray(reply);
  } else {
    respNull(reply);
  }
}

/** Takes up to `count` elements out of a list, the key of which is argument `index`. */
function elementsTake(
  call: RespCall,
  p: Partition,
  ref: number,
  index: number,
  count: number,
  atHead: boolean,
  shape: number,
): void {
  const { args, op, reply } = call;
  const length = collectionCount(p, ref);
  const taken = Math.min(count, length);
  if (shape === SHAPE.KEY_ONE || shape === SHAPE.KEY_ARRAY) {
    respArray(reply, 2);
    respBulk(reply, args.source, args.start[index], argumentBytes(args, index));
  }
  const first = atHead ? 0 : length - 1;
  if (shape === SHAPE.ARRAY || shape === SHAPE.KEY_ARRAY) {
    respElements(reply, p, ref, first, taken, !atHead);
  } else {
    listSeek(p, ref, first, cursor);
    respElement(reply, p, cursor);
  }
  const left = listDrop(p, op.key.hash, ref, atHead, taken, op.nowMs);
  if (left !== 0) {
    listShrunk(p, left, call.config.hot.listMaxListpackSize);
    itemChanged(p, left);
  }
  changesCount(call, taken);
  keyEvent(call, KEY_EVENT.LIST, atHead ? 'lpop' : 'rpop', index);
  if (left === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', index);
}

const FOUND = { NOTHING: 0, ELEMENTS: 1, OTHER_TYPE: 2 } as const;

/**
 * Takes elements from the first list among the keys at arguments first, … last that there is, unless a key
 * before it holds something else.
 */
function firstListTake(
  call: RespCall,
  first: number,
  last: number,
  count: number,
  atHead: boolean,
  shape: number,
): number {
  for (let index = first; index <= last; index++) {
    const p = keyTake(call, index);
    const ref = listToChange(call, p);
    if (ref === 0) continue;
    if (ref === OTHER_TYPE) {
      if (call.serving !== null) continue; // another of its keys is ready
      return FOUND.OTHER_TYPE;
    }
    if (blockedClaim(call)) elementsTake(call, p, ref, index, count, atHead, shape);
    return FOUND.ELEMENTS;
  }
  return FOUND.NOTHING;
}

function blockingPop(call: RespCall, atHead: boolean): void {
  const last = call.args.count - 2;
  const timeoutMs = timeoutArgument(call, last + 1);
  if (Number.isNaN(timeoutMs)) return;
  const found = firstListTake(call, 1, last, 1, atHead, SHAPE.KEY_ONE);
  if (found === FOUND.NOTHING) blockOnKeys(call, 1, last, timeoutMs, true);
}

/** LMPOP, and BLMPOP, which has the timeout before the number of keys. */
function multiPop(call: RespCall, countIndex: number): void {
  const { args } = call;
  const keys = atLeastOneArgument(call, countIndex, NUMKEYS_ERROR);
  if (Number.isNaN(keys)) return;
  const last = countIndex + keys;
  if (last + 1 >= args.count) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const side = sideArgument(call, last + 1);
  if (side === SIDE.NEITHER) return;
  const count = countOption(call, last + 2);
  if (Number.isNaN(count)) return;
  const blocks = countIndex === 2;
  const timeoutMs = blocks ? timeoutArgument(call, 1) : 0;
  if (Number.isNaN(timeoutMs)) return;
  const first = countIndex + 1;
  const found = firstListTake(call, first, last, count, side === SIDE.LEFT, SHAPE.KEY_ARRAY);
  if (found !== FOUND.NOTHING) return;
  if (blocks) blockOnKeys(call, first, last, timeoutMs, true);
  else respNullArray(call.reply);
}

/** `COUNT count` at the end, or nothing: then 1. NaN: something else, which was answered. */
function countOption(call: RespCall, index: number): number {
  const { args } = call;
  if (index === args.count) return 1;
  if (index + 2 === args.count && argumentIs(args, index, 'count')) {
    return atLeastOneArgument(call, index + 1, COUNT_ERROR);
  }
  answerError(call, RESP_ERROR.syntax);
  return Number.NaN;
}

function atLeastOneArgument(call: RespCall, index: number, error: string): number {
  const value = integerArgument(call, index, error);
  if (!(value < 1)) return value;
  answerError(call, error);
  return Number.NaN;
}
