/**
 * cache_memlimit: changes -m while the server runs.
 * Spec: memcached/memcached doc/protocol.txt, "Cache Memlimit".
 */
import { decimalParse } from '../../base/decimal.ts';
import { keyspaceMemorySet } from '../../engine/memory-limit.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { answer, type Call } from './call.ts';
import type { TextRow } from './row.ts';

const MIB = 2 ** 20;
const UINT32_MAX = 2 ** 32 - 1;
const MEGABYTES_MIN = 8;
/** More than so many: whoever asked meant bytes. */
const MEGABYTES_MAX = 1_000_000_000;

// biome-ignore format: a table reads in columns
export const MEMORY_LIMIT_ROWS: readonly TextRow[] = [
  { name: 'cache_memlimit', wordsMin: 1, run: memoryLimit, streams: false, doc: 'Changes the memory limit, in MiB. Raised, up to --memory-limit-max, it holds at once. Lowered, items are evicted page by page until what is left fits; the process keeps the memory and uses it when the limit is raised again.' },
];

function memoryLimit(call: Call): number {
  const { line, input } = call;
  const megabytes = line.count < 2 ? Number.NaN : decimalParse(input, line.start[1], line.end[1]);
  if (!(megabytes <= UINT32_MAX)) answer(call, REPLY.error);
  else if (megabytes < MEGABYTES_MIN) answer(call, REPLY.memoryTooSmall);
  else if (megabytes > MEGABYTES_MAX) answer(call, REPLY.memoryInBytes);
  else if (keyspaceMemorySet(call.keyspace, megabytes * MIB)) answer(call, REPLY.ok);
  else answer(call, REPLY.memoryOutOfBounds);
  return line.next;
}
