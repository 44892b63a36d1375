/**
 * What memcached's `stats` tell, under the names that prometheus/memcached_exporter gives them, so that
 * dashboards made for that serve as they are. What is always 0 here, such as everything about flash
 * storage, is left out. Counts are those of `stats`: since its last reset.
 */
import { CLASS_TOTAL } from '../memory/class-totals.ts';
import { connectionLimit, connectionsOpen } from '../memory/connections.ts';
import { CONTROL, CONTROL_F64, COUNTER } from '../memory/control.ts';
import { CLASS, HEADER_F64 } from '../memory/partition.ts';
import { PAGE_BYTES } from '../memory/slab-classes.ts';
import { MEMCACHED_VERSION } from '../protocol/memcached/replies.ts';
import type { Exposition, Sample } from './exposition.ts';
import type { ClassNumbers, Snapshot } from './snapshot.ts';

export function memcachedMetrics(page: Exposition, now: Snapshot): void {
  processMetrics(page, now);
  connectionMetrics(page, now);
  commandMetrics(page, now);
  itemMetrics(page, now);
  slabMetrics(page, now);
  slabItemMetrics(page, now);
}

function processMetrics(page: Exposition, now: Snapshot): void {
  const { f64 } = now.keyspace.control;
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  page.gauge('memcached_up', 'Whether the server could be asked.', 1);
  page.gauge('memcached_uptime_seconds', 'Time since the start.', now.uptimeSec);
  page.gauge('memcached_time_seconds', 'The time of the server.', Math.floor(now.atMs / 1000));
  page.gauge('memcached_version', 'The version of memcached that is spoken.', [
    [{ version: MEMCACHED_VERSION }, 1],
  ]);
  page.counter(
    'memcached_process_user_cpu_seconds_total',
    'CPU time of all threads in user mode.',
    userCPUTime / 1e6,
  );
  page.counter(
    'memcached_process_system_cpu_seconds_total',
    'CPU time of all threads in the kernel.',
    systemCPUTime / 1e6,
  );
  page.gauge(
    'memcached_limit_bytes',
    'Memory for items and all that finds them.',
    f64[CONTROL_F64.memoryBytes],
  );
}

function connectionMetrics(page: Exposition, now: Snapshot): void {
  const { control } = now.keyspace;
  page.gauge(
    'memcached_current_connections',
    'Connections open, of both protocols.',
    connectionsOpen(control),
  );
  page.gauge('memcached_max_connections', 'Connections there may be.', connectionLimit(control));
  page.counter(
    'memcached_connections_total',
    'Connections accepted, of both protocols.',
    now.word(CONTROL.connectionClaims),
  );
  page.counter(
    'memcached_connections_rejected_total',
    'Connections refused because there were too many.',
    now.word(CONTROL.connectionRejects),
  );
  page.counter(
    'memcached_connections_yielded_total',
    'Times that a connection with many requests let others go first.',
    now.counter(COUNTER.connectionYields),
  );
  page.counter(
    'memcached_read_bytes_total',
    'Bytes read from clients, of both protocols.',
    now.counter(COUNTER.bytesRead),
  );
  page.counter(
    'memcached_written_bytes_total',
    'Bytes written to clients, of both protocols.',
    now.counter(COUNTER.bytesWritten),
  );
  page.gauge('memcached_accepting_connections', 'Whether connections are accepted.', 1);
}

