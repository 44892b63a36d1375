/**
 * The connection table: a record for each open connection, in the control block, so that any thread
 * can list all of them and a dead thread's can be cleared away.
 *
 *   ┌────────┬────┬───────┬────────┬──────────────┬─────────┬────────┬───────┬─────────────┬──────────────┐
 *   │ owner  │ id │ phase │ last   │ hold         │ hold    │ hold   │ wait  │ remote text │ listener text│
 *   │ thread │    │       │ Command│ partition + 1│ Ref     │ Resets │ Token │ 48 B        │ 48 B         │
 *   │ + 1    │    │       │ Sec    │              │         │        │       │             │              │
 *   └────────┴────┴───────┴────────┴──────────────┴─────────┴────────┴───────┴─────────────┴──────────────┘
 *
 * `waitToken` is that of a blocked RESP client: whoever exchanges it for 0 may answer the client.
 *
 * `hold` names the chained item that the connection is sending or receiving, and the reset count of
 * its partition at the time: whoever clears the record releases the item, unless a reset took it.
 *
 * A RESP client's record goes on behind that: client-records.ts.
 *
 * Guard: `owner` is claimed by compare-and-exchange; the rest is written by the owner alone.
 */
import {
  CONNECTION_RECORD_BYTES,
  CONNECTION_TABLE_OFFSET,
  CONTROL,
  type Control,
} from './control.ts';

/** i32 indices within a record. */
export const CONNECTION = {
  owner: 0,
  id: 1,
  phase: 2,
  lastCommandSec: 3,
  holdPartition: 4,
  holdRef: 5,
  holdResets: 6,
  waitToken: 7, // RESP: what the blocked client's wait is called; 0: it does not wait, or is being served
} as const;

const RECORD_WORDS = CONNECTION_RECORD_BYTES >>> 2;
const TABLE_WORD = CONNECTION_TABLE_OFFSET >>> 2;
const TEXT_BYTES_MAX = 47;
const REMOTE_TEXT_OFFSET = 32;
const LISTENER_TEXT_OFFSET = REMOTE_TEXT_OFFSET + TEXT_BYTES_MAX + 1;

/** Connections there may be at a time. */
export function connectionLimit({ i32, connectionCountMax }: Control): number {
  const limit = Atomics.load(i32, CONTROL.connectionLimit);
  return limit === 0 ? connectionCountMax : Math.min(limit, connectionCountMax);
}

/** Claims a record for a connection of the thread; its i32 index, or -1 when there are too many. */
export function connectionClaim(control: Control, threadIndex: number): number {
  const { i32, connectionCountMax } = control;
  const limit = connectionLimit(control);
  if (Atomics.add(i32, CONTROL.connectionCount, 1) < limit) {
    const start = Atomics.add(i32, CONTROL.connectionClaims, 1) & 0x7fffffff;
    // Within the limit records are used in turn; beyond it there are some only if it was higher before.
    for (let step = 0; step < connectionCountMax; step++) {
      const slot = step < limit ? (start + step) % limit : step;
      const record = TABLE_WORD + slot * RECORD_WORDS;
      if (Atomics.compareExchange(i32, record, 0, threadIndex + 1) !== 0) continue;
      i32.fill(0, record + 1, record + RECORD_WORDS);
      i32[record + CONNECTION.id] = slot;
      spanReach(i32, slot + 1);
      return record;
    }
  }
  Atomics.sub(i32, CONTROL.connectionCount, 1);
  return -1;
}

function spanReach(i32: Int32Array, slots: number): void {
  for (;;) {
    const span = Atomics.load(i32, CONTROL.connectionSpan);
    if (span >= slots) return;
    if (Atomics.compareExchange(i32, CONTROL.connectionSpan, span, slots) === span) return;
  }
}

export function connectionRelease(control: Control, record: number): void {
  Atomics.store(control.i32, record + CONNECTION.waitToken, 0);
  Atomics.store(control.i32, record + CONNECTION.owner, 0);
  Atomics.sub(control.i32, CONTROL.connectionCount, 1);
}

/** Notes who is connected to what, as far as it fits. */
export function connectionTextsSet(
  control: Control,
  record: number,
  remote: string,
  listener: string,
): void {
  textWrite(control.u8, (record << 2) + REMOTE_TEXT_OFFSET, remote);
  textWrite(control.u8, (record << 2) + LISTENER_TEXT_OFFSET, listener);
}

function textWrite(u8: Buffer, offset: number, text: string): void {
  u8[offset] = u8.write(text.slice(0, TEXT_BYTES_MAX), offset + 1, 'latin1');
}

function textRead(u8: Buffer, offset: number): string {
  return u8.toString('latin1', offset + 1, offset + 1 + u8[offset]);
}

export function connectionRemote(control: Control, record: number): string {
  return textRead(control.u8, (record << 2) + REMOTE_TEXT_OFFSET);
}

export function connectionListener(control: Control, record: number): string {
  return textRead(control.u8, (record << 2) + LISTENER_TEXT_OFFSET);
}

/** Calls visit for the record of every open connection. */
export function connectionsWalk(control: Control, visit: (record: number) => void): void {
  const span = Atomics.load(control.i32, CONTROL.connectionSpan);
  for (let slot = 0; slot < span; slot++) {
    const record = TABLE_WORD + slot * RECORD_WORDS;
    if (Atomics.load(control.i32, record) !== 0) visit(record);
  }
}

/** Number of the data thread that has the connection; -1: it has closed. */
export function connectionThread({ i32 }: Control, record: number): number {
  return Atomics.load(i32, record + CONNECTION.owner) - 1;
}

/** Connections open now. */
export function connectionsOpen(control: Control): number {
  return Atomics.load(control.i32, CONTROL.connectionCount);
}
