/**
 * CLUSTER and what belongs to it, as a server answers that is part of no cluster: that it is not. Clients ask, to
 * find out.
 *
 * Cf. valkey-io/valkey src/cluster.c.
 */
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { FLAG, type RespRow } from '../row.ts';

const { LOADING, STALE, FAST, ADMIN, NO_SCRIPT, NO_ASYNC_LOADING } = FLAG;
const CHANGE = ADMIN | STALE | NO_ASYNC_LOADING;
const V3 = '3.0.0';
const V7 = '7.0.0';
const O1 = 'O(1)';
const ON_NODES = 'O(N), N the nodes';
const ON_SLOTS = 'O(N), N the hash slots named';

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'addslots',        arity: -3, flags: CHANGE,        since: V3, complexity: ON_SLOTS, syntax: 'slot [slot ...]', doc: 'Have the node serve hash slots.', run: refuse },
  { name: 'addslotsrange',   arity: -4, flags: CHANGE,        since: V7, complexity: ON_SLOTS, syntax: 'start-slot end-slot [start-slot end-slot ...]', doc: 'Have the node serve ranges of hash slots.', run: refuse },
  { name: 'bumpepoch',       arity:  2, flags: CHANGE,        since: V3, complexity: O1, syntax: '', doc: 'Raise the configuration\'s epoch.', run: refuse },
  { name: 'count-failure-reports', arity: 3, flags: ADMIN | STALE, since: V3, complexity: 'O(N), N the reports', syntax: 'node-id', doc: 'Return how many nodes say that a node has failed.', run: refuse },
  { name: 'countkeysinslot', arity:  3, flags: STALE,         since: V3, complexity: O1, syntax: 'slot', doc: 'Return how many keys a hash slot has.', run: refuse },
  { name: 'delslots',        arity: -3, flags: CHANGE,        since: V3, complexity: ON_SLOTS, syntax: 'slot [slot ...]', doc: 'Have the node serve hash slots no more.', run: refuse },
  { name: 'delslotsrange',   arity: -4, flags: CHANGE,        since: V7, complexity: ON_SLOTS, syntax: 'start-slot end-slot [start-slot end-slot ...]', doc: 'Have the node serve ranges of hash slots no more.', run: refuse },
  { name: 'failover',        arity: -2, flags: CHANGE,        since: V3, complexity: O1, syntax: '[FORCE | TAKEOVER]', doc: 'Have a replica take its primary\'s place.', run: refuse },
  { name: 'flushslots',      arity:  2, flags: CHANGE,        since: V3, complexity: O1, syntax: '', doc: 'Have the node serve no hash slots.', run: refuse },
  { name: 'forget',          arity:  3, flags: CHANGE,        since: V3, complexity: O1, syntax: 'node-id', doc: 'Forget a node.', run: refuse },
  { name: 'getkeysinslot',   arity:  4, flags: STALE,         since: V3, complexity: 'O(N), N the keys returned', syntax: 'slot count', doc: 'Return keys of a hash slot.', run: refuse },
  { name: 'info',            arity:  2, flags: STALE,         since: V3, complexity: O1, syntax: '', doc: 'Return how the cluster is.', run: refuse },
  { name: 'keyslot',         arity:  3, flags: STALE,         since: V3, complexity: 'O(N), N the bytes', syntax: 'key', doc: 'Return the hash slot of a key.', run: refuse },
  { name: 'links',           arity:  2, flags: STALE,         since: V7, complexity: ON_NODES, syntax: '', doc: 'Return the connections between the node and others.', run: refuse },
  { name: 'meet',            arity: -4, flags: CHANGE,        since: V3, complexity: O1, syntax: 'ip port [cluster-bus-port]', doc: 'Have two nodes know each other.', run: refuse },
  { name: 'myid',            arity:  2, flags: STALE,         since: V3, complexity: O1, syntax: '', doc: 'Return the node\'s ID.', run: refuse },
  { name: 'myshardid',       arity:  2, flags: STALE,         since: '7.2.0', complexity: O1, syntax: '', doc: 'Return the ID of the node\'s shard.', run: refuse },
  { name: 'nodes',           arity:  2, flags: STALE,         since: V3, complexity: ON_NODES, syntax: '', doc: 'Return a line for each node.', run: refuse },
  { name: 'replicas',        arity:  3, flags: ADMIN | STALE, since: '5.0.0', complexity: O1, syntax: 'node-id', doc: 'Return a line for each replica of a node.', run: refuse },
  { name: 'replicate',       arity:  3, flags: CHANGE,        since: V3, complexity: O1, syntax: 'node-id', doc: 'Make the node a replica of another.', run: refuse },
  { name: 'reset',           arity: -2, flags: ADMIN | STALE | NO_SCRIPT, since: V3, complexity: ON_NODES, syntax: '[HARD | SOFT]', doc: 'Make the node as it was before it knew others.', run: refuse },
  { name: 'saveconfig',      arity:  2, flags: CHANGE,        since: V3, complexity: O1, syntax: '', doc: 'Write what the node knows of the cluster to its file.', run: refuse },
  { name: 'set-config-epoch', arity: 3, flags: CHANGE,        since: V3, complexity: O1, syntax: 'config-epoch', doc: 'Set the epoch of a new node\'s configuration.', run: refuse },
  { name: 'setslot',         arity: -4, flags: CHANGE,        since: V3, complexity: O1, syntax: 'slot (IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE)', doc: 'Say which node a hash slot is with, or on its way to.', run: refuse },
  { name: 'shards',          arity:  2, flags: STALE,         since: V7, complexity: ON_NODES, syntax: '', doc: 'Return which nodes serve which hash slots.', run: refuse },
  { name: 'slaves',          arity:  3, flags: ADMIN | STALE, since: V3, complexity: O1, syntax: 'node-id', doc: 'Return a line for each replica of a node.', run: refuse },
  { name: 'slots',           arity:  2, flags: STALE,         since: V3, complexity: ON_NODES, syntax: '', doc: 'Return which nodes serve which hash slots.', run: refuse },
];

const CONTAINER = containerRow(
  {
    name: 'cluster',
    group: 'cluster',
    since: V3,
    doc: 'Commands on clusters.',
    helpSince: '5.0.0',
  },
  SUBCOMMANDS,
);
// Of a cluster that is not there even HELP says no more.
const subcommands = CONTAINER.subcommands?.map((row) => ({ ...row, run: refuse })) ?? [];

// biome-ignore format: a table reads in columns
export const CLUSTER_ROWS: readonly RespRow[] = [
  { ...CONTAINER, subcommands },
  { name: 'asking',    arity: 1, flags: FAST,                   group: 'cluster', categories: ['connection'], since: V3, complexity: O1, syntax: '', doc: 'Allows the next command a hash slot that the node is just getting.', run: refuse },
  { name: 'readonly',  arity: 1, flags: FAST | LOADING | STALE, group: 'cluster', categories: ['connection'], since: V3, complexity: O1, syntax: '', doc: 'Allows the connection to read from a replica.', run: refuse },
  { name: 'readwrite', arity: 1, flags: FAST | LOADING | STALE, group: 'cluster', categories: ['connection'], since: V3, complexity: O1, syntax: '', doc: 'Has the connection read from primaries only.', run: refuse },
];

function refuse(call: RespCall): void {
  answerError(call, 'ERR This instance has cluster support disabled');
}
