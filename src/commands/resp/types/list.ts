/** Lists: putting elements in, reading them, taking them out of the midst. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { collectionCreate, itemChanged } from '../../../engine/collection/packed.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { listDrop, listInsert, listPush, listSet } from '../../../engine/types/list.ts';
import {
  ListCursor,
  listElementEquals,
  listNext,
  listSeek,
} from '../../../engine/types/list-cursor.ts';
import { listExpect, listShrunk } from '../../../engine/types/list-encoding.ts';
import { ListRemoval, listRemove } from '../../../engine/types/list-remove.ts';
import { listTrim } from '../../../engine/types/list-trim.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { ITEM_TYPE } from '../../../memory/item.ts';
import { argumentBytes, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respEmptyArray, respInteger, respNull, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import {
  DELETE_KEY,
  FLAG,
  INFO_KEY,
  INSERT_KEY,
  READ_KEY,
  type RespRow,
  UPDATE_KEY,
} from '../row.ts';
import { listToChange, listToRead, respElement, respElements, valueTake } from './list-reply.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const LIST_ROWS: readonly RespRow[] = [
  { name: 'lpush',   arity: -3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY, group: 'list', since: '1.0.0', complexity: 'O(N), N the elements given',                    syntax: 'key element [element ...]',           doc: 'Puts elements before the first of a list.',                run: (call) => push(call, true, true) },
  { name: 'rpush',   arity: -3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY, group: 'list', since: '1.0.0', complexity: 'O(N), N the elements given',                    syntax: 'key element [element ...]',           doc: 'Puts elements behind the last of a list.',                 run: (call) => push(call, false, true) },
  { name: 'lpushx',  arity: -3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY, group: 'list', since: '2.2.0', complexity: 'O(N), N the elements given',                    syntax: 'key element [element ...]',           doc: 'As LPUSH, if there is such a list.',                       run: (call) => push(call, true, false) },
  { name: 'rpushx',  arity: -3, flags: WRITE | DENY_OOM | FAST, keys: INSERT_KEY, group: 'list', since: '2.2.0', complexity: 'O(N), N the elements given',                    syntax: 'key element [element ...]',           doc: 'As RPUSH, if there is such a list.',                       run: (call) => push(call, false, false) },
  { name: 'llen',    arity:  2, flags: READONLY | FAST,         keys: INFO_KEY,   group: 'list', since: '1.0.0', complexity: 'O(1)',                                          syntax: 'key',                                 doc: 'How many elements a list has.',                            run: llen },
  { name: 'lindex',  arity:  3, flags: READONLY,                keys: READ_KEY,   group: 'list', since: '1.0.0', complexity: 'O(log N), N the elements of the list',          syntax: 'key index',                           doc: 'The element at an index; below 0: from the end.',          run: lindex },
  { name: 'lrange',  arity:  4, flags: READONLY,                keys: READ_KEY,   group: 'list', since: '1.0.0', complexity: 'O(log N + M), N the elements of the list, M those answered', syntax: 'key start stop',         doc: 'The elements from one index to another.',                  run: lrange },
  { name: 'lset',    arity:  4, flags: WRITE | DENY_OOM,        keys: UPDATE_KEY, group: 'list', since: '1.0.0', complexity: 'O(log N), N the elements of the list',          syntax: 'key index element',                   doc: 'Puts another element in the place of one.',                run: lset },
  { name: 'linsert', arity:  5, flags: WRITE | DENY_OOM,        keys: INSERT_KEY, group: 'list', since: '2.2.0', complexity: 'O(N), N the elements before the pivot',         syntax: 'key (BEFORE | AFTER) pivot element',    doc: 'Puts an element before or behind another.',                run: linsert },
  { name: 'lrem',    arity:  4, flags: WRITE,                   keys: DELETE_KEY, group: 'list', since: '1.0.0', complexity: 'O(N), N the elements of the list',              syntax: 'key count element',                   doc: 'Removes elements that equal one, counted from either end.', run: lrem },
  { name: 'ltrim',   arity:  4, flags: WRITE,                   keys: DELETE_KEY, group: 'list', since: '1.0.0', complexity: 'O(N), N the elements removed',                  syntax: 'key start stop',                      doc: 'Removes all elements but those from one index to another.', run: ltrim },
];

const cursor = new ListCursor();
const removal = new ListRemoval();

/** Arguments first, … end - 1 are to be put into the list. */
function growthExpect(call: RespCall, ref: number, first: number, end: number): void {
  const { args, p } = call;
  let bytes = 0;
  for (let index = first; index < end; index++) bytes += argumentBytes(args, index);
  listExpect(p, ref, end - first, bytes, call.config.hot.listMaxListpackSize);
}

/** Ends a command that has made the list at argument 1 longer, or has changed an element. */
function grownSettle(call: RespCall, ref: number, count: number, event: string): void {
  itemChanged(call.p, ref);
  changesCount(call, count);
  keyEvent(call, KEY_EVENT.LIST, event, 1);
}

