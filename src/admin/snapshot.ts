/**
 * What the shared memory says of the server at one moment: the numbers that the metrics pages are made of.
 *
 * Guard: none is taken. Each number is one word with one writer, or is written under a lock that is not
 * waited for here; so numbers may be a moment apart, and none is torn.
 */
import { DATABASE_COUNT } from '../base/key.ts';
import type { CommandList } from '../commands/command-list.ts';
import { databaseOf } from '../engine/database.ts';
import { type Keyspace, keyspaceExpiringCount, keyspaceKeyCount } from '../engine/keyspace.ts';
import { type MemoryUse, memoryUse } from '../engine/memory-use.ts';
import { CLASS_TOTAL, classTotalsAdd } from '../memory/class-totals.ts';
import { CLIENT, CLIENT_FLAG, clientBytes, clientIsShown } from '../memory/client-records.ts';
import { connectionsWalk } from '../memory/connections.ts';
import {
  COMMANDS_FIRST,
  CONTROL_F64,
  COUNTER,
  counterBlock,
  counterSum,
} from '../memory/control.ts';
import { CLASS, classRecord, HEADER, HEADER_F64, type Partition } from '../memory/partition.ts';
import { RESP_COUNTER, respCounterSum, respStatsBlock } from '../memory/resp-stats.ts';

/** A slab class, over all partitions. */
export type ClassNumbers = {
  readonly id: number;
  readonly chunkBytes: number;
  readonly chunksPerPage: number;
  /** As CLASS. */
  readonly sums: Float64Array;
  /** … of its totals: by CLASS_TOTAL. */
  readonly totals: Float64Array;
};

export type DatabaseNumbers = {
  readonly name: string;
  readonly keys: number;
  readonly expiring: number;
};

/** Clients of each protocol, and what those of RESP are doing. */
export type ClientNumbers = {
  readonly memcached: number;
  readonly resp: number;
  readonly blocked: number;
  readonly pubsub: number;
  readonly watching: number;
  readonly tracking: number;
  readonly watchedKeys: number;
  readonly inputBytesMax: number;
  readonly outputBytesMax: number;
  readonly bytes: number;
};

/** Words of the header that are gone through one by one. */
const TOTAL_WORDS = HEADER_F64.removals;

export class Snapshot {
  readonly keyspace: Keyspace;
  readonly threadCount: number;
  readonly commands: CommandList;
  readonly atMs: number;
  readonly classes: readonly ClassNumbers[];
  /** Sums over the partitions, as HEADER_F64. */
  readonly totals: Float64Array;
  readonly memory: MemoryUse;
  readonly clients: ClientNumbers;
  readonly databases: readonly DatabaseNumbers[];
  readonly pagesFree: number;
  readonly graves: number;

  constructor(keyspace: Keyspace, threadCount: number, commands: CommandList) {
    const { partitions, control } = keyspace;
    this.keyspace = keyspace;
    this.threadCount = threadCount;
    this.commands = commands;
    this.atMs = Date.now() + control.f64[CONTROL_F64.clockOffsetMs];
    this.classes = classesOf(partitions);
    this.totals = new Float64Array(TOTAL_WORDS);
    for (const { f64 } of partitions) {
      for (let word = HEADER_F64.itemTotal; word < TOTAL_WORDS; word++) {
        this.totals[word] += f64[word];
      }
    }
    this.memory = memoryUse(keyspace);
    this.clients = clientsOf(keyspace);
    this.databases = databasesOf(keyspace);
    this.pagesFree = partitions.reduce((sum, { i32 }) => sum + i32[HEADER.pageFreeCount], 0);
    this.graves = partitions.reduce((sum, { i32 }) => sum + i32[HEADER.graveyardCount], 0);
  }

  get uptimeSec(): number {
    return (this.atMs - this.keyspace.control.f64[CONTROL_F64.startedAtMs]) / 1000;
  }

