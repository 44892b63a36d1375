/** INFO memory. */
import { totalmem } from 'node:os';
import { memoryUse } from '../../../engine/memory-use.ts';
import { clientBytes } from '../../../memory/client-records.ts';
import { HEADER, HEADER_F64 } from '../../../memory/partition.ts';
import { RESP_COUNTER, RESP_RATE, respCounterSum } from '../../../memory/resp-stats.ts';
import type { RespCall } from '../call.ts';
import { clientsWalk } from './client-list.ts';
import { bytesText, type InfoRow, percentText, ratioText } from './info-row.ts';

export function memorySection(call: RespCall): readonly InfoRow[] {
  const { keyspace, config } = call;
  const { f64 } = keyspace.respStats;
  const { usedBytes, indexBytes, pageBytes } = memoryUse(keyspace);
  const residentBytes = process.memoryUsage.rss();
  const peakBytes = Math.max(f64[RESP_RATE.memoryPeakBytes], usedBytes);
  const startBytes = f64[RESP_RATE.memoryStartBytes];
  const clientsBytes = clientsBytesOf(call);
  const datasetBytes = Math.max(0, usedBytes - indexBytes);
  const { maxmemory, maxmemoryPolicy } = config.settings;
  const { cache } = call.scripts;
  const luaBytes = respCounterSum(keyspace.respStats, RESP_COUNTER.luaBytes);
  const { registry } = call.functions;
  const functionBytes = respCounterSum(keyspace.respStats, RESP_COUNTER.functionBytes);
  const bytes = (name: string, value: number): readonly InfoRow[] => [
    [name, value],
    [`${name}_human`, bytesText(value)],
  ];
  return [
    ...bytes('used_memory', usedBytes),
    ...bytes('used_memory_rss', residentBytes),
    ...bytes('used_memory_peak', peakBytes),
    ['used_memory_peak_perc', percentText(usedBytes, peakBytes)],
    ['used_memory_overhead', indexBytes + clientsBytes],
    ['used_memory_startup', startBytes],
    ['used_memory_dataset', datasetBytes],
    ['used_memory_dataset_perc', percentText(datasetBytes, Math.max(1, usedBytes - startBytes))],
    ['allocator_allocated', usedBytes],
    ['allocator_active', pageBytes],
    ['allocator_resident', residentBytes],
    ...bytes('total_system_memory', totalmem()),
    ['used_memory_lua', luaBytes],
    ['used_memory_vm_eval', luaBytes],
    ['used_memory_lua_human', bytesText(luaBytes)],
    ['used_memory_scripts_eval', cache.bytes],
    ['number_of_cached_scripts', cache.count],
    ['number_of_functions', registry.functionCount],
    ['number_of_libraries', registry.libraryCount],
    ['used_memory_vm_functions', functionBytes],
    ...bytes('used_memory_vm_total', luaBytes + functionBytes),
    ['used_memory_functions', registry.bytes],
    ...bytes('used_memory_scripts', cache.bytes + registry.bytes),
    ...bytes('maxmemory', maxmemory),
    ['maxmemory_policy', maxmemoryPolicy],
    ['allocator_frag_ratio', ratioText(pageBytes, usedBytes)],
    ['allocator_frag_bytes', Math.max(0, pageBytes - usedBytes)],
    ['allocator_rss_ratio', ratioText(residentBytes, pageBytes)],
    ['allocator_rss_bytes', residentBytes - pageBytes],
    ['rss_overhead_ratio', '1.00'],
    ['rss_overhead_bytes', 0],
    ['mem_fragmentation_ratio', ratioText(residentBytes, usedBytes)],
    ['mem_fragmentation_bytes', residentBytes - usedBytes],
    ['mem_not_counted_for_evict', 0],
    ['mem_replication_backlog', 0],
    ['mem_total_replication_buffers', 0],
    ['mem_clients_slaves', 0],
    ['mem_clients_normal', clientsBytes],
    ['mem_cluster_links', 0],
    ['mem_aof_buffer', 0],
    ['mem_allocator', 'flagstone'],
    ['active_defrag_running', 0],
    ['lazyfree_pending_objects', graveCount(call)],
    ['lazyfreed_objects', discardCount(call)],
  ];
}

/** What all clients take together. */
export function clientsBytesOf(call: RespCall): number {
  let bytes = 0;
  const { control } = call.keyspace;
  clientsWalk(call, (record) => {
    bytes += clientBytes(control, record);
  });
  return bytes;
}

/** Large collections that are deleted, and not freed yet. */
function graveCount({ keyspace }: RespCall): number {
  return keyspace.partitions.reduce((sum, { i32 }) => sum + i32[HEADER.graveyardCount], 0);
}

/** … and those that are. */
function discardCount({ keyspace }: RespCall): number {
  return keyspace.partitions.reduce((sum, { f64 }) => sum + f64[HEADER_F64.discardTotal], 0);
}
