/**
 * Key events: what a command did to a key, by Redis's names. They count as changes since the last save, and
 * are published for whoever has subscribed to them:
 *
 *   __keyspace@0__:KEY      ◀── the event's name
 *   __keyevent@0__:EVENT    ◀── the key
 *
 * That a key was found expired, was evicted or is new the engine knows: it notes it (engine/change-log.ts), on
 * the thread on which it happened, and that thread tells it: before the next event, and before the
 * reply of the command leaves.
 *
 * Spec: Redis, "Keyspace notifications"; names as valkey-io/valkey src/*.c has them.
 */
import { KEY_EVENT } from '../../config/keyspace-events.ts';
import { NOTE, notesWant } from '../../engine/change-log.ts';
import { databaseCalled } from '../../engine/database.ts';
import type { Keyspace } from '../../engine/keyspace.ts';
import { CONTROL, COUNTER } from '../../memory/control.ts';
import { partitionLock, partitionUnlock } from '../../memory/partition.ts';
import { bulletinPost } from './bulletin.ts';
import type { RespCall } from './call.ts';
import { messageNotice, Outbox, publish } from './subscriptions/pubsub-message.ts';
import { TOPIC } from './subscriptions/pubsub-registry.ts';

/** The events that the engine notes. */
const NOTED: ReadonlyMap<number, { readonly kind: number; readonly event: string }> = new Map([
  [NOTE.EXPIRED, { kind: KEY_EVENT.EXPIRED, event: 'expired' }],
  [NOTE.EVICTED, { kind: KEY_EVENT.EVICTED, event: 'evicted' }],
  [NOTE.NEW, { kind: KEY_EVENT.NEW, event: 'new' }],
]);
const NOTES_ALL = [...NOTED.keys()].reduce((bits, note) => bits | note, 0);

/** Argument `index` is a key to which `event` of the class has happened. Does not count as a change. */
export function keyEvent(call: RespCall, kind: number, event: string, index: number): void {
  if ((call.keyEvents & kind) === 0) return;
  const { args } = call;
  const key = args.source.subarray(args.start[index], args.end[index]);
  keyEventTell(call, kind, event, key, call.session.database);
}

/** As keyEvent, for a key that is no argument, or of another database. */
export function keyEventTell(
  call: RespCall,
  kind: number,
  event: string,
  key: Buffer,
  database: number,
): void {
  if ((call.keyEvents & kind) === 0) return;
  notesTell(call);
  if (call.pubsub.isQuiet) return;
  for (const [channel, payload] of eventMessages(call.keyEvents, event, key, database)) {
    publish(call, TOPIC.CHANNEL, channel, payload);
  }
}

function eventMessages(
  keyEvents: number,
  event: string,
  key: Buffer,
  database: number,
): [channel: Buffer, payload: Buffer][] {
  const messages: [Buffer, Buffer][] = [];
  const name = Buffer.from(event, 'latin1');
  if (keyEvents & KEY_EVENT.KEYSPACE) {
    messages.push([Buffer.concat([Buffer.from(`__keyspace@${database}__:`), key]), name]);
  }
  if (keyEvents & KEY_EVENT.KEYEVENT) {
    messages.push([Buffer.concat([Buffer.from(`__keyevent@${database}__:`), name]), key]);
  }
  return messages;
}

/** A command that reads has not found the key at argument `index`. */
export function keyMissed(call: RespCall, index: number): void {
  keyEvent(call, KEY_EVENT.KEY_MISS, 'keymiss', index);
}

/** `count` changes were made: INFO's rdb_changes_since_last_save. */
export function changesCount(call: RespCall, count: number): void {
  call.counters[call.block + COUNTER.respChanges] += count;
}

/** Sets which events are published, for all threads from their next batch on: notify-keyspace-events. */
export function keyEventsSet({ control, partitions }: Keyspace, kinds: number): void {
  const isOn = (kinds & (KEY_EVENT.KEYSPACE | KEY_EVENT.KEYEVENT)) !== 0;
  let notes = 0;
  for (const [note, { kind }] of NOTED) if (isOn && (kinds & kind) !== 0) notes |= note;
  Atomics.store(control.i32, CONTROL.keyEvents, isOn ? kinds : 0);
  for (const p of partitions) {
    partitionLock(p);
    notesWant(p, notes, NOTES_ALL & ~notes);
    partitionUnlock(p);
  }
}

/** Publishes what the engine has noted on this thread. */
export function notesTell(call: RespCall): void {
  const { notes } = call.p;
  if (notes.length === 0) return;
  call.keyEvents = call.keyspace.control.i32[CONTROL.keyEvents];
  for (const { kind, key, namespace } of notes.splice(0)) {
    const noted = NOTED.get(kind);
    if (noted === undefined) continue;
    const database = databaseCalled(call.keyspace.control, namespace);
    keyEventTell(call, noted.kind, noted.event, key, database);
  }
}

/** As notesTell, from the main thread, which knows no subscribers: `bulletinName` is that of the data threads. */
export function notesPost({ control, partitions }: Keyspace, bulletinName: string): void {
  const { notes } = partitions[0];
  if (notes.length === 0) return;
  const keyEvents = Atomics.load(control.i32, CONTROL.keyEvents);
  const outbox = new Outbox();
  const notices = [];
  for (const { kind, key, namespace } of notes.splice(0)) {
    const noted = NOTED.get(kind);
    if (noted === undefined || (keyEvents & noted.kind) === 0) continue;
    const database = databaseCalled(control, namespace);
    for (const [channel, payload] of eventMessages(keyEvents, noted.event, key, database)) {
      outbox.add(TOPIC.CHANNEL, channel, payload);
    }
    if (outbox.isFull) notices.push(messageNotice(outbox.take()));
  }
  notices.push(messageNotice(outbox.take()));
  bulletinPost(control, bulletinName, notices);
}
