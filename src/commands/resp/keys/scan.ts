/**
 * Walking the keys of a database: SCAN, KEYS, RANDOMKEY.
 *
 * SCAN's cursor is that of engine/scan.ts, of one partition after the other:
 *
 *   cursor   step within the partition × 64 + partition
 *
 * What is walked long is walked in slices: after so many steps the lock is given up and taken again.
 */

import { globMatches } from '../../../base/glob.ts';
import { databaseKeyCount } from '../../../engine/database.ts';
import { keyspaceKeyCount } from '../../../engine/keyspace.ts';
import { itemIsDead } from '../../../engine/lifecycle.ts';
import { itemReap } from '../../../engine/reaping.ts';
import { ScanStep, scanStep } from '../../../engine/scan.ts';
import {
  itemHash,
  itemNameBytes,
  itemNameOffset,
  itemNamespace,
  itemType,
} from '../../../memory/item.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentBytes, argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respBulk,
  respDefer,
  respDeferredSet,
  respInsert,
  respNull,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { partitionEnter, partitionLeave } from '../locks.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';
import { typeNamed } from '../type-names.ts';

const { READONLY, TOUCHES_ARBITRARY_KEYS, WHOLE } = FLAG;

// biome-ignore format: a table reads in columns
export const SCAN_ROWS: readonly RespRow[] = [
  { name: 'keys',      arity:  2, flags: READONLY | WHOLE, group: 'generic', categories: ['dangerous'], since: '1.0.0', complexity: 'O(N), N the keys of the database', syntax: 'pattern', doc: 'All keys that match a pattern.', run: keys },
  { name: 'scan',      arity: -2, flags: READONLY | TOUCHES_ARBITRARY_KEYS | WHOLE, group: 'generic', since: '2.8.0', complexity: 'O(1) for a call, O(N) for all keys', syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]', doc: 'Some of the keys, and where to go on.', run: scan },
  { name: 'randomkey', arity:  1, flags: READONLY | TOUCHES_ARBITRARY_KEYS | WHOLE, group: 'generic', since: '1.0.0', complexity: 'O(1)', syntax: '', doc: 'A key drawn at random.', run: randomKey },
];

/** Partitions have numbers below this. */
const PARTITIONS_END = 64;
const STEPS_PER_LOCK = 16;
const COUNT_DEFAULT = 10;
/** A scan visits so many buckets for each key that it is to find, and then stops all the same. */
const STEPS_PER_KEY = 10;
/** What a step finds is drawn from as if it were so many keys: a key of a crowded bucket is as likely as any. */
const STEP_KEYS = 24;
/** Steps at random; then the keys of the database are few among others, and the partition is walked. */
const DRAWS_MAX = 500;
const WALKED_KEYS = 100;
const CURSOR = /^\d{1,20}$/;
const UINT64_END = 2n ** 64n;
const WORD_END = 2 ** 32;
const STAR = 0x2a;

const step = new ScanStep();

/** A walk: what it is after, and how far it has come. */
class Walk {
  /** The argument that is the pattern; 0: any name. */
  pattern = 0;
  /** -1: any. */
  type = -1;
  /** Keys of the database so far, and those that were answered. */
  met = 0;
  answered = 0;
}

function isEverything(call: RespCall, pattern: number): boolean {
  const { args } = call;
  return argumentBytes(args, pattern) === 1 && args.source[args.start[pattern]] === STAR;
}

/** Whether a key is wanted by its name and type. */
function keyIsWanted(call: RespCall, p: Partition, ref: number, walk: Walk): boolean {
  if (walk.type >= 0 && itemType(p, ref) !== walk.type) return false;
  if (walk.pattern === 0) return true;
  const { source, start, end } = call.args;
  const name = itemNameOffset(p, ref);
  const nameEnd = name + itemNameBytes(p, ref);
  return globMatches(source, start[walk.pattern], end[walk.pattern], p.u8, name, nameEnd, false);
}

/** Answers the keys of the step in hand that are wanted, but for those that are dead, which are freed. */
function stepAnswer(call: RespCall, p: Partition, walk: Walk): void {
  const { session, reply, op } = call;
  for (let at = 0; at < step.count; at++) {
    const ref = step.refs[at];
    if (itemNamespace(p, ref) !== session.namespace) continue;
    const isDead = itemIsDead(p, ref, op.nowMs);
    if (!isDead) walk.met++;
    if (!keyIsWanted(call, p, ref, walk)) continue;
    if (isDead) {
      if (!op.sparesDead) itemReap(p, itemHash(p, ref), ref);
    } else {
      respBulk(reply, p.u8, itemNameOffset(p, ref), itemNameBytes(p, ref));
      walk.answered++;
    }
  }
}

function keys(call: RespCall): void {
  const { keyspace, locks, reply } = call;
  const walk = new Walk();
  if (!isEverything(call, 1)) walk.pattern = 1;
  const place = respDefer(reply);
  for (const p of keyspace.partitions) {
    let cursor = 0;
    do {
      const entered = partitionEnter(locks, p);
      for (let steps = STEPS_PER_LOCK; steps > 0; steps--) {
        cursor = scanStep(p, cursor, step);
        stepAnswer(call, p, walk);
        if (cursor === 0) break;
      }
      partitionLeave(locks, p, entered);
    } while (cursor !== 0);
  }
  respDeferredSet(reply, place, 'array', walk.answered);
}

