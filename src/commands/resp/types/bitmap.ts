/** Bits of strings: set, read, counted, found; and strings made of others bit by bit. */

import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { OTHER_TYPE, STATUS } from '../../../engine/status.ts';
import { bitGet, bitSet, bitsCount, bitsFind } from '../../../engine/types/bitmap.ts';
import {
  BIT_OPERATION,
  type BitOperation,
  type BitSource,
  bitsCombine,
} from '../../../engine/types/bitmap-operation.ts';
import { itemFind } from '../../../engine/types/string.ts';
import { itemValueBytes } from '../../../memory/item.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respInteger } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { ACCESS_UPDATE_KEY, FLAG, type KeySpec, READ_KEY, type RespRow } from '../row.ts';
import { bitOffsetArgument } from './bitmap-offset.ts';
import { stringToChange, stringToRead } from './string.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const RANGE = 'start [end [BYTE | BIT]]';
const BITOP_KEYS: readonly KeySpec[] = [
  { use: 'OW update', from: 2 },
  { use: 'RO access', from: 3, to: -1 },
];

// biome-ignore format: a table reads in columns
export const BITMAP_ROWS: readonly RespRow[] = [
  { name: 'setbit',   arity:  4, flags: WRITE | DENY_OOM, keys: ACCESS_UPDATE_KEY, group: 'bitmap', since: '2.2.0', complexity: 'O(1)',                     syntax: 'key offset value',     doc: 'Sets a bit, and answers what it was.',                run: setbit },
  { name: 'getbit',   arity:  3, flags: READONLY | FAST,  keys: READ_KEY,          group: 'bitmap', since: '2.2.0', complexity: 'O(1)',                     syntax: 'key offset',           doc: 'A bit of a string.',                                  run: getbit },
  { name: 'bitcount', arity: -2, flags: READONLY,         keys: READ_KEY,          group: 'bitmap', since: '2.6.0', complexity: 'O(N), N the bytes counted', syntax: `key [${RANGE}]`,      doc: 'How many bits of a string are 1.',                    run: bitcount },
  { name: 'bitpos',   arity: -3, flags: READONLY,         keys: READ_KEY,          group: 'bitmap', since: '2.8.7', complexity: 'O(N), N the bytes searched', syntax: `key bit [${RANGE}]`, doc: 'Where the first bit is that is 1, or 0.',             run: bitpos },
  { name: 'bitop',    arity: -4, flags: WRITE | DENY_OOM, keys: BITOP_KEYS,        group: 'bitmap', since: '2.6.0', complexity: 'O(N), N the bytes of all strings', syntax: '(AND | OR | XOR | NOT) destkey key [key ...]', doc: 'Makes a string of others, bit by bit.', run: bitop },
];

const NOT_BIT = 'ERR bit is not an integer or out of range';

function setbit(call: RespCall): void {
  const { p, op, reply } = call;
  const offset = bitOffsetArgument(call, 2, 0);
  if (Number.isNaN(offset)) return;
  const bit = integerArgument(call, 3, NOT_BIT);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    answerError(call, NOT_BIT);
    return;
  }
  const old = stringToChange(call, p);
  if (old === OTHER_TYPE) return;
  const oldBytes = old === 0 ? 0 : itemValueBytes(p, old);
  const was = bitSet(p, op, old, offset, bit);
  if (was < 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  if (was !== bit || offset >= oldBytes * 8) {
    changesCount(call, 1);
    keyEvent(call, KEY_EVENT.STRING, 'setbit', 1);
  }
  respInteger(reply, was);
}

function getbit(call: RespCall): void {
  const { p, reply } = call;
  const offset = bitOffsetArgument(call, 2, 0);
  if (Number.isNaN(offset)) return;
  const ref = stringToRead(call, p, 1);
  if (ref !== OTHER_TYPE) respInteger(reply, ref === 0 ? 0 : bitGet(p, ref, offset));
}

// ── Ranges ──────────────────────────────────────────────────────────────────────────────────────

/** A range of bits as it was asked for. */
const range = { start: 0, end: 0, hasEnd: false, inBits: false };

