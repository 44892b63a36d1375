/**
 * The numbers under the names that ElastiCache gives them in CloudWatch (namespace AWS/ElastiCache), for
 * who has dashboards, alarms or scripts by those. What is counted is told as CloudWatch tells it: how much of
 * it there was in the last minute. `Total` is beside it: since the start.
 *
 * Not told is what there is none of: ReplicationLag without replicas, NetworkBandwidth…AllowanceExceeded
 * without an allowance.
 *
 * Source: Amazon ElastiCache User Guide, "Metrics for Memcached", "Metrics for Valkey and Redis OSS",
 * "Host-level metrics".
 */
import { cpus, freemem } from 'node:os';
import type { RespCommandName } from '../commands/command-list.ts';
import { CLASS_TOTAL } from '../memory/class-totals.ts';
import { COMMAND_STAT, commandStatSum } from '../memory/command-stats.ts';
import { connectionsOpen } from '../memory/connections.ts';
import { CONTROL, CONTROL_F64, COUNTER, GAUGE, gaugeSum } from '../memory/control.ts';
import { HEADER_F64 } from '../memory/partition.ts';
import { RESP_COUNTER } from '../memory/resp-stats.ts';
import { STEP_SEC } from './looks.ts';
import { memoryMax } from './metrics-redis.ts';
import type { Snapshot } from './snapshot.ts';

type Unit = 'Count' | 'Bytes' | 'Percent' | 'Microseconds' | 'None';

/** Something counted, as it stands now. */
type Count = readonly [name: string, unit: Unit, total: number];

export type CloudMetric = {
  readonly MetricName: string;
  readonly Unit: Unit;
  readonly Statistic: 'Sum' | 'Average';
  readonly Value: number;
  /** Of a sum: since the start. */
  readonly Total?: number;
};

/** Counts of a moment, to compare with. */
export type CloudSample = {
  readonly atMs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly hostIdleMs: number;
  readonly hostMs: number;
};

export const PERIOD_SEC = 60;
const SAMPLE_COUNT = PERIOD_SEC / STEP_SEC + 1;

/** Keeps the samples of the last minute. */
export class CloudHistory {
  private readonly samples: CloudSample[] = [];
  private readonly look: () => Snapshot;

  constructor(look: () => Snapshot) {
    this.look = look;
  }

  /** The metrics by engine, with what they have to be compared with. */
  page(): Readonly<Record<string, unknown>> {
    const now = this.look();
    const sample = sampleTake(now);
    const before = this.samples[0] ?? sample;
    const seconds = (sample.atMs - before.atMs) / 1000;
    return {
      Namespace: 'AWS/ElastiCache',
      Timestamp: new Date(sample.atMs).toISOString(),
      PeriodSeconds: Math.round(seconds * 1000) / 1000,
      Host: hostMetrics(before, sample),
      Memcached: [...sums(memcachedCounts(now), before), ...memcachedLevels(now)],
      Redis: [...sums(redisCounts(now), before), ...redisLevels(now, before, sample)],
    };
  }

  /** To be called each STEP_SEC. */
  sample(now: Snapshot): void {
    this.samples.push(sampleTake(now));
    if (this.samples.length > SAMPLE_COUNT) this.samples.shift();
  }
}

