/** What a server might have told: some load of both protocols, three partitions, two threads. */
import type {
  ConsoleCommand,
  ConsoleConnection,
  ConsoleHotKeys,
  ConsoleSeries,
  ConsoleSlowLog,
  ConsoleState,
} from '../../../src/admin/console-state.ts';
import { modelMake, type Told, type TopModel } from '../../../src/cli/top/model.ts';

/** 12:34:56 in UTC. */
export const NOW_MS = Date.UTC(2026, 0, 2, 12, 34, 56);

export function seriesMake(secondsAgo: number, change: Partial<ConsoleSeries> = {}): ConsoleSeries {
  return {
    atMs: NOW_MS - secondsAgo * 1000,
    memcachedPerSec: 102_300 - secondsAgo * 1500,
    respPerSec: 8840,
    hitsPerSec: 98_200,
    missesPerSec: 1800,
    evictionsPerSec: 0,
    expirationsPerSec: 12,
    errorsPerSec: 3,
    bytesReadPerSec: 12.3 * 2 ** 20,
    bytesWrittenPerSec: 80 * 2 ** 20,
    connections: 123,
    items: 1_234_567,
    memoryUsedBytes: 612.3 * 2 ** 20,
    cores: 0.98,
    p50Us: 3.1,
    p99Us: 48,
    p999Us: 1230,
    ...change,
  };
}

// biome-ignore format: a table reads in columns
const COMMANDS: readonly ConsoleCommand[] = [
  { protocol: 'memcached', name: 'get',      calls: 9_876_543, callsPerSec: 92_000, errors: 0,  meanUs: 2.2,  p50Us: 1.8,  p99Us: 22,   p999Us: 310 },
  { protocol: 'memcached', name: 'set',      calls: 1_200_000, callsPerSec: 10_300, errors: 0,  meanUs: 4.4,  p50Us: 3.9,  p99Us: 51,   p999Us: 420 },
  { protocol: 'resp',      name: 'get',      calls: 500_123,   callsPerSec: 8000,   errors: 0,  meanUs: 3,    p50Us: 2.8,  p99Us: 40,   p999Us: 400 },
  { protocol: 'resp',      name: 'zadd',     calls: 40_000,    callsPerSec: 839.5,  errors: 17, meanUs: 12,   p50Us: 9.9,  p99Us: 140,  p999Us: 5400 },
  { protocol: 'resp',      name: 'keys',     calls: 12,        callsPerSec: 0.4,    errors: 0,  meanUs: 2.1e6, p50Us: 2e6, p99Us: 3e6,  p999Us: 3e6 },
  { protocol: 'resp',      name: 'shutdown', calls: 0,         callsPerSec: 0,      errors: 1,  meanUs: null, p50Us: null, p99Us: null, p999Us: null },
];