function scan(call: RespCall): void {
  const { args, keyspace, locks, reply } = call;
  const text = argumentText(args, 1);
  if (!CURSOR.test(text) || BigInt(text) >= UINT64_END) {
    answerError(call, 'ERR invalid cursor');
    return;
  }
  const walk = new Walk();
  const count = scanOptions(call, walk);
  if (count === 0) return;
  const cursor = Number(text);
  let partition = cursor % PARTITIONS_END;
  let position = Math.floor(cursor / PARTITIONS_END) % WORD_END;
  const place = respDefer(reply);
  let steps = count * STEPS_PER_KEY;
  while (partition < keyspace.partitions.length && steps > 0 && walk.met < count) {
    const p = keyspace.partitions[partition];
    const entered = partitionEnter(locks, p);
    for (let slice = STEPS_PER_LOCK; slice > 0 && steps > 0 && walk.met < count; slice--, steps--) {
      position = scanStep(p, position, step);
      stepAnswer(call, p, walk);
      if (position === 0) break;
    }
    partitionLeave(locks, p, entered);
    if (position === 0) partition++;
  }
  const isOver = partition >= keyspace.partitions.length;
  const next = isOver ? '0' : String(position * PARTITIONS_END + partition);
  respInsert(reply, place, `*2\r\n$${next.length}\r\n${next}\r\n*${walk.answered}\r\n`);
}

/** Reads the options behind the cursor. Returns COUNT; 0 if something is wrong, which was answered. */
function scanOptions(call: RespCall, walk: Walk): number {
  const { args } = call;
  let count = COUNT_DEFAULT;
  for (let index = 2; index < args.count; index += 2) {
    const hasValue = index + 1 < args.count;
    if (hasValue && argumentIs(args, index, 'count')) {
      count = integerArgument(call, index + 1);
      if (Number.isNaN(count)) return 0;
      if (count < 1) {
        answerError(call, RESP_ERROR.syntax);
        return 0;
      }
    } else if (hasValue && argumentIs(args, index, 'match')) {
      walk.pattern = isEverything(call, index + 1) ? 0 : index + 1;
    } else if (hasValue && argumentIs(args, index, 'type')) {
      const name = argumentText(args, index + 1);
      walk.type = typeNamed(name);
      if (walk.type >= 0) continue;
      answerError(call, `ERR unknown type name '${name}'`);
      return 0;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return 0;
    }
  }
  return count;
}

function randomKey(call: RespCall): void {
  const { keyspace, locks, reply, session } = call;
  const { partitions } = keyspace;
  let left = Math.random() * keyspaceKeyCount(keyspace, session.namespace);
  let first = 0;
  while (first < partitions.length - 1) {
    left -= databaseKeyCount(partitions[first], session.namespace);
    if (left < 0) break;
    first++;
  }
  for (let tried = 0; tried < partitions.length; tried++) {
    const p = partitions[(first + tried) % partitions.length];
    const entered = partitionEnter(locks, p);
    const ref = keyDraw(call, p);
    if (ref !== 0) respBulk(reply, p.u8, itemNameOffset(p, ref), itemNameBytes(p, ref));
    partitionLeave(locks, p, entered);
    if (ref !== 0) return;
  }
  respNull(reply);
}

/** A live key of the database in the partition, or 0. What is found dead is freed. */
function keyDraw(call: RespCall, p: Partition): number {
  const { namespace } = call.session;
  for (let draws = 0; draws < DRAWS_MAX && databaseKeyCount(p, namespace) > 0; draws++) {
    scanStep(p, Math.floor(Math.random() * WORD_END), step);
    stepNarrow(call, p);
    const chosen = Math.floor(Math.random() * Math.max(STEP_KEYS, step.count));
    if (chosen < step.count) return step.refs[chosen];
  }
  return keyDrawByWalk(call, p);
}

/** As keyDraw, for keys that are few among others: draws from the first it meets, of as many as suffice. */
function keyDrawByWalk(call: RespCall, p: Partition): number {
  let drawn = 0;
  let met = 0;
  let cursor = 0;
  do {
    cursor = scanStep(p, cursor, step);
    stepNarrow(call, p);
    for (let at = 0; at < step.count; at++) {
      met++;
      if (Math.random() * met < 1) drawn = step.refs[at];
    }
  } while (cursor !== 0 && met < WALKED_KEYS);
  return drawn;
}

/** Leaves in the step in hand the live keys of the database. What is dead is freed. */
function stepNarrow({ session, op }: RespCall, p: Partition): void {
  let kept = 0;
  for (let at = 0; at < step.count; at++) {
    const ref = step.refs[at];
    if (itemNamespace(p, ref) !== session.namespace) continue;
    if (!itemIsDead(p, ref, op.nowMs)) step.refs[kept++] = ref;
    else if (!op.sparesDead) itemReap(p, itemHash(p, ref), ref);
  }
  step.count = kept;
}