function sampleTake(now: Snapshot): CloudSample {
  const counts = new Map<string, number>();
  for (const [name, , total] of [
    ...memcachedCounts(now),
    ...redisCounts(now),
    ...hostCounts(now),
  ]) {
    counts.set(name, total);
  }
  let hostIdleMs = 0;
  let hostMs = 0;
  for (const { times } of cpus()) {
    hostIdleMs += times.idle;
    hostMs += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { atMs: Date.now(), counts, hostIdleMs, hostMs };
}

function since(name: string, total: number, { counts }: CloudSample): number {
  // Statistics may have been reset meanwhile.
  const before = counts.get(name) ?? 0;
  return total >= before ? total - before : total;
}

function sums(counts: readonly Count[], before: CloudSample): CloudMetric[] {
  return counts.map(([MetricName, Unit, Total]) => {
    const Value = since(MetricName, Total, before);
    return { MetricName, Unit, Statistic: 'Sum', Value, Total };
  });
}

function level(MetricName: string, Unit: Unit, Value: number): CloudMetric {
  return { MetricName, Unit, Statistic: 'Average', Value: Number.isFinite(Value) ? Value : 0 };
}

// ── Host ────────────────────────────────────────────────────────────────────────────────────────

/** CPU time of the data threads: ElastiCache's engine is one thread, ours are several. */
function hostCounts({ keyspace }: Snapshot): readonly Count[] {
  const us =
    gaugeSum(keyspace.control, GAUGE.cpuUserUs) + gaugeSum(keyspace.control, GAUGE.cpuSystemUs);
  return [['engine CPU', 'Microseconds', us]];
}

function hostMetrics(before: CloudSample, sample: CloudSample): CloudMetric[] {
  const hostMs = sample.hostMs - before.hostMs;
  const busy = hostMs === 0 ? 0 : 1 - (sample.hostIdleMs - before.hostIdleMs) / hostMs;
  return [
    level('CPUUtilization', 'Percent', busy * 100),
    level('FreeableMemory', 'Bytes', freemem()),
  ];
}

/** The mean of the data threads: 100 is all of them busy all the time. */
function engineCpuPercent(now: Snapshot, before: CloudSample, sample: CloudSample): number {
  const us = since('engine CPU', hostCounts(now)[0][2], before);
  const ms = sample.atMs - before.atMs;
  return ms === 0 ? 0 : us / (ms * 10 * now.threadCount);
}

// ── memcached ───────────────────────────────────────────────────────────────────────────────────

// biome-ignore format: a table reads in columns
function memcachedCounts(now: Snapshot): readonly Count[] {
  const { totals } = now;
  const commands = (name: string): number =>
    now.commands.memcached.filter((one) => one.name === name).reduce((sum, { number }) => sum + now.commandCount(number), 0);
  return [
    ['BytesReadIntoMemcached',      'Bytes', now.counter(COUNTER.bytesRead)],
    ['BytesWrittenOutFromMemcached', 'Bytes', now.counter(COUNTER.bytesWritten)],
    ['CasBadval',                   'Count', now.classTotal(CLASS_TOTAL.casBadval)],
    ['CasHits',                     'Count', now.classTotal(CLASS_TOTAL.casHits)],
    ['CasMisses',                   'Count', now.counter(COUNTER.casMisses)],
    ['CmdConfigGet',                'Count', commands('config') + commands('config_get')],
    ['CmdConfigSet',                'Count', commands('config_set')],
    ['CmdFlush',                    'Count', now.counter(COUNTER.flushCommands)],
    ['CmdGet',                      'Count', now.counter(COUNTER.getCommands)],
    ['CmdSet',                      'Count', now.counter(COUNTER.setCommands)],
    ['CmdTouch',                    'Count', now.counter(COUNTER.touchCommands)],
    ['DecrHits',                    'Count', now.classTotal(CLASS_TOTAL.decrHits)],
    ['DecrMisses',                  'Count', now.counter(COUNTER.decrMisses)],
    ['DeleteHits',                  'Count', now.classTotal(CLASS_TOTAL.deleteHits)],
    ['DeleteMisses',                'Count', now.counter(COUNTER.deleteMisses)],
    ['EvictedUnfetched',            'Count', totals[HEADER_F64.evictedUnfetchedTotal]],
    ['Evictions',                   'Count', totals[HEADER_F64.evictionTotal]],
    ['ExpiredUnfetched',            'Count', totals[HEADER_F64.expiredUnfetchedTotal]],
    ['GetHits',                     'Count', now.getHits],
    ['GetMisses',                   'Count', now.counter(COUNTER.getMisses)],
    ['IncrHits',                    'Count', now.classTotal(CLASS_TOTAL.incrHits)],
    ['IncrMisses',                  'Count', now.counter(COUNTER.incrMisses)],
    ['NewConnections',              'Count', now.word(CONTROL.connectionClaims)],
    ['NewItems',                    'Count', totals[HEADER_F64.itemTotal]],
    ['Reclaimed',                   'Count', totals[HEADER_F64.expiryTotal]],
    ['SlabsMoved',                  'Count', totals[HEADER_F64.pageMoveTotal]],
    ['TouchHits',                   'Count', now.classTotal(CLASS_TOTAL.touchHits)],
    ['TouchMisses',                 'Count', now.counter(COUNTER.touchMisses)],
  ];
}

function memcachedLevels(now: Snapshot): CloudMetric[] {
  const { control } = now.keyspace;
  const { usedBytes, indexBytes } = now.memory;
  const budget = control.f64[CONTROL_F64.memoryBytes];
  return [
    level('BytesUsedForCacheItems', 'Bytes', now.totals[HEADER_F64.itemBytes]),
    level('BytesUsedForHash', 'Bytes', indexBytes),
    level('CurrConnections', 'Count', connectionsOpen(control)),
    level('CurrItems', 'Count', now.databases[0].keys),
    level('UnusedMemory', 'Bytes', Math.max(0, budget - usedBytes)),
  ];
}

// ── Redis ───────────────────────────────────────────────────────────────────────────────────────

/** Which commands ElastiCache counts together. */
const FAMILIES: readonly (readonly [name: string, holds: (command: RespCommandName) => boolean])[] =
  [
    ['ClusterBasedCmds', ({ group }) => group === 'cluster'],
    ['EvalBasedCmds', ({ group }) => group === 'scripting'],
    ['GeoSpatialBasedCmds', ({ group }) => group === 'geo'],
    ['HashBasedCmds', ({ group }) => group === 'hash'],
    ['HyperLogLogBasedCmds', ({ group }) => group === 'hyperloglog'],
    ['KeyBasedCmds', ({ group }) => group === 'generic'],
    ['ListBasedCmds', ({ group }) => group === 'list'],
    ['PubSubBasedCmds', ({ group }) => group === 'pubsub'],
    ['SetBasedCmds', ({ group }) => group === 'set'],
    ['SortedSetBasedCmds', ({ group }) => group === 'sorted-set'],
    ['StreamBasedCmds', ({ group }) => group === 'stream'],
    ['StringBasedCmds', ({ group }) => group === 'string' || group === 'bitmap'],
    ['GetTypeCmds', ({ isRead }) => isRead],
    ['SetTypeCmds', ({ isWrite }) => isWrite],
  ];

function redisCounts(now: Snapshot): readonly Count[] {
  const { totals, keyspace } = now;
  const families = FAMILIES.map(([name, holds]): Count => {
    const members = now.commands.resp.filter(holds);
    const calls = members.reduce(
      (sum, { number }) => sum + commandStatSum(keyspace.commandStats, number, COMMAND_STAT.calls),
      0,
    );
    return [name, 'Count', calls];
  });
  const expired = totals[HEADER_F64.expiryTotal] - totals[HEADER_F64.flushTotal];
  return [
    ...families,
    ['AuthenticationFailures', 'Count', now.resp(RESP_COUNTER.authFailures)],
    ['CacheHits', 'Count', now.resp(RESP_COUNTER.keyHits)],
    ['CacheMisses', 'Count', now.resp(RESP_COUNTER.keyMisses)],
    ['Evictions', 'Count', totals[HEADER_F64.evictionTotal]],
    ['NetworkBytesIn', 'Bytes', now.resp(RESP_COUNTER.bytesRead)],
    ['NetworkBytesOut', 'Bytes', now.resp(RESP_COUNTER.bytesWritten)],
    ['NewConnections', 'Count', now.word(CONTROL.connectionClaims)],
    ['Reclaimed', 'Count', expired],
  ];
}

function redisLevels(now: Snapshot, before: CloudSample, sample: CloudSample): CloudMetric[] {
  const hits = since('CacheHits', now.resp(RESP_COUNTER.keyHits), before);
  const misses = since('CacheMisses', now.resp(RESP_COUNTER.keyMisses), before);
  const { usedBytes } = now.memory;
  const resident = process.memoryUsage.rss();
  return [
    level('BytesUsedForCache', 'Bytes', usedBytes),
    level('CacheHitRate', 'Percent', (hits / (hits + misses)) * 100),
    level('CurrConnections', 'Count', connectionsOpen(now.keyspace.control)),
    level(
      'CurrItems',
      'Count',
      now.databases.reduce((sum, { keys }) => sum + keys, 0),
    ),
    level(
      'CurrVolatileItems',
      'Count',
      now.databases.reduce((sum, { expiring }) => sum + expiring, 0),
    ),
    level('DatabaseMemoryUsagePercentage', 'Percent', (usedBytes / memoryMax(now)) * 100),
    level('EngineCPUUtilization', 'Percent', engineCpuPercent(now, before, sample)),
    level('MemoryFragmentationRatio', 'None', resident / usedBytes),
  ];
}
