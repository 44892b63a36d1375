/**
 * Taking elements from the first of several keys that has some, or waiting for one: what lists and sorted sets
 * have in common.
 *
 *   BLPOP   key [key …] timeout
 *   LMPOP           numkeys key [key …] <end> [COUNT count]
 *   BLMPOP  timeout numkeys key [key …] <end> [COUNT count]
 *
 * Spec: Redis, LMPOP and ZMPOP. Order of errors: valkey-io/valkey src/t_list.c, lmpopGenericCommand.
 */
import { OTHER_TYPE } from '../../../engine/status.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respNullArray } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { atLeastOneArgument, timeoutArgument } from '../number-arguments.ts';
import type { KeySpec } from '../row.ts';
import { blockedClaim, blockOnKeys } from '../waits.ts';

export const KEYS_BEFORE_TIMEOUT: readonly KeySpec[] = [
  { use: 'RW access delete', from: 1, to: -2 },
];
export const COUNTED_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 1, counted: true },
];
export const TIMEOUT_COUNTED_KEYS: readonly KeySpec[] = [
  { use: 'RW access delete', from: 2, counted: true },
];

const NUMKEYS_ERROR = 'ERR numkeys should be greater than 0';
const COUNT_ERROR = 'ERR count should be greater than 0';

/** What elements are taken from. */
export interface PopKind {
  /** How the ends are called: the first, and the last. */
  readonly ends: readonly [first: string, last: string];
  /**
   * The collection under op's key: its ref, 0 for none; or OTHER_TYPE, which was answered unless a blocked client
   * is being served.
   */
  find(call: RespCall, p: Partition): number;
  /** Takes `count` elements at most, and answers them behind the key, argument `index`; `isMany`: as an array. */
  take(
    call: RespCall,
    p: Partition,
    ref: number,
    index: number,
    count: number,
    fromEnd: boolean,
    isMany: boolean,
  ): void;
}

/** BLPOP and its kin: one element. */
export function blockingPop(call: RespCall, kind: PopKind, fromEnd: boolean): void {
  const last = call.args.count - 2;
  const timeoutMs = timeoutArgument(call, last + 1);
  if (Number.isNaN(timeoutMs)) return;
  if (firstTake(call, kind, 1, last, 1, fromEnd, false)) return;
  blockOnKeys(call, 1, last, timeoutMs, true);
}

/** LMPOP and its kin; of those that wait, the number of keys is argument 2. */
export function multiPop(call: RespCall, kind: PopKind, countIndex: number): void {
  const { args } = call;
  const keys = atLeastOneArgument(call, countIndex, NUMKEYS_ERROR);
  if (Number.isNaN(keys)) return;
  const last = countIndex + keys;
  if (last + 1 >= args.count) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const fromEnd = argumentIs(args, last + 1, kind.ends[1]);
  if (!fromEnd && !argumentIs(args, last + 1, kind.ends[0])) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const count = countOption(call, last + 2);
  if (Number.isNaN(count)) return;
  const blocks = countIndex === 2;
  const timeoutMs = blocks ? timeoutArgument(call, 1) : 0;
  if (Number.isNaN(timeoutMs)) return;
  const first = countIndex + 1;
  if (firstTake(call, kind, first, last, count, fromEnd, true)) return;
  if (blocks) blockOnKeys(call, first, last, timeoutMs, true);
  else respNullArray(call.reply);
}

/**
 * Takes elements from the first key among arguments first, … last that has some, unless a key before it holds
 * something else. False: none has, and nothing was answered.
 */
function firstTake(
  call: RespCall,
  kind: PopKind,
  first: number,
  last: number,
  count: number,
  fromEnd: boolean,
  isMany: boolean,
): boolean {
  for (let index = first; index <= last; index++) {
    const p = keyTake(call, index);
    const ref = kind.find(call, p);
    if (ref === 0) continue;
    if (ref === OTHER_TYPE) {
      if (call.serving !== null) continue; // another of its keys is ready
      return true;
    }
    if (blockedClaim(call)) kind.take(call, p, ref, index, count, fromEnd, isMany);
    return true;
  }
  return false;
}

/** `[COUNT count]` at the end: 1 without it. NaN: something else, which was answered. */
function countOption(call: RespCall, index: number): number {
  const { args } = call;
  if (args.count === index) return 1;
  if (args.count < index + 2 || !argumentIs(args, index, 'count')) {
    answerError(call, RESP_ERROR.syntax);
    return Number.NaN;
  }
  const count = atLeastOneArgument(call, index + 1, COUNT_ERROR);
  if (Number.isNaN(count) || args.count === index + 2) return count;
  answerError(call, RESP_ERROR.syntax);
  return Number.NaN;
}
