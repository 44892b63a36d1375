/**
 * SORT: the elements of a list, set or sorted set in another order, or what they lead to. It works on copies
 * of the elements, so it may store its result under the key that it sorts.
 *
 * Source: valkey-io/valkey src/sort.c.
 */
import { float64Parse } from '../../../base/float64.ts';
import { VALUE_KIND, type ValueSink } from '../../../base/value-sink.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { STATUS } from '../../../engine/status.ts';
import { listExpect } from '../../../engine/types/list-encoding.ts';
import { itemFind, itemRead } from '../../../engine/types/string.ts';
import { ValueBuilder } from '../../../engine/value-build.ts';
import { valueTell } from '../../../engine/value-tell.ts';
import { collectionCount } from '../../../memory/collection.ts';
import { ITEM_TYPE, itemType } from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBuffer, respInteger, respNull } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent, keyMissed } from '../key-events.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { SortPattern } from './sort-lookup.ts';
import {
  isPattern,
  type SortOptions,
  sortLocks,
  sortOptions,
  sortStoreFind,
} from './sort-options.ts';

const { WRITE, READONLY, DENY_OOM } = FLAG;
/** What it reads besides is known by the elements alone. */
const SORTED_KEY: readonly KeySpec[] = [{ use: 'RO access', from: 1, incomplete: true }];
const CATEGORIES = ['set', 'sortedset', 'list', 'dangerous'];
const COST = 'O(N + M*log(M)), N the elements and M those that are answered';
const READ_OPTIONS =
  '[BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]';

// biome-ignore format: a table reads in columns
export const SORT_ROWS: readonly RespRow[] = [
  { name: 'sort',    arity: -2, flags: WRITE | DENY_OOM, keys: SORTED_KEY, keysFind: sortStoreFind, group: 'generic', categories: CATEGORIES, since: '1.0.0', complexity: COST, syntax: `key ${READ_OPTIONS} [STORE destination]`, doc: 'Sorts the elements of a list, set or sorted set, and may store the result.', locks: sortLocks, run: (call) => sort(call, false) },
  { name: 'sort_ro', arity: -2, flags: READONLY,         keys: SORTED_KEY,                          group: 'generic', categories: CATEGORIES, since: '7.0.0', complexity: COST, syntax: `key ${READ_OPTIONS}`, doc: 'Sorts the elements of a list, set or sorted set.', locks: sortLocks, run: (call) => sort(call, true) },
];

const EMPTY = Buffer.alloc(0);

/** Takes copies of the elements from one place to before another; scores are not asked for. */
class Elements implements ValueSink {
  readonly taken: Buffer[] = [];
  private readonly first: number;
  private readonly end: number;
  private met = 0;

  constructor(first: number, end: number) {
    this.first = first;
    this.end = end;
  }

  valueBegin(): boolean {
    return this.end > this.first;
  }

  valueExpiry(): boolean {
    return true;
  }

  valueString(source: Buffer, start: number, bytes: number): boolean {
    if (this.met++ >= this.first)
      this.taken.push(Buffer.from(source.subarray(start, start + bytes)));
    return this.met < this.end;
  }

  valueScore(): boolean {
    return true;
  }

  valueEnd(): boolean {
    return true;
  }
}

/** An element, and what it is sorted by. */
type Candidate = { readonly element: Buffer; score: number; weight: Buffer | null };

function sort(call: RespCall, isReadOnly: boolean): void {
  const options = sortOptions(call, isReadOnly);
  if (options === null) return;
  const p = keyTake(call, 1);
  const ref = itemRead(p, call.op);
  if (ref === 0) keyMissed(call, 1);
  const type = ref === 0 ? ITEM_TYPE.LIST : itemType(p, ref);
  if (type !== ITEM_TYPE.LIST && type !== ITEM_TYPE.SET && type !== ITEM_TYPE.ZSET) {
    answerError(call, RESP_ERROR.wrongType);
    return;
  }
  const count = ref === 0 ? 0 : collectionCount(p, ref);
  const start = Math.min(Math.max(options.offset, 0), count);
  const end = options.count < 0 ? count : Math.min(start + options.count, count);
  const isOrdered = options.by !== 0 && !isPattern(call.args, options.by);
  let elements: Buffer[] | null;
  if (isOrdered && type !== ITEM_TYPE.SET) {
    elements = elementsInOrder(call, p, ref, options, start, end);
  } else {
    const all = elementsTake(call, p, ref, 0, count);
    // A set that is stored, or that a script gets, is to be the same list each time.
    const isAny = isOrdered && options.store === 0 && !call.scripts.run.isRunning;
    elements = isAny ? all : elementsSort(call, all, options, isOrdered);
    elements = elements?.slice(start, end) ?? null;
  }
  if (elements === null) {
    answerError(call, "ERR One or more scores can't be converted into double");
    return;
  }
  const outputs = options.gets.length === 0 ? elements : outputsLookup(call, elements, options);
  if (options.store === 0) outputsAnswer(call, outputs);
  else outputsStore(call, outputs, options.store);
}

