/**
 * SSCAN, HSCAN and ZSCAN: some of the entries of a set, hash or sorted set, and where to go on.
 *
 * The cursor is how many slots of the roster are still to come: a scan goes down from the last one
 * (engine/collection/roster.ts says why). A packed collection is answered at once.
 */

import { globMatches } from '../../../base/glob.ts';
import {
  collectionIsPacked,
  Entry,
  EntryWalk,
  entryAt,
  entryScore,
  walkNext,
  walkStart,
} from '../../../engine/collection/entry.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { setRead } from '../../../engine/types/set.ts';
import { zsetRead } from '../../../engine/types/zset.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { ITEM_TYPE, itemType } from '../../../memory/item.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBulk, respDefer, respDoubleBulk, respInsert } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';
import { hashToRead, respEntryValue } from '../types/hash.ts';

const { READONLY } = FLAG;
const O_SCAN = 'O(1) for a call, O(N) for all';

// biome-ignore format: a table reads in columns
export const ENTRY_SCAN_ROWS: readonly RespRow[] = [
  { name: 'sscan', arity: -3, flags: READONLY, keys: READ_KEY, group: 'set',  since: '2.8.0', complexity: O_SCAN, syntax: 'key cursor [MATCH pattern] [COUNT count]',            doc: 'Some members of a set, and where to go on.', run: sscan },
  { name: 'hscan', arity: -3, flags: READONLY, keys: READ_KEY, group: 'hash', since: '2.8.0', complexity: O_SCAN, syntax: 'key cursor [MATCH pattern] [COUNT count] [NOVALUES]', doc: 'Some fields of a hash, and where to go on.', run: hscan },
  { name: 'zscan', arity: -3, flags: READONLY, keys: READ_KEY, group: 'sorted-set', since: '2.8.0', complexity: O_SCAN, syntax: 'key cursor [MATCH pattern] [COUNT count] [NOSCORES]', doc: 'Some members of a sorted set, and where to go on.', run: zscan },
];

const COUNT_DEFAULT = 10;
const CURSOR = /^\d{1,20}$/;
const UINT64_END = 2n ** 64n;

/** What a scan of a collection is asked for. */
export class ScanTerms {
  /** The argument that is the pattern; 0: any name. */
  pattern = 0;
  count = COUNT_DEFAULT;
  hasValues = true;
}

const terms = new ScanTerms();
const entry = new Entry(Buffer.alloc(0));
const walk = new EntryWalk();

function sscan(call: RespCall): void {
  const cursor = cursorTake(call);
  if (cursor < 0) return;
  const ref = setRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  else if (ref === 0 || scanTermsTake(call, terms, ITEM_TYPE.SET)) entriesScan(call, ref, cursor);
}

function hscan(call: RespCall): void {
  const cursor = cursorTake(call);
  if (cursor < 0) return;
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  if (ref === 0 || scanTermsTake(call, terms, ITEM_TYPE.HASH)) entriesScan(call, ref, cursor);
}

function zscan(call: RespCall): void {
  const cursor = cursorTake(call);
  if (cursor < 0) return;
  const ref = zsetRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  else if (ref === 0 || scanTermsTake(call, terms, ITEM_TYPE.ZSET)) entriesScan(call, ref, cursor);
}

/** The cursor; -1 if it is none, which was answered. */
export function cursorTake(call: RespCall): number {
  const text = argumentText(call.args, 2);
  if (CURSOR.test(text) && BigInt(text) < UINT64_END) return Number(text);
  answerError(call, 'ERR invalid cursor');
  return -1;
}

/** Reads the options. False: something is wrong, which was answered. */
export function scanTermsTake(call: RespCall, into: ScanTerms, type: number): boolean {
  const { args } = call;
  into.pattern = 0;
  into.count = COUNT_DEFAULT;
  into.hasValues = type !== ITEM_TYPE.SET;
  for (let index = 3; index < args.count; index++) {
    const hasMore = index + 1 < args.count;
    if (hasMore && argumentIs(args, index, 'count')) {
      into.count = integerArgument(call, ++index);
      if (Number.isNaN(into.count)) return false;
      if (into.count >= 1) continue;
    } else if (hasMore && argumentIs(args, index, 'match')) {
      index++;
      into.pattern = argumentIs(args, index, '*') ? 0 : index;
      continue;
    } else if (argumentIs(args, index, 'novalues')) {
      into.hasValues = false;
      if (type === ITEM_TYPE.HASH) continue;
      answerError(call, 'ERR NOVALUES option can only be used in HSCAN');
      return false;
    } else if (argumentIs(args, index, 'noscores')) {
      into.hasValues = false;
      if (type === ITEM_TYPE.ZSET) continue;
      answerError(call, 'ERR NOSCORES option can only be used in ZSCAN');
      return false;
    }
    answerError(call, RESP_ERROR.syntax);
    return false;
  }
  return true;
}

/** Entries answered so far. */
let answered = 0;

function entriesScan(call: RespCall, ref: number, cursor: number): void {
  const { p, reply, op } = call;
  const place = respDefer(reply);
  let next = 0;
  answered = 0;
  if (ref !== 0 && collectionIsPacked(p, ref)) {
    for (walkStart(p, ref, walk); walkNext(p, walk, entry, op.nowMs); ) entryAnswer(call, ref);
  } else if (ref !== 0) {
    const count = collectionCount(p, ref);
    const from = cursor === 0 ? count : Math.min(cursor, count);
    next = Math.max(0, from - terms.count);
    for (let slot = from - 1; slot >= next; slot--) {
      if (entryAt(p, ref, slot, entry, op.nowMs)) entryAnswer(call, ref);
    }
  }
  const text = String(next);
  respInsert(reply, place, `*2\r\n$${text.length}\r\n${text}\r\n*${answered}\r\n`);
}

/** Answers the entry in hand, if it is wanted. */
function entryAnswer(call: RespCall, ref: number): void {
  const { p, reply } = call;
  if (!nameIsWanted(call)) return;
  respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
  answered++;
  if (!terms.hasValues) return;
  if (itemType(p, ref) === ITEM_TYPE.ZSET) respDoubleBulk(reply, entryScore(p, entry));
  else respEntryValue(reply, p, entry);
  answered++;
}

function nameIsWanted({ args }: RespCall): boolean {
  const { pattern } = terms;
  if (pattern === 0) return true;
  const { name, nameStart, nameBytes } = entry;
  const patternEnd = args.end[pattern];
  const end = nameStart + nameBytes;
  return globMatches(args.source, args.start[pattern], patternEnd, name, nameStart, end, false);
}
