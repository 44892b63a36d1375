/** What commands may know of the server around them. */
import type { Apply } from '../config/directive.ts';
import type { SettingText, UserLine } from '../config/resp-config.ts';

/** The part of the configuration that commands read. */
export type CommandConfig = {
  readonly port: number;
  readonly udpPort: number;
  readonly listenAddresses: readonly string[];
  readonly unixSocketPath: string | null;
  readonly unixSocketMask: number;
  readonly backlog: number;
  readonly connectionCountMax: number;
  readonly maxconnsFast: boolean;
  readonly idleTimeoutSec: number;
  readonly memoryBytes: number;
  readonly evict: boolean;
  readonly itemBytesMax: number;
  readonly growthFactor: number;
  readonly chunkBytesMin: number;
  readonly slabChunkBytesMax: number;
  readonly slabReassign: boolean;
  readonly slabAutomove: number;
  readonly slabAutomoveRatio: number;
  readonly slabAutomoveWindow: number;
  readonly lruCrawler: boolean;
  readonly lruCrawlerSleepUs: number;
  readonly lruCrawlerItemCountMax: number;
  readonly lruMaintainer: boolean;
  readonly hotLruPct: number;
  readonly warmLruPct: number;
  readonly hotMaxFactor: number;
  readonly warmMaxFactor: number;
  readonly temporaryTtlSec: number;
  readonly temporaryLru: boolean;
  readonly tailRepairTimeSec: number;
  readonly hashpowerInit: number;
  readonly hashExpand: boolean;
  readonly hashAlgorithm: string;
  readonly threadCount: number;
  readonly requestsPerEventMax: number;
  readonly protocol: 'auto' | 'ascii' | 'binary';
  readonly saslEnabled: boolean;
  readonly authFile: string | null;
  readonly casEnabled: boolean;
  readonly flushAllEnabled: boolean;
  readonly shutdownCommand: boolean;
  readonly dumpEnabled: boolean;
  readonly watchEnabled: boolean;
  readonly statsPrefixDelimiter: string;
  readonly statsDetailEnabled: boolean;
  readonly trackSizes: boolean;
  readonly watcherLogBytes: number;
  readonly workerLogBytes: number;
  readonly readBufferBytesMax: number;
  readonly tlsEnabled: boolean;
  readonly tlsChainCert: string | null;
  readonly tlsKey: string | null;
  readonly tlsKeyFormat: number;
  readonly tlsCaCert: string | null;
  readonly tlsVerifyMode: number;
  readonly tlsCiphers: string | null;
  readonly tlsMinVersion: number;
  readonly tlsSessionCache: boolean;
  readonly tlsWriteBufferBytes: number;
};

/** What a CONFIG SET has changed, and what has to follow on the main thread. */
export type RespChange = {
  readonly texts: readonly SettingText[];
  /** What they were. */
  readonly before: readonly SettingText[];
  /** In this order, each with the directive to blame. */
  readonly applies: readonly (readonly [apply: Apply, name: string])[];
};

/** What of it could not be done: everything is as it was before. */
export type RespFailure = { readonly name: string; readonly why: string };

/** Levels of the log by Redis's names. */
export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

export interface ServerContext {
  readonly config: CommandConfig;
  readonly version: string;
  /** 40 hexadecimal digits that are the process's own. */
  readonly runId: string;
  /** The program that was started. */
  readonly executable: string;
  readonly threadIndex: number;
  /** All commands, by number: commands/memcached/table.ts. */
  readonly commandNames: readonly string[];
  /** Where this thread listens, as `stats conns` names it: `tcp:127.0.0.1:11211`, `unix:/path`. */
  readonly listeners: readonly string[];
  /** Commands that only tests need: `debugtime`. */
  readonly debugCommands: boolean;
  /** Reads the TLS certificate anew, for all threads. Null, or why the old one stays. */
  certificatesRefresh(): string | null;
  /** Asks the process to end, at once or after the batches under way. */
  shutdown(graceful: boolean): void;
  /** Writes a line into the log, at one of Redis's levels. */
  log(level: LogLevel, text: string): void;
  /** Writes a line into the log. */
  warn(text: string, details: Readonly<Record<string, unknown>>): void;
  /** Tells the main thread which users have changed, and who is gone, for threads that start later. */
  respUsers(lines: readonly UserLine[], removes: readonly string[]): void;
  /** Tells the main thread what has been set, and lets it follow; `done` hears of the outcome. */
  respSet(change: RespChange, done: (failure: RespFailure | null) => void): void;
}
