/** INFO stats. */
import { CONTROL, GAUGE, gaugeSum } from '../../../memory/control.ts';
import { HEADER_F64 } from '../../../memory/partition.ts';
import {
  RESP_COUNTER,
  RESP_RATE,
  respCounterMax,
  respCounterSum,
} from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import type { InfoRow } from './info-row.ts';

export function statsSection(call: RespCall): readonly InfoRow[] {
  return [...trafficRows(call), ...keyRows(call), ...replyRows(call), ...loopRows(call)];
}

function sumOf({ respStats }: RespCall): (counter: number) => number {
  return (counter) => respCounterSum(respStats, counter);
}

function trafficRows(call: RespCall): readonly InfoRow[] {
  const sum = sumOf(call);
  const { f64 } = call.respStats;
  const kilobytes = (rate: number): string => (f64[rate] / 1024).toFixed(2);
  return [
    ['total_connections_received', sum(RESP_COUNTER.connections)],
    ['total_commands_processed', sum(RESP_COUNTER.commands)],
    ['instantaneous_ops_per_sec', Math.round(f64[RESP_RATE.commands])],
    ['total_net_input_bytes', sum(RESP_COUNTER.bytesRead)],
    ['total_net_output_bytes', sum(RESP_COUNTER.bytesWritten)],
    ['total_net_repl_input_bytes', 0],
    ['total_net_repl_output_bytes', 0],
    ['instantaneous_input_kbps', kilobytes(RESP_RATE.bytesRead)],
    ['instantaneous_output_kbps', kilobytes(RESP_RATE.bytesWritten)],
    ['instantaneous_input_repl_kbps', '0.00'],
    ['instantaneous_output_repl_kbps', '0.00'],
    ['rejected_connections', Atomics.load(call.keyspace.control.i32, CONTROL.connectionRejects)],
    ['sync_full', 0],
    ['sync_partial_ok', 0],
    ['sync_partial_err', 0],
  ];
}

function keyRows(call: RespCall): readonly InfoRow[] {
  const sum = sumOf(call);
  const { pubsub, keyspace } = call;
  const total = (word: number): number =>
    keyspace.partitions.reduce((all, { f64 }) => all + f64[word], 0);
  return [
    ['expired_keys', total(HEADER_F64.expiryTotal) - total(HEADER_F64.flushTotal)],
    ['expired_subkeys', total(HEADER_F64.fieldExpiryTotal)],
    ['expired_stale_perc', '0.00'],
    ['expired_time_cap_reached_count', 0],
    ['expire_cycle_cpu_milliseconds', 0],
    ['evicted_keys', total(HEADER_F64.evictionTotal)],
    ['evicted_clients', sum(RESP_COUNTER.evictedClients)],
    ['evicted_scripts', sum(RESP_COUNTER.evictedScripts)],
    ['total_eviction_exceeded_time', 0],
    ['current_eviction_exceeded_time', 0],
    ['keyspace_hits', sum(RESP_COUNTER.keyHits)],
    ['keyspace_misses', sum(RESP_COUNTER.keyMisses)],
    ['pubsub_channels', pubsub.channels.size],
    ['pubsub_patterns', pubsub.patterns.size],
    ['pubsubshard_channels', pubsub.shardChannels.size],
    ['latest_fork_usec', 0],
    ['total_forks', 0],
    ['migrate_cached_sockets', 0],
    ['slave_expires_tracked_keys', 0],
    ['active_defrag_hits', 0],
    ['active_defrag_misses', 0],
    ['active_defrag_key_hits', 0],
    ['active_defrag_key_misses', 0],
    ['total_active_defrag_time', 0],
    ['current_active_defrag_time', 0],
    ['tracking_total_keys', gaugeSum(keyspace.control, GAUGE.trackedKeys)],
    ['tracking_total_items', gaugeSum(keyspace.control, GAUGE.trackedItems)],
    ['tracking_total_prefixes', gaugeSum(keyspace.control, GAUGE.trackedPrefixes)],
  ];
}

function replyRows(call: RespCall): readonly InfoRow[] {
  const sum = sumOf(call);
  return [
    ['unexpected_error_replies', 0],
    ['total_error_replies', sum(RESP_COUNTER.errorReplies)],
    ['dump_payload_sanitizations', 0],
    ['total_reads_processed', sum(RESP_COUNTER.reads)],
    ['total_writes_processed', sum(RESP_COUNTER.writes)],
    ['io_threaded_reads_processed', sum(RESP_COUNTER.reads)],
    ['io_threaded_writes_processed', sum(RESP_COUNTER.writes)],
    ['client_query_buffer_limit_disconnections', sum(RESP_COUNTER.queryBufferCuts)],
    ['client_output_buffer_limit_disconnections', sum(RESP_COUNTER.outputBufferCuts)],
    ['reply_buffer_shrinks', 0],
    ['reply_buffer_expands', 0],
  ];
}

/** A cycle is a batch: what one read brought. */
function loopRows(call: RespCall): readonly InfoRow[] {
  const sum = sumOf(call);
  const { f64 } = call.respStats;
  const reads = f64[RESP_RATE.reads];
  return [
    ['eventloop_cycles', sum(RESP_COUNTER.reads)],
    ['eventloop_duration_sum', Math.floor(sum(RESP_COUNTER.loopUs))],
    ['eventloop_duration_cmd_sum', Math.floor(sum(RESP_COUNTER.commandUs))],
    ['instantaneous_eventloop_cycles_per_sec', Math.round(reads)],
    [
      'instantaneous_eventloop_duration_usec',
      reads === 0 ? 0 : Math.round(f64[RESP_RATE.loopUs] / reads),
    ],
    ['acl_access_denied_auth', sum(RESP_COUNTER.authFailures)],
    ['acl_access_denied_cmd', sum(RESP_COUNTER.commandDenials)],
    ['acl_access_denied_key', sum(RESP_COUNTER.keyDenials)],
    ['acl_access_denied_channel', sum(RESP_COUNTER.channelDenials)],
  ];
}

/** `cron`: what is done ten times a second. */
export function debugSection({ respStats }: RespCall): readonly InfoRow[] {
  return [
    ['eventloop_duration_aof_sum', 0],
    ['eventloop_duration_cron_sum', Math.ceil(respStats.f64[RESP_RATE.lookUs])],
    ['eventloop_duration_max', Math.ceil(respCounterMax(respStats, RESP_COUNTER.loopUsMax))],
    ['eventloop_cmd_per_cycle_max', respCounterMax(respStats, RESP_COUNTER.batchCommandsMax)],
  ];
}