  /** A word of the control block. */
  word(index: number): number {
    return Atomics.load(this.keyspace.control.i32, index) >>> 0;
  }

  /** One of COUNTER, over all threads. */
  counter(counter: number): number {
    return counterSum(this.keyspace.control, counter);
  }

  /** One of RESP_COUNTER, over all threads. */
  resp(counter: number): number {
    return respCounterSum(this.keyspace.respStats, counter);
  }

  /** One of CLASS_TOTAL, over all classes. */
  classTotal(total: number): number {
    return this.classes.reduce((sum, { totals }) => sum + totals[total], 0);
  }

  /** How often a memcached command was run, by its number. */
  commandCount(number: number): number {
    return this.counter(COMMANDS_FIRST + number);
  }

  /** Commands of memcached and of RESP that a thread has run since it was started. */
  threadCommands(thread: number): number {
    const { control, respStats } = this.keyspace;
    const first = counterBlock(thread) + COMMANDS_FIRST;
    let sum = respStats.f64[respStatsBlock(thread) + RESP_COUNTER.commands];
    for (let number = 0; number < this.commands.memcached.length; number++)
      sum += control.f64[first + number];
    return sum;
  }

  /** Lookups of memcached's that found their key. Both counts they are made of are of 53 bits. */
  get getHits(): number {
    return this.counter(COUNTER.getCommands) - this.counter(COUNTER.getMisses);
  }
}

function classesOf(partitions: readonly Partition[]): readonly ClassNumbers[] {
  const { classes } = partitions[0];
  return Array.from({ length: classes.count - 1 }, (_, at) => {
    const id = at + 1;
    const sums = new Float64Array(CLASS.words);
    const totals = new Float64Array(CLASS_TOTAL.words);
    for (const p of partitions) {
      const record = classRecord(id);
      for (let word = 0; word < CLASS.words; word++) sums[word] += p.i32[record + word] >>> 0;
      classTotalsAdd(p, id, totals);
    }
    const { chunkBytes, chunksPerPage } = classes;
    return { id, chunkBytes: chunkBytes[id], chunksPerPage: chunksPerPage[id], sums, totals };
  });
}

function clientsOf({ control }: Keyspace): ClientNumbers {
  const { i32 } = control;
  let [memcached, resp, blocked, pubsub, watching, tracking] = [0, 0, 0, 0, 0, 0];
  let [watchedKeys, inputBytesMax, outputBytesMax, bytes] = [0, 0, 0, 0];
  connectionsWalk(control, (record) => {
    if (!clientIsShown(control, record)) {
      memcached++;
      return;
    }
    const flags = i32[record + CLIENT.flags];
    resp++;
    if (flags & (CLIENT_FLAG.BLOCKED | CLIENT_FLAG.PAUSED)) blocked++;
    if (flags & CLIENT_FLAG.PUBSUB) pubsub++;
    if (flags & CLIENT_FLAG.TRACKING) tracking++;
    if (i32[record + CLIENT.watched] > 0) watching++;
    watchedKeys += i32[record + CLIENT.watched];
    inputBytesMax = Math.max(inputBytesMax, i32[record + CLIENT.queryBytes]);
    outputBytesMax = Math.max(outputBytesMax, i32[record + CLIENT.outputBytes]);
    bytes += clientBytes(control, record);
  });
  return {
    memcached,
    resp,
    blocked,
    pubsub,
    watching,
    tracking,
    watchedKeys,
    inputBytesMax,
    outputBytesMax,
    bytes,
  };
}

function databasesOf(keyspace: Keyspace): readonly DatabaseNumbers[] {
  return Array.from({ length: DATABASE_COUNT }, (_, called) => {
    const database = databaseOf(keyspace.control, called);
    return {
      name: `db${called}`,
      keys: keyspaceKeyCount(keyspace, database),
      expiring: keyspaceExpiringCount(keyspace, database),
    };
  });
}
