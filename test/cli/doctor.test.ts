/** What the doctor finds: each check with a server that has the trouble, and none with one that is well. */
import { describe, expect, it } from 'vitest';
import { doctorReport, type Finding, type Patient, patientExamine } from '../../src/cli/doctor.ts';
import { Metrics, MetricsSpan } from '../../src/cli/metrics.ts';

/** A server that is well: two threads, half full, some load. */
const WELL: Readonly<Record<string, number>> = {
  memcached_uptime_seconds: 86_400,
  memcached_current_connections: 10,
  memcached_max_connections: 1024,
  memcached_connections_rejected_total: 0,
  memcached_item_no_memory_total: 0,
  redis_memory_used_bytes: 600e6,
  redis_memory_used_peak_bytes: 700e6,
  redis_memory_max_bytes: 1e9,
  'redis_db_keys{db="db0"}': 1000,
  'redis_db_keys_expiring{db="db0"}': 900,
  redis_evicted_keys_total: 0,
  redis_commands_processed_total: 100_000,
  'flagstone_commands_total{protocol="resp",command="get"}': 100_000,
  'flagstone_lookups_total{protocol="resp",status="hit"}': 95_000,
  'flagstone_lookups_total{protocol="resp",status="miss"}': 5000,
  flagstone_threads: 2,
  'flagstone_thread_loop_utilization{thread="0"}': 0.4,
  'flagstone_thread_loop_utilization{thread="1"}': 0.5,
  'flagstone_thread_commands_total{thread="0"}': 50_000,
  'flagstone_thread_commands_total{thread="1"}': 50_000,
  'flagstone_thread_cpu_seconds_total{thread="0",mode="user"}': 40_000,
  'flagstone_thread_cpu_seconds_total{thread="1",mode="user"}': 40_000,
  'flagstone_thread_loop_delay_seconds_bucket{thread="0",le="0.1"}': 100_000,
  'flagstone_thread_loop_delay_seconds_count{thread="0"}': 100_000,
};

/** Of eight partitions. */
function operations(count: (partition: number) => number): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: 8 }, (_, id) => [
      `flagstone_partition_operations_total{partition="${id}"}`,
      count(id),
    ]),
  );
}

type Change = {
  readonly now?: Readonly<Record<string, number>>;
  readonly before?: Readonly<Record<string, number>>;
  readonly ready?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly directives?: Readonly<Record<string, string>>;
};

function patient({ now, before, ready, options, directives }: Change): Patient {
  const page = (values: Readonly<Record<string, number>>, atMs: number): Metrics =>
    new Metrics(
      Object.entries(values)
        .map(([name, value]) => `${name} ${value}\n`)
        .join(''),
      atMs,
    );
  const first = { ...WELL, ...before };
  return {
    span: new MetricsSpan(page(first, 0), page({ ...first, ...now }, 1000)),
    ready: ready ?? 'ok\n+ memcached *:11211: 2 answered\n',
    config: {
      options: {
        listen: ['127.0.0.1'],
        port: 11211,
        'unix-socket': null,
        'enable-sasl': false,
        'auth-file': null,
        ...options,
      },
      directives: { port: '6379', requirepass: '', 'protected-mode': 'yes', ...directives },
    },
  };
}

/** Level and evidence of what is found. */
function found(change: Change): string[] {
  return patientExamine(patient(change)).map(({ level, evidence }) => `${level}: ${evidence}`);
}

