/** Subcommands of DEBUG about keys. All partitions are locked. */
import { keyFillIn } from '../../../base/key.ts';
import { STATUS } from '../../../engine/status.ts';
import { valueStore } from '../../../engine/types/chained.ts';
import { listIsQuicklist } from '../../../engine/types/list-encoding.ts';
import { itemSeek, STORE } from '../../../engine/types/string.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { ITEM_TYPE, itemType, itemValueBytes } from '../../../memory/item.ts';
import { itemIdleSec } from '../../../memory/item-access.ts';
import { HEADER, type Partition, TABLE } from '../../../memory/partition.ts';
import { argumentBytes, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respOk, respSimple, respVerbatim } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { valueSerializedBytes } from '../keys/dump.ts';
import { encodingName } from '../keys/object.ts';
import { integerArgument, positiveArgument } from '../number-arguments.ts';
import { DIGEST_OF_NOTHING, digestText, keyspaceDigest, valueDigest } from './debug-digest.ts';
import type { DebugRow } from './debug-row.ts';

/** The clock by which Redis told when keys were used: seconds, of 24 bits. */
const LRU_CLOCK_MASK = 2 ** 24 - 1;

// biome-ignore format: a table reads in columns
export const KEY_DEBUG: readonly DebugRow[] = [
  { name: 'digest',       wordsMin: 0, wordsMax: 0, syntax: '', doc: 'Return a fingerprint of all keys and values.', run: debugDigest },
  { name: 'digest-value', wordsMin: 0, wordsMax: Number.MAX_SAFE_INTEGER, syntax: '<key> [<key> ...]', doc: 'Return a fingerprint of the value of each key.', run: debugDigestValue },
  { name: 'htstats',      wordsMin: 1, wordsMax: 2, syntax: '<database> [FULL]', doc: 'Return how the index of keys is used. All databases share it.', run: debugTableStats },
  { name: 'htstats-key',  wordsMin: 1, wordsMax: 2, syntax: '<key> [FULL]', doc: 'Return how many members a set, sorted set or hash has, if they are indexed.', run: debugKeyStats },
  { name: 'listpack',     wordsMin: 1, wordsMax: 1, syntax: '<key>', doc: 'Write into the log how long a small collection is.', run: debugListpack },
  { name: 'object',       wordsMin: 1, wordsMax: 2, syntax: '<key> [FAST]', doc: 'Return what is known of a key and its value.', run: debugObject },
  { name: 'populate',     wordsMin: 1, wordsMax: 3, syntax: '<count> [<prefix>] [<size>]', doc: 'Make so many strings, named key:<n> or <prefix>:<n>, of so many bytes.', run: debugPopulate },
  { name: 'sdslen',       wordsMin: 1, wordsMax: 1, syntax: '<key>', doc: 'Return the lengths of a key and of the string that it holds.', run: debugLengths },
];

function debugDigest(call: RespCall): void {
  respSimple(call.reply, digestText(keyspaceDigest(call)));
}

function debugDigestValue(call: RespCall): void {
  const { args, op, reply } = call;
  respArray(reply, args.count - 2);
  for (let at = 2; at < args.count; at++) {
    const p = keyTake(call, at);
    const ref = itemSeek(p, op);
    const digest = ref === 0 ? DIGEST_OF_NOTHING : valueDigest(p, ref, op.nowMs);
    respSimple(reply, digestText(digest));
  }
}

/** Calls visit for the item of argument 2; where there is none that is answered. */
function keyVisit(call: RespCall, visit: (p: Partition, ref: number) => void): void {
  const p = keyTake(call, 2);
  const ref = itemSeek(p, call.op);
  if (ref === 0) answerError(call, RESP_ERROR.noKey);
  else visit(p, ref);
}

