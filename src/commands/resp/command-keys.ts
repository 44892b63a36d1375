/** Which arguments of a request are keys, by its row. */
import { type Arguments, argumentIs, argumentText } from '../../protocol/resp/arguments.ts';
import { type KeySpec, type KeyUse, keyIsReal, type RespRow } from './row.ts';

export type KeyVisit = (index: number, use: KeyUse) => void;

/**
 * Calls visit(index, use) for each key. Where a count of keys makes no sense there are none of that spec; then
 * it returns false.
 */
export function keysVisit(row: RespRow, args: Arguments, visit: KeyVisit): boolean {
  let isSound = true;
  for (const spec of row.keys ?? []) {
    if (keyIsReal(spec) && !specVisit(spec, args, visit)) isSound = false;
  }
  row.keysFind?.(args, visit);
  return isSound;
}

function specVisit(spec: KeySpec, args: Arguments, visit: KeyVisit): boolean {
  const { use, step = 1 } = spec;
  let first = spec.from;
  let last: number;
  if (spec.counted) {
    const count = Number(argumentText(args, Math.min(first, args.count - 1)));
    if (first >= args.count || !Number.isInteger(count) || count <= 0) return false;
    first++;
    last = first + (count - 1) * step;
    if (last >= args.count) return false;
  } else {
    if (spec.keyword !== undefined) {
      first = keywordFind(spec, args) + 1;
      if (first === 0) return true;
    }
    const { to = 0 } = spec;
    last = to < 0 ? args.count + to : first + to;
    if (spec.half) last = first + ((last - first + 1) >> 1) - 1;
  }
  for (let index = first; index <= last && index < args.count; index += step) visit(index, use);
  return true;
}

/** The index of the spec's keyword, or -1. */
function keywordFind({ from, keyword = '' }: KeySpec, args: Arguments): number {
  const step = from < 0 ? -1 : 1;
  for (let at = from < 0 ? args.count + from : from; at > 0 && at < args.count; at += step) {
    if (argumentIs(args, at, keyword)) return at;
  }
  return -1;
}
