/**
 * What INFO tells, under the names that oliver006/redis_exporter gives it, so that dashboards made for that
 * serve as they are. What there is none of here, such as replicas and files, is left out, but for their number,
 * which has a panel of its own.
 */

import { totalmem } from 'node:os';
import { REDIS_VERSION } from '../commands/resp/version.ts';
import { EVICTION_POLICY_NAMES } from '../engine/policy.ts';
import { COMMAND_STAT, commandStatSum } from '../memory/command-stats.ts';
import { connectionLimit } from '../memory/connections.ts';
import { CONTROL, CONTROL_F64, COUNTER, GAUGE, gaugeSum } from '../memory/control.ts';
import { HEADER, HEADER_F64 } from '../memory/partition.ts';
import { errorCounts, RESP_COUNTER, RESP_RATE } from '../memory/resp-stats.ts';
import type { Exposition, Sample } from './exposition.ts';
import type { Snapshot } from './snapshot.ts';

export function redisMetrics(page: Exposition, now: Snapshot): void {
  serverMetrics(page, now);
  clientMetrics(page, now);
  memoryMetrics(page, now);
  keyMetrics(page, now);
  trafficMetrics(page, now);
  denialMetrics(page, now);
  commandMetrics(page, now);
}

function serverMetrics(page: Exposition, now: Snapshot): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const policy = EVICTION_POLICY_NAMES[now.keyspace.partitions[0].i32[HEADER.evictionPolicy]];
  page.gauge('redis_up', 'Whether the server could be asked.', 1);
  page.info('redis_instance_info', 'The server in words.', {
    role: 'master',
    redis_version: REDIS_VERSION,
    redis_mode: 'standalone',
    os: process.platform,
    maxmemory_policy: policy,
    process_id: process.pid,
  });
  page.gauge('redis_connected_slaves', 'Replicas; there are none.', 0);
  page.gauge('redis_uptime_in_seconds', 'Time since the start.', Math.floor(now.uptimeSec));
  page.gauge(
    'redis_start_time_seconds',
    'When the server was started, as Unix time.',
    now.keyspace.control.f64[CONTROL_F64.startedAtMs] / 1000,
  );
  page.gauge('redis_process_id', 'The process id.', process.pid);
  page.counter(
    'redis_cpu_sys_seconds_total',
    'CPU time of all threads in the kernel.',
    systemCPUTime / 1e6,
  );
  page.counter(
    'redis_cpu_user_seconds_total',
    'CPU time of all threads in user mode.',
    userCPUTime / 1e6,
  );
  page.gauge(
    'redis_rdb_changes_since_last_save',
    'Changes by RESP commands; nothing is written to disk.',
    now.counter(COUNTER.respChanges),
  );
}

function clientMetrics(page: Exposition, now: Snapshot): void {
  const { clients } = now;
  page.gauge('redis_connected_clients', 'Clients of RESP.', clients.resp);
  page.gauge(
    'redis_max_clients',
    'Clients there may be, of both protocols.',
    connectionLimit(now.keyspace.control),
  );
  page.gauge(
    'redis_blocked_clients',
    'Clients that wait: for a key, or for the end of a pause.',
    clients.blocked,
  );
  page.gauge('redis_pubsub_clients', 'Clients that are subscribed to something.', clients.pubsub);
  page.gauge('redis_watching_clients', 'Clients that watch keys.', clients.watching);
  page.gauge('redis_total_watched_keys', 'Keys watched.', clients.watchedKeys);
  page.gauge('redis_tracking_clients', 'Clients that track keys.', clients.tracking);
  page.gauge(
    'redis_client_recent_max_input_buffer_bytes',
    'The most that a client has sent of a request.',
    clients.inputBytesMax,
  );
  page.gauge(
    'redis_client_recent_max_output_buffer_bytes',
    'The most that a client has left unread.',
    clients.outputBytesMax,
  );
  page.gauge('redis_mem_clients_normal', 'Bytes that clients take.', clients.bytes);
}

