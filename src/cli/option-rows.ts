/**
 * The command line, one row per option: its flag, long name, argument, default, meaning, and how
 * its words are read. Commander is set up from these rows, and so are the help, the environment
 * (`port` → FLAGSTONE_PORT) and the config file (`port 11211`). A new option is a new row, and a
 * field in `Config` where it needs one.
 *
 * The flags are memcached's and mean what they mean there (memcached/memcached memcached.c,
 * main()); a default is the text a user would have typed.
 */

import { LOG_FORMATS } from '../base/log.ts';
import { adminListenParse, adminTokenParse } from './admin-options.ts';
import {
  announceParse,
  clusterNameParse,
  clusterNodesParse,
  etcdEndpointsParse,
} from './cluster-options.ts';
import type { Config } from './config.ts';
import { unixSocketPathParse } from './listen-address.ts';
import {
  characterParse,
  decimalParser,
  GIB,
  integerParser,
  KIB,
  MIB,
  maskParse,
  type Parse,
  sizeParser,
  textParse,
  wordParser,
} from './units.ts';

export const GROUPS = [
  'Network',
  'RESP',
  'Admin',
  'Memory',
  'Threads',
  'Protocol',
  'Security',
  'Cluster',
  'Process',
  'Refused',
] as const;
export type Group = (typeof GROUPS)[number];

interface RowBase {
  /** One letter, or '' for an option that has a long name only. */
  readonly flag: string;
  readonly name: string;
  /** What the help calls the argument; '' for a switch. */
  readonly argument: string;
  readonly group: Group;
  readonly doc: string;
  /** Who may see the configuration is not told its value. */
  readonly isSecret?: true;
  /** Said after the option's name when it is given, because it does less here than in memcached. */
  readonly warning?: string;
}

/** What a row says of an option that changes nothing here: in the help, and when it is given. */
export function withoutEffect(why: string): { readonly doc: string; readonly warning: string } {
  return { doc: `${WITHOUT_EFFECT}: ${why}.`, warning: `has no effect: ${why}` };
}

/** How the help of such an option begins. */
export const WITHOUT_EFFECT = 'Without effect';

/** Fills `field` with what `parse` makes of the argument. The last one given counts. */
export type ValueRow = {
  readonly [Field in keyof Config]: RowBase & {
    readonly kind: 'value';
    readonly field: Field;
    readonly parse: Parse<Config[Field]>;
    /** Null: the field is null. */
    readonly default: string | null;
  };
}[keyof Config];

/** Fields that are true or false. */
export type SwitchField = {
  [Field in keyof Config]: Config[Field] extends boolean ? Field : never;
}[keyof Config];

/** Sets `field` to `sets`; unless given it is the opposite. */
export interface SwitchRow extends RowBase {
  readonly kind: 'switch';
  readonly field: SwitchField;
  readonly sets: boolean;
}

/**
 * The others:
 *   count      -v: each one counts
 *   list       -l: each one adds to the list
 *   extended   -o: a list of its own rows, in `extended-options.ts`
 *   config     --config: where to read options from
 *   text       prints something and exits
 *   ignored    accepted, to no effect but the row's warning
 *   refused    not in this version; the doc is the reason
 */
export interface OtherRow extends RowBase {
  readonly kind: 'count' | 'list' | 'extended' | 'config' | 'text' | 'ignored' | 'refused';
}

export type OptionRow = ValueRow | SwitchRow | OtherRow;

/** `-t auto`: as many as `threadCountAuto` says. */
export const THREAD_COUNT_AUTO = 0;

const INT32_MAX = 2 ** 31 - 1;
export const THREAD_COUNT_MAX = 64;
export const CONNECTION_COUNT_MAX = 1_000_000;
const PORT_MAX = 65535;
export const MEMORY_BYTES_MAX = 64 * GIB;

const portParse = integerParser(-1, 65535);
const threadCountParse = integerParser(1, THREAD_COUNT_MAX);

function threadsParse(text: string, label: string): number {
  return text === 'auto' ? THREAD_COUNT_AUTO : threadCountParse(text, label);
}

