/** Keys whatever they hold: whether they are there, what they are, and their end. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { itemFind, itemRead } from '../../../engine/types/string.ts';
import { itemType } from '../../../memory/item.ts';
import { respInteger, respSimple } from '../../../protocol/resp/reply.ts';
import { keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { FLAG, INFO_KEY, type KeySpec, type RespRow } from '../row.ts';
import { typeName } from '../type-names.ts';

const { WRITE, READONLY, FAST } = FLAG;
const DELETE_KEYS: readonly KeySpec[] = [{ use: 'RM delete', from: 1, to: -1 }];
const INFO_KEYS: readonly KeySpec[] = [{ use: 'RO', from: 1, to: -1 }];

// biome-ignore format: a table reads in columns
export const KEY_ROWS: readonly RespRow[] = [
  { name: 'del',    arity: -2, flags: WRITE,           keys: DELETE_KEYS, group: 'generic', since: '1.0.0', complexity: 'O(1) for each key; what a large collection has is freed later', syntax: 'key [key ...]', doc: 'Deletes keys.', run: del },
  { name: 'unlink', arity: -2, flags: WRITE | FAST,    keys: DELETE_KEYS, group: 'generic', since: '4.0.0', complexity: 'O(1) for each key; what a large collection has is freed later', syntax: 'key [key ...]', doc: 'Deletes keys.', run: del },
  { name: 'exists', arity: -2, flags: READONLY | FAST, keys: INFO_KEYS,   group: 'generic', since: '1.0.0', complexity: 'O(1) for each key', syntax: 'key [key ...]', doc: 'How many of these keys there are; one that is named twice counts twice.', run: exists },
  { name: 'touch',  arity: -2, flags: READONLY | FAST, keys: INFO_KEYS,   group: 'generic', since: '3.2.1', complexity: 'O(1) for each key', syntax: 'key [key ...]', doc: 'As EXISTS, and the keys count as used.', run: touch },
  { name: 'type',   arity:  2, flags: READONLY | FAST, keys: INFO_KEY,    group: 'generic', since: '1.0.0', complexity: 'O(1)', syntax: 'key', doc: 'What a key holds: string, list, set, zset, hash, stream or none.', run: type },
];

/** DEL and UNLINK: nothing here takes longer for a large value. */
function del(call: RespCall): void {
  const { args, op } = call;
  let deleted = 0;
  for (let index = 1; index < args.count; index++) {
    const p = keyTake(call, index);
    const ref = itemFind(p, op);
    if (ref === 0) continue;
    itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    keyEvent(call, KEY_EVENT.GENERIC, 'del', index);
    deleted++;
  }
  changesCount(call, deleted);
  respInteger(call.reply, deleted);
}

function exists(call: RespCall): void {
  let count = 0;
  for (let index = 1; index < call.args.count; index++) {
    if (itemFind(keyTake(call, index), call.op) !== 0) count++;
    else keyMissed(call, index);
  }
  respInteger(call.reply, count);
}

function touch(call: RespCall): void {
  let count = 0;
  call.op.isTraceless = false;
  for (let index = 1; index < call.args.count; index++) {
    if (itemRead(keyTake(call, index), call.op) !== 0) count++;
    else keyMissed(call, index);
  }
  call.op.isTraceless = call.session.noTouch;
  respInteger(call.reply, count);
}

function type(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = itemFind(p, op);
  if (ref === 0) keyMissed(call, 1);
  respSimple(reply, ref === 0 ? 'none' : typeName(itemType(p, ref)));
}
