/**
 * stats cachedump: the keys of one slab class, as many as fit 2 MiB of text, as memcached limits it.
 */
import { itemIsDead } from '../../engine/lifecycle.ts';
import {
  chunkKind,
  itemExpiresAtMs,
  itemIsLinked,
  itemIsNamespaced,
  itemKeyBytes,
  itemKeyOffset,
  itemValueBytes,
  KIND_ITEM,
} from '../../memory/item.ts';
import {
  HEADER,
  PAGE,
  type Partition,
  pageOffset,
  pageRecord,
  partitionLock,
  partitionUnlock,
} from '../../memory/partition.ts';
import type { Call } from './call.ts';

const TEXT_BYTES_MAX = 2 * 2 ** 20;

/** ITEM lines and END. `limit` 0 = no limit but the size of the text. */
export function cacheDump(call: Call, classId: number, limit: number): string {
  const lines: string[] = [];
  let bytes = 0;
  for (const p of call.keyspace.partitions) {
    for (let page = 0; page < p.i32[HEADER.pageBump]; page++) {
      for (const line of pageLines(call, p, page, classId)) {
        bytes += line.length;
        if (bytes > TEXT_BYTES_MAX || (limit > 0 && lines.length >= limit)) {
          return `${lines.join('')}END\r\n`;
        }
        lines.push(line);
      }
    }
  }
  return `${lines.join('')}END\r\n`;
}

/** One page under the lock at a time, so that the dump holds nobody up. */
function pageLines(call: Call, p: Partition, page: number, classId: number): string[] {
  const lines: string[] = [];
  partitionLock(p);
  const record = pageRecord(p, page);
  const isOfClass = classId > 0 && p.i32[record + PAGE.classId] === classId;
  const chunkCount = isOfClass ? p.i32[record + PAGE.bumpCount] : 0;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const ref = (pageOffset(p, page) + chunk * p.classes.chunkBytes[classId]) >>> 3;
    if (chunkKind(p, ref) !== KIND_ITEM || !itemIsLinked(p, ref)) continue;
    if (itemIsNamespaced(p, ref)) continue;
    if (!itemIsDead(p, ref, call.op.nowMs)) lines.push(itemLine(p, ref));
  }
  partitionUnlock(p);
  return lines;
}

function itemLine(p: Partition, ref: number): string {
  const keyStart = itemKeyOffset(p, ref);
  const key = p.u8.toString('latin1', keyStart, keyStart + itemKeyBytes(p, ref));
  const expiresAtSec = Math.floor(itemExpiresAtMs(p, ref) / 1000);
  return `ITEM ${key} [${itemValueBytes(p, ref)} b; ${expiresAtSec} s]\r\n`;
}