/** Ends a command that has taken elements out of the list at argument 1; `ref` 0: all of them. */
function shrunkSettle(call: RespCall, ref: number, count: number, event: string): void {
  if (ref !== 0) {
    listShrunk(call.p, ref, call.config.hot.listMaxListpackSize);
    itemChanged(call.p, ref);
  }
  changesCount(call, count);
  keyEvent(call, KEY_EVENT.LIST, event, 1);
  if (ref === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
}

function push(call: RespCall, atHead: boolean, creates: boolean): void {
  const { args, p, op, reply } = call;
  const found = listToChange(call, p);
  if (found === OTHER_TYPE) return;
  if (found === 0 && !creates) {
    respInteger(reply, 0);
    return;
  }
  let ref = found === 0 ? collectionCreate(p, op, ITEM_TYPE.LIST) : found;
  if (ref !== 0) growthExpect(call, ref, 2, args.count);
  let index = 2;
  while (ref !== 0 && index < args.count) {
    valueTake(call, index);
    const to = listPush(p, op, ref, atHead);
    if (to === 0) break;
    ref = to;
    index++;
  }
  if (index < args.count) {
    pushUndo(call, ref, atHead, index - 2);
    return;
  }
  grownSettle(call, ref, args.count - 2, atHead ? 'lpush' : 'rpush');
  respInteger(reply, collectionCount(p, ref));
}

/** There was memory for some of the elements, which are taken out again; maybe not even for a list. */
function pushUndo(call: RespCall, ref: number, atHead: boolean, pushed: number): void {
  const { p, op } = call;
  const { hash } = op.key;
  if (ref !== 0) {
    if (collectionCount(p, ref) === pushed) itemUnlink(p, hash, ref, CHANGE.DELETE);
    else listDrop(p, hash, ref, atHead, pushed, op.nowMs);
  }
  answerError(call, RESP_ERROR.outOfMemory);
}

function llen(call: RespCall): void {
  const ref = listToRead(call);
  if (ref !== OTHER_TYPE) respInteger(call.reply, ref === 0 ? 0 : collectionCount(call.p, ref));
}

/** Goes to the element of an index that counts from the end if it is negative. False: there is none. */
function indexSeek({ p }: RespCall, ref: number, index: number): boolean {
  return listSeek(p, ref, index < 0 ? index + collectionCount(p, ref) : index, cursor);
}

function lindex(call: RespCall): void {
  const { reply } = call;
  const ref = listToRead(call);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respNull(reply);
    return;
  }
  const index = integerArgument(call, 2);
  if (Number.isNaN(index)) return;
  if (indexSeek(call, ref, index)) respElement(reply, call.p, cursor);
  else respNull(reply);
}

/** A range of a list: `count` elements from `start` on. */
const range = { start: 0, count: 0 };

/** What arguments 2 and 3 mean as the first and the last index of a list of this length. */
function rangeTake(start: number, stop: number, length: number): void {
  range.start = Math.max(0, start < 0 ? start + length : start);
  const last = Math.min(stop < 0 ? stop + length : stop, length - 1);
  range.count = Math.max(0, last - range.start + 1);
}

function lrange(call: RespCall): void {
  const { p, reply } = call;
  const start = integerArgument(call, 2);
  if (Number.isNaN(start)) return;
  const stop = integerArgument(call, 3);
  if (Number.isNaN(stop)) return;
  const ref = listToRead(call);
  if (ref === OTHER_TYPE) return;
  rangeTake(start, stop, ref === 0 ? 0 : collectionCount(p, ref));
  if (range.count === 0) respEmptyArray(reply);
  else respElements(reply, p, ref, range.start, range.count, false);
}

function lset(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = listToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    answerError(call, RESP_ERROR.noKey);
    return;
  }
  const index = integerArgument(call, 2);
  if (Number.isNaN(index)) return;
  if (!indexSeek(call, ref, index)) {
    answerError(call, RESP_ERROR.indexOutOfRange);
    return;
  }
  growthExpect(call, ref, 3, 4);
  valueTake(call, 3);
  const to = listSet(p, op, ref, cursor);
  if (to === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  listShrunk(p, to, call.config.hot.listMaxListpackSize);
  grownSettle(call, to, 1, 'lset');
  respOk(reply);
}

function linsert(call: RespCall): void {
  const { args, p, op, reply } = call;
  const behind = argumentIs(args, 2, 'after');
  if (!behind && !argumentIs(args, 2, 'before')) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const ref = listToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respInteger(reply, 0);
    return;
  }
  growthExpect(call, ref, 4, 5);
  if (!pivotSeek(call, ref, 3)) {
    respInteger(reply, -1);
    return;
  }
  valueTake(call, 4);
  const to = listInsert(p, op, ref, cursor, behind);
  if (to === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  grownSettle(call, to, 1, 'linsert');
  respInteger(reply, collectionCount(p, to));
}

/** Goes to the first element that equals argument `index`. False: there is none. */
function pivotSeek({ args, p }: RespCall, ref: number, index: number): boolean {
  const { source } = args;
  const start = args.start[index];
  const bytes = argumentBytes(args, index);
  for (let more = listSeek(p, ref, 0, cursor); more; more = listNext(p, cursor)) {
    if (listElementEquals(p, cursor, source, start, bytes)) return true;
  }
  return false;
}

function lrem(call: RespCall): void {
  const { p, op, reply } = call;
  const count = integerArgument(call, 2);
  if (Number.isNaN(count)) return;
  const ref = listToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respInteger(reply, 0);
    return;
  }
  valueTake(call, 3);
  listRemove(p, op, ref, count, removal);
  if (removal.removed > 0) shrunkSettle(call, removal.ref, removal.removed, 'lrem');
  respInteger(reply, removal.removed);
}

function ltrim(call: RespCall): void {
  const { p, op, reply } = call;
  const start = integerArgument(call, 2);
  if (Number.isNaN(start)) return;
  const stop = integerArgument(call, 3);
  if (Number.isNaN(stop)) return;
  const ref = listToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref !== 0) {
    const length = collectionCount(p, ref);
    rangeTake(start, stop, length);
    const to = listTrim(p, op.key.hash, ref, range.start, range.count, op.nowMs);
    shrunkSettle(call, to, length - range.count, 'ltrim');
  }
  respOk(reply);
}
