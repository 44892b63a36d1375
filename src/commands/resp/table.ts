/** The one table of all RESP commands. */

import { ACL_ROWS } from './acl/acl.ts';
import { CommandTable } from './command-lookup.ts';
import { DATABASE_ROWS } from './keys/database.ts';
import { DUMP_ROWS } from './keys/dump.ts';
import { ENTRY_SCAN_ROWS } from './keys/entry-scan.ts';
import { EXPIRE_ROWS } from './keys/expire.ts';
import { KEY_ROWS } from './keys/keys.ts';
import { MIGRATE_ROWS } from './keys/migrate.ts';
import { OBJECT_ROWS } from './keys/object.ts';
import { RENAME_ROWS } from './keys/rename.ts';
import { SCAN_ROWS } from './keys/scan.ts';
import { SORT_ROWS } from './keys/sort.ts';
import type { RespRow } from './row.ts';
import { FUNCTION_ROWS } from './script/function.ts';
import { FUNCTION_CALL_ROWS } from './script/function-call.ts';
import { SCRIPT_ROWS } from './script/script.ts';
import { SCRIPT_CACHE_ROWS } from './script/script-admin.ts';
import { CLIENT_ROWS } from './server/client.ts';
import { CLUSTER_ROWS } from './server/cluster.ts';
import { COMMAND_ROWS } from './server/command-info.ts';
import { CONFIG_ROWS } from './server/config.ts';
import { CONNECTION_ROWS } from './server/connection.ts';
import { DEBUG_ROWS } from './server/debug.ts';
import { INFO_ROWS } from './server/info.ts';
import { LATENCY_ROWS } from './server/latency.ts';
import { LOGIN_ROWS } from './server/login.ts';
import { MEMORY_ROWS } from './server/memory.ts';
import { MODULE_ROWS } from './server/module.ts';
import { MONITOR_ROWS } from './server/monitor.ts';
import { REPLICA_WAIT_ROWS } from './server/replica-wait.ts';
import { REPLICATION_ROWS } from './server/replication.ts';
import { SERVER_ROWS } from './server/server.ts';
import { SLOWLOG_ROWS } from './server/slowlog.ts';
import { STREAM_ROWS } from './stream/stream.ts';
import { STREAM_GROUP_ROWS } from './stream/stream-group.ts';
import { STREAM_GROUP_CLAIM_ROWS } from './stream/stream-group-claim.ts';
import { STREAM_GROUP_PENDING_ROWS } from './stream/stream-group-pending.ts';
import { STREAM_GROUP_READ_ROWS } from './stream/stream-group-read.ts';
import { STREAM_INFO_ROWS } from './stream/stream-info.ts';
import { STREAM_RANGE_ROWS } from './stream/stream-range.ts';
import { STREAM_READ_ROWS } from './stream/stream-read.ts';
import { PUBSUB_ROWS } from './subscriptions/pubsub.ts';
import { TRANSACTION_ROWS } from './transaction.ts';
import { BITMAP_ROWS } from './types/bitmap.ts';
import { BITMAP_FIELD_ROWS } from './types/bitmap-field.ts';
import { GEO_ROWS } from './types/geo.ts';
import { GEO_SEARCH_ROWS } from './types/geo-search.ts';
import { HASH_ROWS } from './types/hash.ts';
import { HASH_EXPIRY_ROWS } from './types/hash-expiry.ts';
import { HASH_RANDOM_ROWS } from './types/hash-random.ts';
import { HYPERLOGLOG_ROWS } from './types/hyperloglog.ts';
import { LIST_ROWS } from './types/list.ts';
import { LIST_MOVE_ROWS } from './types/list-move.ts';
import { LIST_POP_ROWS } from './types/list-pop.ts';
import { LIST_POSITION_ROWS } from './types/list-position.ts';
import { SET_ROWS } from './types/set.ts';
import { SET_ALGEBRA_ROWS } from './types/set-algebra.ts';
import { STRING_ROWS } from './types/string.ts';
import { STRING_MANY_ROWS } from './types/string-many.ts';
import { STRING_NUMBER_ROWS } from './types/string-number.ts';
import { STRING_RANGE_ROWS } from './types/string-range.ts';
import { STRING_SUBSEQUENCE_ROWS } from './types/string-subsequence.ts';
import { ZSET_ROWS } from './types/zset.ts';
import { ZSET_COMBINE_ROWS } from './types/zset-combine.ts';
import { ZSET_POP_ROWS } from './types/zset-pop.ts';
import { ZSET_RANDOM_ROWS } from './types/zset-random.ts';
import { ZSET_RANGE_ROWS } from './types/zset-range.ts';

const ROWS: readonly RespRow[] = [
  ...ACL_ROWS,
  ...BITMAP_ROWS,
  ...BITMAP_FIELD_ROWS,
  ...CONFIG_ROWS,
  ...CONNECTION_ROWS,
  ...LOGIN_ROWS,
  ...INFO_ROWS,
  ...COMMAND_ROWS,
  ...DEBUG_ROWS,
  ...MEMORY_ROWS,
  ...SERVER_ROWS,
  ...CLIENT_ROWS,
  ...CLUSTER_ROWS,
  ...LATENCY_ROWS,
  ...MIGRATE_ROWS,
  ...MODULE_ROWS,
  ...MONITOR_ROWS,
  ...SLOWLOG_ROWS,
  ...PUBSUB_ROWS,
  ...DATABASE_ROWS,
  ...DUMP_ROWS,
  ...ENTRY_SCAN_ROWS,
  ...EXPIRE_ROWS,
  ...FUNCTION_ROWS,
  ...FUNCTION_CALL_ROWS,
  ...GEO_ROWS,
  ...GEO_SEARCH_ROWS,
  ...HASH_ROWS,
  ...HASH_EXPIRY_ROWS,
  ...HASH_RANDOM_ROWS,
  ...SET_ROWS,
  ...SET_ALGEBRA_ROWS,
  ...HYPERLOGLOG_ROWS,
  ...KEY_ROWS,
  ...OBJECT_ROWS,
  ...RENAME_ROWS,
  ...REPLICA_WAIT_ROWS,
  ...REPLICATION_ROWS,
  ...LIST_ROWS,
  ...LIST_MOVE_ROWS,
  ...LIST_POP_ROWS,
  ...LIST_POSITION_ROWS,
  ...SCAN_ROWS,
  ...SCRIPT_ROWS,
  ...SCRIPT_CACHE_ROWS,
  ...SORT_ROWS,
  ...STREAM_ROWS,
  ...STREAM_GROUP_ROWS,
  ...STREAM_GROUP_CLAIM_ROWS,
  ...STREAM_GROUP_PENDING_ROWS,
  ...STREAM_GROUP_READ_ROWS,
  ...STREAM_INFO_ROWS,
  ...STREAM_RANGE_ROWS,
  ...STREAM_READ_ROWS,
  ...STRING_ROWS,
  ...STRING_MANY_ROWS,
  ...STRING_NUMBER_ROWS,
  ...STRING_RANGE_ROWS,
  ...STRING_SUBSEQUENCE_ROWS,
  ...TRANSACTION_ROWS,
  ...ZSET_ROWS,
  ...ZSET_COMBINE_ROWS,
  ...ZSET_POP_ROWS,
  ...ZSET_RANDOM_ROWS,
  ...ZSET_RANGE_ROWS,
];

export const COMMAND_TABLE = new CommandTable(ROWS);
