/** What a server answers that is part of no cluster, has no replicas, and loads no modules. */
import { RESP_ERROR, wrongArity } from '../../src/protocol/resp/errors.ts';
import { type Session, session } from './session.ts';

const DISABLED = '-ERR This instance has cluster support disabled';
const NO_REPLICAS = '-ERR FAILOVER requires connected replicas.';
const NO_MODULES = /^-ERR MODULE command not allowed\. If the enable-module-command option is set/;
const BAD_PORT = '-ERR Invalid master port';

/** CLUSTER's subcommands, with as many arguments as they ask for. */
const CLUSTER_WORDS = [
  'cluster addslots 1',
  'cluster addslotsrange 1 2',
  'cluster bumpepoch',
  'cluster count-failure-reports x',
  'cluster countkeysinslot 1',
  'cluster delslots 1',
  'cluster delslotsrange 1 2',
  'cluster failover',
  'cluster flushslots',
  'cluster forget x',
  'cluster getkeysinslot 1 2',
  'cluster help',
  'cluster info',
  'cluster keyslot k',
  'cluster links',
  'cluster meet 127.0.0.1 1',
  'cluster myid',
  'cluster nodes',
  'cluster replicas x',
  'cluster replicate x',
  'cluster reset',
  'cluster saveconfig',
  'cluster set-config-epoch 1',
  'cluster setslot 1 stable',
  'cluster shards',
  'cluster slaves x',
  'cluster slots',
];

export const CLUSTER_SESSIONS: readonly Session[] = [
  session('there is no cluster', [
    ...CLUSTER_WORDS.map((words) => [words, DISABLED] as const),
    ['readonly', DISABLED],
    ['readwrite', DISABLED],
    ['asking', DISABLED],
    ['cluster', `-${wrongArity('cluster')}`],
    ['cluster keyslot', `-${wrongArity('cluster|keyslot')}`],
    ['cluster info x', `-${wrongArity('cluster|info')}`],
    ['cluster foo', "-ERR unknown subcommand 'foo'. Try CLUSTER HELP."],
    ['readonly x', `-${wrongArity('readonly')}`],
  ]),
  session('there is no cluster, nor a shard', [['cluster myshardid', DISABLED]], {
    since: '7.2.0',
  }),
  session('nobody can take over', [
    ['failover', NO_REPLICAS],
    ['failover to 127.0.0.1 1 force timeout 5', NO_REPLICAS],
    ['failover abort', '-ERR No failover in progress.'],
    ['failover abort x', `-${RESP_ERROR.syntax}`],
    ['failover to a', `-${RESP_ERROR.syntax}`],
    ['failover to a b', `-${RESP_ERROR.notInteger}`],
    ['failover timeout 0', '-ERR FAILOVER timeout must be greater than 0'],
    ['failover timeout x', `-${RESP_ERROR.notInteger}`],
    ['failover force force', `-${RESP_ERROR.syntax}`],
  ]),
  session('a primary is what it is', [
    ['replicaof no one', '+OK'],
    ['SLAVEOF NO ONE', '+OK'],
    ['replicaof no two', BAD_PORT],
    ['replicaof a 65536', BAD_PORT],
    ['slaveof a -1', BAD_PORT],
    ['replicaof a', `-${wrongArity('replicaof')}`],
  ]),
  session('there are no modules', [
    ['module list', '[]'],
    ['module load x', NO_MODULES],
    ['module loadex x args y', NO_MODULES],
    ['module unload x', NO_MODULES],
    ['module load', `-${wrongArity('module|load')}`],
    ['module foo', "-ERR unknown subcommand 'foo'. Try MODULE HELP."],
    ['restore-asking k 0 x', /^-ERR DUMP payload version or checksum are wrong/],
  ]),
];

/** Where modules may be loaded. */
export const MODULE_SESSIONS: readonly Session[] = [
  session('no module can be loaded', [
    ['module load x', '-ERR Error loading the extension. Please check the server logs.'],
    ['module loadex x', '-ERR Error loading the extension. Please check the server logs.'],
    ['module unload x', '-ERR Error unloading module: no such module with that name'],
  ]),
];
