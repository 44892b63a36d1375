/**
 * XREAD: entries of several streams that came behind ids, or that are still to come.
 *
 *   XREAD COUNT 2 STREAMS k l 1526919030474-0 0     [[k [[1526919030475-0 [name value]] …]] [l …]]
 *   XREAD BLOCK 0 STREAMS k $                       when somebody has added one
 *
 * Readers who wait take nothing from each other: an entry serves all of them.
 */
import {
  StreamId,
  streamIdCompare,
  streamIdCopy,
  streamIdDecrement,
  streamIdIncrement,
  streamIdSetMax,
  streamIdSetZero,
  streamIdText,
} from '../../../base/stream-id.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRead, streamRootOf } from '../../../engine/types/stream.ts';
import { StreamCursor, streamLastEntry } from '../../../engine/types/stream-cursor.ts';
import { streamLastId } from '../../../engine/types/stream-root.ts';
import type { Partition } from '../../../memory/partition.ts';
import {
  type Arguments,
  argumentBytes,
  argumentCopy,
  argumentIs,
  argumentsOf,
} from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  type Deferred,
  respArray,
  respBulk,
  respDefer,
  respDeferredSet,
  respNullArray,
} from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { keyMissed } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type RespRow } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';
import { idArgument } from './stream-argument.ts';
import { respStreamRange } from './stream-range.ts';

const { READONLY, BLOCKING } = FLAG;
const KEYS: readonly KeySpec[] = [
  { use: 'RO access', from: 1, to: -1, keyword: 'streams', half: true },
];

// biome-ignore format: a table reads in columns
export const STREAM_READ_ROWS: readonly RespRow[] = [
  { name: 'xread', arity: -4, flags: READONLY | BLOCKING, keys: KEYS, group: 'stream', since: '5.0.0', complexity: 'O(N), N the entries answered', syntax: '[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]', doc: 'Entries of streams behind ids, or waits for some.', run: xread },
];

// ── Options ─────────────────────────────────────────────────────────────────────────────────────

/** What XREAD and XREADGROUP are told before the ids. */
export class ReadOptions {
  /** Entries of each stream at most. */
  countMax = 0;
  /** How long to wait, 0 for ever; -1: not at all. */
  blockMs = 0;
  /** The first key, and how many there are; their ids follow in the same order. */
  firstKey = 0;
  keyCount = 0;
  /** Of the group's name; the consumer's follows. 0: there is none. */
  groupIndex = 0;
  needsNoAck = false;
}

/** Takes them. False: something is wrong, which was answered. */
export function readOptionsTake(call: RespCall, options: ReadOptions, hasGroup: boolean): boolean {
  const { args } = call;
  options.countMax = Number.POSITIVE_INFINITY;
  options.blockMs = -1;
  options.groupIndex = 0;
  options.needsNoAck = false;
  for (let index = 1; index < args.count; index++) {
    const more = args.count - 1 - index;
    if (argumentIs(args, index, 'block') && more >= 1) {
      options.blockMs = blockArgument(call, ++index);
      if (Number.isNaN(options.blockMs)) return false;
    } else if (argumentIs(args, index, 'count') && more >= 1) {
      const count = integerArgument(call, ++index);
      if (Number.isNaN(count)) return false;
      options.countMax = count > 0 ? count : Number.POSITIVE_INFINITY;
    } else if (argumentIs(args, index, 'streams') && more >= 1) {
      options.firstKey = index + 1;
      options.keyCount = more >> 1;
      if (more % 2 === 0) return groupCheck(call, options, hasGroup);
      answerError(call, unbalanced(call.command.fullName, hasGroup ? '>' : '$'));
      return false;
    } else if (argumentIs(args, index, 'group') && more >= 2) {
      if (!hasGroup) return groupRefuse(call, 'GROUP');
      options.groupIndex = index + 1;
      index += 2;
    } else if (argumentIs(args, index, 'noack')) {
      if (!hasGroup) return groupRefuse(call, 'NOACK');
      options.needsNoAck = true;
    } else {
      break;
    }
  }
  answerError(call, RESP_ERROR.syntax);
  return false;
}

function unbalanced(name: string, symbol: string): string {
  const what = `for each stream key an ID or '${symbol}' must be specified.`;
  return `ERR Unbalanced '${name}' list of streams: ${what}`;
}

function groupRefuse(call: RespCall, option: string): false {
  const what = `The ${option} option is only supported by XREADGROUP.`;
  answerError(call, `ERR ${what} You called XREAD instead.`);
  return false;
}

