/** Rows of sorted sets (engine/types/zset-combine.ts), answered or stored. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { STATUS } from '../../../engine/status.ts';
import { itemFind } from '../../../engine/types/string.ts';
import type { ZsetRow } from '../../../engine/types/zset-combine.ts';
import { zsetStore } from '../../../engine/types/zset-store.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respDouble, respInteger, respText } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';

/** Answers rows: with scores, in RESP2 in a flat array, in RESP3 in pairs. */
export function rowsAnswer(
  { reply }: RespCall,
  rows: readonly ZsetRow[],
  withScores: boolean,
): void {
  const inPairs = withScores && reply.resp === 3;
  respArray(reply, withScores && !inPairs ? rows.length * 2 : rows.length);
  for (const { name, score } of rows) {
    if (inPairs) respArray(reply, 2);
    respText(reply, name);
    if (withScores) respDouble(reply, score);
  }
}

/** Stores rows, which are in order, under the key at argument `index`, and answers how many. */
export function rowsStore(
  call: RespCall,
  rows: readonly ZsetRow[],
  event: string,
  index: number,
): void {
  const p = keyTake(call, index);
  const had = rows.length === 0 && itemFind(p, call.op) !== 0;
  if (zsetStore(p, call.op, rows) !== STATUS.OK) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  if (rows.length > 0) keyEvent(call, KEY_EVENT.ZSET, event, index);
  else if (had) keyEvent(call, KEY_EVENT.GENERIC, 'del', index);
  if (rows.length > 0 || had) changesCount(call, 1);
  respInteger(call.reply, rows.length);
}
