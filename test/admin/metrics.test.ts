/**
 * The metrics are true: after a scripted run of known requests, by both protocols and on several threads, they
 * say exactly that. And they are well-formed, as promtool judges.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AdminServer, adminAsk, adminSpawn, metricsAsk } from '../support/admin-client.ts';
import { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const THREADS = 3;
/** So many that each thread has some. */
const CLIENTS = 24;
const KEYS = 10;
const PROMTOOL_IS_THERE = spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0;
const PROMTOOL_REASON = PROMTOOL_IS_THERE ? '' : ' (skipped: no promtool here)';

/** Of the dashboards that come with redis_exporter, and of those for memcached_exporter. */
const DASHBOARD_NAMES = [
  'memcached_up',
  'memcached_uptime_seconds',
  'memcached_version',
  'memcached_commands_total',
  'memcached_current_bytes',
  'memcached_limit_bytes',
  'memcached_current_items',
  'memcached_items_total',
  'memcached_items_evicted_total',
  'memcached_items_reclaimed_total',
  'memcached_current_connections',
  'memcached_max_connections',
  'memcached_connections_total',
  'memcached_read_bytes_total',
  'memcached_written_bytes_total',
  'memcached_slab_current_items',
  'memcached_slab_chunk_size_bytes',
  'memcached_slab_current_pages',
  'memcached_slab_items_outofmemory_total',
  'memcached_slab_lru_hits_total',
  'redis_up',
  'redis_uptime_in_seconds',
  'redis_connected_clients',
  'redis_blocked_clients',
  'redis_memory_used_bytes',
  'redis_memory_max_bytes',
  'redis_commands_total',
  'redis_commands_duration_seconds_total',
  'redis_commands_processed_total',
  'redis_keyspace_hits_total',
  'redis_keyspace_misses_total',
  'redis_net_input_bytes_total',
  'redis_net_output_bytes_total',
  'redis_db_keys',
  'redis_db_keys_expiring',
  'redis_expired_keys_total',
  'redis_evicted_keys_total',
  'redis_connected_slaves',
  'redis_max_clients',
  'redis_rejected_connections_total',
  'redis_memory_fragmentation_ratio',
  'redis_mem_fragmentation_ratio',
  'redis_memory_used_rss_bytes',
  'redis_memory_used_peak_bytes',
  'redis_total_system_memory_bytes',
  'redis_instance_info',
  'redis_start_time_seconds',
];

/** The labels by which they choose and group. */
const DASHBOARD_LABELS = [
  ['memcached_commands_total', 'command', 'status'],
  ['memcached_version', 'version'],
  ['memcached_slab_current_items', 'slab'],
  ['memcached_slab_items_outofmemory_total', 'slab'],
  ['memcached_slab_lru_hits_total', 'lru', 'slab'],
  ['redis_commands_total', 'cmd'],
  ['redis_commands_duration_seconds_total', 'cmd'],
  ['redis_db_keys', 'db'],
  ['redis_db_keys_expiring', 'db'],
] as const;

let server: AdminServer;
beforeAll(async () => {
  server = await adminSpawn(['-t', `${THREADS}`, '-m', '64', '--requirepass', 'sesame']);
  await memcachedRun();
  await respRun();
});
afterAll(async () => {
  await server.stop();
});

/** Of each client: stores and reads its keys, misses one, adds to a number, deletes, compares and swaps. */
async function memcachedRun(): Promise<void> {
  for (let id = 0; id < CLIENTS; id++) {
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    for (let key = 0; key < KEYS; key++) {
      expect(await client.set(`m${id}-${key}`, Buffer.from('7'))).toBe('STORED');
      expect(await client.get(`m${id}-${key}`)).toEqual(Buffer.from('7'));
    }
    expect(await client.get(`none${id}`)).toBe(null);
    expect(await client.ask(`incr m${id}-0 1\r\n`)).toBe('8');
    expect(await client.ask(`incr none${id} 1\r\n`)).toBe('NOT_FOUND');
    expect(await client.ask(`delete m${id}-1\r\n`)).toBe('DELETED');
    expect(await client.ask(`delete m${id}-1\r\n`)).toBe('NOT_FOUND');
    expect(await client.ask(`touch m${id}-2 0\r\n`)).toBe('TOUCHED');
    expect(await client.ask(`cas m${id}-2 0 0 1 1\r\nx\r\n`)).toBe('EXISTS');
    expect(await client.ask('mn\r\n')).toBe('MN');
    expect(await client.ask('nonsense\r\n')).toBe('ERROR');
    client.destroy();
  }
}

