/** Lists: moving an element from one to another, and waiting for one to move. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { itemChanged } from '../../../engine/collection/packed.ts';
import { OTHER_TYPE, STATUS } from '../../../engine/status.ts';
import { listFind } from '../../../engine/types/list.ts';
import { ListCursor, listSeek } from '../../../engine/types/list-cursor.ts';
import { listGrown, listShrunk } from '../../../engine/types/list-encoding.ts';
import { ListMove, listMove } from '../../../engine/types/list-move.ts';
import { collectionCount } from '../../../memory/collection.ts';
import type { Partition } from '../../../memory/partition.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respNull } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { timeoutArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';
import { listToChange, respElement, SIDE, sideArgument } from './list-reply.ts';

const { WRITE, DENY_OOM, BLOCKING } = FLAG;
const SOURCE_DESTINATION: readonly KeySpec[] = [
  { use: 'RW access delete', from: 1 },
  { use: 'RW insert', from: 2 },
];
const SIDES = '(LEFT | RIGHT) (LEFT | RIGHT)';

// biome-ignore format: a table reads in columns
export const LIST_MOVE_ROWS: readonly RespRow[] = [
  { name: 'lmove',      arity: 5, flags: WRITE | DENY_OOM,            keys: SOURCE_DESTINATION, group: 'list', since: '6.2.0', complexity: 'O(1)', syntax: `source destination ${SIDES}`,         doc: 'Moves an element from an end of a list to an end of another.',       run: lmove },
  { name: 'rpoplpush',  arity: 3, flags: WRITE | DENY_OOM,            keys: SOURCE_DESTINATION, group: 'list', since: '1.2.0', complexity: 'O(1)', syntax: 'source destination',                  doc: 'Moves the last element of a list before the first of another.',      run: rpoplpush },
  { name: 'blmove',     arity: 6, flags: WRITE | DENY_OOM | BLOCKING, keys: SOURCE_DESTINATION, group: 'list', since: '6.2.0', complexity: 'O(1)', syntax: `source destination ${SIDES} timeout`, doc: 'As LMOVE, or waits for an element.',                                 run: blmove },
  { name: 'brpoplpush', arity: 4, flags: WRITE | DENY_OOM | BLOCKING, keys: SOURCE_DESTINATION, group: 'list', since: '2.2.0', complexity: 'O(1)', syntax: 'source destination timeout',          doc: 'As RPOPLPUSH, or waits for an element.',                             run: brpoplpush },
];

const moved = new ListMove();
const cursor = new ListCursor();

function lmove(call: RespCall): void {
  const from = sideArgument(call, 3);
  if (from === SIDE.NEITHER) return;
  const to = sideArgument(call, 4);
  if (to === SIDE.NEITHER) return;
  if (!elementMove(call, from === SIDE.LEFT, to === SIDE.LEFT)) respNull(call.reply);
}

function rpoplpush(call: RespCall): void {
  if (!elementMove(call, false, true)) respNull(call.reply);
}

function blmove(call: RespCall): void {
  const from = sideArgument(call, 3);
  if (from === SIDE.NEITHER) return;
  const to = sideArgument(call, 4);
  if (to === SIDE.NEITHER) return;
  blockingMove(call, from === SIDE.LEFT, to === SIDE.LEFT, 5);
}

function brpoplpush(call: RespCall): void {
  blockingMove(call, false, true, 3);
}

function blockingMove(call: RespCall, fromHead: boolean, toHead: boolean, index: number): void {
  const timeoutMs = timeoutArgument(call, index);
  if (Number.isNaN(timeoutMs)) return;
  if (!elementMove(call, fromHead, toHead)) blockOnKeys(call, 1, 1, timeoutMs, false);
}

/** Moves an element, and answers it or an error. False: there is no such list to move it from. */
function elementMove(call: RespCall, fromHead: boolean, toHead: boolean): boolean {
  const { op } = call;
  const from = keyTake(call, 1);
  const fromRef = listToChange(call, from);
  if (fromRef === OTHER_TYPE) return true;
  if (fromRef === 0) return false;
  if (!blockedClaim(call)) return true;
  const to = keyTake(call, 2);
  const toRef = listFind(to, op);
  if (toRef === OTHER_TYPE) {
    answerError(call, RESP_ERROR.wrongType);
  } else if (listMove(from, fromRef, fromHead, to, op, toRef, toHead, moved) === STATUS.NO_MEMORY) {
    answerError(call, RESP_ERROR.outOfMemory);
  } else {
    moveSettle(call, from, fromHead, to, toHead);
  }
  return true;
}

function moveSettle(
  call: RespCall,
  from: Partition,
  fromHead: boolean,
  to: Partition,
  toHead: boolean,
): void {
  const { fromRef, toRef } = moved;
  const limit = call.config.hot.listMaxListpackSize;
  const isSame = from === to && fromRef === toRef;
  listGrown(to, toRef, limit);
  itemChanged(to, toRef);
  keyEvent(call, KEY_EVENT.LIST, toHead ? 'lpush' : 'rpush', 2);
  if (fromRef !== 0 && !isSame) {
    listShrunk(from, fromRef, limit);
    itemChanged(from, fromRef);
  }
  keyEvent(call, KEY_EVENT.LIST, fromHead ? 'lpop' : 'rpop', 1);
  if (fromRef === 0) keyEvent(call, KEY_EVENT.GENERIC, 'del', 1);
  changesCount(call, 1);
  listSeek(to, toRef, toHead ? 0 : collectionCount(to, toRef) - 1, cursor);
  respElement(call.reply, to, cursor);
}
