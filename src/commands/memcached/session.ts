/**
 * A session of the text protocol: what one connection is in the middle of. Requests may arrive split
 * at any byte; whatever `sessionRun` (dispatch.ts) does not consume is offered again with what comes next.
 *
 *   COMMAND ──get …──▶ RETRIEVE ──long value──▶ SEND ──▶ RETRIEVE ──END──▶ COMMAND
 *           ──set …, long value──▶ RECEIVE ──▶ COMMAND
 *           ──refused data──▶ SWALLOW ──▶ COMMAND          ──quit──▶ CLOSED
 */
import { ValueCursor } from '../../engine/types/chained.ts';
import { STORE, type StoreMode } from '../../engine/types/string.ts';
import type { TextRow } from './row.ts';

export const PHASE = {
  COMMAND: 0,
  RETRIEVE: 1, // in the keys of a get, gets, gat or gats
  SEND: 2, // in a long value on its way out
  RECEIVE: 3, // in a long value on its way in
  SWALLOW: 4, // in data that was refused
  SKIP_LINE: 5, // in the rest of a line that was refused
  CLOSED: 6, // nothing more is read
} as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** Holds a chained item for a session; the connection makes it known to the supervisor. */
export interface ItemHolder {
  /** i32 index of the connection's record in the connection table; -1: there is none. */
  readonly record: number;
  holdSet(partition: number, ref: number, resetCount: number): void;
  holdClear(): void;
}

export class TextSession {
  phase: Phase = PHASE.COMMAND;
  readonly holder: ItemHolder;
  /** RETRIEVE, SEND: the row, and for gat and gats the new expiry time. */
  row: TextRow | null = null;
  touchExpiresAtMs = 0;
  keyCount = 0;
  /** RECEIVE, SEND: the chained item. */
  partition = 0;
  ref = 0;
  /** The partition's reset count when `ref` was taken: a reset makes it void. */
  resetCount = 0;
  readonly cursor = new ValueCursor();
  /** RECEIVE: the command that waits for the value. SWALLOW: bytes still to come. */
  storeMode: StoreMode = STORE.SET;
  casUnique = 0;
  valueBytes = 0;
  receivedBytes = 0;
  swallowBytes = 0;
  noreply = false;

  constructor(holder: ItemHolder) {
    this.holder = holder;
  }
}

/** Discards the next `bytes` bytes of input. */
export function sessionSwallow(session: TextSession, bytes: number): void {
  session.phase = PHASE.SWALLOW;
  session.swallowBytes = bytes;
}

/** How a handler says that it stopped at `position` and has to wait: see TextHandler. */
export function waitAt(position: number): number {
  return -position - 1;
}
