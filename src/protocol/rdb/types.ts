/**
 * The types of values in RDB files and DUMP payloads, and the versions of the format.
 *
 *   payload   ┌──────┬───────────────────────┬─────────┬──────────┐
 *             │ type │ value, as its type is │ version │ CRC-64   │
 *             │ u8   │                       │ u16     │ 8 bytes  │  little-endian
 *             └──────┴───────────────────────┴─────────┴──────────┘
 *
 * Source: valkey-io/valkey src/rdb.h; for fields that expire, redis/redis 7.4 src/rdb.h.
 */

// biome-ignore format: a table reads in columns
export const RDB_TYPE = {
  STRING:           0,
  LIST:             1, // count, elements
  SET:              2, // count, members
  ZSET:             3, // count, members, each with its score as text
  HASH:             4, // count, fields, each with its value
  ZSET_2:           5, // as ZSET, with scores as doubles
  HASH_ZIPMAP:      9, // from here on: one string, whose bytes are the structure
  LIST_ZIPLIST:    10,
  SET_INTSET:      11,
  ZSET_ZIPLIST:    12,
  HASH_ZIPLIST:    13,
  LIST_QUICKLIST:  14, // count, ziplists
  STREAM_LISTPACKS: 15, // stream-decoder.ts draws it
  HASH_LISTPACK:   16,
  ZSET_LISTPACK:   17,
  LIST_QUICKLIST_2: 18, // count, nodes: what it is, then a listpack or one element
  STREAM_LISTPACKS_2: 19,
  SET_LISTPACK:    20,
  STREAM_LISTPACKS_3: 21,
  HASH_METADATA:   24, // earliest expiry, count, fields, each with its expiry before and its value behind
  HASH_LISTPACK_EX: 25, // earliest expiry, listpack of fields, values and expiries
} as const;
export type RdbType = (typeof RDB_TYPE)[keyof typeof RDB_TYPE];

/** The newest version that is read: that of Redis 7.4. 7.0 has 10, and 7.2 has 11. */
export const RDB_VERSION_MAX = 12;

/** The first version whose readers know a type: what a payload of it is marked with. */
export function rdbTypeVersion(type: RdbType): number {
  if (type >= RDB_TYPE.HASH_METADATA) return 12;
  return type >= RDB_TYPE.SET_LISTPACK ? 11 : 10;
}

/** What a node of LIST_QUICKLIST_2 is. */
export const QUICKLIST_NODE = { PLAIN: 1, PACKED: 2 } as const;
