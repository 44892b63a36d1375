/** OBJECT: what is known of a value besides what it is. */
import { HASH_ENCODING, hashEncodingOf } from '../../../engine/types/hash.ts';
import { listIsQuicklist } from '../../../engine/types/list-encoding.ts';
import { SET_ENCODING, setEncodingOf } from '../../../engine/types/set.ts';
import { itemSeek } from '../../../engine/types/string.ts';
import { STRING_ENCODING, stringEncoding } from '../../../engine/types/string-range-room.ts';
import { zsetIsSkiplist } from '../../../engine/types/zset.ts';
import { ITEM_TYPE, itemType } from '../../../memory/item.ts';
import { itemIdleSec, itemUses } from '../../../memory/item-access.ts';
import type { Partition } from '../../../memory/partition.ts';
import { respInteger, respNull, respText } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';

const { READONLY } = FLAG;
const KEYSPACE = ['keyspace'];
const OBJECT_KEY: readonly KeySpec[] = [{ use: 'RO', from: 2 }];

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'encoding', arity: 3, flags: READONLY, keys: OBJECT_KEY, categories: KEYSPACE, since: '2.2.3', complexity: 'O(1)', syntax: '<key>', doc: 'Tell in which way Redis would keep the value of a <key>.',                       run: (call) => objectAnswer(call, encodingAnswer) },
  { name: 'freq',     arity: 3, flags: READONLY, keys: OBJECT_KEY, categories: KEYSPACE, since: '4.0.0', complexity: 'O(1)', syntax: '<key>', doc: 'Tell how often a <key> was used lately, from 0 to 3. With an LFU policy only.', run: (call) => objectAnswer(call, frequencyAnswer) },
  { name: 'idletime', arity: 3, flags: READONLY, keys: OBJECT_KEY, categories: KEYSPACE, since: '2.2.3', complexity: 'O(1)', syntax: '<key>', doc: 'Tell how many seconds ago a <key> was used last. Not with an LFU policy.',     run: (call) => objectAnswer(call, idleTimeAnswer) },
  { name: 'refcount', arity: 3, flags: READONLY, keys: OBJECT_KEY, categories: KEYSPACE, since: '2.2.3', complexity: 'O(1)', syntax: '<key>', doc: 'Tell how many keys share the value of a <key>: 1, as values are not shared.',   run: (call) => objectAnswer(call, refCountAnswer) },
];

export const OBJECT_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'object',
      group: 'generic',
      since: '2.2.3',
      doc: 'A container for commands on what is known of values.',
      helpSince: '6.2.0',
    },
    SUBCOMMANDS,
  ),
];

type Answer = (call: RespCall, p: Partition, ref: number) => void;

/** Looks a key up, which does not count as a use, and answers what is asked of it. */
function objectAnswer(call: RespCall, answer: Answer): void {
  const p = keyTake(call, 2);
  const ref = itemSeek(p, call.op);
  if (ref === 0) respNull(call.reply);
  else answer(call, p, ref);
}

function encodingAnswer({ reply }: RespCall, p: Partition, ref: number): void {
  respText(reply, encodingName(p, ref));
}

/** As OBJECT ENCODING has it. */
export function encodingName(p: Partition, ref: number): string {
  switch (itemType(p, ref)) {
    case ITEM_TYPE.STRING:
      return stringEncodingName(stringEncoding(p, ref));
    case ITEM_TYPE.LIST:
      return listIsQuicklist(p, ref) ? 'quicklist' : 'listpack';
    case ITEM_TYPE.SET:
      return setEncodingName(setEncodingOf(p, ref));
    case ITEM_TYPE.ZSET:
      return zsetIsSkiplist(p, ref) ? 'skiplist' : 'listpack';
    case ITEM_TYPE.HASH:
      return hashEncodingName(hashEncodingOf(p, ref));
    default:
      return 'stream';
  }
}

function stringEncodingName(encoding: number): string {
  if (encoding === STRING_ENCODING.INT) return 'int';
  return encoding === STRING_ENCODING.EMBEDDED ? 'embstr' : 'raw';
}

function setEncodingName(encoding: number): string {
  if (encoding === SET_ENCODING.INTSET) return 'intset';
  return encoding === SET_ENCODING.LISTPACK ? 'listpack' : 'hashtable';
}

function hashEncodingName(encoding: number): string {
  if (encoding === HASH_ENCODING.LISTPACK) return 'listpack';
  return encoding === HASH_ENCODING.HASHTABLE ? 'hashtable' : 'listpackex';
}

/** Whether the eviction policy goes by how often keys are used, rather than by how long ago. */
function policyIsLfu({ config }: RespCall): boolean {
  return config.settings.maxmemoryPolicy.endsWith('-lfu');
}

const POLICY_CHANGES =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

function frequencyAnswer(call: RespCall, p: Partition, ref: number): void {
  if (policyIsLfu(call)) {
    respInteger(call.reply, itemUses(p, ref, call.op.nowSec));
    return;
  }
  const reason = 'An LFU maxmemory policy is not selected, access frequency not tracked.';
  answerError(call, `ERR ${reason} ${POLICY_CHANGES}`);
}

function idleTimeAnswer(call: RespCall, p: Partition, ref: number): void {
  if (!policyIsLfu(call)) {
    respInteger(call.reply, itemIdleSec(p, ref, call.op.nowSec));
    return;
  }
  const reason = 'An LFU maxmemory policy is selected, idle time not tracked.';
  answerError(call, `ERR ${reason} ${POLICY_CHANGES}`);
}

function refCountAnswer({ reply }: RespCall): void {
  respInteger(reply, 1);
}
