/**
 * stats detail: how often keys were asked for, stored and deleted, by the prefix before the delimiter
 * (-D). While it is off, commands look at one flag of the call and no more.
 * Spec: memcached/memcached doc/protocol.txt, "Statistics"; stats_prefix.c.
 */
import { keyFill } from '../../base/key.ts';
import {
  PREFIX_COUNT,
  prefixCount,
  prefixCountOf,
  prefixesCountedSet,
  prefixesWalk,
  prefixRecord,
  prefixText,
} from '../../memory/prefix-table.ts';
import { lineWord } from '../../protocol/memcached/line.ts';
import { REPLY } from '../../protocol/memcached/replies.ts';
import { replyText } from '../../protocol/reply.ts';
import { answer, type Call } from './call.ts';
import type { StatRow } from './stats.ts';

/** stats detail on|off|dump */
export function statsDetail(call: Call): void {
  const word = lineWord(call.line, call.input, 2);
  if (!call.server.config.dumpEnabled) {
    answer(call, REPLY.detailRefused);
  } else if (detailSwitch(call, word)) {
    answer(call, REPLY.ok);
  } else if (word === 'dump') {
    replyText(call.reply, detailText(call));
  } else {
    answer(call, REPLY.detailUsage);
  }
}

/** Turns the counting `on` or `off`; false for another word, or when it is not allowed. */
export function detailSwitch(call: Call, word: string): boolean {
  if (!call.server.config.dumpEnabled || (word !== 'on' && word !== 'off')) return false;
  call.countsPrefixes = word === 'on';
  prefixesCountedSet(call.keyspace.control, call.countsPrefixes);
  return true;
}

/** The dump as the binary protocol has it: one row; null when it is not allowed. */
export function detailDumpRows(call: Call): readonly StatRow[] | null {
  return call.server.config.dumpEnabled ? [['detailed', detailText(call)]] : null;
}

/** Counts a lookup of the key at input[keyStart, …). */
export function detailGet(call: Call, keyStart: number, keyBytes: number, isHit: boolean): void {
  const record = recordOfKey(call, keyStart, keyBytes);
  if (record < 0) return;
  const { control } = call.keyspace;
  prefixCount(control, record, PREFIX_COUNT.gets);
  if (isHit) prefixCount(control, record, PREFIX_COUNT.hits);
}

/** Counts a store to the key, whatever comes of it. */
export function detailSet(call: Call, keyStart: number, keyBytes: number): void {
  const record = recordOfKey(call, keyStart, keyBytes);
  if (record >= 0) prefixCount(call.keyspace.control, record, PREFIX_COUNT.sets);
}

/** Counts a delete of the key, whether it is there or not. */
export function detailDelete(call: Call, keyStart: number, keyBytes: number): void {
  const record = recordOfKey(call, keyStart, keyBytes);
  if (record >= 0) prefixCount(call.keyspace.control, record, PREFIX_COUNT.deletes);
}

/** The record of the key's prefix; -1 when it has none, or the table is full. */
function recordOfKey(call: Call, keyStart: number, keyBytes: number): number {
  const { input, prefix } = call;
  const prefixEnd = input.indexOf(call.prefixDelimiter, keyStart);
  if (prefixEnd < 0 || prefixEnd >= keyStart + keyBytes) return -1;
  keyFill(prefix, input, keyStart, prefixEnd - keyStart);
  return prefixRecord(call.keyspace.control, prefix);
}

function detailText(call: Call): string {
  const { control } = call.keyspace;
  const counts = [PREFIX_COUNT.gets, PREFIX_COUNT.hits, PREFIX_COUNT.sets, PREFIX_COUNT.deletes];
  const sums = new Map<string, number[]>();
  prefixesWalk(control, (record) => {
    const prefix = prefixText(control, record);
    const sum = sums.get(prefix) ?? counts.map(() => 0);
    sums.set(
      prefix,
      counts.map((count, at) => sum[at] + prefixCountOf(control, record, count)),
    );
  });
  const lines = [...sums].map(
    ([prefix, [gets, hits, sets, deletes]]) =>
      `PREFIX ${prefix} get ${gets} hit ${hits} set ${sets} del ${deletes}\r\n`,
  );
  return `${lines.join('')}END\r\n`;
}
