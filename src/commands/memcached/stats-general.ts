/** stats without a section: the server as a whole. And `stats server`: what only this server has. */
import { crawlIsRunning } from '../../engine/crawl.ts';
import { databaseKeyCount } from '../../engine/database.ts';
import { indexBucketCount, indexPageCount } from '../../engine/hash-index.ts';
import { CLASS_TOTAL, classTotalsAdd } from '../../memory/class-totals.ts';
import { connectionLimit, connectionsOpen } from '../../memory/connections.ts';
import {
  CONTROL,
  CONTROL_F64,
  COUNTER,
  counterSum,
  GAUGE,
  gaugeSum,
} from '../../memory/control.ts';
import {
  HEADER,
  HEADER_F64,
  type Partition,
  partitionLock,
  partitionUnlock,
} from '../../memory/partition.ts';
import { PAGE_BYTES } from '../../memory/slab-classes.ts';
import { MEMCACHED_VERSION } from '../../protocol/memcached/replies.ts';
import { REPLY_BYTES_MAX } from '../../protocol/reply.ts';
import type { Call } from './call.ts';
import type { StatRow } from './stats.ts';

/** Sums over all partitions, each read under its lock. */
class Totals {
  /** Keys of database 0: memcached's. */
  keyCount = 0;
  pageFreeCount = 0;
  bucketCount = 0;
  indexPageCount = 0;
  readonly f64 = new Float64Array(HEADER_F64.words);
  readonly klass = new Float64Array(CLASS_TOTAL.words);

  constructor(partitions: readonly Partition[]) {
    for (const p of partitions) {
      partitionLock(p);
      this.add(p);
      partitionUnlock(p);
    }
  }

  private add(p: Partition): void {
    this.keyCount += databaseKeyCount(p, 0);
    this.pageFreeCount += p.i32[HEADER.pageFreeCount];
    this.bucketCount += indexBucketCount(p);
    this.indexPageCount += indexPageCount(p);
    for (let at = HEADER_F64.itemTotal; at <= HEADER_F64.rescueTotal; at++) {
      this.f64[at] += p.f64[at];
    }
    for (let classId = 1; classId < p.classes.count; classId++) {
      classTotalsAdd(p, classId, this.klass);
    }
  }
}

