/** Strings under several keys at once. */
import { itemFind, itemRead } from '../../../engine/types/string.ts';
import { ITEM_TYPE, itemType } from '../../../memory/item.ts';
import { RESP_ERROR, wrongArity } from '../../../protocol/resp/errors.ts';
import { respArray, respInteger, respNull, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { keyMissed } from '../key-events.ts';
import { roomExpect } from '../room.ts';
import { FLAG, type KeySpec, READ_KEYS, type RespRow } from '../row.ts';
import { respValue, stringPut, valueTake } from './string.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const OVERWRITE_PAIRS: readonly KeySpec[] = [{ use: 'OW update', from: 1, to: -1, step: 2 }];
const INSERT_PAIRS: readonly KeySpec[] = [{ use: 'OW insert', from: 1, to: -1, step: 2 }];

// biome-ignore format: a table reads in columns
export const STRING_MANY_ROWS: readonly RespRow[] = [
  { name: 'mget',   arity: -2, flags: READONLY | FAST,  keys: READ_KEYS,       group: 'string', since: '1.0.0', complexity: 'O(N), N the keys', syntax: 'key [key ...]',             doc: 'Values of several keys.',                          run: mget },
  { name: 'mset',   arity: -3, flags: WRITE | DENY_OOM, keys: OVERWRITE_PAIRS, group: 'string', since: '1.0.1', complexity: 'O(N), N the keys', syntax: 'key value [key value ...]', doc: 'Stores values under several keys.',                run: mset },
  { name: 'msetnx', arity: -3, flags: WRITE | DENY_OOM, keys: INSERT_PAIRS,    group: 'string', since: '1.0.1', complexity: 'O(N), N the keys', syntax: 'key value [key value ...]', doc: 'Stores values under several keys if none is there.', run: msetnx },
];

function mget(call: RespCall): void {
  const { args, op, reply } = call;
  respArray(reply, args.count - 1);
  for (let index = 1; index < args.count; index++) {
    const p = keyTake(call, index);
    const ref = itemRead(p, op);
    if (ref === 0) keyMissed(call, index);
    if (ref !== 0 && itemType(p, ref) === ITEM_TYPE.STRING) respValue(reply, p, ref);
    else respNull(reply);
  }
}

function mset(call: RespCall): void {
  if (pairsAreWhole(call) && pairsPut(call)) respOk(call.reply);
}

function msetnx(call: RespCall): void {
  const { args, op, reply } = call;
  if (!pairsAreWhole(call)) return;
  for (let index = 1; index < args.count; index += 2) {
    if (itemFind(keyTake(call, index), op) !== 0) {
      respInteger(reply, 0);
      return;
    }
  }
  if (pairsPut(call)) respInteger(reply, 1);
}

/** Whether each key has a value; an error was answered if not. */
function pairsAreWhole(call: RespCall): boolean {
  if (call.args.count % 2 === 1) return true;
  answerError(call, wrongArity(call.command.fullName));
  return false;
}

/** Stores all pairs. False: there was no memory for one of them, which was answered. */
function pairsPut(call: RespCall): boolean {
  const { args, op } = call;
  for (let index = 1; index < args.count; index += 2) {
    if (!roomExpect(call, keyTake(call, index), 1, 2)) return false;
  }
  for (let index = 1; index < args.count; index += 2) {
    const p = keyTake(call, index);
    valueTake(call, index + 1);
    op.expiresAtMs = 0;
    if (!stringPut(call, p, index)) {
      answerError(call, RESP_ERROR.outOfMemory);
      return false;
    }
  }
  return true;
}