function commandMetrics(page: Exposition, now: Snapshot): void {
  const ran = (command: string, status: string, value: number): Sample => [
    { command, status },
    value,
  ];
  const cas =
    now.classTotal(CLASS_TOTAL.casHits) +
    now.classTotal(CLASS_TOTAL.casBadval) +
    now.counter(COUNTER.casMisses);
  page.counter(
    'memcached_commands_total',
    'Requests by command and outcome, as memcached counts them.',
    [
      ran('get', 'hit', now.getHits),
      ran('get', 'miss', now.counter(COUNTER.getMisses)),
      ran('delete', 'hit', now.classTotal(CLASS_TOTAL.deleteHits)),
      ran('delete', 'miss', now.counter(COUNTER.deleteMisses)),
      ran('incr', 'hit', now.classTotal(CLASS_TOTAL.incrHits)),
      ran('incr', 'miss', now.counter(COUNTER.incrMisses)),
      ran('decr', 'hit', now.classTotal(CLASS_TOTAL.decrHits)),
      ran('decr', 'miss', now.counter(COUNTER.decrMisses)),
      ran('cas', 'hit', now.classTotal(CLASS_TOTAL.casHits)),
      ran('cas', 'miss', now.counter(COUNTER.casMisses)),
      ran('cas', 'badval', now.classTotal(CLASS_TOTAL.casBadval)),
      ran('touch', 'hit', now.classTotal(CLASS_TOTAL.touchHits)),
      ran('touch', 'miss', now.counter(COUNTER.touchMisses)),
      ran('flush', 'hit', now.counter(COUNTER.flushCommands)),
      // A cas is counted as a set too.
      ran('set', 'hit', now.counter(COUNTER.setCommands) - cas),
    ],
  );
}

function itemMetrics(page: Exposition, now: Snapshot): void {
  const { totals } = now;
  page.gauge(
    'memcached_current_bytes',
    'Bytes of the items: headers, keys and values.',
    totals[HEADER_F64.itemBytes],
  );
  page.gauge('memcached_current_items', 'Items stored, in database 0.', now.databases[0].keys);
  page.counter('memcached_items_total', 'Items ever stored.', totals[HEADER_F64.itemTotal]);
  page.counter(
    'memcached_items_evicted_total',
    'Items evicted because memory was full.',
    totals[HEADER_F64.evictionTotal],
  );
  page.counter(
    'memcached_items_reclaimed_total',
    'Expired and flushed items whose memory was taken back.',
    totals[HEADER_F64.expiryTotal],
  );
  page.counter(
    'memcached_item_too_large_total',
    'Stores refused because the item was too large.',
    now.counter(COUNTER.storeTooLarge),
  );
  page.counter(
    'memcached_item_no_memory_total',
    'Stores refused for want of memory.',
    now.counter(COUNTER.storeNoMemory),
  );
  page.gauge(
    'memcached_malloced_bytes',
    'Memory given to slab classes.',
    now.classTotal(CLASS.pageCount) * PAGE_BYTES,
  );
  page.gauge(
    'memcached_lru_crawler_enabled',
    'Whether expired items are looked for.',
    now.word(CONTROL.sweepIsOn),
  );
  page.counter(
    'memcached_lru_crawler_starts_total',
    'Rounds of the search for expired items.',
    now.word(CONTROL.sweeps),
  );
  page.counter(
    'memcached_lru_crawler_reclaimed_total',
    'Items that it found.',
    now.word(CONTROL.sweepReclaims),
  );
  page.counter(
    'memcached_lru_crawler_items_checked_total',
    'Items that it looked at.',
    now.classTotal(CLASS_TOTAL.reapVisits),
  );
}

/** Classes that have something to tell. */
function classesShown(now: Snapshot): readonly ClassNumbers[] {
  return now.classes.filter(
    ({ sums, totals }) => sums[CLASS.pageCount] > 0 || totals[CLASS_TOTAL.setCount] > 0,
  );
}

