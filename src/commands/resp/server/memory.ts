/** MEMORY: where memory goes. */
import { DATABASE_COUNT } from '../../../base/key.ts';
import { databaseOf } from '../../../engine/database.ts';
import { keyspaceKeyCount } from '../../../engine/keyspace.ts';
import { itemMemory, memoryUse } from '../../../engine/memory-use.ts';
import { itemSeek } from '../../../engine/types/string.ts';
import { RESP_RATE } from '../../../memory/resp-stats.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respDoubleText,
  respInteger,
  respMap,
  respNull,
  respOk,
  respText,
  respVerbatim,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { clientsBytesOf } from './info-memory.ts';
import { bytesText } from './info-row.ts';

const { READONLY } = FLAG;
const O1 = 'O(1)';
const USAGE_KEY: readonly KeySpec[] = [{ use: 'RO', from: 2 }];

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'doctor',       arity:  2, flags: 0,        since: '4.0.0', complexity: O1, syntax: '', doc: 'Return a report about memory.', run: memoryDoctor },
  { name: 'malloc-stats', arity:  2, flags: 0,        since: '4.0.0', complexity: O1, syntax: '', doc: 'Return how the pages of memory are used.', run: memoryMallocStats },
  { name: 'purge',        arity:  2, flags: 0,        since: '4.0.0', complexity: O1, syntax: '', doc: 'Ask for memory to be given back. There is nothing to be done: pages are given back as they become free.', run: memoryPurge },
  { name: 'stats',        arity:  2, flags: 0,        since: '4.0.0', complexity: O1, syntax: '', doc: 'Return how much memory is used for what.', run: memoryStats },
  { name: 'usage',        arity: -3, flags: READONLY, keys: USAGE_KEY, since: '4.0.0', complexity: O1, syntax: '<key> [SAMPLES <count>]', doc: 'Return the bytes that a key and its value take. They are counted, so nothing is sampled.', run: memoryUsage },
];

export const MEMORY_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'memory',
      group: 'server',
      since: '4.0.0',
      doc: 'Commands on memory.',
      helpSince: '4.0.0',
    },
    SUBCOMMANDS,
  ),
];