function groupCheck(call: RespCall, { groupIndex }: ReadOptions, hasGroup: boolean): boolean {
  if (!hasGroup || groupIndex > 0) return true;
  answerError(call, 'ERR Missing GROUP option for XREADGROUP');
  return false;
}

/** Argument `index` as milliseconds to wait; NaN if it is wrong, and answered. */
function blockArgument(call: RespCall, index: number): number {
  const timeoutMs = integerArgument(call, index, RESP_ERROR.timeoutNotInteger);
  if (!(timeoutMs < 0)) return timeoutMs;
  answerError(call, RESP_ERROR.timeoutNegative);
  return Number.NaN;
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────

const options = new ReadOptions();
/** Behind which ids entries are wanted, of the command's streams in turn. */
const ids: StreamId[] = [];
const cursor = new StreamCursor();
const next = new StreamId();
const LAST = new StreamId();
streamIdSetMax(LAST);

function xread(call: RespCall): void {
  const { reply, args } = call;
  if (!readOptionsTake(call, options, false)) return;
  const { firstKey, keyCount, countMax, blockMs } = options;
  for (let index = 0; index < keyCount; index++) if (!idTake(call, index)) return;
  let answered = 0;
  let place: Deferred | null = null;
  for (let index = 0; index < keyCount; index++) {
    const p = keyTake(call, firstKey + index);
    const ref = streamRead(p, call.op);
    if (ref <= 0 || !streamHasBehind(p, ref, ids[index])) continue;
    if (answered++ === 0) {
      if (!blockedClaim(call)) return;
      place = respDefer(reply);
    }
    if (reply.resp === 2) respArray(reply, 2);
    respBulk(
      reply,
      args.source,
      args.start[firstKey + index],
      argumentBytes(args, firstKey + index),
    );
    streamIdCopy(next, ids[index]);
    streamIdIncrement(next);
    respStreamRange(reply, p, streamRootOf(p, ref), next, LAST, countMax, false);
  }
  if (place !== null) respDeferredSet(reply, place, reply.resp === 2 ? 'array' : 'map', answered);
  else if (blockMs < 0) respNullArray(reply);
  else readersWait(call);
}

/** Whether the stream has an entry behind the id. */
function streamHasBehind(p: Partition, ref: number, id: Readonly<StreamId>): boolean {
  return streamLastEntry(p, streamRootOf(p, ref), cursor) && streamIdCompare(cursor.id, id) > 0;
}

/** Takes the id that belongs to a key. False: something is wrong, which was answered, or nobody waits for it. */
function idTake(call: RespCall, index: number): boolean {
  const { args } = call;
  const { firstKey, keyCount } = options;
  const at = firstKey + keyCount + index;
  if (index === ids.length) ids.push(new StreamId());
  const id = ids[index];
  const p = keyTake(call, firstKey + index);
  const ref = streamRead(p, call.op);
  if (ref === OTHER_TYPE) {
    // A blocked reader waits on, for the key to be a stream again.
    if (call.serving === null) answerError(call, RESP_ERROR.wrongType);
    return false;
  }
  if (ref === 0) keyMissed(call, firstKey + index);
  const isEnd = argumentIs(args, at, '$');
  if (isEnd || argumentIs(args, at, '+')) {
    endTake(p, ref, isEnd, id);
    return true;
  }
  if (argumentIs(args, at, '>')) {
    const what = 'XREADGROUP using the GROUP <group> <consumer> option.';
    answerError(call, `ERR The > ID can be specified only when calling ${what}`);
    return false;
  }
  return idArgument(call, at, id);
}

/** `$`: what comes from now on. `+`: the last entry there is. */
function endTake(p: Partition, ref: number, isEnd: boolean, id: StreamId): void {
  streamIdSetZero(id);
  if (ref === 0) return;
  const rootRef = streamRootOf(p, ref);
  if (isEnd) {
    streamLastId(p, rootRef, id);
  } else if (streamLastEntry(p, rootRef, cursor)) {
    streamIdCopy(id, cursor.id);
    streamIdDecrement(id);
  }
}

/** The client waits. What `$` means to it is what it means now. */
function readersWait(call: RespCall): void {
  const { args } = call;
  const { firstKey, keyCount, blockMs } = options;
  call.args = endsReplaced(args);
  blockOnKeys(call, firstKey, firstKey + keyCount - 1, blockMs, true);
  call.args = args;
}

function endsReplaced(args: Arguments): Arguments {
  const { firstKey, keyCount } = options;
  const first = firstKey + keyCount;
  const words = Array.from({ length: args.count }, (_, index) =>
    index >= first && argumentIs(args, index, '$')
      ? streamIdText(ids[index - first])
      : argumentCopy(args, index),
  );
  return argumentsOf(words);
}
