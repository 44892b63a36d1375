/** Arguments that are numbers: read, or refused with the right words. */
import { float64Parse } from '../../base/float64.ts';
import { int64Parse } from '../../base/int64.ts';
import { RESP_ERROR } from '../../protocol/resp/errors.ts';
import { answerError, type RespCall } from './call.ts';

/**
 * Argument `index` as an integer of 64 bits; NaN if it is none, which has then been answered with `error`.
 * From 2^53 on it is close, and not exact.
 */
export function integerArgument(
  call: RespCall,
  index: number,
  error: string = RESP_ERROR.notInteger,
): number {
  const { args } = call;
  const value = int64Parse(args.source, args.start[index], args.end[index]);
  if (Number.isNaN(value)) answerError(call, error);
  return value;
}

/** As integerArgument, for what must not be negative: the same error for that. */
export function positiveArgument(
  call: RespCall,
  index: number,
  error: string = RESP_ERROR.notPositive,
): number {
  const value = integerArgument(call, index, error);
  if (!(value < 0)) return value;
  answerError(call, error);
  return Number.NaN;
}

/** Milliseconds that a client waits at most: these make an int64 overflow. */
const TIMEOUT_MS_END = 2 ** 63;

/** Argument `index`, in seconds, as a timeout in milliseconds, 0 for none; NaN if it is wrong, and answered. */
export function timeoutArgument(call: RespCall, index: number): number {
  const { args } = call;
  const timeoutMs = float64Parse(args.source, args.start[index], args.end[index]) * 1000;
  if (Number.isNaN(timeoutMs)) {
    answerError(call, RESP_ERROR.timeoutNotFloat);
  } else if (timeoutMs >= TIMEOUT_MS_END) {
    answerError(call, 'ERR timeout is out of range');
  } else if (timeoutMs < 0) {
    answerError(call, RESP_ERROR.timeoutNegative);
  } else {
    return Math.ceil(timeoutMs);
  }
  return Number.NaN;
}

/** An integer above 0; NaN if it is none, and `error` was answered. */
export function atLeastOneArgument(call: RespCall, index: number, error: string): number {
  const value = integerArgument(call, index, error);
  if (!(value < 1)) return value;
  answerError(call, error);
  return Number.NaN;
}
