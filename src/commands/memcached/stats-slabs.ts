/** stats slabs, items and sizes: the slab classes, summed over the partitions. */
import { CLASS_TOTAL, classTotalsAdd } from '../../memory/class-totals.ts';
import {
  chunkKind,
  itemBytes,
  itemIsLinked,
  itemIsNamespaced,
  KIND_ITEM,
} from '../../memory/item.ts';
import {
  CLASS,
  classRecord,
  HEADER,
  PAGE,
  type Partition,
  pageOffset,
  pageRecord,
  partitionLock,
  partitionUnlock,
} from '../../memory/partition.ts';
import { PAGE_BYTES } from '../../memory/slab-classes.ts';
import type { Call } from './call.ts';
import type { StatRow } from './stats.ts';

/** A class's record and totals, summed over all partitions: by CLASS, by CLASS_TOTAL. */
type ClassSums = { readonly sums: Float64Array; readonly totals: Float64Array };

function classSums(call: Call, classId: number): ClassSums {
  const sums = new Float64Array(CLASS.words);
  const totals = new Float64Array(CLASS_TOTAL.words);
  for (const p of call.keyspace.partitions) {
    partitionLock(p);
    for (let word = 0; word < CLASS.words; word++) sums[word] += p.i32[classRecord(classId) + word];
    classTotalsAdd(p, classId, totals);
    partitionUnlock(p);
  }
  return { sums, totals };
}

export function statsSlabs(call: Call): StatRow[] {
  const { classes } = call.keyspace.partitions[0];
  const rows: StatRow[] = [];
  let active = 0;
  let pages = 0;
  for (let classId = 1; classId < classes.count; classId++) {
    const { sums, totals } = classSums(call, classId);
    // A class that gave all its pages back is shown as long as its counts say something.
    if (sums[CLASS.pageCount] === 0 && totals[CLASS_TOTAL.setCount] === 0) continue;
    if (sums[CLASS.pageCount] > 0) active++;
    pages += sums[CLASS.pageCount];
    const perPage = classes.chunksPerPage[classId];
    const chunks = sums[CLASS.pageCount] * perPage;
    rows.push(
      [`${classId}:chunk_size`, classes.chunkBytes[classId]],
      [`${classId}:chunks_per_page`, perPage],
      [`${classId}:total_pages`, sums[CLASS.pageCount]],
      [`${classId}:total_chunks`, chunks],
      [`${classId}:used_chunks`, sums[CLASS.usedCount]],
      [`${classId}:free_chunks`, chunks - sums[CLASS.usedCount]],
      [`${classId}:free_chunks_end`, 0],
      [`${classId}:get_hits`, totals[CLASS_TOTAL.getHits]],
      [`${classId}:cmd_set`, totals[CLASS_TOTAL.setCount]],
      [`${classId}:delete_hits`, totals[CLASS_TOTAL.deleteHits]],
      [`${classId}:incr_hits`, totals[CLASS_TOTAL.incrHits]],
      [`${classId}:decr_hits`, totals[CLASS_TOTAL.decrHits]],
      [`${classId}:cas_hits`, totals[CLASS_TOTAL.casHits]],
      [`${classId}:cas_badval`, totals[CLASS_TOTAL.casBadval]],
      [`${classId}:touch_hits`, totals[CLASS_TOTAL.touchHits]],
    );
  }
  rows.push(['active_slabs', active], ['total_malloced', pages * PAGE_BYTES]);
  return rows;
}

/**
 * memcached's LRU segments are told from what there is: items on probation are HOT, main items WARM,
 * and nothing is COLD. Hits are not counted apart, so all are under hits_to_hot: the sum is right.
 */