export function stateMake(change: Partial<ConsoleState> = {}): ConsoleState {
  return {
    sequence: 7,
    spanSec: 1,
    latencySpanSec: 10,
    server: {
      version: '0.1.0',
      node: '24.21.0',
      host: 'cache-a',
      pid: 4711,
      uptimeSec: 273_900,
      logLevel: 'info',
      connectionLimit: 1024,
      connectionsRefused: 0,
      memoryLimitBytes: 2 ** 30,
      evicts: true,
      pagesFree: 380,
      pageBytes: 2 ** 20,
      threadRestarts: 0,
      authFailures: 2,
      configVersion: null,
    },
    series: seriesMake(0),
    commands: COMMANDS,
    types: [
      { name: 'string', items: 1_200_000, bytes: 580 * 2 ** 20 },
      { name: 'list', items: 0, bytes: 0 },
      { name: 'zset', items: 34_567, bytes: 32.3 * 2 ** 20 },
    ],
    // biome-ignore format: a table reads in columns
    classes: [
      { id: 3,  chunkBytes: 152,       pages: 40,  chunks: 275_000, chunksUsed: 270_000, items: 270_000, itemBytes: 40e6,  hitsPerSec: 90_000, setsPerSec: 9000, evictionsPerSec: 0 },
      { id: 12, chunkBytes: 1184,      pages: 560, chunks: 495_000, chunksUsed: 400_000, items: 400_000, itemBytes: 430e6, hitsPerSec: 8000,   setsPerSec: 1300, evictionsPerSec: 40 },
      { id: 39, chunkBytes: 512 * 1024, pages: 4,  chunks: 8,       chunksUsed: 0,       items: 0,       itemBytes: 0,     hitsPerSec: 0,      setsPerSec: 0,    evictionsPerSec: 0 },
    ],
    // biome-ignore format: a table reads in columns
    partitions: [
      { id: 0, items: 400_000, pages: 200, pageLimit: 340, operationsPerSec: 20_000, lockMeetingsPerSec: 4,  lockSleepsPerSec: 0, evictionsPerSec: 0 },
      { id: 1, items: 434_567, pages: 204, pageLimit: 340, operationsPerSec: 71_000, lockMeetingsPerSec: 80, lockSleepsPerSec: 9, evictionsPerSec: 40 },
      { id: 2, items: 400_000, pages: 200, pageLimit: 340, operationsPerSec: 0,      lockMeetingsPerSec: 0,  lockSleepsPerSec: 0, evictionsPerSec: 0 },
    ],
    // biome-ignore format: a table reads in columns
    threads: [
      { name: 'data 0', utilization: 0.482, cores: 0.47, commandsPerSec: 54_000, connections: 61, heapBytes: 9e6, latePerSec: 0 },
      { name: 'data 1', utilization: 0.91,  cores: 0.9,  commandsPerSec: 57_140, connections: 62, heapBytes: 9e6, latePerSec: 2 },
    ],
    databases: [{ name: 'db0', keys: 1_234_567, expiring: 1_000_000 }],
    ...change,
  };
}

// biome-ignore format: a table reads in columns
const CONNECTIONS: readonly ConsoleConnection[] = [
  { connection: 12, protocol: 'resp',      address: 'tcp:10.0.0.9:50000', listener: ':6379',  thread: 'data 1', idleSec: 0,    ageSec: 93_600, name: 'worker', user: 'default', database: 0,    lastCommand: 'get',  phase: 'idle',    bufferBytes: 16_384 },
  { connection: 4,  protocol: 'memcached', address: 'tcp:10.0.0.8:41234', listener: ':11211', thread: 'data 0', idleSec: 65,   ageSec: null,   name: null,     user: null,      database: null, lastCommand: null,   phase: 'reading', bufferBytes: null },
  { connection: 7,  protocol: 'resp',      address: 'tcp:10.0.0.9:50002', listener: ':6379',  thread: 'data 0', idleSec: 7300, ageSec: 7300,   name: '\x1b[2J', user: 'ops',    database: 3,    lastCommand: 'blpop', phase: 'blocked', bufferBytes: 512 },
];

const SLOW_LOG: ConsoleSlowLog = {
  thresholdUs: 10_000,
  // biome-ignore format: a table reads in columns
  entries: [
    { id: 2, atMs: NOW_MS - 5000,   us: 2_100_000, words: ['keys', '*'],                    address: '10.0.0.9:50000', name: 'worker' },
    { id: 1, atMs: NOW_MS - 61_000, us: 12_345,    words: ['zadd', 'böard', '1', '字'.repeat(40)], address: '10.0.0.9:50002', name: '' },
  ],
};

const HOT_KEYS: ConsoleHotKeys = {
  isRunning: false,
  seconds: 5,
  samples: 5120,
  operations: 512_000,
  // biome-ignore format: a table reads in columns
  keys: [
    { database: 0, key: 'session:42',  count: 2100, countError: 0,  share: 0.41 },
    { database: 0, key: 'front\\x00page', count: 300, countError: 12, share: 0.058 },
  ],
};

/** A minute of looks, each second. */
const PAST = Array.from({ length: 60 }, (_, at) => seriesMake(59 - at));

export const TOLD: Told = {
  state: stateMake(),
  past: PAST,
  connections: { total: 123, isCut: true, connections: CONNECTIONS },
  slowLog: SLOW_LOG,
  hotKeys: HOT_KEYS,
  answeredAtMs: NOW_MS,
  problem: null,
};

export function modelTold(change: Partial<TopModel> = {}): TopModel {
  return { ...modelMake(1, 'commands'), told: TOLD, nowMs: NOW_MS, ...change };
}
