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
import { argumentBytes } from '../../../protocol/resp/arguments.ts';
import { wrongArity } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBulk,
  respEmptyArray,
  respNull,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { positiveArgument } from '../number-arguments.ts';
import { ACCESS_DELETE_KEY, FLAG, type RespRow } from '../row.ts';
import { listToChange, respElement, respElements } from './list-reply.ts';
import {
  blockingPop,
  COUNTED_KEYS,
  KEYS_BEFORE_TIMEOUT,
  multiPop,
  type PopKind,
  TIMEOUT_COUNTED_KEYS,
} from './pop-request.ts';

const { WRITE, FAST, BLOCKING } = FLAG;

// biome-ignore format: a table reads in columns
export const LIST_POP_ROWS: readonly RespRow[] = [
  { name: 'lpop',   arity: -2, flags: WRITE | FAST,     keys: ACCESS_DELETE_KEY,    group: 'list', since: '1.0.0', complexity: 'O(N), N the elements taken',                   syntax: 'key [count]',                                            doc: 'Takes the first elements of a list.',                     run: (call) => pop(call, true) },
  { name: 'rpop',   arity: -2, flags: WRITE | FAST,     keys: ACCESS_DELETE_KEY,    group: 'list', since: '1.0.0', complexity: 'O(N), N the elements taken',                   syntax: 'key [count]',                                            doc: 'Takes the last elements of a list, the last one first.', run: (call) => pop(call, false) },
  { name: 'lmpop',  arity: -4, flags: WRITE,            keys: COUNTED_KEYS,         group: 'list', since: '7.0.0', complexity: 'O(K + N), K the keys, N the elements taken', syntax: 'numkeys key [key ...] (LEFT | RIGHT) [COUNT count]',         doc: 'Takes elements from the first list that there is.',       run: (call) => multiPop(call, LISTS, 1) },
  { name: 'blpop',  arity: -3, flags: WRITE | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'list', since: '2.0.0', complexity: 'O(K), K the keys',                             syntax: 'key [key ...] timeout',                                  doc: 'As LPOP of the first list that there is, or waits for one.', run: (call) => blockingPop(call, LISTS, false) },
  { name: 'brpop',  arity: -3, flags: WRITE | BLOCKING, keys: KEYS_BEFORE_TIMEOUT,  group: 'list', since: '2.0.0', complexity: 'O(K), K the keys',                             syntax: 'key [key ...] timeout',                                  doc: 'As RPOP of the first list that there is, or waits for one.', run: (call) => blockingPop(call, LISTS, true) },
  { name: 'blmpop', arity: -5, flags: WRITE | BLOCKING, keys: TIMEOUT_COUNTED_KEYS, group: 'list', since: '7.0.0', complexity: 'O(K + N), K the keys, N the elements taken', syntax: 'timeout numkeys key [key ...] (LEFT | RIGHT) [COUNT count]', doc: 'As LMPOP, or waits for a list.',                          run: (call) => multiPop(call, LISTS, 2) },
];

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

const LISTS: PopKind = {
  ends: ['left', 'right'],
  find: listToChange,
  take(call, p, ref, index, count, fromEnd, isMany) {
    const shape = isMany ? SHAPE.KEY_ARRAY : SHAPE.KEY_ONE;
    elementsTake(call, p, ref, index, count, !fromEnd, shape);
  },
};
