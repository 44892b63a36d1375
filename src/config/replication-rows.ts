/** Directives about other servers: replicas and Redis Cluster. */
import { isIPv4, isIPv6 } from 'node:net';
import { primaryAddress } from './compound-types.ts';
import { DIRECTIVE, type DirectiveRow, NO_CLUSTER, NO_REPLICAS } from './directive.ts';
import {
  choice,
  INT_MAX,
  integer,
  LONG_MAX,
  memory,
  text,
  textOrNone,
  ULONG_MAX,
  yesNo,
} from './value-type.ts';

const { NONE, FIXED, SENSITIVE, HIDDEN, IDLE, REFUSED } = DIRECTIVE;
const PORT_MAX = 65535n;
const HOST_NAME_LENGTH_MAX = 256;

function configFileCheck(name: string): string | null {
  return name === '' ? "cluster-config-file can't be empty" : null;
}

function hostNameCheck(name: string): string | null {
  if (name.length >= HOST_NAME_LENGTH_MAX) {
    return `Hostnames must be less than ${HOST_NAME_LENGTH_MAX} characters`;
  }
  if (/^[a-z0-9.-]*$/i.test(name)) return null;
  return 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

function nodeNameCheck(name: string): string | null {
  if (/^[!-~]*$/.test(name) && !/[!#$%&()*+:;<>?@[\]^{|}~/\\=,"']/.test(name)) return null;
  return 'Announced human node name contained invalid character';
}

function ipv4Check(address: string): string | null {
  return address === '' || isIPv4(address) ? null : 'Invalid IPv4 address';
}

function ipv6Check(address: string): string | null {
  return address === '' || isIPv6(address) ? null : 'Invalid IPv6 address';
}

// biome-ignore format: a table reads in columns
export const REPLICATION_ROWS = [
  { name: 'replicaof',                 alias: 'slaveof',    type: primaryAddress(),      default: 'no one', flags: FIXED | REFUSED, does: NO_REPLICAS },
  { name: 'masterauth',                alias: 'primaryauth', type: textOrNone(),         default: '',      flags: SENSITIVE | IDLE, does: NO_REPLICAS },
  { name: 'masteruser',                alias: 'primaryuser', type: textOrNone(),         default: '',      flags: SENSITIVE | IDLE, does: NO_REPLICAS },
  { name: 'replica-serve-stale-data',  alias: 'slave-serve-stale-data', type: yesNo(),   default: 'yes',   flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-read-only',         alias: 'slave-read-only', type: yesNo(),          default: 'yes',   flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-ignore-maxmemory',  alias: 'slave-ignore-maxmemory', type: yesNo(),   default: 'yes',   flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-lazy-flush',        alias: 'slave-lazy-flush', type: yesNo(),         default: 'no',    flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-priority',          alias: 'slave-priority', type: integer(0n, INT_MAX), default: '100', flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-announced',         type: yesNo(),                  default: 'yes',   flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-announce-ip',       alias: 'slave-announce-ip', type: textOrNone(),   default: '',      flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-announce-port',     alias: 'slave-announce-port', type: integer(0n, PORT_MAX), default: '0', flags: IDLE, does: NO_REPLICAS },
  { name: 'replica-ignore-disk-write-errors', type: yesNo(),           default: 'no',    flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-timeout',              type: integer(1n, INT_MAX),     default: '60',    flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-ping-replica-period',  alias: 'repl-ping-slave-period', type: integer(1n, INT_MAX), default: '10', flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-backlog-size',         type: memory(1n, LONG_MAX),     default: '1048576', flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-backlog-ttl',          type: integer(0n, LONG_MAX),    default: '3600',  flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-disable-tcp-nodelay',  type: yesNo(),                  default: 'no',    flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-diskless-sync',        type: yesNo(),                  default: 'yes',   flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-diskless-sync-delay',  type: integer(0n, INT_MAX),     default: '5',     flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-diskless-sync-max-replicas', type: integer(0n, INT_MAX), default: '0',   flags: IDLE, does: NO_REPLICAS },
  { name: 'repl-diskless-load',        type: choice(['disabled', 'on-empty-db', 'swapdb', 'flush-before-load']), default: 'disabled', flags: IDLE, does: NO_REPLICAS },
  { name: 'dual-channel-replication-enabled', type: yesNo(),           default: 'no',    flags: IDLE, does: NO_REPLICAS },
  { name: 'min-replicas-to-write',     alias: 'min-slaves-to-write', type: integer(0n, INT_MAX), default: '0', flags: NONE, does: 'If it is more than 0 writes are refused: there are no replicas.' },
  { name: 'min-replicas-max-lag',      alias: 'min-slaves-max-lag', type: integer(0n, INT_MAX), default: '10', flags: IDLE, does: NO_REPLICAS },
  { name: 'propagation-error-behavior', type: choice(['ignore', 'panic', 'panic-on-replicas']), default: 'ignore', flags: IDLE, does: NO_REPLICAS },
  // Cluster
  { name: 'cluster-enabled',           type: yesNo(),                  default: 'no',    flags: FIXED | REFUSED, does: NO_CLUSTER },
  { name: 'cluster-config-file',       type: text(configFileCheck),    default: 'nodes.conf', flags: FIXED | IDLE, does: NO_CLUSTER },
  { name: 'cluster-port',              type: integer(0n, PORT_MAX),    default: '0',     flags: FIXED | IDLE, does: NO_CLUSTER },
  { name: 'cluster-node-timeout',      type: integer(0n, LONG_MAX),    default: '15000', flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-ping-interval',     type: integer(0n, LONG_MAX),    default: '0',     flags: IDLE | HIDDEN, does: NO_CLUSTER },
  { name: 'cluster-migration-barrier', type: integer(0n, INT_MAX),     default: '1',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-replica-validity-factor', alias: 'cluster-slave-validity-factor', type: integer(0n, INT_MAX), default: '10', flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-replica-no-failover', alias: 'cluster-slave-no-failover', type: yesNo(), default: 'no', flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-require-full-coverage', type: yesNo(),              default: 'yes',   flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-allow-reads-when-down', type: yesNo(),              default: 'no',    flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-allow-pubsubshard-when-down', type: yesNo(),        default: 'yes',   flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-allow-replica-migration', type: yesNo(),            default: 'yes',   flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-link-sendbuf-limit', type: memory(0n, ULONG_MAX),   default: '0',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-ip',       type: textOrNone(),             default: '',      flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-client-ipv4', type: textOrNone(ipv4Check), default: '',      flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-client-ipv6', type: textOrNone(ipv6Check), default: '',      flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-hostname', type: textOrNone(hostNameCheck), default: '',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-human-nodename', type: textOrNone(nodeNameCheck), default: '', flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-port',     type: integer(0n, PORT_MAX),    default: '0',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-tls-port', type: integer(0n, PORT_MAX),    default: '0',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-announce-bus-port', type: integer(0n, PORT_MAX),    default: '0',     flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-preferred-endpoint-type', type: choice(['ip', 'hostname', 'unknown-endpoint']), default: 'ip', flags: IDLE, does: NO_CLUSTER },
  { name: 'cluster-slot-stats-enabled', type: yesNo(),                 default: 'no',    flags: IDLE, does: NO_CLUSTER },
] as const satisfies readonly DirectiveRow[];