function seconds(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

export function statsGeneral(call: Call): StatRow[] {
  const { control } = call.keyspace;
  const totals = new Totals(call.keyspace.partitions);
  return [
    ...processRows(call),
    ...connectionRows(call),
    ...commandRows(call, totals),
    ...memoryRows(call, totals),
    ['log_worker_dropped', counterSum(control, COUNTER.eventsLost)],
    ['log_worker_written', counterSum(control, COUNTER.eventsWritten)],
    ['log_watcher_skipped', counterSum(control, COUNTER.eventLinesSkipped)],
    ['log_watcher_sent', counterSum(control, COUNTER.eventLinesSent)],
    ['log_watchers', gaugeSum(control, GAUGE.watcherCount)],
    ...tlsRows(call),
    ['unexpected_napi_ids', 0],
    ['round_robin_fallback', 0],
    ['bytes', totals.f64[HEADER_F64.itemBytes]],
    ['curr_items', totals.keyCount],
    ['total_items', totals.f64[HEADER_F64.itemTotal]],
    ['slab_global_page_pool', totals.pageFreeCount],
    ['expired_unfetched', totals.f64[HEADER_F64.expiredUnfetchedTotal]],
    ['evicted_unfetched', totals.f64[HEADER_F64.evictedUnfetchedTotal]],
    ['evictions', totals.f64[HEADER_F64.evictionTotal]],
    ['reclaimed', totals.f64[HEADER_F64.expiryTotal]],
    ['crawler_reclaimed', control.i32[CONTROL.sweepReclaims]],
    ['crawler_items_checked', totals.klass[CLASS_TOTAL.reapVisits]],
    ['lrutail_reflocked', 0],
    ...maintenanceRows(call, totals),
  ];
}

/**
 * What memcached adds when its background threads are on, as far as it has a meaning here: items go
 * from probation to main where its go to WARM, a main item that may stay moves within the LRU, and
 * whoever stores evicts for itself.
 */
function maintenanceRows(call: Call, totals: Totals): StatRow[] {
  const { config } = call.server;
  const { klass, f64 } = totals;
  const { control } = call.keyspace;
  const sweepIsOn = Atomics.load(control.i32, CONTROL.sweepIsOn) !== 0;
  const crawler: StatRow[] = [
    ['lru_crawler_running', crawlIsRunning(control) ? 1 : 0],
    ['lru_crawler_starts', Atomics.load(control.i32, CONTROL.sweeps)],
  ];
  const segments: StatRow[] = [
    ['lru_maintainer_juggles', 0],
    ['evicted_active', 0],
    ['moves_to_cold', 0],
    ['moves_to_warm', klass[CLASS_TOTAL.promotions]],
    ['moves_within_lru', klass[CLASS_TOTAL.renewals]],
    ['direct_reclaims', f64[HEADER_F64.evictionTotal]],
    ['lru_bumps_dropped', 0],
  ];
  return [...(sweepIsOn ? crawler : []), ...(config.lruMaintainer ? segments : [])];
}

function tlsRows(call: Call): StatRow[] {
  const { control } = call.keyspace;
  const { config } = call.server;
  if (!config.tlsEnabled) return [];
  const readAtMs = control.f64[CONTROL_F64.tlsFilesReadAtMs];
  const sessions: StatRow[] = [['ssl_new_sessions', counterSum(control, COUNTER.tlsNewSessions)]];
  return [
    ...(config.tlsSessionCache ? sessions : []),
    ['ssl_handshake_errors', counterSum(control, COUNTER.tlsHandshakeErrors)],
    ['ssl_proto_errors', counterSum(control, COUNTER.tlsProtocolErrors)],
    ['time_since_server_cert_refresh', Math.max(0, Math.floor((Date.now() - readAtMs) / 1000))],
  ];
}

function processRows(call: Call): StatRow[] {
  const { f64 } = call.keyspace.control;
  const usage = process.resourceUsage();
  const startedAtMs = f64[CONTROL_F64.startedAtMs];
  return [
    ['pid', process.pid],
    ['uptime', Math.floor((call.op.nowMs - startedAtMs) / 1000)],
    ['time', call.op.nowSec],
    ['version', MEMCACHED_VERSION],
    ['libevent', `libuv-${process.versions.uv}`],
    ['pointer_size', 64],
    ['rusage_user', seconds(usage.userCPUTime)],
    ['rusage_system', seconds(usage.systemCPUTime)],
  ];
}

function connectionRows(call: Call): StatRow[] {
  const { control } = call.keyspace;
  const open = connectionsOpen(control);
  const idleKicks: StatRow = ['idle_kicks', counterSum(control, COUNTER.idleKicks)];
  const idleRows = call.server.config.idleTimeoutSec > 0 ? [idleKicks] : [];
  const { threadCount } = call.server.config;
  return [
    ['max_connections', connectionLimit(control)],
    ['curr_connections', open],
    ['total_connections', Atomics.load(control.i32, CONTROL.connectionClaims)],
    ['rejected_connections', Atomics.load(control.i32, CONTROL.connectionRejects)],
    ['connection_structures', open],
    ['response_obj_oom', 0],
    ['response_obj_count', threadCount],
    ['response_obj_bytes', threadCount * REPLY_BYTES_MAX],
    ['read_buf_count', threadCount],
    ['read_buf_bytes', threadCount * REPLY_BYTES_MAX],
    ['read_buf_bytes_free', 0],
    ['read_buf_oom', 0],
    ['reserved_fds', 0],
    ...idleRows,
  ];
}

function commandRows(call: Call, totals: Totals): StatRow[] {
  const { control } = call.keyspace;
  const sum = (counter: number): number => counterSum(control, counter);
  const { klass } = totals;
  return [
    ['cmd_get', sum(COUNTER.getCommands)],
    ['cmd_set', sum(COUNTER.setCommands)],
    ['cmd_flush', sum(COUNTER.flushCommands)],
    ['cmd_touch', sum(COUNTER.touchCommands)],
    ['cmd_meta', sum(COUNTER.metaCommands)],
    // The classes count what RESP reads as well.
    ['get_hits', sum(COUNTER.getCommands) - sum(COUNTER.getMisses)],
    ['get_misses', sum(COUNTER.getMisses)],
    ['get_expired', sum(COUNTER.getExpired)],
    ['get_flushed', sum(COUNTER.getFlushed)],
    ['delete_misses', sum(COUNTER.deleteMisses)],
    ['delete_hits', klass[CLASS_TOTAL.deleteHits]],
    ['incr_misses', sum(COUNTER.incrMisses)],
    ['incr_hits', klass[CLASS_TOTAL.incrHits]],
    ['decr_misses', sum(COUNTER.decrMisses)],
    ['decr_hits', klass[CLASS_TOTAL.decrHits]],
    ['cas_misses', sum(COUNTER.casMisses)],
    ['cas_hits', klass[CLASS_TOTAL.casHits]],
    ['cas_badval', klass[CLASS_TOTAL.casBadval]],
    ['touch_hits', klass[CLASS_TOTAL.touchHits]],
    ['touch_misses', sum(COUNTER.touchMisses)],
    ['store_too_large', sum(COUNTER.storeTooLarge)],
    ['store_no_memory', sum(COUNTER.storeNoMemory)],
    ['auth_cmds', counterSum(control, COUNTER.authCommands)],
    ['auth_errors', counterSum(control, COUNTER.authErrors)],
    ['bytes_read', sum(COUNTER.bytesRead)],
    ['bytes_written', sum(COUNTER.bytesWritten)],
  ];
}

function memoryRows(call: Call, totals: Totals): StatRow[] {
  const { control } = call.keyspace;
  const { config } = call.server;
  return [
    ['limit_maxbytes', control.f64[CONTROL_F64.memoryBytes]],
    ['accepting_conns', 1],
    ['listen_disabled_num', 0],
    ['time_in_listen_disabled_us', 0],
    ['threads', config.threadCount],
    ['conn_yields', counterSum(control, COUNTER.connectionYields)],
    ['hash_power_level', Math.ceil(Math.log2(totals.bucketCount))],
    ['hash_bytes', totals.indexPageCount * PAGE_BYTES],
    ['hash_is_expanding', 0],
    ['slab_reassign_rescues', totals.f64[HEADER_F64.rescueTotal]],
    ['slab_reassign_chunk_rescues', 0],
    ['slab_reassign_inline_reclaim', 0],
    ['slab_reassign_busy_items', 0],
    ['slab_reassign_busy_deletes', 0],
    ['slab_reassign_busy_nomem', 0],
    ['slab_reassign_last_busy_status', 'none'],
    ['slab_reassign_running', 0],
    ['slabs_moved', totals.f64[HEADER_F64.pageMoveTotal]],
    ['malloc_fails', 0],
  ];
}

export function statsServer(call: Call): StatRow[] {
  const { control, partitions } = call.keyspace;
  return [
    ['version', call.server.version],
    ['partitions', partitions.length],
    ['partition_bytes', partitions[0].sab.byteLength],
    ['heap_used', gaugeSum(control, GAUGE.heapBytes)],
    ['thread_restarts', Atomics.load(control.i32, CONTROL.threadRestarts)],
    ['locks_freed', Atomics.load(control.i32, CONTROL.locksFreed)],
    ['partition_resets', Atomics.load(control.i32, CONTROL.partitionResets)],
    ['output_blocked', counterSum(control, COUNTER.outputBlocked)],
    ['output_cuts', counterSum(control, COUNTER.outputCuts)],
    ['idle_kicks', counterSum(control, COUNTER.idleKicks)],
    ['udp_drops', counterSum(control, COUNTER.udpDrops)],
  ];
}
