/**
 * A command's row: all that is known of it. Dispatch, arity, locks, COMMAND, ACL categories, statistics
 * and the docs follow from it.
 *
 * Names and meanings of the flags are those of Redis's COMMAND reply.
 */
import type { Arguments } from '../../protocol/resp/arguments.ts';
import type { RespCall } from './call.ts';

export const FLAG = {
  WRITE: 1 << 0,
  READONLY: 1 << 1,
  DENY_OOM: 1 << 2,
  ADMIN: 1 << 3,
  PUBSUB: 1 << 4,
  NO_SCRIPT: 1 << 5,
  BLOCKING: 1 << 6,
  LOADING: 1 << 7,
  STALE: 1 << 8,
  SKIP_MONITOR: 1 << 9,
  SKIP_SLOWLOG: 1 << 10,
  FAST: 1 << 11,
  NO_AUTH: 1 << 12, // may be asked for before logging in
  MAY_REPLICATE: 1 << 13,
  NO_MULTI: 1 << 14,
  ALLOW_BUSY: 1 << 15,
  NO_MANDATORY_KEYS: 1 << 16,
  SENTINEL: 1 << 17,
  PROTECTED: 1 << 18,
  /** Visits the whole keyspace: the handler takes locks itself, by partitionEnter. */
  WHOLE: 1 << 19,
  /** Keys that no rule finds: all partitions are locked. */
  ALL_LOCKED: 1 << 20,
  TOUCHES_ARBITRARY_KEYS: 1 << 21,
  ASKING: 1 << 22,
  NO_ASYNC_LOADING: 1 << 23,
  /** May change users: within a transaction their lock is taken before those of keys. */
  CHANGES_USERS: 1 << 24,
} as const;

/** How the command uses a key: as COMMAND INFO says it, `RW access update`. */
export type KeyUse = string;

/**
 * Where keys are among the arguments.
 *
 *   from   first key's index, or that of the number of keys (`counted`)
 *   to     last key's: relative to the first if not negative, else from the end (-1 the last)
 *   step   from key to key
 *   counted  argument `from` says how many keys follow it (`first` after it, in arguments)
 *   keyword  keys start behind this word, which is looked for from argument `from` on (negative: from the end)
 *   half     only the first half of these arguments are keys
 */
export type KeySpec = {
  readonly use: KeyUse;
  readonly from: number;
  readonly to?: number;
  readonly step?: number;
  readonly counted?: boolean;
  readonly keyword?: string;
  readonly half?: boolean;
  readonly incomplete?: boolean;
};

/** Whether the keys of a spec are in the keyspace. Shard channels only have a slot like one. */
export function keyIsReal({ use }: KeySpec): boolean {
  return use !== 'not_key';
}

export type Handler = (call: RespCall) => void;

export type CommandGroup =
  | 'string'
  | 'hash'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'stream'
  | 'hyperloglog'
  | 'bitmap'
  | 'geo'
  | 'generic'
  | 'pubsub'
  | 'transactions'
  | 'scripting'
  | 'connection'
  | 'server'
  | 'cluster';

export type RespRow = {
  /** Lower case. */
  readonly name: string;
  /** Arguments with the name; negative: at least so many. */
  readonly arity: number;
  /** FLAG bits. */
  readonly flags: number;
  readonly keys?: readonly KeySpec[];
  /** Finds keys that no KeySpec can name: calls `visit` with the index of each. */
  readonly keysFind?: (args: Arguments, visit: (index: number, use: KeyUse) => void) => void;
  /** How a request uses its keys, where that depends on it: their spec says `variable_flags`. */
  readonly keyUse?: (args: Arguments) => KeyUse;
  /** FLAG bits of a request, where they depend on what it runs; `flags` are the row's. */
  readonly requestFlags?: (call: RespCall, args: Arguments, flags: number) => number;
  /** Names further locks (call.locks.want): of keys that the command touches in another database, or makes up. */
  readonly locks?: (call: RespCall, args: Arguments) => void;
  /** The first argument is a channel, or all are channels or patterns of such, which users need permission for. */
  readonly channels?: 'one' | 'all' | 'patterns';
  readonly group: CommandGroup;
  /** Categories that do not follow from flags and group: `dangerous`, … */
  readonly categories?: readonly string[];
  /** Redis's version that had it first. */
  readonly since: string;
  readonly complexity: string;
  /** Its arguments: `key value [NX | XX] [EX seconds | PX milliseconds]`. */
  readonly syntax: string;
  readonly doc: string;
  readonly run: Handler;
  /** Of a container: its subcommands, whose `name` is theirs alone and whose arity counts both words. */
  readonly subcommands?: readonly RespRow[];
};

/** One key, the first argument: what most commands have. */
export const READ_KEY: readonly KeySpec[] = [{ use: 'RO access', from: 1 }];
export const UPDATE_KEY: readonly KeySpec[] = [{ use: 'RW update', from: 1 }];
export const ACCESS_UPDATE_KEY: readonly KeySpec[] = [{ use: 'RW access update', from: 1 }];
export const OVERWRITE_KEY: readonly KeySpec[] = [{ use: 'OW update', from: 1 }];
export const INSERT_KEY: readonly KeySpec[] = [{ use: 'RW insert', from: 1 }];
export const ACCESS_DELETE_KEY: readonly KeySpec[] = [{ use: 'RW access delete', from: 1 }];
export const DELETE_KEY: readonly KeySpec[] = [{ use: 'RW delete', from: 1 }];
export const INFO_KEY: readonly KeySpec[] = [{ use: 'RO', from: 1 }];
/** All arguments are keys. */
export const READ_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 1, to: -1 }];
