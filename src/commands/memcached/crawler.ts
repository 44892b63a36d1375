/**
 * lru_crawler: the search for dead items (engine/expiry.ts, crawl.ts), and the lists of all keys.
 * Spec: memcached/memcached doc/protocol.txt, "LRU_Crawler".
 */
import { decimalParse } from '../../base/decimal.ts';
import { crawlRequest } from '../../engine/crawl.ts';
import { CONTROL } from '../../memory/control.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { answer, type Call } from './call.ts';
import { DUMP, type DumpForm, dumpStart } from './key-dump.ts';
import type { TextRow } from './row.ts';

const UINT32_MAX = 2 ** 32 - 1;
const SLEEP_US_MAX = 1_000_000;

// biome-ignore format: a table reads in columns
export const CRAWLER_ROWS: readonly TextRow[] = [
  { name: 'lru_crawler', wordsMin: 1, run: crawler, streams: false, doc: 'enable|disable: the search for expired items in the background. crawl CLASSES|all: search now. sleep MICROSECONDS, tocrawl COUNT: how long such a search rests after a thousand items, and how many of a class it looks at. metadump|mgdump CLASSES|all|hash: lists all keys.' },
];

function crawler(call: Call): number {
  const { line, input } = call;
  const word = lineWord(line, input, 1);
  if (line.count === 2 && (word === 'enable' || word === 'disable')) {
    answer(call, sweepSet(call, word === 'enable'));
  } else if (line.count !== 3) {
    answer(call, REPLY.error);
  } else if (word === 'crawl') {
    answer(call, crawl(call));
  } else if (word === 'metadump') {
    return dump(call, DUMP.META);
  } else if (word === 'mgdump') {
    return dump(call, DUMP.MG);
  } else if (word === 'sleep' || word === 'tocrawl') {
    answer(call, tune(call, word));
  } else {
    answer(call, REPLY.error);
  }
  return line.next;
}

function sweepIsOn(call: Call): boolean {
  return Atomics.load(call.keyspace.control.i32, CONTROL.sweepIsOn) !== 0;
}

/** Enabling it twice is an error to memcached, disabling it twice is not. */
function sweepSet(call: Call, isOn: boolean): Uint8Array {
  const wasOn = Atomics.exchange(call.keyspace.control.i32, CONTROL.sweepIsOn, isOn ? 1 : 0) !== 0;
  return isOn && wasOn ? REPLY.crawlerIsOn : REPLY.ok;
}

function tune(call: Call, what: 'sleep' | 'tocrawl'): Uint8Array {
  const { line, input } = call;
  const { i32 } = call.keyspace.control;
  const value = decimalParse(input, line.start[2], line.end[2]);
  if (!(value <= UINT32_MAX)) return REPLY.badFormat;
  if (what === 'sleep' && value > SLEEP_US_MAX) return REPLY.crawlerSleepTooLong;
  Atomics.store(i32, what === 'sleep' ? CONTROL.crawlSleepUs : CONTROL.crawlItemCountMax, value);
  return REPLY.ok;
}

function crawl(call: Call): Uint8Array {
  if (!sweepIsOn(call)) return REPLY.crawlerOff;
  const word = lineWord(call.line, call.input, 2);
  if (word === 'hash') return REPLY.crawlerUnknown;
  const classIds = classesParse(call, word);
  if (classIds === null) return REPLY.crawlerBadClass;
  if (classIds.size === 0) return REPLY.crawlerNothing;
  return crawlRequest(call.keyspace.control, classIds) ? REPLY.ok : REPLY.crawlerBusy;
}

function dump(call: Call, form: DumpForm): number {
  const { line, server } = call;
  const word = lineWord(line, call.input, 2);
  const classIds = word === 'hash' ? classesAll(call) : classesParse(call, word);
  if (!sweepIsOn(call)) answer(call, REPLY.crawlerOff);
  else if (!server.config.dumpEnabled) answer(call, form.refused);
  else if (!call.session.holder.isStream) answer(call, form.refused);
  else if (call.reply.used > 0) answer(call, form.pipelined);
  else if (classIds === null) answer(call, REPLY.crawlerBadClass);
  else if (classIds.size === 0) answer(call, REPLY.crawlerNothing);
  else dumpStart(call, form, classIds);
  return line.next;
}

function classesAll(call: Call): Set<number> {
  const { count } = call.keyspace.partitions[0].classes;
  return new Set(Array.from({ length: count - 1 }, (_, index) => index + 1));
}

/** `all`, or ids of slab classes set apart by commas; null if one of them is none. */
function classesParse(call: Call, word: string): Set<number> | null {
  if (word === 'all') return classesAll(call);
  const all = classesAll(call);
  const ids = word.split(',').filter((id) => id !== '');
  const isClass = (id: string): boolean => /^\d+$/.test(id) && all.has(Number(id));
  return ids.every(isClass) ? new Set(ids.map(Number)) : null;
}
