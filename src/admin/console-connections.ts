/**
 * Who is connected, as the connection table has it. It is read while its owners write it, so a record may be a
 * moment old, or that of a connection which has just gone.
 */

import type { CommandList } from '../commands/command-list.ts';
import { PHASE } from '../commands/memcached/session.ts';
import {
  CLIENT,
  CLIENT_F64,
  CLIENT_FLAG,
  CLIENT_TEXT,
  clientBytes,
  clientF64,
  clientText,
} from '../memory/client-records.ts';
import {
  CONNECTION,
  connectionListener,
  connectionRemote,
  connectionsWalk,
  connectionThread,
} from '../memory/connections.ts';
import { CONTROL_F64, type Control } from '../memory/control.ts';
import type { ConsoleConnection, ConsoleConnections } from './console-state.ts';
import { keyText } from './key-text.ts';
import { threadName } from './look-state.ts';

export const CONNECTIONS_LISTED_MAX = 500;
/** Sockets for UDP have a record as well, and no one client. */
export const UDP = 'udp:';

/** What a client of RESP is doing: the first that is true. */
const FLAG_PHASES: readonly (readonly [flag: number, phase: string])[] = [
  [CLIENT_FLAG.CLOSING, 'closing'],
  [CLIENT_FLAG.BLOCKED, 'blocked'],
  [CLIENT_FLAG.PAUSED, 'paused'],
  [CLIENT_FLAG.MONITOR, 'monitoring'],
  [CLIENT_FLAG.PUBSUB, 'subscribed'],
  [CLIENT_FLAG.MULTI, 'transaction'],
];

/** … and one of memcached. */
const PHASE_NAMES: Readonly<Record<number, string>> = {
  [PHASE.COMMAND]: 'idle',
  [PHASE.RETRIEVE]: 'reading',
  [PHASE.SEND]: 'writing',
  [PHASE.RECEIVE]: 'reading',
  [PHASE.SWALLOW]: 'reading',
  [PHASE.SKIP_LINE]: 'reading',
  [PHASE.CLOSED]: 'closing',
  [PHASE.AWAIT]: 'waiting',
  [PHASE.ANSWER]: 'waiting',
  [PHASE.DUMP]: 'dumping',
  [PHASE.WATCH]: 'watching',
  [PHASE.GATHER]: 'reading',
};

export function connectionsTell(control: Control, commands: CommandList): ConsoleConnections {
  const records: { readonly record: number; readonly lastSec: number }[] = [];
  connectionsWalk(control, (record) => {
    records.push({ record, lastSec: control.i32[record + CONNECTION.lastCommandSec] });
  });
  records.sort((a, b) => b.lastSec - a.lastSec);
  const nowMs = Date.now() + control.f64[CONTROL_F64.clockOffsetMs];
  const listed = records.slice(0, CONNECTIONS_LISTED_MAX);
  return {
    total: records.length,
    isCut: records.length > listed.length,
    connections: listed.map(({ record }) => connectionTell(control, commands, record, nowMs)),
  };
}

/** The data thread that has the connection of that number and address; -1: it is not there. */
export function connectionOwner(control: Control, connection: number, address: string): number {
  let thread = -1;
  connectionsWalk(control, (record) => {
    if (control.i32[record + CONNECTION.id] !== connection) return;
    if (connectionRemote(control, record) === address) thread = connectionThread(control, record);
  });
  return thread;
}

function connectionTell(
  control: Control,
  commands: CommandList,
  record: number,
  nowMs: number,
): ConsoleConnection {
  const { i32, f64 } = control;
  const common = {
    connection: i32[record + CONNECTION.id],
    address: connectionRemote(control, record),
    listener: connectionListener(control, record),
    thread: threadName(connectionThread(control, record)),
    idleSec: Math.max(0, Math.floor(nowMs / 1000) - i32[record + CONNECTION.lastCommandSec]),
  };
  const createdAtMs = f64[clientF64(record, CLIENT_F64.createdAtMs)];
  // Only clients of RESP say so.
  if (createdAtMs === 0) return { ...common, ...memcachedTell(control, record) };
  const command = commands.resp.find(({ number }) => number + 1 === i32[record + CLIENT.command]);
  return {
    ...common,
    protocol: 'resp',
    ageSec: Math.max(0, Math.floor((nowMs - createdAtMs) / 1000)),
    name: textShown(clientText(control, record, CLIENT_TEXT.name)),
    user: textShown(clientText(control, record, CLIENT_TEXT.user)),
    database: i32[record + CLIENT.database],
    lastCommand: command?.name ?? null,
    phase: respPhase(control, record),
    bufferBytes: clientBytes(control, record),
  };
}

function memcachedTell(
  control: Control,
  record: number,
): Omit<ConsoleConnection, 'connection' | 'address' | 'listener' | 'thread' | 'idleSec'> {
  return {
    protocol: 'memcached',
    ageSec: null,
    name: null,
    user: null,
    database: null,
    lastCommand: null,
    phase: connectionRemote(control, record).startsWith(UDP)
      ? 'listening'
      : (PHASE_NAMES[control.i32[record + CONNECTION.phase]] ?? 'idle'),
    bufferBytes: null,
  };
}

function respPhase({ i32 }: Control, record: number): string {
  if (i32[record + CLIENT.id] === 0) return 'closing';
  const flags = i32[record + CLIENT.flags];
  const special = FLAG_PHASES.find(([flag]) => (flags & flag) !== 0);
  if (special !== undefined) return special[1];
  if (i32[record + CLIENT.outputPieces] > 0) return 'writing';
  return i32[record + CLIENT.queryBytes] + i32[record + CLIENT.argumentBytes] > 0
    ? 'reading'
    : 'idle';
}

/** A text of a record is bytes, one a character. */
export function textShown(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  return keyText(bytes, bytes.length, 0);
}
