/** Strings. */
import { STATUS } from '../../engine/status.ts';
import { valueStore } from '../../engine/types/chained.ts';
import { itemRead, STORE } from '../../engine/types/string.ts';
import {
  chainFirst,
  itemHeadValueBytes,
  linkNext,
  linkUsed,
  linkValueOffset,
} from '../../memory/chain.ts';
import {
  ITEM_TYPE,
  itemIsChained,
  itemType,
  itemValueBytes,
  itemValueOffset,
} from '../../memory/item.ts';
import type { Partition } from '../../memory/partition.ts';
import type { Reply } from '../../protocol/reply.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import {
  respBulkEnd,
  respBulkStart,
  respNull,
  respOk,
  respRaw,
} from '../../protocol/resp/reply.ts';
import { answerError, type RespCall } from './call.ts';
import { FLAG, OVERWRITE_KEY, READ_KEY, type RespRow } from './row.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;

// biome-ignore format: a table reads in columns
export const STRING_ROWS: readonly RespRow[] = [
  { name: 'get', arity:  2, flags: READONLY | FAST, keys: READ_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key', doc: 'Value of a key.', run: get },
  { name: 'set', arity: -3, flags: WRITE | DENY_OOM, keys: OVERWRITE_KEY, group: 'string', since: '1.0.0', complexity: 'O(1)', syntax: 'key value', doc: 'Stores a value.', run: set },
];

function get(call: RespCall): void {
  const { p, op, reply } = call;
  const ref = itemRead(p, op);
  if (ref === 0) respNull(reply);
  else if (itemType(p, ref) !== ITEM_TYPE.STRING) answerError(call, RESP_ERROR.wrongType);
  else respValue(reply, p, ref);
}

/** An item's value as a bulk string. */
export function respValue(reply: Reply, p: Partition, ref: number): void {
  respBulkStart(reply, itemValueBytes(p, ref));
  respRaw(reply, p.u8, itemValueOffset(p, ref), itemHeadValueBytes(p, ref));
  if (itemIsChained(p, ref)) {
    for (let link = chainFirst(p, ref); link !== 0; link = linkNext(p, link)) {
      respRaw(reply, p.u8, linkValueOffset(link), linkUsed(p, link));
    }
  }
  respBulkEnd(reply);
}

function set(call: RespCall): void {
  const { p, op, args, reply } = call;
  op.value = args.source;
  op.valueStart = args.start[2];
  op.valueBytes = args.end[2] - args.start[2];
  op.clientFlags = 0;
  op.expiresAtMs = 0;
  op.extras = 0;
  op.demandsCas = false;
  const status = valueStore(p, op, STORE.SET);
  if (status === STATUS.OK) respOk(reply);
  else answerError(call, RESP_ERROR.outOfMemory);
}
