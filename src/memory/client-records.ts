/**
 * What a RESP client's record in the connection table says besides (connections.ts): the part that CLIENT
 * LIST shows, and by which CLIENT KILL and INFO find clients of other threads.
 *
 *   byte 128        192         224        288        336         400        448       456        512
 *        ┌──────────┬───────────┬──────────┬──────────┬───────────┬──────────┬─────────┬──────────┐
 *        │ 16 words │ 4 doubles │ name     │ local    │ lib-name  │ lib-ver  │ 2 words │ user     │
 *        │          │           │          │ address  │           │          │         │          │
 *        └──────────┴───────────┴──────────┴──────────┴───────────┴──────────┴─────────┴──────────┘
 *          texts: length u8, then the characters; a longer one is cut
 *
 * Guard: written by the connection's thread alone, at the end of each batch; readers may see a moment in
 * between.
 */
import { assert } from '../base/assert.ts';
import { CONNECTION_RECORD_BYTES, type Control } from './control.ts';

/** i32 indices within a record. */
export const CLIENT = {
  id: 32, // 0: the connection is memcached's, or about to be closed
  flags: 33, // CLIENT_FLAG bits
  database: 34,
  resp: 35,
  channels: 36,
  patterns: 37,
  shardChannels: 38,
  queued: 39, // commands in the transaction; -1: there is none
  watched: 40,
  queryBytes: 41, // of an argument that has not arrived whole
  queryFreeBytes: 42,
  outputBytes: 43, // that the client has not taken
  outputPieces: 44,
  command: 45, // number of the last command + 1
  queuedBytes: 46, // of the transaction
  argumentBytes: 47, // of a request: those that have arrived
  redirect: 112, // id of the client that hears of keys which this one tracks, 0: itself; -1: it tracks none
  prefixes: 113, // of keys that it tracks
} as const;

/** f64 indices within a record, from its first f64. */
export const CLIENT_F64 = {
  createdAtMs: 24,
  bytesRead: 25,
  bytesWritten: 26,
  commands: 27,
} as const;

export const CLIENT_FLAG = {
  PUBSUB: 1 << 0,
  MULTI: 1 << 1,
  BLOCKED: 1 << 2,
  PAUSED: 1 << 3,
  DIRTY: 1 << 4, // a watched key has changed
  CLOSING: 1 << 5,
  UNIX: 1 << 6,
  MONITOR: 1 << 7,
  NO_EVICT: 1 << 8,
  NO_TOUCH: 1 << 9,
  TRACKING: 1 << 10,
  BROKEN_REDIRECT: 1 << 11, // who was to be told in its place is gone
  BROADCAST: 1 << 12,
} as const;

/** A text of the record: where it starts, and how much fits. */
type TextField = { readonly offset: number; readonly bytesMax: number };
export const CLIENT_TEXT = {
  name: { offset: 224, bytesMax: 63 },
  local: { offset: 288, bytesMax: 47 },
  libraryName: { offset: 336, bytesMax: 63 },
  libraryVersion: { offset: 400, bytesMax: 47 },
  user: { offset: 456, bytesMax: 55 },
} as const satisfies Readonly<Record<string, TextField>>;

/** What a client takes in any case: its connection, its session and its record. */
const CLIENT_BYTES = 2048;
/** … and for each name that it watches, is subscribed to or has as a prefix. */
const NAME_BYTES = 128;

assert(CONNECTION_RECORD_BYTES === 512, 'the texts of a client end with its record');

/** Whether the record is that of a RESP client that others may see. */
export function clientIsShown({ i32 }: Control, record: number): boolean {
  return Atomics.load(i32, record + CLIENT.id) !== 0;
}

/** Hides the client, whom whoever did it has to close; its id, or 0 if somebody else has. */
export function clientTake({ i32 }: Control, record: number): number {
  return Atomics.exchange(i32, record + CLIENT.id, 0);
}

/** How much memory a client takes. */
export function clientBytes({ i32 }: Control, record: number): number {
  const names =
    i32[record + CLIENT.watched] +
    i32[record + CLIENT.channels] +
    i32[record + CLIENT.patterns] +
    i32[record + CLIENT.prefixes] +
    i32[record + CLIENT.shardChannels];
  return (
    CLIENT_BYTES +
    names * NAME_BYTES +
    i32[record + CLIENT.queryBytes] +
    i32[record + CLIENT.queryFreeBytes] +
    i32[record + CLIENT.outputBytes] +
    i32[record + CLIENT.queuedBytes] +
    i32[record + CLIENT.argumentBytes]
  );
}

/** Whether the text of a record is this one, as far as it fits there. */
export function clientTextIs(
  control: Control,
  record: number,
  field: TextField,
  text: string,
): boolean {
  return clientText(control, record, field) === text.slice(0, field.bytesMax);
}

export function clientTextSet(
  control: Control,
  record: number,
  { offset, bytesMax }: TextField,
  text: string,
): void {
  const at = (record << 2) + offset;
  control.u8[at] = control.u8.write(text.slice(0, bytesMax), at + 1, 'latin1');
}

export function clientText(control: Control, record: number, { offset }: TextField): string {
  const at = (record << 2) + offset;
  return control.u8.toString('latin1', at + 1, at + 1 + control.u8[at]);
}

/** f64 index of one of CLIENT_F64. `record`: the record's i32 index, which is even. */
export function clientF64(record: number, field: number): number {
  return (record >>> 1) + field;
}
