/**
 * A RESP session: what one client has chosen and is in the middle of.
 *
 *   COMMAND ──BLPOP …──▶ BLOCKED ──served, timed out──▶ COMMAND
 *           ──CLIENT PAUSE is on──▶ PAUSED ──▶ COMMAND        ──QUIT, error──▶ CLOSED
 *           ──too much published──▶ HELD ──▶ COMMAND
 */
import type { Arguments } from '../../protocol/resp/arguments.ts';
import type { AclUser } from './acl/acl-user.ts';
import type { Command } from './command.ts';
import type { Tracking } from './tracking/tracking-state.ts';
import type { Wait } from './wait-registry.ts';

export const PHASE = {
  COMMAND: 0,
  BLOCKED: 1, // waits for a key; input is gathered, not run
  PAUSED: 2, // CLIENT PAUSE holds back what came
  CLOSED: 3, // nothing more is run
  HELD: 4, // publishes faster than other threads can take, and waits for them
} as const;
export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** What makes dispatch look twice, a bit each: of the session, and of all sessions. */
export const GATE = {
  UNAUTHENTICATED: 1 << 0,
  MULTI: 1 << 1, // commands are queued
  SUBSCRIBED: 1 << 2, // RESP2: only a few commands are allowed
  REPLY_OFF: 1 << 3, // CLIENT REPLY OFF
  REPLY_SKIP: 1 << 4, // … SKIP: the next command's reply is dropped
  REPLY_SKIP_NEXT: 1 << 5,
  RESTRICTED: 1 << 6, // its user may not do everything
  CACHING: 1 << 7, // CLIENT CACHING: the next command's keys are tracked, or are not
  // Of all sessions:
  MONITORED: 1 << 8,
  PAUSED: 1 << 9,
  MEMORY_TIGHT: 1 << 10, // commands that may need memory have to find room first
  BUSY: 1 << 12, // a script is overdue
  NO_REPLICAS: 1 << 11, // min-replicas-to-write asks for more than there are
} as const;

/** A queued command of a transaction. */
export type Queued = { readonly command: Command; readonly args: Arguments };

/** A watched key, and what it was. */
export type Watched = {
  readonly database: number;
  readonly key: Buffer;
  /** The namespace that the database was, and the keys in it still are. */
  readonly namespace: number;
  /** CAS unique of its item when it was watched; 0: there was none, or one whose time had come. */
  readonly cas: number;
  /** Then, the last CAS unique that its partition had given out: an item of the key with a later one is new. */
  readonly casLast: number;
};

/** The connection, as its session sees it. */
export interface RespHost {
  /** i32 index of the connection's record in the connection table. */
  readonly record: number;
  /** The address that the client has connected to, as `ip:port`, or a unix socket's path and `:0`. */
  readonly local: string;
  /** Whether it came by a unix socket, or from this machine. */
  readonly isUnix: boolean;
  readonly isLocal: boolean;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Of a request what is of no argument that has arrived whole; and room for more of it. */
  readonly queryBytes: number;
  readonly queryFreeBytes: number;
  /** Of the same request, but arguments that have. */
  readonly argumentBytes: number;
  /** What the client has not taken, and in how many pieces. */
  readonly outputBytes: number;
  readonly outputPieces: number;
  /** Sends bytes that no request asked for, or that were long in coming. They must not change later. */
  push(bytes: Buffer): void;
  /** Runs what has been gathered. Not from within a run. */
  wake(): void;
  /** Closes after what was sent has left; `reason` is for the log. */
  close(reason: string): void;
  /** Closes at once: what was sent and has not left is lost. */
  destroy(): void;
}

export class RespSession {
  readonly host: RespHost;
  readonly id: number;
  phase: Phase = PHASE.COMMAND;
  /** GATE bits. */
  gate = 0;
  /** The database that was selected, and the namespace that it is at the moment. */
  database = 0;
  namespace = 0;
  resp: 2 | 3 = 2;
  /** Who it is: default, until it has logged in as another. */
  user: AclUser;
  /** It has logged in, or came when nobody needed to. */
  isAuthenticated = false;
  // ── Transaction ──
  readonly queue: Queued[] = [];
  queuedBytes = 0;
  /** A queued command was refused: EXEC will be too. */
  queueIsBroken = false;
  readonly watched: Watched[] = [];
  // ── Tracking ──
  tracking: Tracking | null = null;
  // ── Blocked ──
  wait: Wait | null = null;
  // ── Pub/sub: names of what the client is subscribed to ──
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  readonly shardChannels = new Set<string>();
  // ── What CLIENT knows of it ──
  name = '';
  libraryName = '';
  libraryVersion = '';
  readonly createdAtMs = Date.now();
  commandsRun = 0;
  /** Number of the last command + 1. */
  lastCommand = 0;
  noEvict = false;
  noTouch = false;
  isMonitor = false;
  /** As whom its scripts run commands: they choose their own database and protocol. */
  scripting: RespSession | null = null;
  /** What its record says besides what it runs is that nothing special is with it. */
  notedPlain = false;
  /** How much memory it took when that was looked at last: client-eviction.ts. */
  weighedBytes = 0;

  constructor(host: RespHost, id: number, user: AclUser) {
    this.host = host;
    this.id = id;
    this.user = user;
  }
}

/** How many subscriptions the client has. */
export function subscriptionCount(session: RespSession): number {
  return session.channels.size + session.patterns.size + session.shardChannels.size;
}
