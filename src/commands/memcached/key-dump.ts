/**
 * Lists of all keys: lru_crawler metadump and mgdump. A dump goes from bucket to bucket of the index, a
 * few under each lock, as fast as the client reads, and lets other connections of the thread have their
 * turn. A key that is there from first to last is listed, and twice if the index grew meanwhile; one that
 * comes or goes may be missed. So may others while the memory limit is lowered, since buckets then merge.
 * Spec: memcached/memcached doc/protocol.txt, "LRU_Crawler"; crawler.c for the lines.
 */
import { indexBucketCount, indexBucketWalk } from '../../engine/hash-index.ts';
import { itemCasUnique, itemIsDead } from '../../engine/lifecycle.ts';
import {
  itemBytes,
  itemClientFlags,
  itemExpiresAtMs,
  itemIsFetched,
  itemIsNamespaced,
  itemKeyBytes,
  itemKeyOffset,
  itemMarks,
  MARK_BINARY_KEY,
} from '../../memory/item.ts';
import { itemIdleSec } from '../../memory/item-access.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { chunkClass } from '../../memory/slab.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { uriEncode } from '../../protocol/memcached/uri.ts';
import { REPLY_BYTES_MAX, replyBytes, replyRoom } from '../../protocol/reply.ts';
import { RUN_ENDED } from '../run-ended.ts';
import type { Call } from './call.ts';
import { PHASE, waitAt } from './session.ts';

/** Buckets looked at under one lock, and before other connections have their turn. */
const BUCKETS_PER_SLICE = 16;
const SLICES_PER_TURN = 64;

type LineOf = (call: Call, p: Partition, ref: number) => string;

/** What the two kinds of dumps do not share. */
export type DumpForm = {
  readonly lineOf: LineOf;
  readonly end: Uint8Array;
  readonly refused: Uint8Array;
  readonly pipelined: Uint8Array;
};

// biome-ignore format: a table reads in columns
export const DUMP = {
  META: { lineOf: metaLine, end: REPLY.end,  refused: REPLY.metadumpRefused, pipelined: REPLY.metadumpPipelined },
  MG:   { lineOf: mgLine,   end: REPLY.metaMiss, refused: REPLY.mgdumpRefused,   pipelined: REPLY.mgdumpPipelined },
} as const;

/** A dump under way, and the lines of the buckets it looked at last, as far as they are not sent. */
class KeyDump {
  readonly form: DumpForm;
  readonly classIds: ReadonlySet<number>;
  partition = 0;
  bucket = 0;
  lines: Buffer = Buffer.alloc(0);

  constructor(form: DumpForm, classIds: ReadonlySet<number>) {
    this.form = form;
    this.classIds = classIds;
  }
}

/** Answers OK; the lines follow by and by, and then the end. */
export function dumpStart(call: Call, form: DumpForm, classIds: ReadonlySet<number>): void {
  const dump = new KeyDump(form, classIds);
  replyBytes(call.reply, REPLY.ok);
  call.session.phase = PHASE.DUMP;
  call.session.resume = (resumed, at) => dumpGo(resumed, at, dump);
}

function dumpGo(call: Call, at: number, dump: KeyDump): number {
  for (let slice = 0; slice < SLICES_PER_TURN; slice++) {
    if (!linesSend(call, dump)) return waitAt(at);
    if (dump.partition === call.keyspace.partitions.length) {
      if (!replyRoom(call.reply, dump.form.end.length)) return waitAt(at);
      replyBytes(call.reply, dump.form.end);
      call.session.phase = PHASE.COMMAND;
      return at;
    }
    linesGather(call, dump);
  }
  call.runEnded = RUN_ENDED.BUDGET;
  return waitAt(at);
}

/** False when the client is behind: it goes on when the client has read. */
function linesSend({ reply }: Call, dump: KeyDump): boolean {
  while (dump.lines.length > 0) {
    if (reply.isBlocked || (reply.used === REPLY_BYTES_MAX && !replyRoom(reply, 1))) return false;
    const copied = dump.lines.copy(reply.bytes, reply.used);
    reply.used += copied;
    dump.lines = dump.lines.subarray(copied);
  }
  return true;
}

/** The lines of the next buckets. */
function linesGather(call: Call, dump: KeyDump): void {
  const p = call.keyspace.partitions[dump.partition];
  const { lineOf } = dump.form;
  let lines = '';
  partitionLock(p);
  const end = Math.min(dump.bucket + BUCKETS_PER_SLICE, indexBucketCount(p));
  for (; dump.bucket < end; dump.bucket++) {
    indexBucketWalk(p, dump.bucket, (ref) => {
      const isMeant = !itemIsNamespaced(p, ref) && dump.classIds.has(chunkClass(p, ref));
      if (isMeant && !itemIsDead(p, ref, call.op.nowMs)) lines += lineOf(call, p, ref);
    });
  }
  const isDone = dump.bucket >= indexBucketCount(p);
  partitionUnlock(p);
  dump.lines = Buffer.from(lines, 'latin1');
  if (!isDone) return;
  dump.partition++;
  dump.bucket = 0;
}

function keyOf(p: Partition, ref: number): string {
  const start = itemKeyOffset(p, ref);
  return p.u8.toString('latin1', start, start + itemKeyBytes(p, ref));
}

/** There is a space before the line feed, and no carriage return: so memcached has it. */
function metaLine(call: Call, p: Partition, ref: number): string {
  const { op, server } = call;
  const expiresAtMs = itemExpiresAtMs(p, ref);
  const expiry = expiresAtMs === 0 ? -1 : Math.floor(expiresAtMs / 1000);
  const accessedSec = op.nowSec - itemIdleSec(p, ref, op.nowSec);
  const cas = server.config.casEnabled ? itemCasUnique(p, ref) : 0;
  const fetched = itemIsFetched(p, ref) ? 'yes' : 'no';
  return (
    `key=${uriEncode(keyOf(p, ref))} exp=${expiry} la=${accessedSec} cas=${cas} fetch=${fetched}` +
    ` cls=${chunkClass(p, ref)} size=${itemBytes(p, ref)} flags=${itemClientFlags(p, ref)} \n`
  );
}

/** A command that asks for the key: as base64 if it was stored so. */
function mgLine(_call: Call, p: Partition, ref: number): string {
  const key = keyOf(p, ref);
  if ((itemMarks(p, ref) & MARK_BINARY_KEY) === 0) return `mg ${key}\r\n`;
  return `mg ${Buffer.from(key, 'latin1').toString('base64')} b\r\n`;
}
