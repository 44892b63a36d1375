/**
 * Streams: what changes their entries.
 *
 *   XADD k MAXLEN ~ 1000 * name value …      1526919030474-0
 *   XTRIM k MINID 1526919030474              2      entries that went
 *   XDEL k 1526919030474-0 …                 1
 *   XSETID k 1526919030475-0                 OK
 */

import { int64Exact } from '../../../base/int64.ts';
import {
  ID_TEXT,
  StreamId,
  streamIdCompare,
  streamIdIsZero,
  streamIdParse,
} from '../../../base/stream-id.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE } from '../../../engine/change-log.ts';
import { itemChanged } from '../../../engine/collection/packed.ts';
import { itemUnlink } from '../../../engine/lifecycle.ts';
import { OTHER_TYPE, STATUS } from '../../../engine/status.ts';
import {
  ID_GIVEN,
  streamAdd,
  streamCreate,
  streamIdChoose,
  streamIsExhausted,
  streamRootOf,
} from '../../../engine/types/stream.ts';
import { StreamCursor, streamLastEntry } from '../../../engine/types/stream-cursor.ts';
import { StreamFields } from '../../../engine/types/stream-fields.ts';
import {
  streamAddedSet,
  streamLastIdSet,
  streamMaxDeletedId,
  streamMaxDeletedIdSet,
} from '../../../engine/types/stream-root.ts';
import { streamDelete, streamTrim, TRIM } from '../../../engine/types/stream-trim.ts';
import { rootCount } from '../../../memory/node.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR, wrongArity } from '../../../protocol/resp/errors.ts';
import { respInteger, respNull, respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { integerArgument } from '../number-arguments.ts';
import { DELETE_KEY, FLAG, INFO_KEY, type RespRow, UPDATE_KEY } from '../row.ts';
import {
  INVALID_ID,
  idArgument,
  TrimOptions,
  trimArgument,
  trimClear,
  trimSettle,
} from './stream-argument.ts';
import { respStreamId, streamToChange, streamToRead } from './stream-reply.ts';

const { WRITE, READONLY, DENY_OOM, FAST } = FLAG;
const TRIMS = '[(MAXLEN | MINID) [= | ~] threshold [LIMIT count]]';

// biome-ignore format: a table reads in columns
export const STREAM_ROWS: readonly RespRow[] = [
  { name: 'xadd',   arity: -5, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(1)',                                        syntax: `key [NOMKSTREAM] ${TRIMS} (* | id) field value [field value ...]`, doc: 'Adds an entry to a stream, and may trim it.', run: xadd },
  { name: 'xlen',   arity:  2, flags: READONLY | FAST,         keys: INFO_KEY,   group: 'stream', since: '5.0.0', complexity: 'O(1)',                                        syntax: 'key',                                                            doc: 'Entries of a stream.', run: xlen },
  { name: 'xdel',   arity: -3, flags: WRITE | FAST,            keys: DELETE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(N log(M)), N the ids, M the entries',       syntax: 'key id [id ...]',                                                doc: 'Takes entries out of a stream.', run: xdel },
  { name: 'xtrim',  arity: -4, flags: WRITE,                   keys: DELETE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(N), N the entries that go',                 syntax: 'key (MAXLEN | MINID) [= | ~] threshold [LIMIT count]',           doc: 'Takes the first entries out of a stream.', run: xtrim },
  { name: 'xsetid', arity: -3, flags: WRITE | DENY_OOM | FAST, keys: UPDATE_KEY, group: 'stream', since: '5.0.0', complexity: 'O(1)',                                        syntax: 'key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]', doc: 'Sets the id of which a stream takes its last entry to be.', run: xsetid },
];

const ID_TOO_SMALL =
  'ERR The ID specified in XADD is equal or smaller than the target stream top item';
const ID_ZERO = 'ERR The ID specified in XADD must be greater than 0-0';
const ID_EXHAUSTED = 'ERR The stream has exhausted the last possible ID, unable to add more items';
const TOO_LARGE = 'ERR Elements are too large to be stored';

const id = new StreamId();
const other = new StreamId();
const fields = new StreamFields(Buffer.alloc(0));
const options = new TrimOptions();
const cursor = new StreamCursor();

/** What XADD's options say, besides of trimming. */
const adding = { given: 0, makes: true };

/** Reads XADD's options and id. Returns the index of the first field; -1: something was wrong, and answered. */
function addTake(call: RespCall): number {
  const { args } = call;
  trimClear(options);
  adding.makes = true;
  for (let index = 2; index < args.count; index++) {
    if (argumentIs(args, index, '*')) {
      adding.given = ID_GIVEN.NOTHING;
      return trimSettle(call, options) ? index + 1 : -1;
    }
    const next = trimArgument(call, index, options);
    if (next < 0) return -1;
    if (next > index) {
      index = next - 1;
    } else if (argumentIs(args, index, 'nomkstream')) {
      adding.makes = false;
    } else {
      const read = streamIdParse(args.source, args.start[index], args.end[index], id);
      if (read === ID_TEXT.WRONG) {
        answerError(call, INVALID_ID);
        return -1;
      }
      adding.given = read === ID_TEXT.AUTO ? ID_GIVEN.MS : ID_GIVEN.ALL;
      return trimSettle(call, options) ? index + 1 : -1;
    }
  }
  return trimSettle(call, options) ? args.count + 1 : -1;
}

function xadd(call: RespCall): void {
  const { args, p, op, reply } = call;
  const first = addTake(call);
  if (first < 0) return;
  const strings = args.count - first;
  if (strings < 2 || strings % 2 === 1) {
    answerError(call, wrongArity(call.command.fullName));
    return;
  }
  if (adding.given === ID_GIVEN.ALL && streamIdIsZero(id)) {
    answerError(call, ID_ZERO);
    return;
  }
  const found = streamToChange(call, p);
  if (found === OTHER_TYPE) return;
  if (found === 0 && !adding.makes) {
    respNull(reply);
    return;
  }
  const ref = found === 0 ? streamCreate(p, op) : found;
  if (ref === 0) {
    answerError(call, RESP_ERROR.outOfMemory);
    return;
  }
  const rootRef = streamRootOf(p, ref);
  if (!streamIdChoose(p, rootRef, adding.given, id, op.nowMs)) {
    answerError(call, streamIsExhausted(p, rootRef) ? ID_EXHAUSTED : ID_TOO_SMALL);
    return;
  }
  fields.source = args.source;
  fields.start = args.start;
  fields.end = args.end;
  fields.first = first;
  fields.count = strings >> 1;
  const status = streamAdd(p, op, ref, id, fields);
  if (status !== STATUS.OK) {
    if (found === 0) itemUnlink(p, op.key.hash, ref, CHANGE.DELETE);
    answerError(call, status === STATUS.NO_MEMORY ? RESP_ERROR.outOfMemory : TOO_LARGE);
    return;
  }
  keyEvent(call, KEY_EVENT.STREAM, 'xadd', 1);
  changesCount(call, 1);
  if (options.trim.by !== TRIM.NONE && streamTrim(p, rootRef, options.trim) > 0) {
    keyEvent(call, KEY_EVENT.STREAM, 'xtrim', 1);
  }
  itemChanged(p, ref);
  respStreamId(reply, id);
}

function xlen(call: RespCall): void {
  const { p, reply } = call;
  const ref = streamToRead(call, p, 1);
  if (ref !== OTHER_TYPE) respInteger(reply, ref === 0 ? 0 : rootCount(p, streamRootOf(p, ref)));
}

function xdel(call: RespCall): void {
  const { args, p, reply } = call;
  const ref = streamToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    respInteger(reply, 0);
    return;
  }
  // A wrong id among them spoils them all.
  for (let index = 2; index < args.count; index++) if (!idArgument(call, index, id)) return;
  const rootRef = streamRootOf(p, ref);
  let deleted = 0;
  for (let index = 2; index < args.count; index++) {
    idArgument(call, index, id);
    if (streamDelete(p, rootRef, id)) deleted++;
  }
  if (deleted > 0) {
    itemChanged(p, ref);
    keyEvent(call, KEY_EVENT.STREAM, 'xdel', 1);
    changesCount(call, deleted);
  }
  respInteger(reply, deleted);
}

function xtrim(call: RespCall): void {
  const { args, p, reply } = call;
  trimClear(options);
  for (let index = 2; index < args.count; ) {
    const next = trimArgument(call, index, options);
    if (next < 0) return;
    if (next === index) {
      answerError(call, RESP_ERROR.syntax);
      return;
    }
    index = next;
  }
  if (options.trim.by === TRIM.NONE && options.trim.countMax === 0) {
    answerError(call, 'ERR syntax error, XTRIM must be called with a trimming strategy');
    return;
  }
  if (!trimSettle(call, options)) return;
  const ref = streamToChange(call, p);
  if (ref === OTHER_TYPE) return;
  const removed = ref === 0 ? 0 : streamTrim(p, streamRootOf(p, ref), options.trim);
  if (removed > 0) {
    itemChanged(p, ref);
    keyEvent(call, KEY_EVENT.STREAM, 'xtrim', 1);
    changesCount(call, removed);
  }
  respInteger(reply, removed);
}

/** What XSETID is to set besides the last id; -1n and 0-0: nothing. */
const setting = { added: -1n, maxDeletedId: new StreamId() };

/** Reads XSETID's arguments. False: something was wrong, and answered. */
function settingTake(call: RespCall): boolean {
  const { args } = call;
  setting.added = -1n;
  setting.maxDeletedId = new StreamId();
  if (!idArgument(call, 2, id)) return false;
  for (let index = 3; index < args.count; index += 2) {
    const hasValue = index + 1 < args.count;
    if (hasValue && argumentIs(args, index, 'entriesadded')) {
      if (Number.isNaN(integerArgument(call, index + 1))) return false;
      setting.added = int64Exact(args.source, args.start[index + 1], args.end[index + 1]);
      if (setting.added >= 0n) continue;
      answerError(call, 'ERR entries_added must be positive');
      return false;
    }
    if (!hasValue || !argumentIs(args, index, 'maxdeletedid')) {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
    if (!idArgument(call, index + 1, setting.maxDeletedId)) return false;
    if (streamIdCompare(id, setting.maxDeletedId) >= 0) continue;
    answerError(call, idRefusal('provided max_deleted_entry_id'));
    return false;
  }
  return true;
}

function idRefusal(what: string): string {
  return `ERR The ID specified in XSETID is smaller than the ${what}`;
}

function xsetid(call: RespCall): void {
  const { p, reply } = call;
  if (!settingTake(call)) return;
  const ref = streamToChange(call, p);
  if (ref === OTHER_TYPE) return;
  if (ref === 0) {
    answerError(call, RESP_ERROR.noKey);
    return;
  }
  const rootRef = streamRootOf(p, ref);
  streamMaxDeletedId(p, rootRef, other);
  if (streamIdCompare(id, other) < 0) {
    answerError(
      call,
      'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id',
    );
    return;
  }
  if (streamLastEntry(p, rootRef, cursor) && streamIdCompare(id, cursor.id) < 0) {
    answerError(call, idRefusal('target stream top item'));
    return;
  }
  const { added, maxDeletedId } = setting;
  if (added !== -1n && added < BigInt(rootCount(p, rootRef))) {
    const what = 'The entries_added specified in XSETID is smaller than the target stream length';
    answerError(call, `ERR ${what}`);
    return;
  }
  streamLastIdSet(p, rootRef, id);
  if (added !== -1n) streamAddedSet(p, rootRef, added);
  if (!streamIdIsZero(maxDeletedId)) streamMaxDeletedIdSet(p, rootRef, maxDeletedId);
  itemChanged(p, ref);
  keyEvent(call, KEY_EVENT.STREAM, 'xsetid', 1);
  changesCount(call, 1);
  respOk(reply);
}