function debugObject(call: RespCall): void {
  const { args, reply, op, config } = call;
  keyVisit(call, (p, ref) => {
    const isFast = args.count === 4 && argumentIs(args, 3, 'fast');
    const idleSec = itemIdleSec(p, ref, op.nowSec);
    const serialized = isFast ? [] : [`serializedlength:${valueSerializedBytes(p, ref, op.nowMs)}`];
    const isQuicklist = itemType(p, ref) === ITEM_TYPE.LIST && listIsQuicklist(p, ref);
    const quicklist = [`ql_listpack_max:${config.hot.listMaxListpackSize}`, 'ql_compressed:0'];
    const fields = [
      `Value at:0x${(ref << 3).toString(16)}`,
      'refcount:1',
      `encoding:${encodingName(p, ref)}`,
      ...serialized,
      `lru:${(op.nowSec - idleSec) & LRU_CLOCK_MASK}`,
      `lru_seconds_idle:${idleSec}`,
      ...(isQuicklist ? quicklist : []),
    ];
    respSimple(reply, fields.join(' '));
  });
}

function debugLengths(call: RespCall): void {
  keyVisit(call, (p, ref) => {
    if (itemType(p, ref) !== ITEM_TYPE.STRING) {
      answerError(call, 'ERR Not an sds encoded string.');
      return;
    }
    const name = argumentBytes(call.args, 2);
    const value = itemValueBytes(p, ref);
    const text = (of: string, bytes: number): string =>
      `${of}_sds_len:${bytes}, ${of}_sds_avail:0, ${of}_zmalloc: ${bytes}`;
    respSimple(call.reply, `${text('key', name)}, ${text('val', value)}`);
  });
}

function debugListpack(call: RespCall): void {
  keyVisit(call, (p, ref) => {
    const encoding = encodingName(p, ref);
    if (!encoding.startsWith('listpack')) {
      answerError(call, 'ERR Not a listpack encoded object.');
      return;
    }
    const elements = collectionCount(p, ref);
    call.server.warn('DEBUG LISTPACK', { elements, bytes: itemValueBytes(p, ref) });
    respSimple(call.reply, 'Listpack structure printed on stdout');
  });
}

function debugKeyStats(call: RespCall): void {
  keyVisit(call, (p, ref) => {
    if (!['hashtable', 'skiplist'].includes(encodingName(p, ref))) {
      answerError(
        call,
        'ERR The value stored at the specified key is not represented using an hash table',
      );
      return;
    }
    respVerbatim(call.reply, 'txt', tableText([['number of elements', collectionCount(p, ref)]]));
  });
}

function debugTableStats(call: RespCall): void {
  const { keyspace, reply, config } = call;
  const database = integerArgument(call, 2);
  if (Number.isNaN(database)) return;
  if (database < 0 || database >= config.hot.databases) {
    answerError(call, 'ERR Out of range database');
    return;
  }
  const sum = (word: number): number =>
    keyspace.partitions.reduce((all, { i32 }) => all + i32[HEADER.keysTable + word], 0);
  const rows: readonly (readonly [string, number])[] = [
    ['table size', sum(TABLE.bucketCount)],
    ['number of elements', sum(TABLE.itemCount)],
    ['overflow buckets', sum(TABLE.overflowCount)],
  ];
  respVerbatim(reply, 'txt', `[Dictionary HT]\n${tableText(rows)}`);
}

function tableText(rows: readonly (readonly [string, number])[]): string {
  return rows.map(([name, value]) => ` ${name}: ${value}\n`).join('');
}

/** Keys that are there stay as they are. */
function debugPopulate(call: RespCall): void {
  const { args, op, session, keyspace, reply } = call;
  const count = positiveArgument(call, 2);
  if (Number.isNaN(count)) return;
  const prefix = args.count > 3 ? argumentText(args, 3) : 'key';
  const bytes = args.count > 4 ? positiveArgument(call, 4) : 0;
  if (Number.isNaN(bytes)) return;
  for (let n = 0; n < count; n++) {
    const name = Buffer.from(`${prefix}:${n}`, 'latin1');
    const text = Buffer.from(`value:${n}`, 'latin1');
    keyFillIn(op.key, session.namespace, name, 0, name.length);
    const value = bytes === 0 ? text : Buffer.concat([text], bytes);
    op.value = value;
    op.valueStart = 0;
    op.valueBytes = value.length;
    op.clientFlags = 0;
    op.expiresAtMs = 0;
    op.extras = 0;
    op.demandsCas = false;
    const status = valueStore(keyspace.partitionFor(op.key.hash), op, STORE.ADD);
    if (status === STATUS.OK || status === STATUS.NOT_STORED) continue;
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  respOk(reply);
}
