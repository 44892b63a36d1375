/** BITFIELD: integers of any width anywhere in a string, several in one command. */

import { int64Exact, int64Parse } from '../../../base/int64.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { bitsOpen } from '../../../engine/types/bitmap.ts';
import {
  type FieldType,
  fieldFit,
  fieldRead,
  fieldWrite,
  OVERFLOW,
  type Overflow,
} from '../../../engine/types/bitmap-field.ts';
import { itemValueBytes } from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import { type Arguments, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBigInteger, respNull } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, type KeyUse, READ_KEY, type RespRow } from '../row.ts';
import { bitOffsetArgument } from './bitmap-offset.ts';
import { stringToChange, stringToRead } from './string.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const FIELD_KEY: readonly KeySpec[] = [{ use: 'RW access update variable_flags', from: 1 }];
const COST = 'O(1) for each field';
const WRITES =
  '[OVERFLOW (WRAP | SAT | FAIL)] (SET encoding offset value | INCRBY encoding offset increment)';

// biome-ignore format: a table reads in columns
export const BITMAP_FIELD_ROWS: readonly RespRow[] = [
  { name: 'bitfield',    arity: -2, flags: WRITE | DENY_OOM, keys: FIELD_KEY, keyUse: fieldKeyUse, group: 'bitmap', since: '3.2.0', complexity: COST, syntax: `key [GET encoding offset | ${WRITES}] ...`, doc: 'Reads, sets and adds to integers in a string.', run: (call) => bitfield(call, false) },
  { name: 'bitfield_ro', arity: -2, flags: READONLY | FAST,  keys: READ_KEY,  group: 'bitmap', since: '6.0.0', complexity: COST, syntax: 'key [GET encoding offset [GET encoding offset ...]]', doc: 'Reads integers in a string.',     run: (call) => bitfield(call, true) },
];

type Step = {
  readonly kind: 'get' | 'set' | 'incrby';
  readonly type: FieldType;
  readonly offset: number;
  /** What is set or added. */
  readonly value: bigint;
  readonly overflow: Overflow;
};

const INTEGER_BITS = 64;

function fieldKeyUse(args: Arguments): KeyUse {
  for (let index = 2; index < args.count; index += 3) {
    if (!argumentIs(args, index, 'get')) return 'RW access update';
  }
  return 'RO access';
}