function memoryMetrics(page: Exposition, now: Snapshot): void {
  const { usedBytes, indexBytes, pageBytes } = now.memory;
  const { f64 } = now.keyspace.respStats;
  const resident = process.memoryUsage.rss();
  page.gauge(
    'redis_memory_used_bytes',
    'Bytes in use for items and all that finds them.',
    usedBytes,
  );
  page.gauge('redis_memory_used_rss_bytes', 'Memory of the process.', resident);
  page.gauge(
    'redis_memory_used_peak_bytes',
    'The most that was in use.',
    Math.max(usedBytes, f64[RESP_RATE.memoryPeakBytes]),
  );
  page.gauge(
    'redis_memory_used_overhead_bytes',
    'Bytes of the index, the tables and the clients.',
    indexBytes + now.clients.bytes,
  );
  page.gauge(
    'redis_memory_used_startup_bytes',
    'Bytes that were in use at the start.',
    f64[RESP_RATE.memoryStartBytes],
  );
  page.gauge(
    'redis_memory_used_dataset_bytes',
    'Bytes in use for items alone.',
    Math.max(0, usedBytes - indexBytes),
  );
  page.gauge(
    'redis_memory_max_bytes',
    'What may be in use: maxmemory, or else the budget that the server was started with.',
    memoryMax(now),
  );
  page.gauge('redis_allocator_active_bytes', 'Pages that are in use.', pageBytes);
  page.gauge('redis_allocator_allocated_bytes', 'Bytes in use in them.', usedBytes);
  // The second is the name that the exporter's own dashboard asks for.
  for (const name of ['redis_mem_fragmentation_ratio', 'redis_memory_fragmentation_ratio']) {
    page.gauge(
      name,
      'Memory of the process over bytes in use.',
      usedBytes === 0 ? 0 : resident / usedBytes,
    );
  }
  page.gauge('redis_total_system_memory_bytes', 'Memory of the machine.', totalmem());
  page.gauge(
    'redis_memory_used_lua_bytes',
    'Bytes in use by Lua.',
    now.resp(RESP_COUNTER.luaBytes),
  );
  page.gauge(
    'redis_lazyfree_pending_objects',
    'Large collections that were deleted and are not freed yet.',
    now.graves,
  );
}

/** The limit that holds: maxmemory, or that of `-m`. */
export function memoryMax({ keyspace }: Snapshot): number {
  const { f64 } = keyspace.control;
  return f64[CONTROL_F64.maxMemory] || f64[CONTROL_F64.memoryBytes];
}

function keyMetrics(page: Exposition, now: Snapshot): void {
  const { totals, databases } = now;
  page.gauge(
    'redis_db_keys',
    'Keys of each database.',
    databases.map(({ name, keys }) => [{ db: name }, keys]),
  );
  page.gauge(
    'redis_db_keys_expiring',
    'Keys that have an expiry time.',
    databases.map(({ name, expiring }) => [{ db: name }, expiring]),
  );
  page.counter(
    'redis_keyspace_hits_total',
    'Keys that reading RESP commands found.',
    now.resp(RESP_COUNTER.keyHits),
  );
  page.counter(
    'redis_keyspace_misses_total',
    'Keys that reading RESP commands did not find.',
    now.resp(RESP_COUNTER.keyMisses),
  );
  page.counter(
    'redis_expired_keys_total',
    'Keys that have expired, of both protocols.',
    totals[HEADER_F64.expiryTotal] - totals[HEADER_F64.flushTotal],
  );
  page.counter(
    'redis_expired_subkeys_total',
    'Fields of hashes that have expired.',
    totals[HEADER_F64.fieldExpiryTotal],
  );
  page.counter(
    'redis_evicted_keys_total',
    'Keys evicted because memory was full, of both protocols.',
    totals[HEADER_F64.evictionTotal],
  );
  const tracked = (gauge: number): number => gaugeSum(now.keyspace.control, gauge);
  page.gauge('redis_tracking_total_keys', 'Keys tracked.', tracked(GAUGE.trackedKeys));
  page.gauge(
    'redis_tracking_total_items',
    'Pairs of a key tracked and a client.',
    tracked(GAUGE.trackedItems),
  );
  page.gauge('redis_tracking_total_prefixes', 'Prefixes tracked.', tracked(GAUGE.trackedPrefixes));
  page.counter(
    'redis_evicted_scripts_total',
    'Scripts evicted from the cache.',
    now.resp(RESP_COUNTER.evictedScripts),
  );
  page.counter(
    'redis_evicted_clients_total',
    'Clients closed because all took too much memory.',
    now.resp(RESP_COUNTER.evictedClients),
  );
}

