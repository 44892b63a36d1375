/**
 * A session: what one connection is in the middle of. Requests may arrive split at any byte; whatever
 * `sessionRun` (dispatch.ts) does not consume is offered again with what comes next.
 *
 *   COMMAND ──get …──▶ RETRIEVE ──long value──▶ SEND ──▶ RETRIEVE ──END──▶ COMMAND
 *           ──mg …, long value──▶ SEND ──▶ COMMAND
 *           ──set, ms …, long value──▶ RECEIVE ──▶ COMMAND
 *           ──config set …──▶ GATHER ──▶ COMMAND
 *           ──refused data──▶ SWALLOW ──▶ COMMAND          ──quit──▶ CLOSED
 *           ──work elsewhere──▶ AWAIT ──sessionWake──▶ ANSWER ──▶ COMMAND
 *           ──lru_crawler metadump──▶ DUMP ──▶ COMMAND     ──watch──▶ WATCH
 *
 * In RETRIEVE, SEND, RECEIVE, GATHER, ANSWER, DUMP and WATCH the session goes on with its `resume`.
 */

import type { SaslExchange } from '../../auth/sasl.ts';
import { assert } from '../../base/assert.ts';
import type { StoreTerms } from '../../engine/operation.ts';
import type { Status } from '../../engine/status.ts';
import { ValueCursor } from '../../engine/types/chained.ts';
import { STORE, type StoreMode } from '../../engine/types/string.ts';
import type { Call } from './call.ts';

export const PHASE = {
  COMMAND: 0,
  RETRIEVE: 1, // in the keys of a get, gets, gat or gats
  SEND: 2, // in a long value on its way out
  RECEIVE: 3, // in a long value on its way in
  SWALLOW: 4, // in data that was refused
  SKIP_LINE: 5, // in the rest of a line that was refused
  CLOSED: 6, // nothing more is read
  AWAIT: 7, // waits for work that is done elsewhere; no input is looked at
  ANSWER: 8, // that work is done
  GATHER: 9, // in a value on its way in that is none of an item
  DUMP: 10, // in a list of all keys
  WATCH: 11, // only told of events; input is discarded
} as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** What a connection speaks. In auto mode its first byte tells. */
export const PROTOCOL = { UNDECIDED: 0, TEXT: 1, BINARY: 2 } as const;
export type Protocol = (typeof PROTOCOL)[keyof typeof PROTOCOL];

/** Why a connection is closed: by the client's doing unless something else is noted. */
export const CLOSE_REASON = { ERROR: 0, NORMAL: 1, IDLE: 2, SHUTDOWN: 3 } as const;
export type CloseReason = (typeof CLOSE_REASON)[keyof typeof CLOSE_REASON];

/** The connection, as its session sees it. */
export interface SessionHost {
  /** i32 index of the connection's record in the connection table; -1: there is none. */
  readonly record: number;
  /** False: all there is is one datagram and one reply to it. */
  readonly isStream: boolean;
  /** The client's address; undefined on a unix socket. */
  readonly remoteAddress: string | undefined;
  /** Makes known to the supervisor that the session holds a chained item. */
  holdSet(partition: number, ref: number, resetCount: number): void;
  holdClear(): void;
  /** Runs the session again, though nothing has arrived. Not from within a run. */
  wake(): void;
}

/**
 * Goes on in the middle of a command, with input from `at`. Returns where the next command starts, or
 * waitAt(position) when it has to wait for more input, or for the client to read.
 */
export type Resume = (call: Call, at: number) => number;

/** Answers for a value that was received: a STATUS, or RECEIVED_BAD_CHUNK (value-receive.ts). */
export type Received = (call: Call, status: Status | -1) => void;

/** A value that is gathered on the heap: see value-gather.ts. */
export type Gathering = {
  readonly value: Buffer;
  gatheredBytes: number;
  readonly endBytes: 0 | 2;
  readonly done: (call: Call, value: Buffer | null) => void;
};

/** The flags that an answer returns, as they came, and how. */
export type MetaAnswer = {
  readonly words: Buffer;
  readonly isQuiet: boolean;
  readonly keyIsBinary: boolean;
};

const nothing: Resume = (_call, at) => at;

export class Session {
  /** Nothing but authentication may be asked for until then. */
  isAuthenticated: boolean;
  /** The client's way through SASL, once it has begun. */
  exchange: SaslExchange | null = null;
  protocol: Protocol;
  phase: Phase = PHASE.COMMAND;
  closeReason: CloseReason = CLOSE_REASON.NORMAL;
  readonly holder: SessionHost;
  resume: Resume = nothing;
  /** RETRIEVE, SEND: for gat and gats the new expiry time. */
  touchExpiresAtMs = 0;
  keyCount = 0;
  /** RECEIVE, SEND: the chained item. */
  partition = 0;
  ref = 0;
  /** The partition's reset count when `ref` was taken: a reset makes it void. */
  resetCount = 0;
  readonly cursor = new ValueCursor();
  /** RECEIVE: the command that waits for the value. SWALLOW: bytes still to come. */
  received: Received = nothing;
  storeMode: StoreMode = STORE.SET;
  terms: StoreTerms | null = null;
  valueBytes = 0;
  receivedBytes = 0;
  endBytes: 0 | 2 = 2;
  swallowBytes = 0;
  /** GATHER: what has come so far. */
  gathering: Gathering | null = null;
  /** The text protocol's noreply. */
  noreply = false;
  /** Of an ms whose value is received: what its answer shows; see meta-store.ts. */
  metaAnswer: MetaAnswer | null = null;
  /** The binary protocol's: opcode of the request and its opaque, as they go into the answer. */
  opcode = 0;
  opaque = 0;

  constructor(holder: SessionHost, protocol: Protocol, isAuthenticated: boolean) {
    this.holder = holder;
    this.isAuthenticated = isAuthenticated;
    this.protocol = protocol;
  }
}

/** Closes, because what the client sends makes no sense. */
export function sessionRefuse(session: Session): void {
  session.phase = PHASE.CLOSED;
  session.closeReason = CLOSE_REASON.ERROR;
}

/** Discards the next `bytes` bytes of input. */
export function sessionSwallow(session: Session, bytes: number): void {
  session.phase = PHASE.SWALLOW;
  session.swallowBytes = bytes;
}

/** Stops until `sessionWake`. */
export function sessionAwait(session: Session): void {
  session.phase = PHASE.AWAIT;
}

/** The work that the session awaits is done: `answer` tells. It may have been closed meanwhile. */
export function sessionWake(session: Session, answer: Resume): void {
  if (session.phase === PHASE.CLOSED) return;
  assert(session.phase === PHASE.AWAIT, 'a session is woken once');
  session.phase = PHASE.ANSWER;
  session.resume = answer;
  session.holder.wake();
}

/** How a handler says that it stopped at `position` and has to wait: see Resume. */
export function waitAt(position: number): number {
  return -position - 1;
}
