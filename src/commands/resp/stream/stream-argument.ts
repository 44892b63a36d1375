/** Arguments of stream commands: ids, ends of ranges, and what XADD and XTRIM are told to trim. */
import {
  ID_TEXT,
  type StreamId,
  streamIdDecrement,
  streamIdIncrement,
  streamIdParse,
  streamIdSetMax,
  streamIdSetZero,
} from '../../../base/stream-id.ts';
import { StreamTrim, TRIM } from '../../../engine/types/stream-trim.ts';
import { argumentBytes, argumentIs } from '../../../protocol/resp/arguments.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';

export const INVALID_ID = 'ERR Invalid stream ID specified as stream command argument';
const PAREN = 0x28;

/**
 * Argument `index` as an id; one without a number has the lowest, or the highest. False: it is none, which
 * was answered.
 */
export function idArgument(
  call: RespCall,
  index: number,
  to: StreamId,
  missingIsMax = false,
): boolean {
  const { source, start, end } = call.args;
  return idTake(call, source, start[index], end[index], to, missingIsMax);
}

function idTake(
  call: RespCall,
  source: Buffer,
  start: number,
  end: number,
  to: StreamId,
  missingIsMax: boolean,
): boolean {
  const read = streamIdParse(source, start, end, to);
  if (read === ID_TEXT.MS && missingIsMax) to.seqHi = to.seqLo = -1;
  if (read === ID_TEXT.MS || read === ID_TEXT.FULL) return true;
  answerError(call, INVALID_ID);
  return false;
}

/**
 * Argument `index` as an end of a range, `-`, `+`, an id, or `(` and an id that is not in it. False: it is
 * none, which was answered.
 */
export function boundArgument(
  call: RespCall,
  index: number,
  to: StreamId,
  isUpper: boolean,
): boolean {
  const { source, start, end } = call.args;
  if (argumentIs(call.args, index, '-')) {
    streamIdSetZero(to);
    return true;
  }
  if (argumentIs(call.args, index, '+')) {
    streamIdSetMax(to);
    return true;
  }
  const isOpen = argumentBytes(call.args, index) > 1 && source[start[index]] === PAREN;
  const from = start[index] + Number(isOpen);
  if (!idTake(call, source, from, end[index], to, isUpper)) return false;
  if (!isOpen || (isUpper ? streamIdDecrement(to) : streamIdIncrement(to))) return true;
  answerError(call, `ERR invalid ${isUpper ? 'end' : 'start'} ID for the interval`);
  return false;
}

/** What XADD and XTRIM say of trimming. */
export class TrimOptions {
  readonly trim: StreamTrim = new StreamTrim();
  hasLimit = false;
}

/** How many entries a rough trim takes out at most, unless it is said. */
const BLOCKS_TRIMMED_MAX = 100;
const UNLIMITED_BLOCKS_MAX = 10_000;
const TRIMMED_MAX = 1_000_000;

export function trimClear(options: TrimOptions): void {
  options.trim.by = TRIM.NONE;
  options.trim.isRough = false;
  options.trim.countMax = 0;
  options.hasLimit = false;
}

/**
 * Takes MAXLEN, MINID or LIMIT at argument `index`. Returns the index of what follows; `index` if it is none of
 * them; -1 if something is wrong, which was answered.
 */
export function trimArgument(call: RespCall, index: number, options: TrimOptions): number {
  const { args } = call;
  const { trim } = options;
  if (index + 1 >= args.count) return index;
  if (argumentIs(args, index, 'limit')) {
    const limit = integerArgument(call, index + 1);
    if (Number.isNaN(limit)) return -1;
    if (limit < 0) return trimRefuse(call, 'The LIMIT argument must be >= 0.');
    trim.countMax = limit;
    options.hasLimit = true;
    return index + 2;
  }
  const isLength = argumentIs(args, index, 'maxlen');
  if (!isLength && !argumentIs(args, index, 'minid')) return index;
  if (trim.by !== TRIM.NONE) {
    const what = 'MAXLEN and MINID options at the same time are not compatible';
    return trimRefuse(call, `syntax error, ${what}`);
  }
  const hasMore = index + 2 < args.count;
  trim.isRough = hasMore && argumentIs(args, index + 1, '~');
  const at = index + (trim.isRough || (hasMore && argumentIs(args, index + 1, '=')) ? 2 : 1);
  if (isLength) {
    trim.length = integerArgument(call, at);
    if (Number.isNaN(trim.length)) return -1;
    if (trim.length < 0) return trimRefuse(call, 'The MAXLEN argument must be >= 0.');
    trim.by = TRIM.LENGTH;
  } else {
    if (!idArgument(call, at, trim.id)) return -1;
    trim.by = TRIM.ID;
  }
  return at + 1;
}

/** Whether the options make sense together; if not, that was answered. */
export function trimSettle(call: RespCall, { trim, hasLimit }: TrimOptions): boolean {
  if (trim.countMax !== 0 && trim.by === TRIM.NONE) {
    const what = 'LIMIT cannot be used without specifying a trimming strategy';
    trimRefuse(call, `syntax error, ${what}`);
    return false;
  }
  if (hasLimit && !trim.isRough) {
    const what = 'LIMIT cannot be used without the special ~ option';
    trimRefuse(call, `syntax error, ${what}`);
    return false;
  }
  if (trim.isRough && !hasLimit) {
    const { streamNodeMaxEntries } = call.config.hot;
    const entries = BLOCKS_TRIMMED_MAX * streamNodeMaxEntries || UNLIMITED_BLOCKS_MAX;
    trim.countMax = Math.min(entries, TRIMMED_MAX);
  }
  return true;
}

function trimRefuse(call: RespCall, text: string): -1 {
  answerError(call, `ERR ${text}`);
  return -1;
}
