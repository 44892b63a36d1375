/** Sections of INFO about the process, and about what there is none of. */
import { arch, release, type } from 'node:os';
import { DATABASE_COUNT } from '../../../base/key.ts';
import { respTargets, respUnixTarget } from '../../../config/resp-targets.ts';
import { databaseOf } from '../../../engine/database.ts';
import { keyspaceExpiringCount, keyspaceKeyCount } from '../../../engine/keyspace.ts';
import { CONTROL_F64, COUNTER, counterSum } from '../../../memory/control.ts';
import type { RespCall } from '../call.ts';
import { REDIS_VERSION } from '../version.ts';
import type { InfoRow } from './info-row.ts';

const NO_ID = '0'.repeat(40);
/** The clock by which Redis told how long ago keys were used: seconds, of 24 bits. */
const LRU_CLOCK_MASK = 2 ** 24 - 1;

export function serverSection({ server, config, op, keyspace }: RespCall): readonly InfoRow[] {
  const { settings, path } = config;
  const { port, tlsPort, hz } = settings;
  const uptimeSec = Math.floor((op.nowMs - keyspace.control.f64[CONTROL_F64.startedAtMs]) / 1000);
  return [
    ['redis_version', REDIS_VERSION],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', server.version],
    ['redis_mode', 'standalone'],
    ['flagstone_version', server.version],
    ['node_version', process.versions.node],
    ['os', `${type()} ${release()} ${arch() === 'x64' ? 'x86_64' : arch()}`],
    ['arch_bits', 64],
    ['monotonic_clock', 'POSIX clock_gettime'],
    ['multiplexing_api', process.platform === 'linux' ? 'epoll' : 'kqueue'],
    ['process_id', process.pid],
    ['process_supervised', 'no'],
    ['run_id', server.runId],
    ['tcp_port', port === 0 ? tlsPort : port],
    ['server_time_usec', Math.floor((performance.timeOrigin + performance.now()) * 1000)],
    ['uptime_in_seconds', uptimeSec],
    ['uptime_in_days', Math.floor(uptimeSec / 86400)],
    ['hz', hz],
    ['configured_hz', hz],
    ['lru_clock', op.nowSec & LRU_CLOCK_MASK],
    ['executable', server.executable],
    ['config_file', path ?? ''],
    ['io_threads_active', server.config.threadCount > 1 ? 1 : 0],
    ['data_threads', server.config.threadCount],
    ...listenerRows(settings),
  ];
}

function listenerRows(settings: Parameters<typeof respTargets>[0]): readonly InfoRow[] {
  const rows: string[] = [];
  for (const name of ['tcp', 'tls']) {
    const own = respTargets(settings).filter(({ tls }) => (tls === 'off') === (name === 'tcp'));
    if (own.length === 0) continue;
    const binds = settings.bind.map((address) => `bind=${address}`).join(',');
    rows.push(`name=${name},${binds},port=${own[0].port}`);
  }
  const unix = respUnixTarget(settings);
  if (unix !== null) rows.push(`name=unix,bind=${unix.path}`);
  return rows.map((row, at): InfoRow => [`listener${at}`, row]);
}

/** Nothing is written to disk. */
export function persistenceSection({ keyspace }: RespCall): readonly InfoRow[] {
  const { control } = keyspace;
  return [
    ['loading', 0],
    ['async_loading', 0],
    ['current_cow_peak', 0],
    ['current_cow_size', 0],
    ['current_cow_size_age', 0],
    ['current_fork_perc', '0.00'],
    ['current_save_keys_processed', 0],
    ['current_save_keys_total', 0],
    ['rdb_changes_since_last_save', counterSum(control, COUNTER.respChanges)],
    ['rdb_bgsave_in_progress', 0],
    ['rdb_last_save_time', Math.floor(control.f64[CONTROL_F64.startedAtMs] / 1000)],
    ['rdb_last_bgsave_status', 'ok'],
    ['rdb_last_bgsave_time_sec', -1],
    ['rdb_current_bgsave_time_sec', -1],
    ['rdb_saves', 0],
    ['rdb_last_cow_size', 0],
    ['rdb_last_load_keys_expired', 0],
    ['rdb_last_load_keys_loaded', 0],
    ['aof_enabled', 0],
    ['aof_rewrite_in_progress', 0],
    ['aof_rewrite_scheduled', 0],
    ['aof_last_rewrite_time_sec', -1],
    ['aof_current_rewrite_time_sec', -1],
    ['aof_last_bgrewrite_status', 'ok'],
    ['aof_rewrites', 0],
    ['aof_rewrites_consecutive_failures', 0],
    ['aof_last_write_status', 'ok'],
    ['aof_last_cow_size', 0],
    ['module_fork_in_progress', 0],
    ['module_fork_last_cow_size', 0],
  ];
}

/** There are no replicas. */
export function replicationSection({ server, config }: RespCall): readonly InfoRow[] {
  const { minReplicasToWrite, minReplicasMaxLag, replBacklogSize } = config.settings;
  const demandsReplicas = minReplicasToWrite > 0 && minReplicasMaxLag > 0;
  const good: readonly InfoRow[] = demandsReplicas ? [['min_slaves_good_slaves', 0]] : [];
  return [
    ['role', 'master'],
    ['connected_slaves', 0],
    ...good,
    ['master_failover_state', 'no-failover'],
    ['master_replid', server.runId],
    ['master_replid2', NO_ID],
    ['master_repl_offset', 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', replBacklogSize],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

/** Of the process, all threads together. */
export function cpuSection(): readonly InfoRow[] {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return [
    ['used_cpu_sys', (systemCPUTime / 1e6).toFixed(6)],
    ['used_cpu_user', (userCPUTime / 1e6).toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
  ];
}

export function clusterSection(): readonly InfoRow[] {
  return [['cluster_enabled', 0]];
}

export function keyspaceSection({ keyspace }: RespCall): readonly InfoRow[] {
  const rows: InfoRow[] = [];
  for (let called = 0; called < DATABASE_COUNT; called++) {
    const database = databaseOf(keyspace.control, called);
    const keys = keyspaceKeyCount(keyspace, database);
    const expires = keyspaceExpiringCount(keyspace, database);
    if (keys > 0) rows.push([`db${called}`, `keys=${keys},expires=${expires},avg_ttl=0`]);
  }
  return rows;
}