/** Reads `[start [end [unit]]]` from argument `from` on. False: it makes no sense, which was answered. */
function rangeTake(call: RespCall, from: number): boolean {
  const { args } = call;
  range.start = 0;
  range.end = -1;
  range.inBits = false;
  range.hasEnd = args.count > from + 1;
  if (args.count === from) return true;
  if (args.count > from + 3) {
    answerError(call, RESP_ERROR.syntax);
    return false;
  }
  range.start = integerArgument(call, from);
  if (Number.isNaN(range.start)) return false;
  if (args.count === from + 3) {
    range.inBits = argumentIs(args, from + 2, 'bit');
    if (!range.inBits && !argumentIs(args, from + 2, 'byte')) {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
  }
  if (range.hasEnd) range.end = integerArgument(call, from + 1);
  return !Number.isNaN(range.end);
}

/** The bits from `first` to the one before `end` that a range means. */
const bits = { first: 0, end: 0 };

function rangeResolve(valueBytes: number): void {
  const unit = range.inBits ? 1 : 8;
  const length = (valueBytes * 8) / unit;
  const start = Math.max(0, range.start < 0 ? range.start + length : range.start);
  const last = Math.max(0, range.end < 0 ? range.end + length : range.end);
  bits.first = start * unit;
  bits.end = (Math.min(last, length - 1) + 1) * unit;
}

function bitcount(call: RespCall): void {
  const { p, reply } = call;
  if (!rangeTake(call, 2)) return;
  const ref = stringToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  const isBackwards = range.start < 0 && range.end < 0 && range.start > range.end;
  if (ref === 0 || isBackwards) {
    respInteger(reply, 0);
    return;
  }
  rangeResolve(itemValueBytes(p, ref));
  respInteger(reply, bitsCount(p, ref, bits.first, bits.end));
}

function bitpos(call: RespCall): void {
  const { p, reply } = call;
  const bit = integerArgument(call, 2);
  if (Number.isNaN(bit)) return;
  if (bit !== 0 && bit !== 1) {
    answerError(call, 'ERR The bit argument must be 1 or 0.');
    return;
  }
  if (!rangeTake(call, 3)) return;
  const ref = stringToRead(call, p, 1);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respInteger(reply, -bit);
    return;
  }
  rangeResolve(itemValueBytes(p, ref));
  const at = bitsFind(p, ref, bit, bits.first, bits.end);
  // Without an end, zeros go on behind the string.
  const goesOn = bit === 0 && !range.hasEnd && bits.first < bits.end;
  respInteger(reply, at === -1 && goesOn ? bits.end : at);
}

// ── Of several ──────────────────────────────────────────────────────────────────────────────────

function operationNamed({ args }: RespCall): BitOperation | null {
  if (argumentIs(args, 1, 'and')) return BIT_OPERATION.AND;
  if (argumentIs(args, 1, 'or')) return BIT_OPERATION.OR;
  if (argumentIs(args, 1, 'xor')) return BIT_OPERATION.XOR;
  return argumentIs(args, 1, 'not') ? BIT_OPERATION.NOT : null;
}

function bitop(call: RespCall): void {
  const { args, op, reply } = call;
  const operation = operationNamed(call);
  if (operation === null) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  if (operation === BIT_OPERATION.NOT && args.count !== 4) {
    answerError(call, 'ERR BITOP NOT must be called with a single source key.');
    return;
  }
  const sources: BitSource[] = [];
  let bytes = 0;
  for (let index = 3; index < args.count; index++) {
    const p = keyTake(call, index);
    const ref = stringToRead(call, p, index);
    if (ref === OTHER_TYPE) return;
    sources.push({ p, ref });
    if (ref !== 0) bytes = Math.max(bytes, itemValueBytes(p, ref));
  }
  const p = keyTake(call, 2);
  if (bytes === 0) {
    const old = itemFind(p, op);
    if (old !== 0) {
      itemUnlink(p, op.key.hash, old, CHANGE.DELETE);
      changesCount(call, 1);
      keyEvent(call, KEY_EVENT.GENERIC, 'del', 2);
    }
  } else if (bitsCombine(p, op, operation, sources, bytes) === STATUS.OK) {
    changesCount(call, 1);
    keyEvent(call, KEY_EVENT.STRING, 'set', 2);
  } else {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  respInteger(reply, bytes);
}
