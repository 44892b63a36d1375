/**
 * LCS: the longest common subsequence of two strings, with the table of dynamic programming: entry (i, j)
 * is its length for the first i bytes of one and the first j of the other.
 *
 * Source: Valkey src/t_string.c lcsCommand, which of several subsequences of the same length it answers.
 */
import { itemRead } from '../../../engine/types/string.ts';
import { itemValueCopy } from '../../../memory/chain.ts';
import { ITEM_TYPE, itemType, itemValueBytes } from '../../../memory/item.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respBuffer,
  respInteger,
  respMap,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { keyMissed } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';

const TWO_KEYS: readonly KeySpec[] = [{ use: 'RO access', from: 1, to: 1 }];
const OPTIONS = '[LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]';

// biome-ignore format: a table reads in columns
export const STRING_SUBSEQUENCE_ROWS: readonly RespRow[] = [
  { name: 'lcs', arity: -3, flags: FLAG.READONLY, keys: TWO_KEYS, group: 'string', since: '7.0.0', complexity: 'O(N*M), N and M the bytes of the two', syntax: `key1 key2 ${OPTIONS}`, doc: 'The longest common subsequence of two strings.', run: lcs },
];

/** What Redis would need for an entry of the table: by that the limit is counted. */
const ENTRY_BYTES = 4;
const EMPTY = Buffer.alloc(0);

type Options = {
  asLength: boolean;
  asRanges: boolean;
  matchBytesMin: number;
  withMatchBytes: boolean;
};

/** A run of bytes that both strings have, by its first and last byte in either. */
type Match = { aFirst: number; aLast: number; bFirst: number; bLast: number };

function lcs(call: RespCall): void {
  const { reply, config } = call;
  const a = valueOrEmpty(call, 1);
  const b = a === null ? null : valueOrEmpty(call, 2);
  if (a === null || b === null) {
    answerError(call, 'ERR The specified keys must contain string values');
    return;
  }
  const options = optionsTake(call);
  if (options === null) return;
  if ((a.length + 1) * (b.length + 1) * ENTRY_BYTES > config.hot.protoMaxBulkLen) {
    const what = 'transient memory for LCS exceeds proto-max-bulk-len';
    answerError(call, `ERR Insufficient memory, ${what}`);
    return;
  }
  const table = tableMake(a, b);
  const length = table[table.length - 1];
  if (options.asLength) {
    respInteger(reply, length);
    return;
  }
  const result = Buffer.alloc(length);
  const matches = tableWalk(table, a, b, result);
  if (options.asRanges) matchesAnswer(reply, matches, length, options);
  else respBuffer(reply, result);
}

/** A copy of the string under argument `index`; nothing if there is none; null if it is no string. */
function valueOrEmpty(call: RespCall, index: number): Buffer | null {
  const p = keyTake(call, index);
  const ref = itemRead(p, call.op);
  if (ref === 0) {
    keyMissed(call, index);
    return EMPTY;
  }
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return null;
  const value = Buffer.allocUnsafe(itemValueBytes(p, ref));
  itemValueCopy(p, ref, value, 0);
  return value;
}

function optionsTake(call: RespCall): Options | null {
  const { args } = call;
  const options = { asLength: false, asRanges: false, matchBytesMin: 0, withMatchBytes: false };
  for (let index = 3; index < args.count; index++) {
    if (argumentIs(args, index, 'idx')) {
      options.asRanges = true;
    } else if (argumentIs(args, index, 'len')) {
      options.asLength = true;
    } else if (argumentIs(args, index, 'withmatchlen')) {
      options.withMatchBytes = true;
    } else if (argumentIs(args, index, 'minmatchlen') && index + 1 < args.count) {
      options.matchBytesMin = integerArgument(call, ++index);
      if (Number.isNaN(options.matchBytesMin)) return null;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return null;
    }
  }
  if (!options.asLength || !options.asRanges) return options;
  answerError(call, 'ERR If you want both the length and indexes, please just use IDX.');
  return null;
}

/** The table, row by row: one row more than a has bytes, one column more than b has. */
function tableMake(a: Buffer, b: Buffer): Uint16Array | Uint32Array {
  const columns = b.length + 1;
  const entries = (a.length + 1) * columns;
  // No entry exceeds the shorter one's length.
  const isShort = Math.min(a.length, b.length) < 65536;
  const table = isShort ? new Uint16Array(entries) : new Uint32Array(entries);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * columns;
    for (let j = 1; j <= b.length; j++) {
      const above = table[row + j - columns];
      const before = table[row + j - 1];
      if (byte === b[j - 1]) table[row + j] = table[row + j - columns - 1] + 1;
      else table[row + j] = above > before ? above : before;
    }
  }
  return table;
}

/** Goes back from the table's end: writes the subsequence, and returns its runs, the last one first. */
function tableWalk(
  table: Uint16Array | Uint32Array,
  a: Buffer,
  b: Buffer,
  result: Buffer,
): Match[] {
  const columns = b.length + 1;
  const matches: Match[] = [];
  let open: Match | null = null;
  let left = result.length;
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      result[--left] = a[i];
      if (open !== null && open.aFirst === i + 1 && open.bFirst === j + 1) {
        open.aFirst = i;
        open.bFirst = j;
      } else {
        open = { aFirst: i, aLast: i, bFirst: j, bLast: j };
        matches.push(open);
      }
    } else if (table[(i - 1) * columns + j] > table[i * columns + j - 1]) {
      i--;
    } else {
      j--;
    }
  }
  return matches;
}

function matchesAnswer(
  reply: Reply,
  matches: readonly Match[],
  length: number,
  { matchBytesMin, withMatchBytes }: Options,
): void {
  const told = matches.filter(({ aFirst, aLast }) => aLast - aFirst + 1 >= matchBytesMin);
  respMap(reply, 2);
  respText(reply, 'matches');
  respArray(reply, told.length);
  for (const { aFirst, aLast, bFirst, bLast } of told) {
    respArray(reply, withMatchBytes ? 3 : 2);
    rangeAnswer(reply, aFirst, aLast);
    rangeAnswer(reply, bFirst, bLast);
    if (withMatchBytes) respInteger(reply, aLast - aFirst + 1);
  }
  respText(reply, 'len');
  respInteger(reply, length);
}

function rangeAnswer(reply: Reply, first: number, last: number): void {
  respArray(reply, 2);
  respInteger(reply, first);
  respInteger(reply, last);
}