// biome-ignore format: a table reads in columns
export const OPTION_ROWS: readonly OptionRow[] = [
  // Network
  { kind: 'value',    flag: 'p', name: 'port',               argument: 'num',   group: 'Network',  field: 'port',                default: '11211', parse: portParse,
    doc: 'TCP port. 0 turns TCP off, -1 takes any free port.' },
  { kind: 'list',     flag: 'l', name: 'listen',             argument: 'addr',  group: 'Network',
    doc: 'Address to listen on: host, host:port, or [v6]:port. May be repeated, or several set apart by commas (default: all interfaces). With -Z an address may begin with notls:, btls: (clients need no certificate) or mtls: (they do); and any with proto[ascii]:, proto[binary]: or proto[negotiating]:.' },
  { kind: 'value',    flag: 's', name: 'unix-socket',        argument: 'path',  group: 'Network',  field: 'unixSocketPath',      default: null,    parse: unixSocketPathParse,
    doc: 'Listen on a unix socket, and on no TCP port.' },
  { kind: 'value',    flag: 'a', name: 'unix-mask',          argument: 'mode',  group: 'Network',  field: 'unixSocketMask',      default: '700',   parse: maskParse,
    doc: 'File mode of the unix socket, in octal.' },
  { kind: 'value',    flag: 'U', name: 'udp-port',           argument: 'num',   group: 'Network',  field: 'udpPort',             default: '0',     parse: portParse,
    doc: 'UDP port. 0 turns UDP off, -1 takes any free port. Without -p it is the TCP port too.' },
  { kind: 'value',    flag: 'c', name: 'conn-limit',         argument: 'num',   group: 'Network',  field: 'connectionCountMax',  default: '1024',  parse: integerParser(1, CONNECTION_COUNT_MAX),
    doc: 'Most connections open at a time.' },
  { kind: 'value',    flag: 'b', name: 'listen-backlog',     argument: 'num',   group: 'Network',  field: 'backlog',             default: '1024',  parse: integerParser(1, INT32_MAX),
    doc: 'Connections the system may hold until they are accepted.' },
  // RESP
  { kind: 'value',    flag: '',  name: 'resp-port',          argument: 'num',   group: 'RESP',     field: 'respPort',            default: '6379',  parse: integerParser(0, PORT_MAX),
    doc: 'TCP port for RESP, the protocol of Redis. 0 turns it off.' },
  { kind: 'value',    flag: '',  name: 'requirepass',        argument: 'text',  group: 'RESP',     field: 'requirePass',         default: null,    parse: textParse, isSecret: true,
    doc: 'Password of RESP clients.' },
  { kind: 'value',    flag: '',  name: 'resp-conf',          argument: 'file',  group: 'RESP',     field: 'respConfPath',        default: null,    parse: textParse,
    doc: 'A redis.conf, for what concerns RESP. Before all other options it starts Flagstone as redis-server would start, without memcached: --resp-conf [file] [--directive value ...].' },
  // Admin
  { kind: 'value',    flag: '',  name: 'admin-port',         argument: 'num',   group: 'Admin',    field: 'adminPort',           default: '0',     parse: portParse,
    doc: 'HTTP port for the web console, metrics and health. 0 turns it off, -1 takes any free port; 11280 is a good one.' },
  { kind: 'value',    flag: '',  name: 'admin-listen',       argument: 'addr',  group: 'Admin',    field: 'adminListen',         default: '127.0.0.1', parse: adminListenParse,
    doc: 'Address of the admin port; * for all interfaces.' },
  { kind: 'value',    flag: '',  name: 'admin-token-file',   argument: 'path',  group: 'Admin',    field: 'adminTokenFile',      default: null,    parse: textParse,
    doc: 'A file whose first line is the token that clients of the admin port send, for all but health; read again on SIGHUP.' },
  { kind: 'value',    flag: '',  name: 'admin-token',        argument: 'text',  group: 'Admin',    field: 'adminToken',          default: null,    parse: adminTokenParse, isSecret: true,
    doc: 'The token itself, for the environment: who lists processes sees command lines.' },
  { kind: 'value',    flag: '',  name: 'admin-tls',          argument: 'word',  group: 'Admin',    field: 'adminTls',            default: 'off',   parse: wordParser(['off', 'on', 'mtls']),
    doc: 'TLS on the admin port, with the certificate of -o ssl_chain_cert: off, on, or mtls: clients need a certificate that ssl_ca_cert vouches for, and no token.' },
  // Memory
  { kind: 'value',    flag: 'm', name: 'memory-limit',       argument: 'size',  group: 'Memory',   field: 'memoryBytes',         default: '64',    parse: sizeParser(MIB, 'mg', MIB, MEMORY_BYTES_MAX),
    doc: 'Memory for items, in MiB, or with a suffix: 512m, 4g. At most 64g.' },
  { kind: 'value',    flag: '',  name: 'memory-limit-max',   argument: 'size',  group: 'Memory',   field: 'memoryBytesMax',      default: '0',     parse: sizeParser(MIB, 'mg', 0, MEMORY_BYTES_MAX),
    doc: 'How far the command cache_memlimit may raise -m; 0: four times as far, and at least to 64m.' },
  { kind: 'switch',   flag: 'M', name: 'disable-evictions',  argument: '',      group: 'Memory',   field: 'evict',               sets: false,
    doc: 'When memory is full, answer with an error instead of forgetting items.' },
  { kind: 'value',    flag: 'I', name: 'max-item-size',      argument: 'size',  group: 'Memory',   field: 'itemBytesMax',        default: '1m',    parse: sizeParser(1, 'kmg', KIB, GIB),
    doc: 'Largest item, in bytes, or with a suffix: 512k, 8m. From 1k to 1g, and at most half of -m.' },
  { kind: 'value',    flag: 'f', name: 'slab-growth-factor', argument: 'num',   group: 'Memory',   field: 'growthFactor',        default: '1.06',  parse: decimalParser(1, 16),
    doc: 'How much larger the chunks of each slab class are than those of the class below.' },
  { kind: 'value',    flag: 'n', name: 'slab-min-size',      argument: 'bytes', group: 'Memory',   field: 'chunkBytesMin',       default: '48',    parse: integerParser(1, 512 * KIB),
    doc: 'Smallest chunk: room for key, value and flags.' },
  { kind: 'switch',   flag: 'k', name: 'lock-memory',        argument: '',      group: 'Memory',   field: 'lockMemory',          sets: true,
    ...withoutEffect('Node.js cannot lock memory') },
  { kind: 'switch',   flag: 'L', name: 'enable-largepages',  argument: '',      group: 'Memory',   field: 'largePages',          sets: true,
    ...withoutEffect('Node.js cannot ask for large pages') },
  // Threads
  { kind: 'value',    flag: 't', name: 'threads',            argument: 'num',   group: 'Threads',  field: 'threadCount',         default: 'auto',  parse: threadsParse,
    doc: 'Threads that serve clients, 1 to 64; auto: one per core, at most 4.' },
  { kind: 'value',    flag: 'R', name: 'max-reqs-per-event', argument: 'num',   group: 'Threads',  field: 'requestsPerEventMax', default: '1024',    parse: integerParser(1, INT32_MAX),
    doc: 'Requests of one connection that are served before the others get their turn.' },
  { kind: 'ignored',  flag: 'N', name: 'napi-ids',           argument: 'num',   group: 'Threads',
    ...withoutEffect('the system spreads connections over the threads') },
  // Protocol
  { kind: 'value',    flag: 'B', name: 'protocol',           argument: 'name',  group: 'Protocol', field: 'protocol',            default: 'auto',  parse: wordParser(['auto', 'ascii', 'binary']),
    doc: 'What clients speak: ascii, binary, or auto: as the first byte of each connection tells.' },
  { kind: 'switch',   flag: 'C', name: 'disable-cas',        argument: '',      group: 'Protocol', field: 'casEnabled',          sets: false,
    doc: 'Do without CAS uniques.' },
  { kind: 'switch',   flag: 'F', name: 'disable-flush-all',  argument: '',      group: 'Protocol', field: 'flushAllEnabled',     sets: false,
    doc: 'Refuse the command flush_all.' },
  { kind: 'switch',   flag: 'X', name: 'disable-dumping',    argument: '',      group: 'Protocol', field: 'dumpEnabled',         sets: false,
    doc: 'Refuse the commands that list keys: stats cachedump, stats detail, lru_crawler metadump.' },
  { kind: 'switch',   flag: 'W', name: 'disable-watch',      argument: '',      group: 'Protocol', field: 'watchEnabled',        sets: false,
    doc: 'Refuse the command watch.' },
  { kind: 'switch',   flag: 'A', name: 'enable-shutdown',    argument: '',      group: 'Protocol', field: 'shutdownCommand',     sets: true,
    doc: 'Obey the command shutdown.' },
  { kind: 'value',    flag: 'D', name: 'prefix-delimiter',   argument: 'char',  group: 'Protocol', field: 'statsPrefixDelimiter', default: ':',    parse: characterParse,
    doc: 'Ends the prefix of a key for "stats detail", which this option also turns on.' },
  // Security
  { kind: 'switch',   flag: 'S', name: 'enable-sasl',        argument: '',      group: 'Security', field: 'saslEnabled',         sets: true,
    doc: 'Clients authenticate by SASL before anything else; implies -B binary and needs --users-file.' },
  { kind: 'value',    flag: '',  name: 'users-file',         argument: 'path',  group: 'Security', field: 'usersFile',           default: null,    parse: textParse,
    doc: 'Users and hashed passwords for -S; read again on SIGHUP.' },
  { kind: 'value',    flag: 'Y', name: 'auth-file',          argument: 'path',  group: 'Security', field: 'authFile',            default: null,    parse: textParse,
    doc: 'Users as lines "user:password"; clients authenticate by a first set. Implies -B ascii.' },
  { kind: 'switch',   flag: 'Z', name: 'enable-ssl',         argument: '',      group: 'Security', field: 'tlsEnabled',          sets: true,
    doc: 'Serve TLS on the TCP ports; needs -o ssl_chain_cert and ssl_key.' },
  // Cluster
  { kind: 'value',    flag: '',  name: 'cluster-nodes',      argument: 'list',  group: 'Cluster',  field: 'clusterNodes',        default: null,    parse: clusterNodesParse,
    doc: 'Nodes that "config get cluster" names: host|ip|port, set apart by spaces or commas.' },
  { kind: 'value',    flag: '',  name: 'cluster-nodes-file', argument: 'path',  group: 'Cluster',  field: 'clusterNodesFile',    default: null,    parse: textParse,
    doc: 'The same from a file, which is watched.' },
  { kind: 'value',    flag: '',  name: 'etcd',               argument: 'urls',  group: 'Cluster',  field: 'etcdEndpoints',       default: null,    parse: etcdEndpointsParse, isSecret: true,
    doc: 'Nodes find each other through etcd: its URLs, set apart by commas.' },
  { kind: 'value',    flag: '',  name: 'cluster-name',       argument: 'name',  group: 'Cluster',  field: 'clusterName',         default: 'flagstone', parse: clusterNameParse,
    doc: 'Which nodes belong together in etcd.' },
  { kind: 'value',    flag: '',  name: 'announce',           argument: 'node',  group: 'Cluster',  field: 'announce',            default: null,    parse: announceParse,
    doc: 'How this node is listed: host|ip|port (default: its host name, address and port).' },
  { kind: 'value',    flag: '',  name: 'etcd-ttl',           argument: 'sec',   group: 'Cluster',  field: 'etcdTtlSec',          default: '10',    parse: integerParser(2, 3600),
    doc: 'Seconds after which a node that died leaves the list.' },
  // Process
  { kind: 'config',   flag: '',  name: 'config',             argument: 'file',  group: 'Process',
    doc: 'Read options from a file too: lines "name value" or "name=value" with the long names of this list; # starts a comment.' },
  { kind: 'count',    flag: 'v', name: 'verbose',            argument: '',      group: 'Process',
    doc: 'Say also when the server listens and ends, as it always does on a terminal. More than one -v says no more.' },
  { kind: 'value',    flag: '',  name: 'log',                argument: 'form',  group: 'Process',  field: 'logFormat',           default: 'auto',  parse: wordParser(LOG_FORMATS),
    doc: 'How the log is written: json, pretty, or auto: pretty on a terminal.' },
  { kind: 'value',    flag: '',  name: 'log-file',           argument: 'path',  group: 'Process',  field: 'logFile',             default: null,    parse: textParse,
    doc: 'Add the log to a file, not to standard error; opened anew on SIGHUP, as rotation needs it.' },
  { kind: 'switch',   flag: 'd', name: 'daemon',             argument: '',      group: 'Process',  field: 'daemonize',           sets: true,
    doc: 'Run in the background; return when the server is ready.' },
  { kind: 'value',    flag: 'P', name: 'pidfile',            argument: 'path',  group: 'Process',  field: 'pidFile',             default: null,    parse: textParse,
    doc: 'Write the process id to a file.' },
  { kind: 'value',    flag: 'u', name: 'user',               argument: 'name',  group: 'Process',  field: 'user',                default: null,    parse: textParse,
    doc: 'Become this user once the server listens; only when started as root.' },
  { kind: 'ignored',  flag: 'r', name: 'enable-coredumps',   argument: '',      group: 'Process',
    ...withoutEffect('Node.js cannot raise the limit; run ulimit -c unlimited first') },
  { kind: 'extended', flag: 'o', name: 'extended',           argument: 'list',  group: 'Process',
    doc: 'Extended options, set apart by commas; see below.' },
  { kind: 'text',     flag: '',  name: 'hash-password',      argument: 'user',  group: 'Process',
    doc: 'Read a password from standard input, print the user\'s line for --users-file, and exit.' },
  { kind: 'text',     flag: 'h', name: 'help',               argument: '',      group: 'Process',
    doc: 'Print this and exit.' },
  { kind: 'text',     flag: 'V', name: 'version',            argument: '',      group: 'Process',
    doc: 'Print the version and exit.' },
  { kind: 'text',     flag: 'i', name: 'license',            argument: '',      group: 'Process',
    doc: 'Print the licence and exit.' },
  // Not in this version. The help shows these by their flag alone.
  { kind: 'refused',  flag: 'e', name: 'memory-file',        argument: 'path',  group: 'Refused',
    doc: 'items lie in the memory of the process and end with it' },
];

/** The variable that stands for an option: `max-item-size` → `FLAGSTONE_MAX_ITEM_SIZE`. */
export function optionEnvironmentName(row: OptionRow): string {
  return `FLAGSTONE_${row.name.replaceAll('-', '_').toUpperCase()}`;
}

/** Whether a row may stand in the environment or a file; else it is for the command line alone. */
export function optionIsSetting(row: OptionRow): boolean {
  return row.kind !== 'text' && row.kind !== 'config';
}
