/**
 * What the console and `flagstone top` are told, as JSON. Rates are per second, over the span between the last
 * two looks; times are in microseconds; what there is nothing of is null.
 *
 *   GET  /console/state         ConsoleState        the last look: one a second while somebody asks
 *   GET  /console/history       ConsoleHistory      looks of the last quarter of an hour, five seconds apart
 *   GET  /console/connections   ConsoleConnections
 *   GET  /console/slowlog       ConsoleSlowLog
 *   GET  /console/cluster       ConsoleCluster
 *   GET  /console/hotkeys       ConsoleHotKeys      what the last sampling found, or has so far
 *   POST /console/hotkeys       {"seconds": 5}      samples anew, or goes on: hot-keys.ts
 *   POST /console/flush         {}                  all keys of all databases go
 *   POST /console/disconnect    {"connection": 12, "address": "tcp:127.0.0.1:50000"}
 *   POST /console/pages         {"from": 3, "to": 7}   a page of slab class 3 for class 7; from -1: any
 *   PUT  /loglevel              info
 *   GET  /session               {"isSignedIn": true}   it comes with a session; POST /session/end ends that
 *
 * What a POST came to is a ConsoleOutcome. Keys and names may hold any bytes: key-text.ts says how they
 * are written here.
 */

/** What is drawn over time. */
export type ConsoleSeries = {
  readonly atMs: number;
  readonly memcachedPerSec: number;
  readonly respPerSec: number;
  readonly hitsPerSec: number;
  readonly missesPerSec: number;
  readonly evictionsPerSec: number;
  readonly expirationsPerSec: number;
  readonly errorsPerSec: number;
  readonly bytesReadPerSec: number;
  readonly bytesWrittenPerSec: number;
  readonly connections: number;
  readonly items: number;
  readonly memoryUsedBytes: number;
  /** CPU time of all data threads, in cores. */
  readonly cores: number;
  /** Of all commands of the last `latencySpanSec`; null: none was timed. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
};

export type ConsoleProtocol = 'memcached' | 'resp';

export type ConsoleCommand = {
  readonly protocol: ConsoleProtocol;
  readonly name: string;
  readonly calls: number;
  readonly callsPerSec: number;
  /** RESP: refused before they ran, and failed. Memcached does not tell: 0. */
  readonly errors: number;
  /** Of those of the last `latencySpanSec`. */
  readonly meanUs: number | null;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
};

export type ConsoleType = { readonly name: string; readonly items: number; readonly bytes: number };

export type ConsoleSlabClass = {
  readonly id: number;
  readonly chunkBytes: number;
  readonly pages: number;
  readonly chunks: number;
  readonly chunksUsed: number;
  readonly items: number;
  /** Bytes that items asked for; the rest of the chunks in use is lost to rounding. */
  readonly itemBytes: number;
  readonly hitsPerSec: number;
  readonly setsPerSec: number;
  readonly evictionsPerSec: number;
};

export type ConsolePartition = {
  readonly id: number;
  readonly items: number;
  readonly pages: number;
  readonly pageLimit: number;
  /** Operations on keys of the partition. */
  readonly operationsPerSec: number;
  /** How often a thread found the lock taken, and how often it then slept. */
  readonly lockMeetingsPerSec: number;
  readonly lockSleepsPerSec: number;
  readonly evictionsPerSec: number;
};

export type ConsoleThread = {
  readonly name: string;
  /** Share of time that the event loop was busy; null: the thread is being started anew. */
  readonly utilization: number | null;
  readonly cores: number;
  readonly commandsPerSec: number;
  readonly connections: number;
  readonly heapBytes: number;
  /** Timers that fired 25 ms too late, or later. */
  readonly latePerSec: number;
};

export type ConsoleDatabase = {
  readonly name: string;
  readonly keys: number;
  readonly expiring: number;
};

export type ConsoleState = {
  /** Of the look; the same number is the same look. */
  readonly sequence: number;
  /** What rates are over, and what percentiles are over. */
  readonly spanSec: number;
  readonly latencySpanSec: number;
  readonly server: {
    readonly version: string;
    readonly node: string;
    readonly host: string;
    readonly pid: number;
    readonly uptimeSec: number;
    readonly logLevel: string;
    readonly connectionLimit: number;
    readonly connectionsRefused: number;
    readonly memoryLimitBytes: number;
    readonly evicts: boolean;
    readonly pagesFree: number;
    readonly pageBytes: number;
    readonly threadRestarts: number;
    readonly authFailures: number;
    readonly configVersion: number | null;
  };
  readonly series: ConsoleSeries;
  /** Those that were ever run, the busiest first. */
  readonly commands: readonly ConsoleCommand[];
  readonly types: readonly ConsoleType[];
  /** Those that have, or had, a page. */
  readonly classes: readonly ConsoleSlabClass[];
  readonly partitions: readonly ConsolePartition[];
  readonly threads: readonly ConsoleThread[];
  readonly databases: readonly ConsoleDatabase[];
};

export type ConsoleHistory = {
  readonly stepSec: number;
  readonly series: readonly ConsoleSeries[];
};

export type ConsoleConnection = {
  /** With the address it names one connection: numbers are used again. */
  readonly connection: number;
  readonly protocol: ConsoleProtocol;
  readonly address: string;
  readonly listener: string;
  readonly thread: string;
  readonly idleSec: number;
  /** RESP alone tells these; memcached: null. */
  readonly ageSec: number | null;
  readonly name: string | null;
  readonly user: string | null;
  readonly database: number | null;
  readonly lastCommand: string | null;
  /** What it is doing, in a word: `idle`, `reading`, `blocked`, `subscribed`, … */
  readonly phase: string;
  readonly bufferBytes: number | null;
};

/** The ones that used the server last come first. */
export type ConsoleConnections = {
  readonly total: number;
  /** There are more than are listed. */
  readonly isCut: boolean;
  readonly connections: readonly ConsoleConnection[];
};

export type ConsoleSlowEntry = {
  readonly id: number;
  readonly atMs: number;
  readonly us: number;
  readonly words: readonly string[];
  readonly address: string;
  readonly name: string;
};

/** The latest first. `thresholdUs` is negative when nothing is logged. */
export type ConsoleSlowLog = {
  readonly thresholdUs: number;
  readonly entries: readonly ConsoleSlowEntry[];
};

export type ConsoleNode = {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly isThis: boolean;
};

/** As `config get cluster` tells it. */
export type ConsoleCluster = {
  readonly version: number | null;
  readonly nodes: readonly ConsoleNode[];
};

export type ConsoleHotKey = {
  readonly database: number;
  readonly key: string;
  /** Operations on it: the samples of it, times what each stands for. */
  readonly count: number;
  /** The count may be too high by this. */
  readonly countError: number;
  /** Of all operations. */
  readonly share: number;
};

export type ConsoleHotKeys = {
  readonly isRunning: boolean;
  readonly seconds: number;
  /** Keys that were copied, and the operations that they stand for. */
  readonly samples: number;
  readonly operations: number;
  readonly keys: readonly ConsoleHotKey[];
};

/** What an action came to, in words for whoever asked for it. */
export type ConsoleOutcome = { readonly isDone: boolean; readonly text: string };
