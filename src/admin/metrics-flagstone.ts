/** What only this server has to tell: commands of all protocols, threads, locks, types, the cluster's list. */
import { cpus } from 'node:os';
import { COMMAND_STAT, commandStatSum } from '../memory/command-stats.ts';
import { configPeek, configSerial } from '../memory/config-store.ts';
import {
  BATCH_LIMITS_US,
  CONTROL,
  COUNTER,
  counterBlock,
  GAUGE,
  gaugeOf,
  LOOP_DELAY_MS,
} from '../memory/control.ts';
import { ITEM_TYPE } from '../memory/item.ts';
import { partitionOperations } from '../memory/key-tap.ts';
import { LOCK_COUNT, type LockCount } from '../memory/lock.ts';
import { memcachedTimes, memcachedTimeUs } from '../memory/memcached-times.ts';
import { HEADER_F64, partitionLockCount } from '../memory/partition.ts';
import { commandTimes, RESP_COUNTER, respStatsBlock } from '../memory/resp-stats.ts';
import { TIME_BUCKET_LIMITS_US, timeBuckets } from '../memory/time-steps.ts';
import { partitionPossibleBytes } from '../memory/usage.ts';
import { CLUSTER_KEY } from '../protocol/memcached/cluster-config.ts';
import type { LoopUse } from './admin-messages.ts';
import type { Exposition, HistogramSeries, Labels, Sample } from './exposition.ts';
import type { Snapshot } from './snapshot.ts';

/** What the admin thread knows by itself. */
export type AdminNumbers = {
  readonly version: string;
  /** By data thread; null: it is being started anew. */
  readonly loops: readonly (LoopUse | null)[];
  /** Requests to the admin port, by status. */
  readonly requests: ReadonlyMap<number, number>;
  /** Tokens that were not the token. */
  readonly tokenFailures: number;
};

const DURATION_LIMITS_SEC = TIME_BUCKET_LIMITS_US.map((us) => Number((us * 1e-6).toPrecision(6)));

export const TYPE_NAMES = Object.entries(ITEM_TYPE).map(
  ([name, type]): readonly [string, number] => [name.toLowerCase(), type],
);

export function flagstoneMetrics(page: Exposition, now: Snapshot, own: AdminNumbers): void {
  serverMetrics(page, now, own);
  commandMetrics(page, now);
  lookupMetrics(page, now);
  threadMetrics(page, now, own.loops);
  delayMetrics(page, now);
  partitionMetrics(page, now);
  typeMetrics(page, now);
  adminMetrics(page, own);
}

function serverMetrics(page: Exposition, now: Snapshot, { version }: AdminNumbers): void {
  page.info('flagstone_build_info', 'What is running.', { version, node: process.versions.node });
  page.gauge('flagstone_threads', 'Data threads.', now.threadCount);
  page.counter(
    'flagstone_thread_restarts_total',
    'Data threads that died and were started anew.',
    now.word(CONTROL.threadRestarts),
  );
  page.counter(
    'flagstone_partition_resets_total',
    'Partitions emptied because a thread died while it changed them.',
    now.word(CONTROL.partitionResets),
  );
  page.counter(
    'flagstone_output_blocked_total',
    'Replies that had to wait for a slow client.',
    now.counter(COUNTER.outputBlocked),
  );
  page.counter(
    'flagstone_output_cuts_total',
    'Connections closed because they left too much unread.',
    now.counter(COUNTER.outputCuts),
  );
  page.counter(
    'flagstone_idle_kicks_total',
    'Connections closed because they said nothing.',
    now.counter(COUNTER.idleKicks),
  );
  page.counter('flagstone_host_cpu_seconds_total', 'CPU time of the whole machine.', hostCpu());
  page.counter(
    'flagstone_udp_drops_total',
    'Datagrams not answered, or not in full.',
    now.counter(COUNTER.udpDrops),
  );
  page.counter(
    'flagstone_protocol_errors_total',
    'Requests of memcached that could not be read.',
    now.counter(COUNTER.protocolErrors),
  );
  page.counter(
    'flagstone_tls_handshake_errors_total',
    'TLS handshakes that failed.',
    now.counter(COUNTER.tlsHandshakeErrors),
  );
  page.counter('flagstone_auth_failures_total', 'Logins refused.', [
    [{ protocol: 'memcached' }, now.counter(COUNTER.authErrors)],
    [{ protocol: 'resp' }, now.resp(RESP_COUNTER.authFailures)],
  ]);
  page.gauge('flagstone_connections', 'Connections open.', [
    [{ protocol: 'memcached' }, now.clients.memcached],
    [{ protocol: 'resp' }, now.clients.resp],
  ]);
  page.counter(
    'flagstone_config_sets_total',
    'Texts made or replaced, by config set and by auto-discovery.',
    configSerial(now.keyspace.configs),
  );
  page.gauge(
    'flagstone_cluster_config_version',
    'Version of the list of nodes that auto-discovery serves.',
    clusterVersion(now),
  );
}

