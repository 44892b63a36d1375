/** Positions of bits as arguments. */
import { int64Parse } from '../../../base/int64.ts';
import { answerError, type RespCall } from '../call.ts';

const HASH = 0x23;

/**
 * Argument `index` as the position of a bit; NaN if it is none that a string can have, which was answered.
 * With `fieldBits` it may also be `#N`: field N of so many bits.
 */
export function bitOffsetArgument(call: RespCall, index: number, fieldBits: number): number {
  const { source, start, end } = call.args;
  const isField = fieldBits > 0 && end[index] > start[index] && source[start[index]] === HASH;
  const number = int64Parse(source, isField ? start[index] + 1 : start[index], end[index]);
  const offset = isField ? number * fieldBits : number;
  if (offset >= 0 && offset < call.config.hot.protoMaxBulkLen * 8) return offset;
  answerError(call, 'ERR bit offset is not an integer or out of range');
  return Number.NaN;
}