export function statsItems(call: Call): StatRow[] {
  const { classes } = call.keyspace.partitions[0];
  const rows: StatRow[] = [];
  for (let classId = 1; classId < classes.count; classId++) {
    const { sums, totals } = classSums(call, classId);
    if (sums[CLASS.itemCount] === 0) continue;
    const prefix = `items:${classId}`;
    rows.push(
      [`${prefix}:number`, sums[CLASS.itemCount]],
      [`${prefix}:number_hot`, sums[CLASS.itemCount] - sums[CLASS.mainCount]],
      [`${prefix}:number_warm`, sums[CLASS.mainCount]],
      [`${prefix}:number_cold`, 0],
      [`${prefix}:age_hot`, 0],
      [`${prefix}:age_warm`, 0],
      [`${prefix}:age`, classAgeSec(call, classId)],
      [`${prefix}:mem_requested`, sums[CLASS.itemBytes]],
      [`${prefix}:evicted`, totals[CLASS_TOTAL.evictions]],
      [`${prefix}:evicted_nonzero`, totals[CLASS_TOTAL.evictionsNonzero]],
      [`${prefix}:evicted_time`, classAgeSec(call, classId)],
      [`${prefix}:outofmemory`, totals[CLASS_TOTAL.outOfMemory]],
      [`${prefix}:tailrepairs`, 0],
      [`${prefix}:reclaimed`, totals[CLASS_TOTAL.expired]],
      [`${prefix}:expired_unfetched`, totals[CLASS_TOTAL.expiredUnfetched]],
      [`${prefix}:evicted_unfetched`, totals[CLASS_TOTAL.evictionsUnfetched]],
      [`${prefix}:evicted_active`, 0],
      [`${prefix}:crawler_reclaimed`, totals[CLASS_TOTAL.reaped]],
      [`${prefix}:crawler_items_checked`, totals[CLASS_TOTAL.reapVisits]],
      [`${prefix}:lrutail_reflocked`, 0],
      [`${prefix}:moves_to_cold`, 0],
      [`${prefix}:moves_to_warm`, totals[CLASS_TOTAL.promotions]],
      [`${prefix}:moves_within_lru`, totals[CLASS_TOTAL.renewals]],
      [`${prefix}:direct_reclaims`, totals[CLASS_TOTAL.evictions]],
      [`${prefix}:hits_to_hot`, totals[CLASS_TOTAL.getHits]],
      [`${prefix}:hits_to_warm`, 0],
      [`${prefix}:hits_to_cold`, 0],
      [`${prefix}:hits_to_temp`, 0],
    );
  }
  return rows;
}

/** How long the item evicted last had not been used: the greatest over the partitions. */
function classAgeSec(call: Call, classId: number): number {
  const word = classRecord(classId) + CLASS.evictedAgeSec;
  return Math.max(...call.keyspace.partitions.map((p) => p.i32[word]));
}

/** How many items there are of each size, in steps of 32 bytes. Walks everything: costly. */
export function statsSizes(call: Call): StatRow[] {
  if (!call.server.config.trackSizes) return [['sizes_status', 'disabled']];
  const counts = new Map<number, number>();
  for (const p of call.keyspace.partitions) {
    for (let page = 0; page < p.pageCount; page++) pageSizesCount(p, page, counts);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([bytes, count]) => [String(bytes), count]);
}

/** One page under the lock at a time, so that the walk holds nobody up. */
function pageSizesCount(p: Partition, page: number, counts: Map<number, number>): void {
  partitionLock(p);
  const record = pageRecord(p, page);
  const classId = p.i32[record + PAGE.classId];
  const isInUse = page < p.i32[HEADER.pageBump] && classId > 0;
  const chunkCount = isInUse ? p.i32[record + PAGE.bumpCount] : 0;
  for (let chunk = 0; chunk < chunkCount; chunk++) {
    const ref = (pageOffset(p, page) + chunk * p.classes.chunkBytes[classId]) >>> 3;
    if (chunkKind(p, ref) !== KIND_ITEM || !itemIsLinked(p, ref)) continue;
    if (itemIsNamespaced(p, ref)) continue;
    const bucket = Math.ceil(itemBytes(p, ref) / 32) * 32;
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  partitionUnlock(p);
}