/** Of each client: logs in at the second try, reads what memcached stored, and makes a list and a large hash. */
async function respRun(): Promise<void> {
  for (let id = 0; id < CLIENTS; id++) {
    const client = new RespClient({ host: server.host, port: server.port });
    await client.call('auth', 'wrong');
    await client.call('auth', 'sesame');
    expect(await client.call('get', `m${id}-0`)).toBe('8');
    expect(await client.call('get', `none${id}`)).toBe(null);
    expect(await client.call('lpush', `l${id}`, 'a', 'b')).toBe(2);
    expect(await client.call('llen', `l${id}`)).toBe(2);
    await client.call('get', `l${id}`);
    await client.call('set', `v${id}`, 'x', 'ex', '1000');
    client.end();
  }
}

describe('the metrics', () => {
  let all: ReadonlyMap<string, number>;
  beforeAll(async () => {
    // Connections that the clients closed are gone a moment later.
    all = await eventually(
      'the end of all connections',
      () => metricsAsk(server.adminPort),
      (metrics) => metrics.get('memcached_current_connections') === 0,
    );
  });

  it.each([
    ['memcached_commands_total{command="get",status="hit"}', CLIENTS * KEYS],
    ['memcached_commands_total{command="get",status="miss"}', CLIENTS],
    ['memcached_commands_total{command="set",status="hit"}', CLIENTS * KEYS],
    ['memcached_commands_total{command="incr",status="hit"}', CLIENTS],
    ['memcached_commands_total{command="incr",status="miss"}', CLIENTS],
    ['memcached_commands_total{command="delete",status="hit"}', CLIENTS],
    ['memcached_commands_total{command="delete",status="miss"}', CLIENTS],
    ['memcached_commands_total{command="touch",status="hit"}', CLIENTS],
    ['memcached_commands_total{command="cas",status="badval"}', CLIENTS],
    ['memcached_current_items', CLIENTS * (KEYS - 1 + 2)],
    ['memcached_max_connections', 1024],
    ['flagstone_commands_total{protocol="memcached",command="get"}', CLIENTS * (KEYS + 1)],
    ['flagstone_commands_total{protocol="memcached",command="set"}', CLIENTS * KEYS],
    ['flagstone_commands_total{protocol="memcached",command="mn"}', CLIENTS],
    ['flagstone_commands_total{protocol="resp",command="get"}', CLIENTS * 3],
    ['flagstone_command_duration_seconds_count{protocol="resp",command="get"}', CLIENTS * 3],
    [
      'flagstone_command_duration_seconds_bucket{protocol="resp",command="get",le="+Inf"}',
      CLIENTS * 3,
    ],
    ['flagstone_lookups_total{protocol="memcached",status="hit"}', CLIENTS * KEYS],
    ['flagstone_lookups_total{protocol="memcached",status="miss"}', CLIENTS],
    ['redis_commands_total{cmd="get"}', CLIENTS * 3],
    ['redis_commands_total{cmd="lpush"}', CLIENTS],
    ['redis_commands_failed_calls_total{cmd="get"}', CLIENTS],
    ['redis_errors_total{err="WRONGTYPE"}', CLIENTS],
    ['redis_errors_total{err="WRONGPASS"}', CLIENTS],
    ['redis_commands_processed_total', CLIENTS * 8],
    ['redis_acl_access_denied_auth_total', CLIENTS],
    ['flagstone_auth_failures_total{protocol="resp"}', CLIENTS],
    ['flagstone_auth_failures_total{protocol="memcached"}', 0],
    ['redis_db_keys{db="db0"}', CLIENTS * (KEYS - 1 + 2)],
    ['redis_db_keys_expiring{db="db0"}', CLIENTS],
    ['redis_db_keys{db="db1"}', 0],
    ['flagstone_type_items{type="string"}', CLIENTS * KEYS],
    ['flagstone_type_items{type="list"}', CLIENTS],
    ['flagstone_threads', THREADS],
    ['flagstone_thread_restarts_total', 0],
    ['flagstone_cluster_config_version', 1],
    ['memcached_up', 1],
    ['redis_up', 1],
  ])('%s is %i', (name, value) => {
    expect(all.get(name)).toBe(value);
  });

  it('count connections', async () => {
    const before = await metricsAsk(server.adminPort);
    const resp = new RespClient({ host: server.host, port: server.port });
    await resp.call('auth', 'sesame');
    const text = await TextClient.open({ host: server.host, port: server.memcachedPort });
    await text.ask('version\r\n');
    const after = await eventually(
      'a new page',
      () => metricsAsk(server.adminPort),
      (page) => page.get('memcached_current_connections') === 2,
    );
    for (const [name, more] of [
      ['redis_connections_received_total', 1],
      ['memcached_connections_total', 2],
    ] as const) {
      expect((after.get(name) ?? 0) - (before.get(name) ?? 0), name).toBe(more);
    }
    expect(after.get('flagstone_connections{protocol="memcached"}')).toBe(1);
    expect(after.get('flagstone_connections{protocol="resp"}')).toBe(1);
    expect(after.get('redis_connected_clients')).toBe(1);
    resp.end();
    text.destroy();
  });

  it('count bytes as they went over the wire', async () => {
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    const asked = 'get m0-0\r\n';
    const before = await metricsAsk(server.adminPort);
    expect(await client.get('m0-0')).toEqual(Buffer.from('8'));
    const answered = 'VALUE m0-0 0 1\r\n8\r\nEND\r\n';
    const rise = (after: ReadonlyMap<string, number>, name: string): number =>
      (after.get(name) ?? 0) - (before.get(name) ?? 0);
    await eventually(
      'the count of these bytes',
      () => metricsAsk(server.adminPort),
      (after) =>
        rise(after, 'memcached_read_bytes_total') === asked.length &&
        rise(after, 'memcached_written_bytes_total') === answered.length,
    );
    client.destroy();
  });

  it('have the names that public dashboards for the exporters ask for', () => {
    const names = new Set([...all.keys()].map((name) => name.replace(/\{.*/, '')));
    expect(DASHBOARD_NAMES.filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(DASHBOARD_LABELS)('%s has the labels that they ask for', (name, ...labels) => {
    const series = [...all.keys()].filter((one) => one.startsWith(`${name}{`));
    expect(series.length).toBeGreaterThan(0);
    for (const one of series) {
      const found = [...one.matchAll(/([a-z]+)="/g)].map((match) => match[1]);
      expect(found.sort()).toEqual(labels);
    }
  });

  it('time every eighth batch of memcached', () => {
    const sum = (what: string): number =>
      [...all]
        .filter(([name]) => name.startsWith(`flagstone_memcached_batch_duration_seconds_${what}`))
        .reduce((total, [, value]) => total + value, 0);
    // One request is one batch; every second one of a key is a get.
    const batches = CLIENTS * (KEYS * 2 + 10);
    expect(sum('count')).toBeGreaterThan(batches / 8 - THREADS);
    expect(sum('count')).toBeLessThan(batches / 4);
    expect(sum('sum')).toBeGreaterThan(0);
  });

  it('tell how long memcached commands took, by samples that stand for all', () => {
    const sum = (pattern: RegExp): number =>
      [...all]
        .filter(([name]) => pattern.test(name))
        .reduce((total, [, value]) => total + value, 0);
    const timed = sum(/^flagstone_command_duration_seconds_count{protocol="memcached"/);
    const ran = sum(/^flagstone_commands_total{protocol="memcached"/);
    // Exactly all of them, unless the machine is so fast that not all are timed.
    expect(Math.abs(timed / ran - 1)).toBeLessThan(0.25);
    const get = '{protocol="memcached",command="get"';
    const count = all.get(`flagstone_command_duration_seconds_count${get}}`);
    expect(all.get(`flagstone_command_duration_seconds_bucket${get},le="+Inf"}`)).toBe(count);
    expect(all.get(`flagstone_command_duration_seconds_sum${get}}`)).toBeGreaterThan(0);
  });

  it('agree with themselves: threads, classes and types add up', () => {
    const sum = (pattern: RegExp): number =>
      [...all]
        .filter(([name]) => pattern.test(name))
        .reduce((total, [, value]) => total + value, 0);
    const commands = sum(/^flagstone_commands_total/);
    expect(sum(/^flagstone_thread_commands_total/)).toBe(commands);
    expect(sum(/^memcached_slab_current_items/)).toBe(all.get('memcached_current_items'));
    expect(sum(/^flagstone_type_bytes/)).toBe(all.get('memcached_current_bytes'));
    expect(sum(/^flagstone_partition_item_bytes/)).toBe(all.get('memcached_current_bytes'));
    // Of each client: 2 for each key and 7 more by memcached, and 6 by RESP.
    const operations = CLIENTS * (2 * KEYS + 7 + 6);
    expect(sum(/^flagstone_partition_operations_total/)).toBe(operations);
    expect(sum(/^memcached_slab_mem_requested_bytes/)).toBe(all.get('memcached_current_bytes'));
    for (let thread = 0; thread < THREADS; thread++) {
      expect(all.get(`flagstone_thread_up{thread="${thread}"}`)).toBe(1);
      expect(all.get(`flagstone_thread_commands_total{thread="${thread}"}`)).toBeGreaterThan(0);
      expect(
        all.get(`flagstone_thread_loop_active_seconds_total{thread="${thread}"}`),
      ).toBeGreaterThan(0);
    }
  });

  it('are the numbers of stats and INFO', async () => {
    const client = await TextClient.open({ host: server.host, port: server.memcachedPort });
    const stats = await client.stats();
    client.destroy();
    for (const [name, metric] of [
      ['get_hits', 'memcached_commands_total{command="get",status="hit"}'],
      ['cmd_touch', 'flagstone_commands_total{protocol="memcached",command="touch"}'],
      ['limit_maxbytes', 'memcached_limit_bytes'],
      ['bytes', 'memcached_current_bytes'],
      ['total_items', 'memcached_items_total'],
    ]) {
      expect(stats.get(name), name).toBe(`${(await metricsAsk(server.adminPort)).get(metric)}`);
    }
  });

  it.skipIf(!PROMTOOL_IS_THERE)(`pass promtool's checks${PROMTOOL_REASON}`, async () => {
    const { body, headers } = await adminAsk(server.adminPort, '/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: body,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('are told as OpenMetrics to who asks for that', async () => {
    const headers = { Accept: 'application/openmetrics-text; version=1.0.0' };
    const { headers: said, body } = await adminAsk(server.adminPort, '/metrics', { headers });
    expect(said['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(said['vary']).toBe('Accept');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
    const names = new Set<string>();
    for (const line of body.trimEnd().split('\n').slice(0, -1)) {
      const meta = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
      if (meta?.[1] === 'TYPE') names.add(meta[2]);
      if (meta !== null) continue;
      const [, name = ''] = /^([a-z_]+)(?:\{[^}]*\})? \S+$/.exec(line) ?? [];
      const family = name.replace(/_(?:total|info|bucket|sum|count)$/, '');
      expect(names.has(name) || names.has(family), line).toBe(true);
    }
  });
});

describe("ElastiCache's metrics", () => {
  type Metric = { MetricName: string; Value: number; Total?: number; Unit: string };
  type Page = { PeriodSeconds: number; Host: Metric[]; Memcached: Metric[]; Redis: Metric[] };

  it('are the same numbers by other names', async () => {
    const { body, headers } = await adminAsk(server.adminPort, '/elasticache');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    const page = JSON.parse(body) as Page;
    const total = (of: Metric[], name: string): number | undefined =>
      of.find(({ MetricName }) => MetricName === name)?.Total;
    const value = (of: Metric[], name: string): number | undefined =>
      of.find(({ MetricName }) => MetricName === name)?.Value;
    const metrics = await metricsAsk(server.adminPort);
    expect(total(page.Memcached, 'GetHits')).toBe(
      metrics.get('flagstone_lookups_total{protocol="memcached",status="hit"}'),
    );
    expect(total(page.Memcached, 'GetMisses')).toBe(CLIENTS);
    expect(total(page.Memcached, 'CmdSet')).toBe(CLIENTS * (KEYS + 1));
    expect(total(page.Memcached, 'IncrHits')).toBe(CLIENTS);
    expect(total(page.Redis, 'CacheHits')).toBe(metrics.get('redis_keyspace_hits_total'));
    expect(total(page.Redis, 'ListBasedCmds')).toBe(CLIENTS * 2);
    expect(total(page.Redis, 'StringBasedCmds')).toBe(CLIENTS * 4);
    expect(total(page.Redis, 'AuthenticationFailures')).toBe(CLIENTS);
    expect(value(page.Redis, 'CurrItems')).toBe(metrics.get('redis_db_keys{db="db0"}'));
    expect(value(page.Redis, 'CurrVolatileItems')).toBe(CLIENTS);
    const used = value(page.Redis, 'DatabaseMemoryUsagePercentage') ?? -1;
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(100);
    expect(value(page.Redis, 'EngineCPUUtilization')).toBeLessThan(150);
    expect(value(page.Host, 'CPUUtilization')).toBeLessThanOrEqual(100);
    // There are no replicas, and no allowance: no such metric is better than a 0.
    expect(body).not.toMatch(/ReplicationLag|Allowance/);
    for (const { Value } of [...page.Host, ...page.Memcached, ...page.Redis]) {
      expect(Number.isFinite(Value)).toBe(true);
    }
  });
});