function trafficMetrics(page: Exposition, now: Snapshot): void {
  const { f64 } = now.keyspace.respStats;
  page.counter(
    'redis_connections_received_total',
    'RESP connections accepted.',
    now.resp(RESP_COUNTER.connections),
  );
  page.counter(
    'redis_rejected_connections_total',
    'Connections refused because there were too many, of both protocols.',
    now.word(CONTROL.connectionRejects),
  );
  page.counter(
    'redis_commands_processed_total',
    'RESP commands run.',
    now.resp(RESP_COUNTER.commands),
  );
  page.counter(
    'redis_net_input_bytes_total',
    'Bytes read from RESP clients.',
    now.resp(RESP_COUNTER.bytesRead),
  );
  page.counter(
    'redis_net_output_bytes_total',
    'Bytes written to RESP clients.',
    now.resp(RESP_COUNTER.bytesWritten),
  );
  page.counter(
    'redis_eventloop_cycles_total',
    'Batches of requests that came.',
    now.resp(RESP_COUNTER.reads),
  );
  page.counter(
    'redis_client_query_buffer_limit_disconnections_total',
    'Clients closed for sending too much.',
    now.resp(RESP_COUNTER.queryBufferCuts),
  );
  page.counter(
    'redis_client_output_buffer_limit_disconnections_total',
    'Clients closed for reading too little.',
    now.resp(RESP_COUNTER.outputBufferCuts),
  );
  page.gauge(
    'redis_instantaneous_ops_per_second',
    'RESP commands a second, lately.',
    f64[RESP_RATE.commands],
  );
  page.counter(
    'redis_errors_total',
    'Error replies, by code.',
    errorCounts(now.keyspace.respStats).map(([err, count]) => [{ err }, count]),
  );
}

function denialMetrics(page: Exposition, now: Snapshot): void {
  page.counter(
    'redis_acl_access_denied_cmd_total',
    'Commands refused to users.',
    now.resp(RESP_COUNTER.commandDenials),
  );
  page.counter(
    'redis_acl_access_denied_key_total',
    'Keys refused to users.',
    now.resp(RESP_COUNTER.keyDenials),
  );
  page.counter(
    'redis_acl_access_denied_channel_total',
    'Channels refused to users.',
    now.resp(RESP_COUNTER.channelDenials),
  );
  page.counter(
    'redis_acl_access_denied_auth_total',
    'Logins refused.',
    now.resp(RESP_COUNTER.authFailures),
  );
}

function commandMetrics(page: Exposition, { keyspace, commands }: Snapshot): void {
  const { commandStats } = keyspace;
  const ran = commands.resp.filter(
    ({ number }) =>
      commandStatSum(commandStats, number, COMMAND_STAT.calls) > 0 ||
      commandStatSum(commandStats, number, COMMAND_STAT.rejected) > 0,
  );
  const each = (stat: number, scale: number): Sample[] =>
    ran.map(({ name, number }) => [
      { cmd: name },
      commandStatSum(commandStats, number, stat) * scale,
    ]);
  page.counter('redis_commands_total', 'Runs of each command.', each(COMMAND_STAT.calls, 1));
  page.counter(
    'redis_commands_duration_seconds_total',
    'Time that the runs have taken.',
    each(COMMAND_STAT.us, 1e-6),
  );
  page.counter(
    'redis_commands_rejected_calls_total',
    'Requests that were refused before they were run.',
    each(COMMAND_STAT.rejected, 1),
  );
  page.counter(
    'redis_commands_failed_calls_total',
    'Runs that answered with an error.',
    each(COMMAND_STAT.failed, 1),
  );
}
