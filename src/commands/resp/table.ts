/** The one table of all RESP commands. */

import { ACL_ROWS } from './acl.ts';
import { BITMAP_ROWS } from './bitmap.ts';
import { BITMAP_FIELD_ROWS } from './bitmap-field.ts';
import { CLIENT_ROWS } from './client.ts';
import { CLUSTER_ROWS } from './cluster.ts';
import { COMMAND_ROWS } from './command-info.ts';
import { CommandTable } from './command-lookup.ts';
import { CONFIG_ROWS } from './config.ts';
import { CONNECTION_ROWS } from './connection.ts';
import { DATABASE_ROWS } from './database.ts';
import { DEBUG_ROWS } from './debug.ts';
import { DUMP_ROWS } from './dump.ts';
import { ENTRY_SCAN_ROWS } from './entry-scan.ts';
import { EXPIRE_ROWS } from './expire.ts';
import { FUNCTION_ROWS } from './function.ts';
import { FUNCTION_CALL_ROWS } from './function-call.ts';
import { GEO_ROWS } from './geo.ts';
import { GEO_SEARCH_ROWS } from './geo-search.ts';
import { HASH_ROWS } from './hash.ts';
import { HASH_EXPIRY_ROWS } from './hash-expiry.ts';
import { HASH_RANDOM_ROWS } from './hash-random.ts';
import { HYPERLOGLOG_ROWS } from './hyperloglog.ts';
import { INFO_ROWS } from './info.ts';
import { KEY_ROWS } from './keys.ts';
import { LATENCY_ROWS } from './latency.ts';
import { LIST_ROWS } from './list.ts';
import { LIST_MOVE_ROWS } from './list-move.ts';
import { LIST_POP_ROWS } from './list-pop.ts';
import { LIST_POSITION_ROWS } from './list-position.ts';
import { LOGIN_ROWS } from './login.ts';
import { MEMORY_ROWS } from './memory.ts';
import { MIGRATE_ROWS } from './migrate.ts';
import { MODULE_ROWS } from './module.ts';
import { MONITOR_ROWS } from './monitor.ts';
import { OBJECT_ROWS } from './object.ts';
import { PUBSUB_ROWS } from './pubsub.ts';
import { RENAME_ROWS } from './rename.ts';
import { REPLICA_WAIT_ROWS } from './replica-wait.ts';
import { REPLICATION_ROWS } from './replication.ts';
import type { RespRow } from './row.ts';
import { SCAN_ROWS } from './scan.ts';
import { SCRIPT_ROWS } from './script.ts';
import { SCRIPT_CACHE_ROWS } from './script-admin.ts';
import { SERVER_ROWS } from './server.ts';
import { SET_ROWS } from './set.ts';
import { SET_ALGEBRA_ROWS } from './set-algebra.ts';
import { SLOWLOG_ROWS } from './slowlog.ts';
import { SORT_ROWS } from './sort.ts';
import { STREAM_ROWS } from './stream.ts';
import { STREAM_GROUP_ROWS } from './stream-group.ts';
import { STREAM_GROUP_CLAIM_ROWS } from './stream-group-claim.ts';
import { STREAM_GROUP_PENDING_ROWS } from './stream-group-pending.ts';
import { STREAM_GROUP_READ_ROWS } from './stream-group-read.ts';
import { STREAM_INFO_ROWS } from './stream-info.ts';
import { STREAM_RANGE_ROWS } from './stream-range.ts';
import { STREAM_READ_ROWS } from './stream-read.ts';
import { STRING_ROWS } from './string.ts';
import { STRING_MANY_ROWS } from './string-many.ts';
import { STRING_NUMBER_ROWS } from './string-number.ts';
import { STRING_RANGE_ROWS } from './string-range.ts';
import { STRING_SUBSEQUENCE_ROWS } from './string-subsequence.ts';
import { TRANSACTION_ROWS } from './transaction.ts';
import { ZSET_ROWS } from './zset.ts';
import { ZSET_COMBINE_ROWS } from './zset-combine.ts';
import { ZSET_POP_ROWS } from './zset-pop.ts';
import { ZSET_RANDOM_ROWS } from './zset-random.ts';
import { ZSET_RANGE_ROWS } from './zset-range.ts';

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
