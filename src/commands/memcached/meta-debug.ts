/**
 * me and mn: what is known of an item, for people; and nothing, for clients that want to see their
 * pipeline end.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Debug", "Meta No-Op".
 */
import { keyFill } from '../../base/key.ts';
import { uint64Text } from '../../base/uint64.ts';
import { itemFind } from '../../engine/types/string.ts';
import { COUNTER } from '../../memory/control.ts';
import {
  itemBytes,
  itemExpiresAtMs,
  itemIsFetched,
  itemMarks,
  MARK_BINARY_KEY,
} from '../../memory/item.ts';
import { itemIdleSec } from '../../memory/item-access.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { base64Decode } from '../../protocol/memcached/base64.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { metaWordsAreFlags } from '../../protocol/memcached/meta-flags.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyText } from '../../protocol/reply.ts';
import { type Call, KEY_BYTES_MAX, uniqueTake } from './call.ts';
import { ttlSec } from './meta-reply.ts';
import type { TextRow } from './row.ts';

const FIRST_FLAG = 2;

// biome-ignore format: a table reads in columns
export const META_DEBUG_ROWS: readonly TextRow[] = [
  { name: 'me', wordsMin: 2, run: metaDebug, streams: false, doc: 'Meta debug: what is known of an item, in words.' },
  { name: 'mn', wordsMin: 1, run: metaNoop,  streams: false, doc: 'Meta no-op: its answer shows that what came before it is done.' },
];

/** Whatever else the line holds. */
function metaNoop(call: Call): number {
  replyBytes(call.reply, REPLY.metaNoop);
  return call.line.next;
}

function metaDebug(call: Call): number {
  const { line, reply, counters, block } = call;
  if (!keyTake(call)) {
    replyBytes(reply, REPLY.badFormat);
    return line.next;
  }
  counters[block + COUNTER.metaCommands]++;
  const p = call.keyspace.partitionAsked(call.op.key);
  partitionLock(p);
  const ref = itemFind(p, call.op);
  const text = ref === 0 ? null : itemText(call, p, ref);
  partitionUnlock(p);
  if (text === null) replyBytes(reply, REPLY.metaMiss);
  else replyText(reply, text);
  return line.next;
}

/** Takes the key, which a lone b declares to be base64. False when the line is malformed. */
function keyTake(call: Call): boolean {
  const { line, input, flags, op } = call;
  const start = line.start[1];
  const end = line.end[1];
  if (end - start > KEY_BYTES_MAX || !metaWordsAreFlags(line, input, FIRST_FLAG)) return false;
  if (lineWord(line, input, FIRST_FLAG) !== 'b') {
    keyFill(op.key, input, start, end - start);
    return true;
  }
  flags.keyBytes = base64Decode(input, start, end, flags.key);
  keyFill(op.key, flags.key, 0, flags.keyBytes);
  return flags.keyBytes > 0;
}

function itemText(call: Call, p: Partition, ref: number): string {
  const { op, unique } = call;
  uniqueTake(call, p, ref);
  const isBinary = (itemMarks(p, ref) & MARK_BINARY_KEY) !== 0;
  const key = Buffer.from(op.key.u8.subarray(0, op.key.bytes));
  const facts = [
    `exp=${ttlSec(itemExpiresAtMs(p, ref), op.nowMs)}`,
    `la=${itemIdleSec(p, ref, op.nowSec)}`,
    `cas=${uint64Text(unique)}`,
    `fetch=${itemIsFetched(p, ref) ? 'yes' : 'no'}`,
    `cls=${chunkClass(p, ref)}`,
    `size=${itemBytes(p, ref)}`,
  ];
  return `ME ${key.toString(isBinary ? 'base64' : 'latin1')} ${facts.join(' ')}\r\n`;
}