/** Of all cores together, by mode. */
function hostCpu(): readonly Sample[] {
  const sums = new Map<string, number>();
  for (const { times } of cpus()) {
    for (const [mode, ms] of Object.entries(times)) sums.set(mode, (sums.get(mode) ?? 0) + ms);
  }
  return [...sums].map(([mode, ms]) => [{ mode }, ms / 1000]);
}

/** NaN where there is no list, or it was being replaced. */
export function clusterVersion({ keyspace }: Snapshot): number {
  const text = configPeek(keyspace.configs, CLUSTER_KEY)?.toString('latin1') ?? '';
  return /^\d+/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
}

function commandMetrics(page: Exposition, now: Snapshot): void {
  const { commandStats } = now.keyspace;
  const calls = (number: number): number =>
    commandStatSum(commandStats, number, COMMAND_STAT.calls);
  const counts: Sample[] = [
    ...now.commands.memcached.map(
      ({ protocol, name, number }): Sample => [
        { protocol, command: name },
        now.commandCount(number),
      ],
    ),
    ...now.commands.resp.map(
      ({ name, number }): Sample => [{ protocol: 'resp', command: name }, calls(number)],
    ),
  ];
  page.counter(
    'flagstone_commands_total',
    'Requests by protocol and command; those never asked for are left out.',
    counts.filter(([, count]) => count > 0),
  );
  page.histogram(
    'flagstone_command_duration_seconds',
    'How long commands took, from the lookup of the command to its reply. RESP: all. Memcached: sampled; ' +
      'those of at most 4000 reads a second in a thread, each counted as all that it stands for.',
    [...memcachedDurations(now), ...respDurations(now)],
  );
}

function memcachedDurations({ commands, keyspace }: Snapshot): HistogramSeries[] {
  const { memcachedTimes: all } = keyspace;
  return commands.memcached.flatMap(({ protocol, name, number }) => {
    const times = memcachedTimes(all, number);
    if (times === null) return [];
    return durations({ protocol, command: name }, times, memcachedTimeUs(all, number));
  });
}

function respDurations({ commands, keyspace }: Snapshot): HistogramSeries[] {
  const { respStats, commandStats } = keyspace;
  return commands.resp.flatMap(({ name, number }) => {
    const times = commandTimes(respStats, number);
    if (times === null) return [];
    const us = commandStatSum(commandStats, number, COMMAND_STAT.us);
    return durations({ protocol: 'resp', command: name }, times, us);
  });
}

function durations(labels: Labels, times: Float64Array, us: number): HistogramSeries {
  return { labels, limits: DURATION_LIMITS_SEC, counts: timeBuckets(times), sum: us * 1e-6 };
}

function lookupMetrics(page: Exposition, now: Snapshot): void {
  page.counter('flagstone_lookups_total', 'Keys that reading commands asked for.', [
    [{ protocol: 'memcached', status: 'hit' }, now.getHits],
    [{ protocol: 'memcached', status: 'miss' }, now.counter(COUNTER.getMisses)],
    [{ protocol: 'resp', status: 'hit' }, now.resp(RESP_COUNTER.keyHits)],
    [{ protocol: 'resp', status: 'miss' }, now.resp(RESP_COUNTER.keyMisses)],
  ]);
}

function threadMetrics(page: Exposition, now: Snapshot, loops: AdminNumbers['loops']): void {
  const { control, respStats } = now.keyspace;
  const threads = Array.from({ length: now.threadCount }, (_, thread) => thread);
  const each = (value: (thread: number) => number): Sample[] =>
    threads.map((thread) => [{ thread }, value(thread)]);
  const gauge = (word: number): Sample[] => each((thread) => gaugeOf(control, thread, word));
  const busy = (field: keyof LoopUse): Sample[] =>
    each((thread) => loops[thread]?.[field] ?? Number.NaN);
  page.counter(
    'flagstone_thread_commands_total',
    'Commands of all protocols that the thread has run.',
    each((thread) => now.threadCommands(thread)),
  );
  page.counter(
    'flagstone_thread_resp_batches_total',
    'Batches of RESP requests that came to the thread.',
    each((thread) => respStats.f64[respStatsBlock(thread) + RESP_COUNTER.reads]),
  );
  page.gauge(
    'flagstone_thread_up',
    'Whether the thread runs.',
    each((thread) => (loops[thread] === null ? 0 : 1)),
  );
  page.gauge(
    'flagstone_thread_loop_utilization',
    'Share of the last second that the event loop was busy: 1 is all of it.',
    busy('utilization'),
  );
  page.counter(
    'flagstone_thread_loop_active_seconds_total',
    'Time that the event loop was busy.',
    busy('activeSec'),
  );
  page.counter(
    'flagstone_thread_cpu_seconds_total',
    'CPU time of the thread.',
    threads.flatMap((thread): Sample[] => [
      [{ thread, mode: 'user' }, gaugeOf(control, thread, GAUGE.cpuUserUs) / 1e6],
      [{ thread, mode: 'system' }, gaugeOf(control, thread, GAUGE.cpuSystemUs) / 1e6],
    ]),
  );
  page.gauge(
    'flagstone_thread_heap_bytes',
    'JavaScript heap in use; no data lies there.',
    gauge(GAUGE.heapBytes),
  );
}

