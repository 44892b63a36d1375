/** Directives about connections: where to listen, TLS, and what a client may take up. */
import { ADDRESSES_DEFAULT, addresses, bufferLimits } from './compound-types.ts';
import { DIRECTIVE, type DirectiveRow, OWN_THREADS } from './directive.ts';
import {
  choice,
  fileMode,
  INT_MAX,
  integer,
  LONG_MAX,
  memory,
  memoryOrPercent,
  textOrNone,
  UINT_MAX,
  yesNo,
} from './value-type.ts';

const { NONE, FIXED, SENSITIVE, IDLE, VOLATILE } = DIRECTIVE;
const PORT_MAX = 65535n;
const MIB = 1024n * 1024n;

// biome-ignore format: a table reads in columns
export const NETWORK_ROWS = [
  { name: 'bind',                       type: addresses(),                       default: ADDRESSES_DEFAULT, flags: NONE, apply: 'listeners', does: 'Addresses to listen on.' },
  { name: 'port',                       type: integer(0n, PORT_MAX),             default: '6379',       flags: NONE, apply: 'listeners', does: 'TCP port; 0: none.' },
  { name: 'protected-mode',             type: yesNo(),                           default: 'yes',        flags: NONE,   does: 'While the user default needs no password, clients of other machines are turned away.' },
  { name: 'tcp-backlog',                type: integer(0n, INT_MAX),              default: '511',        flags: FIXED,  does: 'Connections that the system holds until they are accepted.' },
  { name: 'tcp-keepalive',              type: integer(0n, INT_MAX),              default: '300',        flags: NONE,   does: 'Seconds between probes of a connection that is quiet; 0: none.' },
  { name: 'timeout',                    type: integer(0n, INT_MAX),              default: '0',          flags: NONE,   does: 'Seconds after which an idle connection is closed; 0: never.' },
  { name: 'unixsocket',                 type: textOrNone(),                      default: '',           flags: FIXED,  does: 'Path of a unix socket.' },
  { name: 'unixsocketperm',             type: fileMode(0o777),                   default: '0',          flags: FIXED,  does: 'Its file mode; 0: as the umask has it.' },
  { name: 'unixsocketgroup',            type: textOrNone(),                      default: '',           flags: FIXED | IDLE, does: 'the socket keeps the group of the process' },
  { name: 'socket-mark-id',             type: integer(0n, UINT_MAX),             default: '0',          flags: FIXED | IDLE, does: 'Node.js cannot mark sockets' },
  { name: 'bind-source-addr',           type: textOrNone(),                      default: '',           flags: IDLE,   does: 'the server opens no connections' },
  { name: 'maxclients',                 type: integer(1n, UINT_MAX),             default: '10000',      flags: NONE, apply: 'clients', does: 'Connections at a time.' },
  { name: 'maxmemory-clients',          type: memoryOrPercent(100n, LONG_MAX),   default: '0',          flags: NONE, apply: 'clientMemory', does: 'Bytes that all clients take together, or percent of maxmemory; more closes those that take most. 0: no limit.' },
  { name: 'client-query-buffer-limit',  type: memory(MIB, LONG_MAX),             default: '1073741824', flags: NONE,   does: 'Bytes of a request that has not arrived whole; more closes the connection.' },
  { name: 'client-output-buffer-limit', type: bufferLimits(),                    default: 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60', flags: NONE, does: 'Bytes that may wait for a client; more closes the connection.' },
  { name: 'proto-max-bulk-len',         type: memory(MIB, LONG_MAX),             default: '536870912',  flags: NONE,   does: 'The longest argument.' },
  { name: 'io-threads',                 type: integer(1n, 128n),                 default: '1',          flags: FIXED,  does: 'If given, the number of data threads, at most 64; they are one per core otherwise, at most four.' },
  { name: 'io-threads-do-reads',        type: yesNo(),                           default: 'no',         flags: IDLE,   does: OWN_THREADS },
  { name: 'events-per-io-thread',       type: integer(0n, INT_MAX),              default: '2',          flags: IDLE,   does: OWN_THREADS },
  { name: 'prefetch-batch-max-size',    type: integer(0n, 128n),                 default: '16',         flags: IDLE,   does: OWN_THREADS },
  // TLS
  { name: 'tls-port',                   type: integer(0n, PORT_MAX),             default: '0',          flags: NONE, apply: 'listeners', does: 'TCP port for TLS; 0: none.' },
  { name: 'tls-cert-file',              type: textOrNone(),                      default: '',           flags: VOLATILE, apply: 'tls', does: 'Certificate chain, PEM.' },
  { name: 'tls-key-file',               type: textOrNone(),                      default: '',           flags: VOLATILE, apply: 'tls', does: 'Private key, PEM.' },
  { name: 'tls-key-file-pass',          type: textOrNone(),                      default: '',           flags: SENSITIVE | IDLE, does: 'keys are read without a passphrase' },
  { name: 'tls-ca-cert-file',           type: textOrNone(),                      default: '',           flags: VOLATILE, apply: 'tls', does: 'Authorities that vouch for clients, PEM.' },
  { name: 'tls-ca-cert-dir',            type: textOrNone(),                      default: '',           flags: IDLE,   does: 'authorities are read from tls-ca-cert-file' },
  { name: 'tls-auth-clients',           type: choice(['no', 'yes', 'optional']), default: 'yes',        flags: NONE, apply: 'tls', does: 'Whether clients must show a certificate.' },
  { name: 'tls-protocols',              type: textOrNone(),                      default: '',           flags: NONE, apply: 'tls', does: 'Versions of TLS: 1.2 and 1.3, or 1.3 alone.' },
  { name: 'tls-ciphers',                type: textOrNone(),                      default: '',           flags: NONE, apply: 'tls', does: 'Ciphers, as OpenSSL names them.' },
  { name: 'tls-ciphersuites',           type: textOrNone(),                      default: '',           flags: IDLE,   does: 'those of TLS 1.3 are chosen by OpenSSL' },
  { name: 'tls-prefer-server-ciphers',  type: yesNo(),                           default: 'no',         flags: IDLE,   does: 'the order of the client counts' },
  { name: 'tls-session-caching',        type: yesNo(),                           default: 'yes',        flags: NONE, apply: 'tls', does: 'Clients may resume sessions, by tickets.' },
  { name: 'tls-session-cache-size',     type: integer(0n, INT_MAX),              default: '20480',      flags: IDLE,   does: 'sessions are kept by the clients, as tickets' },
  { name: 'tls-session-cache-timeout',  type: integer(0n, INT_MAX),              default: '300',        flags: IDLE,   does: 'a ticket is good for an hour' },
  { name: 'tls-dh-params-file',         type: textOrNone(),                      default: '',           flags: IDLE,   does: 'key exchange is by elliptic curves' },
  { name: 'tls-client-cert-file',       type: textOrNone(),                      default: '',           flags: IDLE,   does: 'the server opens no connections' },
  { name: 'tls-client-key-file',        type: textOrNone(),                      default: '',           flags: IDLE,   does: 'the server opens no connections' },
  { name: 'tls-client-key-file-pass',   type: textOrNone(),                      default: '',           flags: SENSITIVE | IDLE, does: 'the server opens no connections' },
  { name: 'tls-cluster',                type: yesNo(),                           default: 'no',         flags: IDLE,   does: 'the server opens no connections' },
  { name: 'tls-replication',            type: yesNo(),                           default: 'no',         flags: IDLE,   does: 'the server opens no connections' },
] as const satisfies readonly DirectiveRow[];
