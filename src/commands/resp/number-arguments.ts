/** Arguments that are numbers: read, or refused with the right words. */
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

/** As integerArgument, for what must not be negative. */
export function positiveArgument(call: RespCall, index: number): number {
  const value = integerArgument(call, index);
  if (!(value < 0)) return value;
  answerError(call, RESP_ERROR.notPositive);
  return Number.NaN;
}