/** Of each thread, a histogram that it keeps among its gauges: `counts` on from one word, the sum in another. */
function gaugeHistograms(
  now: Snapshot,
  limits: readonly number[],
  counts: number,
  sum: number,
  secondsPerUnit: number,
): readonly HistogramSeries[] {
  const { f64 } = now.keyspace.control;
  return Array.from({ length: now.threadCount }, (_, thread) => {
    const block = counterBlock(thread);
    return {
      labels: { thread },
      limits: limits.map((limit) => Number((limit * secondsPerUnit).toPrecision(6))),
      counts: f64.subarray(block + counts, block + counts + limits.length + 1),
      sum: f64[block + sum] * secondsPerUnit,
    };
  });
}

function delayMetrics(page: Exposition, now: Snapshot): void {
  page.histogram(
    'flagstone_thread_loop_delay_seconds',
    'How late a timer fired that is due every 50 ms: what a request would have waited.',
    gaugeHistograms(now, LOOP_DELAY_MS, GAUGE.loopDelays, GAUGE.loopDelaySumMs, 1e-3),
  );
  page.histogram(
    'flagstone_memcached_batch_duration_seconds',
    'How long the requests of memcached took that one read brought; every eighth read is timed.',
    gaugeHistograms(now, BATCH_LIMITS_US, GAUGE.batchTimes, GAUGE.batchSumUs, 1e-6),
  );
}

function partitionMetrics(page: Exposition, { keyspace }: Snapshot): void {
  const { partitions, keyTap } = keyspace;
  page.counter(
    'flagstone_partition_operations_total',
    'Operations of clients on keys of the partition; one for each key of a command.',
    partitions.map((p) => [{ partition: p.id }, partitionOperations(keyTap, p.id)]),
  );
  const locks = (count: LockCount): Sample[] =>
    partitions.map((p) => [{ partition: p.id }, partitionLockCount(p, count)]);
  page.counter(
    'flagstone_partition_lock_contended_total',
    'Times that a thread found the lock of the partition taken.',
    locks(LOCK_COUNT.contended),
  );
  page.counter(
    'flagstone_partition_lock_sleeps_total',
    'Times that it slept until it was free.',
    locks(LOCK_COUNT.sleeps),
  );
  page.gauge(
    'flagstone_partition_item_bytes',
    'Bytes of the items of each partition.',
    partitions.map((p) => [{ partition: p.id }, p.f64[HEADER_F64.itemBytes]]),
  );
  page.gauge(
    'flagstone_memory_possible_bytes',
    'Bytes that may be in use before anything is evicted.',
    partitions.reduce((sum, p) => sum + partitionPossibleBytes(p), 0),
  );
}

function typeMetrics(page: Exposition, { totals }: Snapshot): void {
  const each = (first: number): Sample[] =>
    TYPE_NAMES.map(([name, type]) => [{ type: name }, totals[first + type]]);
  page.gauge(
    'flagstone_type_items',
    'Items in memory by type; member: those of large hashes, sets and sorted sets.',
    each(HEADER_F64.typeItems),
  );
  page.gauge(
    'flagstone_type_bytes',
    'Their bytes: headers, keys, values.',
    each(HEADER_F64.typeBytes),
  );
}

function adminMetrics(page: Exposition, { requests, tokenFailures }: AdminNumbers): void {
  const byStatus = [...requests].sort(([a], [b]) => a - b);
  page.counter(
    'flagstone_admin_requests_total',
    'Requests to this port, by status.',
    byStatus.map(([status, count]) => [{ status }, count]),
  );
  page.counter(
    'flagstone_admin_token_failures_total',
    'Requests to this port with a wrong token.',
    tokenFailures,
  );
}
