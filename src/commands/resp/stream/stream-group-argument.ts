/** What commands of consumer groups have in common: groups and consumers by their names. */
import { KEY_BYTES_LIMIT, Key, keyFill } from '../../../base/key.ts';
import { KEY_EVENT } from '../../../config/keyspace-events.ts';
import { CHANGE, changeNote } from '../../../engine/change-log.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { streamRootOf } from '../../../engine/types/stream.ts';
import {
  consumerAdd,
  consumerFind,
  consumerSeenMsSet,
  groupFind,
} from '../../../engine/types/stream-group.ts';
import { nameBytes, nameOffset } from '../../../engine/types/stream-group-node.ts';
import type { Partition } from '../../../memory/partition.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentBytes, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respBulk } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { changesCount, keyEvent } from '../key-events.ts';
import { streamToChange } from './stream-reply.ts';

/** The name in hand. */
const name = new Key();

/** Takes argument `index` for a name. False: it is longer than any name can be. */
function nameTake({ args }: RespCall, index: number): boolean {
  const bytes = argumentBytes(args, index);
  if (bytes > KEY_BYTES_LIMIT) return false;
  keyFill(name, args.source, args.start[index], bytes);
  return true;
}

/** Argument `index` as the name of something to be made; null if it is too long, which was answered. */
export function newNameTake(call: RespCall, index: number): Key | null {
  if (nameTake(call, index)) return name;
  answerError(call, RESP_ERROR.keyTooLong);
  return null;
}

/** The group of a stream that argument `index` names, or 0. */
export function groupTake(call: RespCall, p: Partition, rootRef: number, index: number): number {
  return nameTake(call, index) ? groupFind(p, rootRef, name) : 0;
}

/** The consumer of a group that argument `index` names, or 0. */
export function consumerTake(call: RespCall, p: Partition, group: number, index: number): number {
  return nameTake(call, index) ? consumerFind(p, group, name) : 0;
}

/** Whether argument `index` can be the name of a consumer; if not, that was answered. */
export function consumerNameHolds(call: RespCall, index: number): boolean {
  if (argumentBytes(call.args, index) <= KEY_BYTES_LIMIT) return true;
  answerError(call, RESP_ERROR.keyTooLong);
  return false;
}

/**
 * The consumer that argument `index` names, made if there is none; it is seen now. 0: no memory. The stream, whose
 * key is argument `keyIndex`, is guarded, and the name is one that holds.
 */
export function consumerProvide(
  call: RespCall,
  p: Partition,
  group: number,
  index: number,
  keyIndex: number,
): number {
  const { nowMs } = call.op;
  const found = consumerTake(call, p, group, index);
  if (found !== 0) {
    consumerSeenMsSet(p, found, nowMs);
    return found;
  }
  const consumer = consumerAdd(p, group, name, nowMs);
  if (consumer === 0) return 0;
  changesCount(call, 1);
  keyEvent(call, KEY_EVENT.STREAM, 'xgroup-createconsumer', keyIndex);
  return consumer;
}

/** A group of a stream, and where it is. */
export class GroupPlace {
  /** The stream's item, and its root. */
  ref = 0;
  rootRef = 0;
  group = 0;
}

/**
 * Goes to the group that argument 2 names, of the stream that argument 1 does, to be changed. False: there is no
 * such stream or group, or another type; only that was answered then.
 */
export function groupSeek(call: RespCall, place: GroupPlace): boolean {
  const p = keyTake(call, 1);
  place.group = 0;
  place.ref = streamToChange(call, p);
  if (place.ref === OTHER_TYPE || place.ref === 0) return false;
  place.rootRef = streamRootOf(p, place.ref);
  place.group = groupTake(call, p, place.rootRef, 2);
  return place.group !== 0;
}

/** As groupSeek, and that there is none is answered too. */
export function groupDemand(call: RespCall, place: GroupPlace): boolean {
  if (groupSeek(call, place)) return true;
  if (place.ref !== OTHER_TYPE) answerError(call, noGroup(call, 1, 2));
  return false;
}

/** There is no key, argument `keyIndex`, or it has no such group, argument `groupIndex`. */
export function noGroup({ args }: RespCall, keyIndex: number, groupIndex: number): string {
  const key = argumentText(args, keyIndex);
  return `NOGROUP No such key '${key}' or consumer group '${argumentText(args, groupIndex)}'`;
}

/** As noGroup, where the key is there. */
export function noGroupOfKey({ args }: RespCall, keyIndex: number, groupIndex: number): string {
  const key = argumentText(args, keyIndex);
  return `NOGROUP No such consumer group '${argumentText(args, groupIndex)}' for key name '${key}'`;
}

/**
 * Ends what changes groups alone, and no entry of the stream. As in Redis that is no change to who watches the
 * key, and nothing new to who waits for entries.
 */
export function groupsChanged(p: Partition, ref: number): void {
  changeNote(p, CHANGE.GROUPS, ref);
}

/** The name of a group or consumer. */
export function respName(reply: Reply, p: Partition, ref: number): void {
  respBulk(reply, p.u8, nameOffset(p, ref), nameBytes(p, ref));
}
