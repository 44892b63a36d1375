/**
 * Key events: what a command did to a key, by Redis's names. They count as changes since the last save,
 * and go to whoever has subscribed to keyspace notifications.
 *
 * Spec: Redis, "Keyspace notifications"; names as valkey-io/valkey src/*.c has them.
 */
import { COUNTER } from '../../memory/control.ts';
import type { RespCall } from './call.ts';

/** Classes of events: bits of notify-keyspace-events, in the order of its letters. */
export const KEY_EVENT = {
  KEYSPACE: 1 << 0, // K
  KEYEVENT: 1 << 1, // E
  GENERIC: 1 << 2, // g
  STRING: 1 << 3, // $
  LIST: 1 << 4, // l
  SET: 1 << 5, // s
  HASH: 1 << 6, // h
  ZSET: 1 << 7, // z
  EXPIRED: 1 << 8, // x
  EVICTED: 1 << 9, // e
  STREAM: 1 << 10, // t
  MISS: 1 << 11, // m
  MODULE: 1 << 13, // d
  NEW: 1 << 14, // n
} as const;

/** Argument `index` is a key to which `event` of the class has happened. Does not count as a change. */
export function keyEvent(call: RespCall, kind: number, event: string, index: number): void {
  if ((call.keyEvents & kind) === 0) return;
  const { args } = call;
  const key = Buffer.from(args.source.subarray(args.start[index], args.end[index]));
  keyEventTell(call, event, key, call.session.database);
}

/** As keyEvent, for a key that is no argument, or of another database. */
export function keyEventTell(call: RespCall, event: string, key: Buffer, database: number): void {
  call.keyEventSink?.(event, key, database);
}

/** `count` changes were made: INFO's rdb_changes_since_last_save. */
export function changesCount(call: RespCall, count: number): void {
  call.counters[call.block + COUNTER.respChanges] += count;
}
