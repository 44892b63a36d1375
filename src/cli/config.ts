/**
 * What the command line, the environment and the config file come to: one plain object, which can
 * be posted to a worker as it is. Each field is filled by the row that names it in
 * `option-rows.ts` or `extended-options.ts`; the few derived ones say so.
 */
import type { LogFormat } from '../base/log.ts';
import type { RespConfigImage } from '../config/resp-config.ts';

export interface Config {
  // Network. A unix socket turns TCP and UDP off, as memcached does; `listenTargets` and `udpTargets`
  // know the rules.
  /** TCP port: 0 off, -1 any free one. */
  readonly port: number;
  /** UDP port: 0 off, -1 any free one. */
  readonly udpPort: number;
  /** As given, prefixes and all; see `listenAddressSplit`. Empty: all interfaces. */
  readonly listenAddresses: readonly string[];
  readonly unixSocketPath: string | null;
  /** File mode of the socket, such as 0o700. */
  readonly unixSocketMask: number;
  readonly backlog: number;
  readonly connectionCountMax: number;
  /** Refuse connections above the limit at once, rather than leave them waiting. */
  readonly maxconnsFast: boolean;
  /** 0: never. */
  readonly idleTimeoutSec: number;
  readonly readBufferBytesMax: number;

  // RESP.
  /** TCP port for RESP: 0 off. */
  readonly respPort: number;
  /** A redis.conf, for what concerns RESP. */
  readonly respConfPath: string | null;
  readonly requirePass: string | null;
  /** Derived: what all of that comes to, as the directives of redis.conf; see `respTargets`. */
  readonly resp: RespConfigImage;
  /** Derived: started as redis-server would be, by `--resp-conf` before anything else. */
  readonly isRespServer: boolean;

  // The admin port.
  /** HTTP port: 0 off, -1 any free one. */
  readonly adminPort: number;
  /** `*`: all interfaces. */
  readonly adminListen: string;
  readonly adminTokenFile: string | null;
  readonly adminToken: string | null;
  readonly adminTls: 'off' | 'on' | 'mtls';

  // Memory.
  readonly memoryBytes: number;
  /** How far `cache_memlimit` may raise memoryBytes while the server runs. 0: as it is by default. */
  readonly memoryBytesMax: number;
  /** False: answer "out of memory" instead of forgetting items. */
  readonly evict: boolean;
  readonly itemBytesMax: number;
  readonly growthFactor: number;
  readonly chunkBytesMin: number;
  readonly lockMemory: boolean;
  readonly largePages: boolean;
  readonly slabChunkBytesMax: number;
  readonly slabReassign: boolean;
  /** 0 off, 1 on, 2 aggressive. */
  readonly slabAutomove: number;
  readonly slabAutomoveRatio: number;
  readonly slabAutomoveWindow: number;
  readonly lruCrawler: boolean;
  readonly lruCrawlerSleepUs: number;
  /** 0: no limit. */
  readonly lruCrawlerItemCountMax: number;
  readonly lruMaintainer: boolean;
  readonly hotLruPct: number;
  readonly warmLruPct: number;
  readonly hotMaxFactor: number;
  readonly warmMaxFactor: number;
  readonly temporaryTtlSec: number;
  /** Derived: `temporary_ttl` was given. */
  readonly temporaryLru: boolean;
  readonly tailRepairTimeSec: number;
  /** 0: sized by the memory. */
  readonly hashpowerInit: number;
  readonly hashExpand: boolean;
  /** As asked; the hash is our own whatever is named. */
  readonly hashAlgorithm: string;

  // Threads.
  readonly threadCount: number;
  readonly requestsPerEventMax: number;

  // Protocol.
  /** Of every listener that does not say otherwise, the unix socket included. */
  readonly protocol: 'auto' | 'ascii' | 'binary';
  readonly casEnabled: boolean;
  readonly flushAllEnabled: boolean;
  readonly shutdownCommand: boolean;
  readonly dumpEnabled: boolean;
  readonly watchEnabled: boolean;
  /** One byte. */
  readonly statsPrefixDelimiter: string;
  /** Derived: `-D` was given, which turns "stats detail" on from the start. */
  readonly statsDetailEnabled: boolean;
  readonly trackSizes: boolean;
  readonly watcherLogBytes: number;
  readonly workerLogBytes: number;

  // Authentication.
  /** `-S`: binary clients authenticate by SASL against usersFile. */
  readonly saslEnabled: boolean;
  readonly usersFile: string | null;
  /** `-Y`: text clients authenticate by a first `set` against this file. */
  readonly authFile: string | null;

  // TLS, of RESP as well.
  /** Of the memcached ports. */
  readonly tlsEnabled: boolean;
  readonly tlsChainCert: string | null;
  readonly tlsKey: string | null;
  /** As OpenSSL numbers formats: 1 PEM, 2 DER. */
  readonly tlsKeyFormat: number;
  readonly tlsCaCert: string | null;
  /** 0 none, 1 request, 2 require, 3 require once: a client's certificate. */
  readonly tlsVerifyMode: number;
  readonly tlsCiphers: string | null;
  /** 2 TLS 1.2, 3 TLS 1.3; whoever asks for less gets 2. */
  readonly tlsMinVersion: number;
  readonly tlsSessionCache: boolean;
  readonly tlsWriteBufferBytes: number;

  // Auto-discovery: where the list of nodes comes from. None of them: the node itself.
  /** `host|ip|port host|ip|port …` */
  readonly clusterNodes: string | null;
  /** A file with the same, watched. */
  readonly clusterNodesFile: string | null;
  /** URLs, set apart by commas. */
  readonly etcdEndpoints: string | null;
  readonly clusterName: string;
  /** How this node is listed: `host|ip|port`; null: by its host name and port. */
  readonly announce: string | null;
  readonly etcdTtlSec: number;

  // Process.
  readonly verbosity: number;
  readonly logFormat: LogFormat;
  /** Null: standard error. */
  readonly logFile: string | null;
  readonly daemonize: boolean;
  readonly pidFile: string | null;
  readonly user: string | null;

  /** Derived: one line for every option that was accepted without doing what it says. */
  readonly warnings: readonly string[];
}

/** What the defaults and the sanity checks depend on besides the options; injected in tests. */
export interface Machine {
  readonly coreCount: number;
  readonly memoryBytes: number;
}

/** A Config in the making, and what is known of how it came about. */
export interface Draft {
  readonly config: { -readonly [Field in keyof Config]: Config[Field] };
  /** Names of rows, extended ones included, that were given anywhere. */
  readonly given: Set<string>;
  readonly warnings: string[];
}