function bitfield(call: RespCall, isReadOnly: boolean): void {
  const { p, op, reply } = call;
  const steps = stepsTake(call);
  if (steps === null) return;
  const writes = steps.filter(({ kind }) => kind !== 'get');
  if (writes.length === 0) {
    const ref = stringToRead(call, p, 1);
    if (ref === OTHER_TYPE) return;
    respArray(reply, steps.length);
    for (const { type, offset } of steps) respBigInteger(reply, fieldRead(p, ref, offset, type));
    return;
  }
  if (isReadOnly) {
    answerError(call, 'ERR BITFIELD_RO only supports the GET subcommand');
    return;
  }
  const old = stringToChange(call, p);
  if (old === OTHER_TYPE) return;
  const oldBytes = old === 0 ? 0 : itemValueBytes(p, old);
  const bits = Math.max(...writes.map(({ offset, type }) => offset + type.bits));
  // If none would change the value as it is, none will: who watches the key is not told that it has changed.
  const stays = bits <= oldBytes * 8 && !writes.some((step) => stepChanges(p, old, step));
  const ref = stays ? old : bitsOpen(p, op, old, bits);
  if (ref === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  const isLonger = itemValueBytes(p, ref) > oldBytes;
  respArray(reply, steps.length);
  let changes = 0;
  for (const step of steps) if (stepRun(call, p, ref, step) || isLonger) changes++;
  if (changes === 0) return;
  changesCount(call, changes);
  keyEvent(call, KEY_EVENT.STRING, 'setbit', 1);
}

/** Reads, or writes, one field, and answers. Returns whether the field has changed. */
function stepRun({ reply }: RespCall, p: Partition, ref: number, step: Step): boolean {
  const { kind, type, offset } = step;
  const was = fieldRead(p, ref, offset, type);
  if (kind === 'get') {
    respBigInteger(reply, was);
    return false;
  }
  const fitted = stepFit(step, was);
  if (fitted === null) {
    respNull(reply);
    return false;
  }
  respBigInteger(reply, kind === 'set' ? was : fitted);
  if (fitted === was) return false;
  fieldWrite(p, ref, offset, type, fitted);
  return true;
}

/** What a field that was `was` becomes; null: it stays, as that would not fit. */
function stepFit({ kind, type, value, overflow }: Step, was: bigint): bigint | null {
  return fieldFit(kind === 'set' ? value : was + value, type, overflow);
}

function stepChanges(p: Partition, ref: number, step: Step): boolean {
  const was = fieldRead(p, ref, step.offset, step.type);
  const fitted = stepFit(step, was);
  return fitted !== null && fitted !== was;
}

/** All that is to be done; null: it makes no sense, which was answered. */
function stepsTake(call: RespCall): Step[] | null {
  const { args } = call;
  const steps: Step[] = [];
  let overflow: Overflow = OVERFLOW.WRAP;
  for (let index = 2; index < args.count; ) {
    const left = args.count - index - 1;
    if (argumentIs(args, index, 'overflow') && left >= 1) {
      const named = overflowNamed(call, index + 1);
      if (named === null) return null;
      overflow = named;
      index += 2;
      continue;
    }
    const kind = kindNamed(call, index);
    const words = kind === 'get' ? 2 : 3;
    if (kind === null || left < words) {
      answerError(call, RESP_ERROR.syntax);
      return null;
    }
    const step = stepTake(call, index, kind, overflow);
    if (step === null) return null;
    steps.push(step);
    index += words + 1;
  }
  return steps;
}

function kindNamed({ args }: RespCall, index: number): Step['kind'] | null {
  if (argumentIs(args, index, 'get')) return 'get';
  if (argumentIs(args, index, 'set')) return 'set';
  return argumentIs(args, index, 'incrby') ? 'incrby' : null;
}

function overflowNamed(call: RespCall, index: number): Overflow | null {
  const { args } = call;
  if (argumentIs(args, index, 'wrap')) return OVERFLOW.WRAP;
  if (argumentIs(args, index, 'sat')) return OVERFLOW.SATURATE;
  if (argumentIs(args, index, 'fail')) return OVERFLOW.FAIL;
  answerError(call, 'ERR Invalid OVERFLOW type specified');
  return null;
}

/** The words behind the one that names the kind. */
function stepTake(
  call: RespCall,
  index: number,
  kind: Step['kind'],
  overflow: Overflow,
): Step | null {
  const { args } = call;
  const type = typeTake(call, index + 1);
  if (type === null) return null;
  const offset = bitOffsetArgument(call, index + 2, type.bits);
  if (Number.isNaN(offset)) return null;
  if (kind === 'get') return { kind, type, offset, value: 0n, overflow };
  if (Number.isNaN(integerArgument(call, index + 3))) return null;
  const exact = int64Exact(args.source, args.start[index + 3], args.end[index + 3]);
  // What is set in a field without a sign is taken for 64 bits without one.
  const isRaw = kind === 'set' && !type.isSigned;
  const value = isRaw ? BigInt.asUintN(INTEGER_BITS, exact) : exact;
  return { kind, type, offset, value, overflow };
}

const LOWER_I = 0x69;
const LOWER_U = 0x75;
const BAD_TYPE =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';

/** `i16`, `u8`: signed up to 64 bits, others up to 63. */
function typeTake(call: RespCall, index: number): FieldType | null {
  const { source, start, end } = call.args;
  const sign = end[index] > start[index] ? source[start[index]] : 0;
  const isSigned = sign === LOWER_I;
  const bits = int64Parse(source, start[index] + 1, end[index]);
  const bitsMax = isSigned ? INTEGER_BITS : INTEGER_BITS - 1;
  if ((isSigned || sign === LOWER_U) && bits >= 1 && bits <= bitsMax) return { isSigned, bits };
  answerError(call, BAD_TYPE);
  return null;
}