function memoryUsage(call: RespCall): void {
  const { args, op, reply } = call;
  for (let at = 3; at < args.count; at += 2) {
    if (!argumentIs(args, at, 'samples') || at + 1 >= args.count) {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
    const samples = integerArgument(call, at + 1);
    if (Number.isNaN(samples)) return;
    if (samples < 0) {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
  }
  const p = keyTake(call, 2);
  const ref = itemSeek(p, op);
  if (ref === 0) respNull(reply);
  else respInteger(reply, itemMemory(p, ref));
}

function memoryPurge({ reply }: RespCall): void {
  respOk(reply);
}

/** What the doctor looks at. */
function memoryFacts(call: RespCall) {
  const { keyspace } = call;
  const { f64 } = keyspace.respStats;
  const { usedBytes, indexBytes, pageBytes } = memoryUse(keyspace);
  const startBytes = f64[RESP_RATE.memoryStartBytes];
  const peakBytes = Math.max(f64[RESP_RATE.memoryPeakBytes], usedBytes);
  let keyCount = 0;
  for (let database = 0; database < DATABASE_COUNT; database++) {
    keyCount += keyspaceKeyCount(keyspace, database);
  }
  const clientsBytes = clientsBytesOf(call);
  return { usedBytes, indexBytes, pageBytes, startBytes, peakBytes, keyCount, clientsBytes };
}

function memoryStats(call: RespCall): void {
  const { keyspace, reply } = call;
  const facts = memoryFacts(call);
  const residentBytes = process.memoryUsage.rss();
  const netBytes = Math.max(1, facts.usedBytes - facts.startBytes);
  const datasetBytes = Math.max(0, facts.usedBytes - facts.indexBytes);
  const databases: number[] = [];
  for (let called = 0; called < DATABASE_COUNT; called++) {
    if (keyspaceKeyCount(keyspace, databaseOf(keyspace.control, called)) > 0)
      databases.push(called);
  }
  const before: readonly (readonly [string, number])[] = [
    ['peak.allocated', facts.peakBytes],
    ['total.allocated', facts.usedBytes],
    ['startup.allocated', facts.startBytes],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', facts.clientsBytes],
    ['cluster.links', 0],
    ['aof.buffer', 0],
    ['lua.caches', call.scripts.cache.bytes],
    ['functions.caches', call.functions.registry.bytes],
  ];
  const behind: readonly (readonly [string, number | string])[] = [
    ['overhead.total', facts.indexBytes + facts.clientsBytes],
    ['keys.count', facts.keyCount],
    ['keys.bytes-per-key', facts.keyCount === 0 ? 0 : Math.floor(netBytes / facts.keyCount)],
    ['dataset.bytes', datasetBytes],
    ['dataset.percentage', shareText(datasetBytes, netBytes)],
    ['peak.percentage', shareText(facts.usedBytes, facts.peakBytes)],
    ['allocator.allocated', facts.usedBytes],
    ['allocator.active', facts.pageBytes],
    ['allocator.resident', residentBytes],
    ['allocator-fragmentation.ratio', `${facts.pageBytes / facts.usedBytes}`],
    ['allocator-fragmentation.bytes', facts.pageBytes - facts.usedBytes],
    ['allocator-rss.ratio', `${residentBytes / facts.pageBytes}`],
    ['allocator-rss.bytes', residentBytes - facts.pageBytes],
    ['rss-overhead.ratio', '1'],
    ['rss-overhead.bytes', 0],
    ['fragmentation', `${residentBytes / facts.usedBytes}`],
    ['fragmentation.bytes', residentBytes - facts.usedBytes],
  ];
  respMap(reply, before.length + databases.length + behind.length);
  for (const [name, value] of before) statWrite(call, name, value);
  for (const called of databases) {
    respText(reply, `db.${called}`);
    respMap(reply, 2);
    statWrite(call, 'overhead.hashtable.main', 0);
    statWrite(call, 'overhead.hashtable.expires', 0);
  }
  for (const [name, value] of behind) statWrite(call, name, value);
}

function shareText(part: number, whole: number): string {
  return `${whole === 0 ? 0 : (part / whole) * 100}`;
}

function statWrite({ reply }: RespCall, name: string, value: number | string): void {
  respText(reply, name);
  if (typeof value === 'string') respDoubleText(reply, value);
  else respInteger(reply, value);
}

/** Below this there is nothing to be found. */
const DOCTOR_BYTES_MIN = 5 * 2 ** 20;

function memoryDoctor(call: RespCall): void {
  const { usedBytes, pageBytes, peakBytes, clientsBytes } = memoryFacts(call);
  const lines: string[] = [];
  if (usedBytes < DOCTOR_BYTES_MIN) {
    lines.push('There is next to nothing in memory, so there is nothing to say of it.');
  } else {
    if (peakBytes > usedBytes * 1.5) {
      const peak = bytesText(peakBytes);
      lines.push(
        `- ${peak} were in use once, and ${bytesText(usedBytes)} are now. The process keeps what it had, and uses it again.`,
      );
    }
    if (pageBytes > usedBytes * 1.4) {
      lines.push(
        `- ${bytesText(pageBytes - usedBytes)} are free in pages of which a part is used. New keys of similar sizes fill them.`,
      );
    }
    if (clientsBytes > usedBytes * 0.2) {
      lines.push(
        `- Clients leave ${bytesText(clientsBytes)} unread, or send long requests: see CLIENT LIST, omem and qbuf.`,
      );
    }
    if (lines.length === 0) lines.push('Memory is as it should be.');
  }
  respVerbatim(call.reply, 'txt', `${lines.join('\n')}\n`);
}

function memoryMallocStats(call: RespCall): void {
  const { usedBytes, indexBytes, pageBytes } = memoryUse(call.keyspace);
  const rows: readonly (readonly [string, number])[] = [
    ['partitions', call.keyspace.partitions.length],
    ['page bytes in use', pageBytes],
    ['chunk bytes in use', usedBytes - indexBytes],
    ['index bytes', indexBytes],
  ];
  const text = rows.map(([name, value]) => `${name}: ${value}\n`).join('');
  respVerbatim(call.reply, 'txt', text);
}