function slabMetrics(page: Exposition, now: Snapshot): void {
  const classes = classesShown(now);
  const each = (value: (one: ClassNumbers) => number): Sample[] =>
    classes.map((one) => [{ slab: one.id }, value(one)]);
  const chunks = ({ sums, chunksPerPage }: ClassNumbers): number =>
    sums[CLASS.pageCount] * chunksPerPage;
  page.gauge(
    'memcached_slab_chunk_size_bytes',
    'Bytes of a chunk.',
    each(({ chunkBytes }) => chunkBytes),
  );
  page.gauge(
    'memcached_slab_chunks_per_page',
    'Chunks in a page.',
    each(({ chunksPerPage }) => chunksPerPage),
  );
  page.gauge(
    'memcached_slab_current_pages',
    'Pages that the class has.',
    each(({ sums }) => sums[CLASS.pageCount]),
  );
  page.gauge('memcached_slab_current_chunks', 'Chunks that the class has.', each(chunks));
  page.gauge(
    'memcached_slab_chunks_used',
    'Chunks in use.',
    each(({ sums }) => sums[CLASS.usedCount]),
  );
  page.gauge(
    'memcached_slab_chunks_free',
    'Chunks that are free.',
    each((one) => chunks(one) - one.sums[CLASS.usedCount]),
  );
  page.gauge(
    'memcached_slab_mem_requested_bytes',
    'Bytes that the items of the class need.',
    each(({ sums }) => sums[CLASS.itemBytes]),
  );
  const counted = [
    ['get', 'hit', CLASS_TOTAL.getHits],
    ['delete', 'hit', CLASS_TOTAL.deleteHits],
    ['incr', 'hit', CLASS_TOTAL.incrHits],
    ['decr', 'hit', CLASS_TOTAL.decrHits],
    ['cas', 'hit', CLASS_TOTAL.casHits],
    ['cas', 'badval', CLASS_TOTAL.casBadval],
    ['touch', 'hit', CLASS_TOTAL.touchHits],
  ] as const;
  page.counter(
    'memcached_slab_commands_total',
    'Requests that met an item of the class; reads of RESP are among the gets.',
    classes.flatMap(({ id, totals }) => [
      ...counted.map(
        ([command, status, total]): Sample => [{ slab: id, command, status }, totals[total]],
      ),
      [
        { slab: id, command: 'set', status: 'hit' },
        totals[CLASS_TOTAL.setCount] - totals[CLASS_TOTAL.casHits] - totals[CLASS_TOTAL.casBadval],
      ] as const,
    ]),
  );
}

function slabItemMetrics(page: Exposition, now: Snapshot): void {
  const classes = classesShown(now);
  const level = (word: number): Sample[] =>
    classes.map(({ id, sums }) => [{ slab: id }, sums[word]]);
  const each = (total: number): Sample[] =>
    classes.map(({ id, totals }) => [{ slab: id }, totals[total]]);
  page.gauge('memcached_slab_current_items', 'Items of the class.', level(CLASS.itemCount));
  page.gauge(
    'memcached_slab_hot_items',
    'Items on probation.',
    classes.map(({ id, sums }) => [{ slab: id }, sums[CLASS.itemCount] - sums[CLASS.mainCount]]),
  );
  page.gauge(
    'memcached_slab_warm_items',
    'Items that were promoted out of it.',
    level(CLASS.mainCount),
  );
  page.counter(
    'memcached_slab_lru_hits_total',
    'Gets that met an item of the class. Segments are not told apart: all count as hot.',
    classes.map(({ id, totals }) => [{ slab: id, lru: 'hot' }, totals[CLASS_TOTAL.getHits]]),
  );
  page.counter('memcached_slab_items_evicted_total', 'Items evicted.', each(CLASS_TOTAL.evictions));
  page.counter(
    'memcached_slab_items_evicted_nonzero_total',
    'Items evicted that had an expiry time.',
    each(CLASS_TOTAL.evictionsNonzero),
  );
  page.counter(
    'memcached_slab_items_evicted_unfetched_total',
    'Items evicted that nobody had asked for.',
    each(CLASS_TOTAL.evictionsUnfetched),
  );
  page.counter(
    'memcached_slab_items_expired_unfetched_total',
    'Items expired that nobody had asked for.',
    each(CLASS_TOTAL.expiredUnfetched),
  );
  page.counter(
    'memcached_slab_items_outofmemory_total',
    'Stores refused for want of memory.',
    each(CLASS_TOTAL.outOfMemory),
  );
  page.counter(
    'memcached_slab_items_reclaimed_total',
    'Dead items whose memory was taken back.',
    each(CLASS_TOTAL.expired),
  );
  page.counter(
    'memcached_slab_items_crawler_reclaimed_total',
    'Dead items found without asking for them.',
    each(CLASS_TOTAL.reaped),
  );
}
