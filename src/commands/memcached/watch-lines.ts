/**
 * The lines that watchers get. Numbers of an event: engine/events.ts, net/connection-events.ts.
 * Spec: memcached/memcached doc/protocol.txt, "Watchers"; the fields as logger.c of 1.6.45 has them.
 */
import { LOOKED_UP } from '../../engine/events.ts';
import { STATUS } from '../../engine/status.ts';
import { STORE } from '../../engine/types/string.ts';
import { EVENT, type LoggedEvent } from '../../memory/event-log.ts';
import { uriEncode } from '../../protocol/memcached/uri.ts';
import { CLOSE_REASON } from './session.ts';

type Names = Readonly<Record<number, string>>;

const LOOKUP_NAMES: Names = {
  [LOOKED_UP.MISSING]: 'not_found',
  [LOOKED_UP.FOUND]: 'found',
  [LOOKED_UP.FLUSHED]: 'flushed',
  [LOOKED_UP.EXPIRED]: 'expired',
};

const STATUS_NAMES: Names = {
  [STATUS.OK]: 'stored',
  [STATUS.MISSING]: 'not_found',
  [STATUS.EXISTS]: 'exists',
  [STATUS.NOT_STORED]: 'not_stored',
  [STATUS.WRONG_TYPE]: 'not_stored',
  [STATUS.TOO_LARGE]: 'too_large',
  [STATUS.NO_MEMORY]: 'no_memory',
};

const STORE_NAMES: Names = {
  [STORE.SET]: 'set',
  [STORE.ADD]: 'add',
  [STORE.REPLACE]: 'replace',
  [STORE.APPEND]: 'append',
  [STORE.PREPEND]: 'prepend',
  [STORE.CAS]: 'cas',
  [STORE.PUT]: 'set',
};

const CLOSE_NAMES: Names = {
  [CLOSE_REASON.ERROR]: 'error',
  [CLOSE_REASON.NORMAL]: 'normal',
  [CLOSE_REASON.IDLE]: 'idle_timeout',
  [CLOSE_REASON.SHUTDOWN]: 'shutdown',
};

const FIELDS: Readonly<Record<number, (event: LoggedEvent) => string>> = {
  [EVENT.LOOKUP]: lookupFields,
  [EVENT.STORE]: storeFields,
  [EVENT.EVICT]: evictFields,
  [EVENT.DELETE]: deleteFields,
  [EVENT.CONNECT]: connectFields,
  [EVENT.DISCONNECT]: disconnectFields,
  [EVENT.PAGE_MOVE]: pageMoveFields,
};

/** The microseconds are not padded, as in memcached: `ts=1.5` is five of them after the second. */
export function eventLine(event: LoggedEvent): string {
  return `ts=${event.sec}.${event.usec} gid=${event.ordinal} ${FIELDS[event.kind](event)}\n`;
}

function lookupFields({ text, connection, numbers }: LoggedEvent): string {
  const [outcome, bytes, classId] = numbers;
  const item = `key=${uriEncode(text)} status=${LOOKUP_NAMES[outcome]} clsid=${classId}`;
  return `type=item_get ${item} cfd=${connection} size=${bytes}`;
}

function storeFields({ text, connection, numbers }: LoggedEvent): string {
  const [status, mode, ttlSec, classId, bytes] = numbers;
  const store = `status=${STATUS_NAMES[status]} cmd=${STORE_NAMES[mode]} ttl=${ttlSec >>> 0}`;
  return `type=item_store key=${uriEncode(text)} ${store} clsid=${classId} cfd=${connection} size=${bytes}`;
}

function evictFields({ text, numbers }: LoggedEvent): string {
  const [fetched, ttlSec, idleSec, classId, bytes] = numbers;
  const use = `fetch=${fetched === 1 ? 'yes' : 'no'} ttl=${ttlSec} la=${idleSec}`;
  return `type=eviction key=${uriEncode(text)} ${use} clsid=${classId} size=${bytes}`;
}

function deleteFields({ text, numbers }: LoggedEvent): string {
  const [bytes, classId, isMeta] = numbers;
  const command = isMeta === 1 ? 'md' : 'delete';
  return `type=deleted key=${uriEncode(text)} cmd=${command} clsid=${classId} size=${bytes}`;
}

function connectFields({ text, connection, numbers }: LoggedEvent): string {
  return `type=conn_new ${peerFields(text, numbers[0])} cfd=${connection}`;
}

function disconnectFields({ text, connection, numbers }: LoggedEvent): string {
  const [port, reason] = numbers;
  return `type=conn_close ${peerFields(text, port)} reason=${CLOSE_NAMES[reason]} cfd=${connection}`;
}

/** A client without an address came by a unix socket. */
function peerFields(address: string, port: number): string {
  if (address === '') return 'rip=unix rport=0 transport=local';
  return `rip=${address} rport=${port} transport=tcp`;
}

function pageMoveFields({ numbers }: LoggedEvent): string {
  const [fromClass, toClass] = numbers;
  return `type=slab_move src=${fromClass} dst=${toClass} state=ok`;
}
