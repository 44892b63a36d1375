/**
 * mg: one key, and whatever of it the flags ask for, in their order; what they change is changed in
 * that order too.
 * Spec: memcached/memcached doc/protocol.txt, "Meta Get".
 */
import { uint64Equals } from '../../base/uint64.ts';
import { indexFind } from '../../engine/hash-index.ts';
import { STATUS } from '../../engine/status.ts';
import { itemClass, itemFind, itemTouch, STORE, stringStore } from '../../engine/types/string.ts';
import { CLASS_TOTAL, classCount } from '../../memory/class-totals.ts';
import { COUNTER } from '../../memory/control.ts';
import {
  ITEM_TYPE,
  itemClientFlags,
  itemExpiresAtMs,
  itemIsFetched,
  itemMarks,
  itemMarksAdd,
  itemNoteUse,
  itemType,
  itemValueBytes,
  MARK_BINARY_KEY,
  MARK_STALE,
  MARK_TOKEN_SENT,
} from '../../memory/item.ts';
import { itemIdleSec } from '../../memory/item-access.ts';
import { type Partition, partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { FLAG, metaCreatedExpiresAtMs } from '../../protocol/memcached/meta-flags.ts';
import { CRLF, META, REPLY } from '../../protocol/memcached/replies.ts';
import { replyBytes, replyDecimal, replyRoom, replyUint64 } from '../../protocol/reply.ts';
import { type Call, uniqueTake } from './call.ts';
import { deathCount, LOOKUP_WRONG_TYPE } from './lookup.ts';
import {
  metaTake,
  replyFlagKey,
  replyFlagLetter,
  replyFlagNumber,
  replyOpaque,
  replyPlain,
  ttlSec,
} from './meta-reply.ts';
import type { TextRow } from './row.ts';
import { PHASE, waitAt } from './session.ts';
import { COPIED_VALUE_BYTES_MAX, valueReply, valueSend } from './value-send.ts';

const FIRST_FLAG = 2;
/** An answer without its value: the longest is that with all flags and a key of 250 bytes. */
const LINE_BYTES_MAX = 1024;
const VALUE_ROOM_BYTES = LINE_BYTES_MAX + COPIED_VALUE_BYTES_MAX + CRLF.length;

const WON = 0x57;
const STALE = 0x58;
const TOKEN_SENT = 0x5a;

export const META_GET_ROWS: readonly TextRow[] = [
  {
    name: 'mg',
    wordsMin: 2,
    run: metaGet,
    streams: false,
    doc: 'Meta get: a value and what is known of it.',
  },
];

function metaGet(call: Call, at: number): number {
  const { line, flags, op, reply } = call;
  const fault = metaTake(call, FIRST_FLAG);
  if (fault !== null || flags.opaqueIsLong) {
    replyBytes(reply, fault ?? REPLY.badOpaque);
    return line.next;
  }
  if (flags.withValue && !replyRoom(reply, VALUE_ROOM_BYTES)) return waitAt(at);
  const p = call.keyspace.partitionAsked(op.key);
  partitionLock(p);
  const ref = lookup(call, p);
  partitionUnlock(p);
  if (ref === LOOKUP_WRONG_TYPE) replyBytes(reply, REPLY.wrongType);
  else if (ref === 0 && !flags.isQuiet) replyPlain(call, META.miss, FIRST_FLAG);
  return line.next;
}

/** Finds the key, or creates it if asked to, and answers. Returns its ref, 0, or LOOKUP_WRONG_TYPE. */
function lookup(call: Call, p: Partition): number {
  const { op, flags, counters, block } = call;
  const found = itemFind(p, op);
  if (found === 0) deathCount(call);
  const ref = found === 0 && flags.creates ? itemCreate(call, p) : found;
  if (ref === 0) {
    counters[block + COUNTER.getCommands]++;
    counters[block + COUNTER.getMisses]++;
    return 0;
  }
  if (itemType(p, ref) !== ITEM_TYPE.STRING) return LOOKUP_WRONG_TYPE;
  // To the counters a get with a touch is a touch, and no get.
  counters[block + (flags.touches ? COUNTER.touchCommands : COUNTER.getCommands)]++;
  const total = flags.touches ? CLASS_TOTAL.touchHits : CLASS_TOTAL.getHits;
  classCount(p, itemClass(p, ref), total);
  hitReply(call, p, ref, found === 0);
  return ref;
}

/** An empty item that stands for the value which the client, having won, will store. */
function itemCreate({ op, flags }: Call, p: Partition): number {
  op.valueBytes = 0;
  op.demandsCas = false;
  op.clientFlags = 0;
  op.expiresAtMs = metaCreatedExpiresAtMs(flags);
  const status = stringStore(p, op, STORE.ADD);
  // Even if it is dead already: then this client sees it, and nobody else.
  return status === STATUS.OK ? indexFind(p, op.key) : 0;
}

/** The answer to a hit, and what the flags change. */
function hitReply(call: Call, p: Partition, ref: number, isCreated: boolean): void {
  const { flags, op, reply } = call;
  uniqueTake(call, p, ref);
  const isKnown = flags.demandsCas && uint64Equals(call.unique, flags.casUnique);
  const withValue = flags.withValue && !isKnown;
  if (withValue) {
    replyBytes(reply, META.value);
    replyDecimal(reply, itemValueBytes(p, ref));
  } else {
    replyBytes(reply, META.done);
  }
  const expiresAtMs = isCreated ? 0 : itemExpiresAtMs(p, ref);
  const wins = flagsReply(call, p, ref, expiresAtMs, isCreated);
  standingReply(call, p, ref, wins);
  replyBytes(reply, CRLF);
  if (!flags.keepsStanding) itemNoteUse(p, ref, op.nowSec);
  let shown = ref;
  if (flags.touches && !isCreated) {
    op.expiresAtMs = flags.expiresAtMs;
    const touched = itemTouch(p, op, ref);
    // Without memory for the new time the old one stays; the value is still the answer.
    if (touched !== 0) shown = touched;
  }
  if (withValue && valueReply(call, p, shown, valueFinish)) replyBytes(reply, CRLF);
}

/** The flags in their order. Returns whether the client has won the right to store the key anew. */
function flagsReply(
  call: Call,
  p: Partition,
  ref: number,
  expiresAtMsBefore: number,
  isCreated: boolean,
): boolean {
  const { line, input, flags, op, reply } = call;
  let expiresAtMs = expiresAtMsBefore;
  let wins = false;
  for (let word = FIRST_FLAG; word < line.count; word++) {
    const start = line.start[word];
    switch (input[start]) {
      case FLAG.T:
        expiresAtMs = flags.expiresAtMs;
        break;
      case FLAG.N:
        if (isCreated) expiresAtMs = flags.createdExpiresAtMs;
        wins ||= isCreated;
        break;
      case FLAG.R:
        wins ||= !isCreated && recacheIsDue(call, p, ref, expiresAtMs);
        break;
      case FLAG.s:
        replyFlagNumber(reply, FLAG.s, itemValueBytes(p, ref));
        break;
      case FLAG.t:
        replyFlagNumber(reply, FLAG.t, ttlSec(expiresAtMs, op.nowMs));
        break;
      case FLAG.c:
        replyFlagLetter(reply, FLAG.c);
        replyUint64(reply, call.unique);
        break;
      case FLAG.f:
        replyFlagNumber(reply, FLAG.f, itemClientFlags(p, ref));
        break;
      case FLAG.l:
        replyFlagNumber(reply, FLAG.l, itemIdleSec(p, ref, op.nowSec));
        break;
      case FLAG.h:
        replyFlagNumber(reply, FLAG.h, itemIsFetched(p, ref) ? 1 : 0);
        break;
      case FLAG.O:
        replyOpaque(reply, input, start, line.end[word]);
        break;
      case FLAG.k:
        replyFlagKey(reply, op.key, (itemMarks(p, ref) & MARK_BINARY_KEY) !== 0);
        break;
    }
  }
  return wins;
}

/** R: whether the item has less to live than the flag says, and nobody was told so far. */
function recacheIsDue(call: Call, p: Partition, ref: number, expiresAtMs: number): boolean {
  const { flags, op } = call;
  if ((itemMarks(p, ref) & MARK_TOKEN_SENT) !== 0 || expiresAtMs === 0) return false;
  return ttlSec(expiresAtMs, op.nowMs) < ttlSec(flags.recacheAtMs, op.nowMs);
}

/** Z, X and W: a token that was sent is not sent again; a stale item sends one. */
function standingReply({ reply }: Call, p: Partition, ref: number, wins: boolean): void {
  const marks = itemMarks(p, ref);
  const wasSent = (marks & MARK_TOKEN_SENT) !== 0;
  const isStale = (marks & MARK_STALE) !== 0;
  if (wasSent) replyFlagLetter(reply, TOKEN_SENT);
  if (isStale) replyFlagLetter(reply, STALE);
  if (!wins && !(isStale && !wasSent)) return;
  replyFlagLetter(reply, WON);
  itemMarksAdd(p, ref, MARK_TOKEN_SENT);
}

/** Sends what is left of a long value, and its line end. */
function valueFinish(call: Call, at: number): number {
  if (!valueSend(call)) return waitAt(at);
  call.session.phase = PHASE.COMMAND;
  replyRoom(call.reply, CRLF.length);
  replyBytes(call.reply, CRLF);
  return at;
}