/** Copies of the elements from one place to before another. */
function elementsTake(
  { op }: RespCall,
  p: Partition,
  ref: number,
  first: number,
  end: number,
): Buffer[] {
  const elements = new Elements(first, end);
  if (ref !== 0) valueTell(p, ref, op.nowMs, elements);
  return elements.taken;
}

/** Elements start … end in the order that they have, or against it. */
function elementsInOrder(
  call: RespCall,
  p: Partition,
  ref: number,
  { isDescending }: SortOptions,
  start: number,
  end: number,
): Buffer[] {
  if (!isDescending || ref === 0) return elementsTake(call, p, ref, start, end);
  const count = collectionCount(p, ref);
  return elementsTake(call, p, ref, count - end, count - start).reverse();
}

/** The elements sorted; null if some are to be sorted as numbers and are none. */
function elementsSort(
  call: RespCall,
  elements: readonly Buffer[],
  options: SortOptions,
  byItself: boolean,
): Buffer[] | null {
  const isAlpha = options.isAlpha || byItself;
  const by = options.by === 0 || byItself ? null : new SortPattern(call, options.by);
  const candidates: Candidate[] = [];
  let areNumbers = true;
  for (const element of elements) {
    const weight = by === null ? element : by.lookup(call, element);
    const score = isAlpha || weight === null ? 0 : numberOf(weight);
    areNumbers &&= !Number.isNaN(score);
    candidates.push({ element, score, weight });
  }
  if (!areNumbers) return null;
  const sign = options.isDescending ? -1 : 1;
  const compare = isAlpha ? weightsCompare : scoresCompare;
  candidates.sort((a, b) => sign * compare(a, b));
  return candidates.map(({ element }) => element);
}

/** The number that the bytes say as a whole, as strtod reads it; nothing is 0. */
function numberOf(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  let start = 0;
  while (start < bytes.length && isSpace(bytes[start])) start++;
  return float64Parse(bytes, start, bytes.length);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** By number; of equal ones by the elements, so that the order is the same each time. */
function scoresCompare(a: Candidate, b: Candidate): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return Buffer.compare(a.element, b.element);
}

/** By bytes; those without a weight come first. */
function weightsCompare(a: Candidate, b: Candidate): number {
  if (a.weight !== null && b.weight !== null) return Buffer.compare(a.weight, b.weight);
  return Number(a.weight !== null) - Number(b.weight !== null);
}

/** For each element what the patterns of GET lead to. */
function outputsLookup(
  call: RespCall,
  elements: readonly Buffer[],
  { gets }: SortOptions,
): (Buffer | null)[] {
  const patterns = gets.map((index) => new SortPattern(call, index));
  return elements.flatMap((element) => patterns.map((pattern) => pattern.lookup(call, element)));
}

function outputsAnswer({ reply }: RespCall, outputs: readonly (Buffer | null)[]): void {
  respArray(reply, outputs.length);
  for (const output of outputs) {
    if (output === null) respNull(reply);
    else respBuffer(reply, output);
  }
}

/** Makes a list of them, under the key that argument `index` is. */
function outputsStore(call: RespCall, outputs: readonly (Buffer | null)[], index: number): void {
  const { op, reply } = call;
  const p = keyTake(call, index);
  if (outputs.length === 0) {
    const old = itemFind(p, op);
    if (old !== 0) {
      itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
      keyEvent(call, KEY_EVENT.GENERIC, 'del', index);
      changesCount(call, 1);
    }
    respInteger(reply, 0);
    return;
  }
  const builder = new ValueBuilder(p, op, 0);
  builder.valueBegin(VALUE_KIND.LIST, outputs.length);
  for (const output of outputs) {
    if (builder.status !== STATUS.OK) break;
    const element = output ?? EMPTY;
    builder.valueString(element, 0, element.length);
  }
  if (builder.status === STATUS.OK)
    listExpect(p, builder.ref, 0, 0, call.config.hot.listMaxListpackSize);
  if (builder.status !== STATUS.OK || builder.commit() !== STATUS.OK) {
    builder.abandon();
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  keyEvent(call, KEY_EVENT.LIST, 'sortstore', index);
  changesCount(call, outputs.length);
  respInteger(reply, outputs.length);
}
