/** Directives about keys: how much memory they may take, and from when on a collection counts as large. */
import { DIRECTIVE, type DirectiveRow, OWN_MEMORY } from './directive.ts';
import { keyspaceEvents } from './keyspace-events.ts';
import {
  choice,
  INT_MAX,
  INT_MIN,
  integer,
  LONG_MAX,
  memory,
  ULONG_MAX,
  yesNo,
} from './value-type.ts';

const { NONE, FIXED, IDLE } = DIRECTIVE;

/** Databases there can be. */
export const DATABASE_COUNT_MAX = 16;

export const EVICTION_POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
] as const;

const ENCODING = 'From there on OBJECT ENCODING names the form for large ones.';
const FREED_IN_SLICES = 'large values are always freed in slices';

// biome-ignore format: a table reads in columns
export const DATA_ROWS = [
  { name: 'databases',                    type: integer(1n, BigInt(DATABASE_COUNT_MAX)), default: '16', flags: FIXED, does: 'Databases, at most 16.' },
  { name: 'maxmemory',                    type: memory(0n, ULONG_MAX),      default: '0',          flags: NONE, apply: 'memory', does: 'Memory for keys and values; 0: what the machine has.' },
  { name: 'maxmemory-policy',             type: choice(EVICTION_POLICIES),  default: 'noeviction', flags: NONE, apply: 'policy', does: 'What to forget when memory is full.' },
  { name: 'maxmemory-samples',            type: integer(1n, 64n),           default: '5',          flags: IDLE, does: OWN_MEMORY },
  { name: 'maxmemory-eviction-tenacity',  type: integer(0n, 100n),          default: '10',         flags: IDLE, does: OWN_MEMORY },
  { name: 'lfu-log-factor',               type: integer(0n, INT_MAX),       default: '10',         flags: NONE, apply: 'policy', does: 'The greater, the less a use counts of what is used much: LFU.' },
  { name: 'lfu-decay-time',               type: integer(0n, INT_MAX),       default: '1',          flags: NONE, apply: 'policy', does: 'After so many minutes without a use one counts less; 0: never.' },
  { name: 'active-expire-effort',         type: integer(1n, 10n),           default: '1',          flags: IDLE, does: 'expired keys are found by the times that pages keep' },
  { name: 'activerehashing',              type: yesNo(),                    default: 'yes',        flags: IDLE, does: 'tables grow bucket by bucket' },
  { name: 'activedefrag',                 type: yesNo(),                    default: 'no',         flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-cycle-min',      type: integer(1n, 99n),           default: '1',          flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-cycle-max',      type: integer(1n, 99n),           default: '25',         flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-threshold-lower', type: integer(0n, 1000n),        default: '10',         flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-threshold-upper', type: integer(0n, 1000n),        default: '100',        flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-ignore-bytes',   type: memory(1n, LONG_MAX),       default: '104857600',  flags: IDLE, does: OWN_MEMORY },
  { name: 'active-defrag-max-scan-fields', type: integer(1n, LONG_MAX),     default: '1000',       flags: IDLE, does: OWN_MEMORY },
  { name: 'jemalloc-bg-thread',           type: yesNo(),                    default: 'yes',        flags: IDLE, does: OWN_MEMORY },
  { name: 'disable-thp',                  type: yesNo(),                    default: 'yes',        flags: FIXED | IDLE, does: 'nothing is forked, so huge pages do no harm' },
  { name: 'lazyfree-lazy-eviction',       type: yesNo(),                    default: 'no',         flags: IDLE, does: FREED_IN_SLICES },
  { name: 'lazyfree-lazy-expire',         type: yesNo(),                    default: 'no',         flags: IDLE, does: FREED_IN_SLICES },
  { name: 'lazyfree-lazy-server-del',     type: yesNo(),                    default: 'no',         flags: IDLE, does: FREED_IN_SLICES },
  { name: 'lazyfree-lazy-user-del',       type: yesNo(),                    default: 'no',         flags: IDLE, does: FREED_IN_SLICES },
  { name: 'lazyfree-lazy-user-flush',     type: yesNo(),                    default: 'no',         flags: IDLE, does: FREED_IN_SLICES },
  // Types
  { name: 'hash-max-listpack-entries',    alias: 'hash-max-ziplist-entries', type: integer(0n, LONG_MAX), default: '512', flags: NONE, does: `Fields of a small hash. ${ENCODING}` },
  { name: 'hash-max-listpack-value',      alias: 'hash-max-ziplist-value',   type: memory(0n, LONG_MAX),  default: '64',  flags: NONE, does: `Longest name or value in a small hash. ${ENCODING}` },
  { name: 'list-max-listpack-size',       alias: 'list-max-ziplist-size',    type: integer(INT_MIN, INT_MAX), default: '-2', flags: NONE, does: `Elements of a small list, or -1 to -5: 4, 8, 16, 32 or 64 KiB. ${ENCODING}` },
  { name: 'list-compress-depth',          type: integer(0n, INT_MAX),       default: '0',          flags: IDLE, does: 'lists are not compressed' },
  { name: 'set-max-intset-entries',       type: integer(0n, LONG_MAX),      default: '512',        flags: NONE, does: `Members of a small set of integers. ${ENCODING}` },
  { name: 'set-max-listpack-entries',     type: integer(0n, LONG_MAX),      default: '128',        flags: NONE, does: `Members of a small set. ${ENCODING}` },
  { name: 'set-max-listpack-value',       type: integer(0n, LONG_MAX),      default: '64',         flags: NONE, does: `Longest member of a small set. ${ENCODING}` },
  { name: 'zset-max-listpack-entries',    alias: 'zset-max-ziplist-entries', type: integer(0n, LONG_MAX), default: '128', flags: NONE, does: `Members of a small sorted set. ${ENCODING}` },
  { name: 'zset-max-listpack-value',      alias: 'zset-max-ziplist-value',   type: memory(0n, LONG_MAX),  default: '64',  flags: NONE, does: `Longest member of a small sorted set. ${ENCODING}` },
  { name: 'hll-sparse-max-bytes',         type: memory(0n, LONG_MAX),       default: '3000',       flags: NONE, does: 'Bytes from which on a HyperLogLog is dense.' },
  { name: 'stream-node-max-bytes',        type: memory(0n, LONG_MAX),       default: '4096',       flags: NONE, does: 'Bytes of a block of stream entries; 0: as many as fit a chunk.' },
  { name: 'stream-node-max-entries',      type: integer(0n, LONG_MAX),      default: '100',        flags: NONE, does: 'Entries of such a block; 0: any number.' },
  { name: 'notify-keyspace-events',       type: keyspaceEvents(),           default: '',           flags: NONE, apply: 'keyEvents', does: 'Which events of keys are published.' },
] as const satisfies readonly DirectiveRow[];
