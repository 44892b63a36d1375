/**
 * Lists of clients, of all threads: by their records in the connection table, which each thread brings up to
 * date after every batch. CLIENT LIST's fields are those of Redis, in its order.
 */
import {
  CLIENT,
  CLIENT_F64,
  CLIENT_FLAG,
  CLIENT_TEXT,
  clientBytes,
  clientF64,
  clientIsShown,
  clientText,
} from '../../../memory/client-records.ts';
import { CONNECTION, connectionRemote, connectionsWalk } from '../../../memory/connections.ts';
import type { RespCall } from '../call.ts';
import { clientNoteSelf } from './client-note.ts';

/** Types of clients, by all the names that there are. */
const CLIENT_TYPES: Readonly<Record<string, ClientType>> = {
  normal: 'normal',
  slave: 'replica',
  replica: 'replica',
  pubsub: 'pubsub',
  master: 'master',
  primary: 'master',
};
export type ClientType = 'normal' | 'replica' | 'pubsub' | 'master';

/** Flags as CLIENT LIST has them, in the order of their letters. */
const FLAG_LETTERS: readonly (readonly [flag: number, letter: string])[] = [
  [CLIENT_FLAG.MONITOR, 'O'],
  [CLIENT_FLAG.PUBSUB, 'P'],
  [CLIENT_FLAG.MULTI, 'x'],
  [CLIENT_FLAG.BLOCKED | CLIENT_FLAG.PAUSED, 'b'],
  [CLIENT_FLAG.DIRTY, 'd'],
  [CLIENT_FLAG.CLOSING, 'c'],
  [CLIENT_FLAG.TRACKING, 't'],
  [CLIENT_FLAG.BROKEN_REDIRECT, 'R'],
  [CLIENT_FLAG.BROADCAST, 'B'],
  [CLIENT_FLAG.UNIX, 'U'],
  [CLIENT_FLAG.NO_EVICT, 'e'],
  [CLIENT_FLAG.NO_TOUCH, 'T'],
];

export function clientTypeOf(name: string): ClientType | null {
  return CLIENT_TYPES[name.toLowerCase()] ?? null;
}

/** Calls visit for the record of every RESP client. The running client's own is brought up to date. */
export function clientsWalk(call: RespCall, visit: (record: number) => void): void {
  const { control } = call.keyspace;
  clientNoteSelf(call);
  connectionsWalk(control, (record) => {
    if (clientIsShown(control, record)) visit(record);
  });
}

export function clientType({ keyspace }: RespCall, record: number): ClientType {
  const flags = keyspace.control.i32[record + CLIENT.flags];
  if (flags & CLIENT_FLAG.MONITOR) return 'replica';
  return flags & CLIENT_FLAG.PUBSUB ? 'pubsub' : 'normal';
}

/** `ip:port`, or a unix socket's path and `:0`. */
export function clientAddress({ keyspace }: RespCall, record: number): string {
  const text = connectionRemote(keyspace.control, record);
  return text.startsWith('unix:') ? `${text.slice(5)}:0` : text.replace(/^tcp:/, '');
}

export function clientLocal({ keyspace }: RespCall, record: number): string {
  return clientText(keyspace.control, record, CLIENT_TEXT.local);
}

export function clientAgeSec({ keyspace, op }: RespCall, record: number): number {
  const createdAtMs = keyspace.control.f64[clientF64(record, CLIENT_F64.createdAtMs)];
  return Math.max(0, Math.floor((op.nowMs - createdAtMs) / 1000));
}

/** A client's line, without its end. */
export function clientLine(call: RespCall, record: number): string {
  const { control } = call.keyspace;
  const field = (word: number): number => control.i32[record + word];
  const total = (word: number): number => control.f64[clientF64(record, word)];
  const text = (which: (typeof CLIENT_TEXT)[keyof typeof CLIENT_TEXT]): string =>
    clientText(control, record, which);
  const command = call.table.byNumber[field(CLIENT.command) - 1]?.fullName ?? 'NULL';
  const isWriting = field(CLIENT.outputPieces) > 0;
  const rows: readonly (readonly [string, string | number])[] = [
    ['id', field(CLIENT.id)],
    ['addr', clientAddress(call, record)],
    ['laddr', clientLocal(call, record)],
    ['fd', field(CONNECTION.id)],
    ['name', text(CLIENT_TEXT.name)],
    ['age', clientAgeSec(call, record)],
    ['idle', Math.max(0, call.op.nowSec - field(CONNECTION.lastCommandSec))],
    ['flags', flagLetters(field(CLIENT.flags))],
    ['db', field(CLIENT.database)],
    ['sub', field(CLIENT.channels)],
    ['psub', field(CLIENT.patterns)],
    ['ssub', field(CLIENT.shardChannels)],
    ['multi', field(CLIENT.queued)],
    ['watch', field(CLIENT.watched)],
    ['qbuf', field(CLIENT.queryBytes)],
    ['qbuf-free', field(CLIENT.queryFreeBytes)],
    ['argv-mem', field(CLIENT.argumentBytes)],
    ['multi-mem', field(CLIENT.queuedBytes)],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', field(CLIENT.outputPieces)],
    ['omem', field(CLIENT.outputBytes)],
    ['tot-mem', clientBytes(control, record)],
    ['events', isWriting ? 'rw' : 'r'],
    ['cmd', command],
    ['user', text(CLIENT_TEXT.user)],
    ['redir', field(CLIENT.redirect)],
    ['resp', field(CLIENT.resp)],
    ['lib-name', text(CLIENT_TEXT.libraryName)],
    ['lib-ver', text(CLIENT_TEXT.libraryVersion)],
    ['tot-net-in', total(CLIENT_F64.bytesRead)],
    ['tot-net-out', total(CLIENT_F64.bytesWritten)],
    ['tot-cmds', total(CLIENT_F64.commands)],
  ];
  return rows.map(([name, value]) => `${name}=${value}`).join(' ');
}

function flagLetters(flags: number): string {
  const letters = FLAG_LETTERS.filter(([flag]) => (flags & flag) !== 0).map(([, letter]) => letter);
  return letters.join('') || 'N';
}
