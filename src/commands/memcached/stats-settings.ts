/** stats settings: what the server was started with, and what was changed since. */
import { CONTROL } from '../../memory/control.ts';
import { HEADER } from '../../memory/partition.ts';
import { prefixesCounted } from '../../memory/prefix-table.ts';
import { textBytes } from '../../protocol/reply.ts';
import type { Call } from './call.ts';
import type { StatRow } from './stats.ts';

function yes(value: boolean): string {
  return value ? 'yes' : 'no';
}

export function statsSettings(call: Call): StatRow[] {
  return [...networkRows(call), ...memoryRows(call), ...maintenanceRows(call), ...otherRows(call)];
}

function networkRows(call: Call): StatRow[] {
  const { config } = call.server;
  return [
    ['maxbytes', config.memoryBytes],
    ['maxconns', config.connectionCountMax],
    ['tcpport', config.port],
    ['udpport', config.udpPort],
    ['inter', config.listenAddresses.length > 0 ? config.listenAddresses.join(',') : 'NULL'],
    ['verbosity', Atomics.load(call.keyspace.control.i32, CONTROL.verbosity)],
    ['oldest', 0],
    ['evictions', config.evict ? 'on' : 'off'],
    ['domain_socket', textBytes(config.unixSocketPath ?? 'NULL')],
    ['umask', config.unixSocketMask.toString(8)],
    ['shutdown_command', yes(config.shutdownCommand)],
  ];
}

function memoryRows(call: Call): StatRow[] {
  const { config } = call.server;
  return [
    ['growth_factor', config.growthFactor.toFixed(2)],
    ['chunk_size', config.chunkBytesMin],
    ['num_threads', config.threadCount],
    ['num_threads_per_udp', config.udpPort === 0 ? 0 : config.threadCount],
    ['stat_key_prefix', config.statsPrefixDelimiter],
    ['detail_enabled', yes(prefixesCounted(call.keyspace.control))],
    ['reqs_per_event', config.requestsPerEventMax],
    ['cas_enabled', yes(config.casEnabled)],
    ['tcp_backlog', config.backlog],
    ['binding_protocol', config.protocol === 'auto' ? 'auto-negotiate' : config.protocol],
    ['auth_enabled_sasl', yes(config.saslEnabled)],
    ['auth_enabled_ascii', config.authFile ?? 'no'],
    ['item_size_max', config.itemBytesMax],
    ['maxconns_fast', yes(config.maxconnsFast)],
    ['hashpower_init', config.hashpowerInit],
  ];
}

function maintenanceRows(call: Call): StatRow[] {
  const { config } = call.server;
  return [
    ['slab_reassign', yes(config.slabReassign)],
    ['slab_automove', call.keyspace.partitions[0].i32[HEADER.pagesStay] === 0 ? 1 : 0],
    ['slab_automove_ratio', config.slabAutomoveRatio.toFixed(2)],
    ['slab_automove_window', config.slabAutomoveWindow],
    ['slab_chunk_max', config.slabChunkBytesMax],
    ['lru_crawler', yes(config.lruCrawler)],
    ['lru_crawler_sleep', config.lruCrawlerSleepUs],
    ['lru_crawler_tocrawl', config.lruCrawlerItemCountMax],
    ['tail_repair_time', config.tailRepairTimeSec],
    ['flush_enabled', yes(config.flushAllEnabled)],
    ['dump_enabled', yes(config.dumpEnabled)],
    ['hash_algorithm', config.hashAlgorithm],
    ['lru_maintainer_thread', yes(config.lruMaintainer)],
    ['lru_segmented', yes(config.lruMaintainer)],
    ['hot_lru_pct', config.hotLruPct],
    ['warm_lru_pct', config.warmLruPct],
    ['hot_max_factor', config.hotMaxFactor.toFixed(2)],
    ['warm_max_factor', config.warmMaxFactor.toFixed(2)],
    ['temp_lru', yes(config.temporaryLru)],
    ['temporary_ttl', config.temporaryTtlSec],
  ];
}

function otherRows(call: Call): StatRow[] {
  const { config } = call.server;
  return [
    ['idle_timeout', config.idleTimeoutSec],
    ['watcher_logbuf_size', config.watcherLogBytes],
    ['worker_logbuf_size', config.workerLogBytes],
    ['read_buf_mem_limit', config.readBufferBytesMax],
    ['track_sizes', yes(config.trackSizes)],
    ['inline_ascii_response', 'no'],
    ...tlsRows(call),
    ['num_napi_ids', '(null)'],
    ['memory_file', '(null)'],
    ['client_flags_size', 4],
  ];
}

/** Spec: as memcached names OpenSSL's protocol versions, by ssl_min_version; older ones are not spoken. */
const TLS_VERSION_NAMES = ['tlsv1.2', 'tlsv1.2', 'tlsv1.2', 'tlsv1.3'];

/** memcached shows ssl_verify_mode as OpenSSL's flags: peer 1, fail without a certificate 2, once 4. */
const VERIFY_FLAGS = [0, 1, 3, 7];

function tlsRows(call: Call): StatRow[] {
  const { config } = call.server;
  const path = (value: string | null, absent: string): string => textBytes(value ?? absent);
  return [
    ['ssl_enabled', yes(config.tlsEnabled)],
    ['ssl_chain_cert', path(config.tlsChainCert, '(null)')],
    ['ssl_key', path(config.tlsKey, '(null)')],
    ['ssl_verify_mode', VERIFY_FLAGS[config.tlsVerifyMode]],
    ['ssl_keyformat', config.tlsKeyFormat],
    ['ssl_ciphers', path(config.tlsCiphers, 'NULL')],
    ['ssl_ca_cert', path(config.tlsCaCert, 'NULL')],
    ['ssl_wbuf_size', config.tlsWriteBufferBytes],
    ['ssl_session_cache', yes(config.tlsSessionCache)],
    ['ssl_kernel_tls', 'no'],
    ['ssl_min_version', TLS_VERSION_NAMES[config.tlsMinVersion]],
  ];
}
