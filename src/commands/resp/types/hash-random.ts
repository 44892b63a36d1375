/** HRANDFIELD: fields of a hash drawn at random. */

import { Entry } from '../../../engine/collection/entry.ts';
import { EntrySample, entryDraw } from '../../../engine/collection/entry-sample.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { replyOverflows } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respBulk, respEmptyArray, respNull } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { FLAG, READ_KEY, type RespRow } from '../row.ts';
import { hashToRead, respEntryValue } from './hash.ts';
import { signedCount } from './set.ts';

// biome-ignore format: a table reads in columns
export const HASH_RANDOM_ROWS: readonly RespRow[] = [
  { name: 'hrandfield', arity: -2, flags: FLAG.READONLY, keys: READ_KEY, group: 'hash', since: '6.2.0', complexity: 'O(N), N the count given', syntax: 'key [count [WITHVALUES]]', doc: 'Fields of a hash drawn at random.', run: hrandfield },
];

/** Twice as many entries are answered with values: Redis draws the line here. */
const PAIRS_MAX = 2 ** 62;

/** The field in hand. */
const entry = new Entry(Buffer.alloc(0));

function hrandfield(call: RespCall): void {
  const { args, p, op, reply } = call;
  if (args.count > 2) {
    someFields(call);
    return;
  }
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  if (ref !== 0 && entryDraw(p, ref, entry, op.nowMs)) {
    respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
  } else {
    respNull(reply);
  }
}

function someFields(call: RespCall): void {
  const { args, p, op, reply } = call;
  const count = signedCount(call, 2);
  if (Number.isNaN(count)) return;
  const hasValues = args.count === 4;
  if (args.count > 4 || (hasValues && !argumentIs(args, 3, 'withvalues'))) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  if (hasValues && Math.abs(count) > PAIRS_MAX) {
    answerError(call, RESP_ERROR.outOfRange);
    return;
  }
  const ref = hashToRead(call);
  if (ref === OTHER_TYPE) return;
  if (ref === 0 || count === 0) {
    respEmptyArray(reply);
  } else if (count < 0) {
    if (!entryDraw(p, ref, entry, op.nowMs)) {
      respEmptyArray(reply);
      return;
    }
    fieldsHeader(call, -count, hasValues);
    for (let left = -count; left > 0 && !replyOverflows(reply); left--) {
      entryDraw(p, ref, entry, op.nowMs);
      fieldAnswer(call, hasValues);
    }
  } else {
    const sample = new EntrySample(p, ref, count, op.nowMs);
    fieldsHeader(call, sample.size, hasValues);
    while (sample.next(p, entry)) fieldAnswer(call, hasValues);
  }
}

/** Fields and values alternate; in RESP3 each field has an array with its value. */
function fieldsHeader({ reply }: RespCall, count: number, hasValues: boolean): void {
  respArray(reply, hasValues && reply.resp !== 3 ? count * 2 : count);
}

function fieldAnswer({ p, reply }: RespCall, hasValues: boolean): void {
  if (hasValues && reply.resp === 3) respArray(reply, 2);
  respBulk(reply, entry.name, entry.nameStart, entry.nameBytes);
  if (hasValues) respEntryValue(reply, p, entry);
}