describe('the doctor', () => {
  it('finds no hot partition where some have a little more than others, or all have little', () => {
    const before = operations(() => 0);
    expect(found({ before, now: operations((id) => 1000 + 2000 * (id % 2)) })).toEqual([]);
    expect(found({ before, now: operations((id) => (id === 1 ? 900 : 0)) })).toEqual([]);
  });

  it('finds nothing where nothing is', () => {
    expect(patientExamine(patient({}))).toEqual([]);
    expect(doctorReport([])).toMatch(/^Nothing was found by \d+ checks\.\n$/);
  });

  it.each<[string, Change]>([
    [
      'BAD: - resp *:6379: no answer of data 1: not within 2000 ms',
      {
        ready:
          'not ready\n+ memcached *:11211: 2 answered\n- resp *:6379: no answer of data 1: not within 2000 ms\n',
      },
    ],
    ['BAD: not ready: the server is ending', { ready: 'not ready: the server is ending\n' }],
    [
      'BAD: 2 deaths, for which 1 partitions were emptied',
      { now: { flagstone_thread_restarts_total: 2, flagstone_partition_resets_total: 1 } },
    ],
    [
      'BAD: 7 of them',
      { now: { memcached_item_no_memory_total: 4, 'redis_errors_total{err="OOM"}': 3 } },
    ],
    ['BAD: 5 of them; the limit is 1,024', { now: { memcached_connections_rejected_total: 5 } }],
    ['LOOK: 1,000 of 1,024', { now: { memcached_current_connections: 1000 } }],
    [
      'LOOK: 50 a second; of all that ever were, 80.0 % had never been read',
      {
        now: {
          redis_evicted_keys_total: 50,
          'memcached_slab_items_evicted_total{slab="1"}': 50,
          'memcached_slab_items_evicted_unfetched_total{slab="1"}': 40,
        },
      },
    ],
    [
      'LOOK: 90.0 % is used; 990 of 1,000 keys have no expiry time',
      { now: { redis_memory_used_bytes: 900e6, 'redis_db_keys_expiring{db="db0"}': 10 } },
    ],
    [
      'LOOK: 50.0 % of 190,000 lookups found their key',
      { now: { 'flagstone_lookups_total{protocol="resp",status="miss"}': 95_000 } },
    ],
    ['LOOK: data 1 95.0 %', { now: { 'flagstone_thread_loop_utilization{thread="1"}': 0.95 } }],
    [
      'LOOK: 10,000 of 10,000 requests a second on one of 2 threads',
      { now: { 'flagstone_thread_commands_total{thread="0"}': 60_000 } },
    ],
    [
      'LOOK: 5.0 % of the time by more than 100 ms',
      { now: { 'flagstone_thread_loop_delay_seconds_bucket{thread="0",le="0.1"}': 95_000 } },
    ],
    [
      'LOOK: 1,000 times a second, at 10,000 requests a second; 100.0 % of them in partition 3',
      {
        now: {
          'flagstone_commands_total{protocol="resp",command="get"}': 110_000,
          'flagstone_partition_lock_contended_total{partition="3"}': 1000,
          'flagstone_partition_lock_contended_total{partition="4"}': 0,
        },
      },
    ],
    [
      'LOOK: partition 5 has 60.0 % of 10,000 operations a second, of 8 partitions',
      {
        before: operations(() => 100_000),
        now: operations((id) => (id === 5 ? 106_000 : id === 2 ? 104_000 : 100_000)),
      },
    ],
    ['LOOK: 4 of them', { now: { flagstone_output_cuts_total: 4 } }],
    [
      'LOOK: 5.0 %: WRONGTYPE 4,000, ERR 1,000',
      {
        now: { 'redis_errors_total{err="ERR"}': 1000, 'redis_errors_total{err="WRONGTYPE"}': 4000 },
      },
    ],
    ['LOOK: 21 since the start', { now: { 'flagstone_auth_failures_total{protocol="resp"}': 21 } }],
    ['LOOK: memcached on all interfaces', { options: { listen: [] } }],
    [
      'LOOK: memcached and RESP on 10.0.0.1:11211',
      { options: { listen: ['10.0.0.1:11211'] }, directives: { 'protected-mode': 'no' } },
    ],
    [
      'LOOK: RESP on all interfaces',
      { options: { listen: [], 'enable-sasl': true }, directives: { 'protected-mode': 'no' } },
    ],
    [
      'WASTE: 38.1 MiB of 57.2 MiB; most in classes 9',
      {
        now: {
          'memcached_slab_chunks_free{slab="9"}': 40_000,
          'memcached_slab_current_chunks{slab="9"}': 60_000,
          'memcached_slab_chunk_size_bytes{slab="9"}': 1000,
        },
      },
    ],
    [
      'WASTE: 381.5 MiB of 953.7 MiB in 1 d 0 h',
      { before: { redis_memory_used_bytes: 3e8, redis_memory_used_peak_bytes: 4e8 } },
    ],
    [
      'WASTE: 0.6 % of 2 cores in 1 d 0 h',
      {
        before: {
          'flagstone_thread_cpu_seconds_total{thread="0",mode="user"}': 500,
          'flagstone_thread_cpu_seconds_total{thread="1",mode="user"}': 500,
        },
      },
    ],
  ])('finds %s', (expected, change) => {
    expect(found(change)).toEqual([expected]);
  });

  it.each<[string, Change]>([
    [
      'loopback is not the network',
      { options: { listen: ['localhost', '127.0.0.1:1'] }, directives: { 'protected-mode': 'no' } },
    ],
    ['RESP protects itself', { options: { listen: [], port: 0 } }],
    [
      'a start is late in everything',
      {
        before: {
          'flagstone_thread_loop_delay_seconds_count{thread="0"}': 80,
          'flagstone_thread_loop_delay_seconds_bucket{thread="0",le="0.1"}': 40,
        },
      },
    ],
    [
      'a young server is not too large',
      {
        before: {
          memcached_uptime_seconds: 60,
          redis_memory_used_bytes: 0,
          redis_memory_used_peak_bytes: 0,
        },
      },
    ],
    [
      'few lookups tell nothing',
      {
        before: {
          'flagstone_lookups_total{protocol="resp",status="hit"}': 0,
          'flagstone_lookups_total{protocol="resp",status="miss"}': 10,
        },
      },
    ],
  ])('is silent: %s', (_, change) => {
    expect(found(change)).toEqual([]);
  });

  it('says the worst first', () => {
    const change = { now: { flagstone_output_cuts_total: 1, flagstone_thread_restarts_total: 1 } };
    const findings: readonly Finding[] = patientExamine(patient(change));
    expect(findings.map(({ level }) => level)).toEqual(['BAD', 'LOOK']);
    expect(doctorReport(findings)).toMatch(
      /^BAD {3}Data threads have died[^\n]+\n {6}1 deaths[^\n]+\n {6}The log[^\n]+\n\nLOOK {2}Clients were cut[\s\S]+\n\nNothing else was found by \d+ checks\.\n$/,
    );
  });
});

describe('a page of metrics, read back', () => {
  it('has labels with anything in them', () => {
    const metrics = new Metrics(
      '# TYPE a gauge\na{x="1",y="q\\"\\\\\\n,}"} 2\na{x="2"} +Inf\nb 7\nnonsense\n',
      0,
    );
    expect(metrics.all('a', { x: '1' })).toEqual([{ labels: { x: '1', y: 'q"\\\n,}' }, value: 2 }]);
    expect(metrics.sum('a')).toBe(Number.POSITIVE_INFINITY);
    expect(metrics.sum('b')).toBe(7);
    expect(metrics.sum('c')).toBe(0);
    expect(metrics.by('a', 'x').map(([x]) => x)).toEqual(['2', '1']);
  });
});
