/** Connections that come and go, as those who watch hear of it. */
import type { CloseReason } from '../commands/memcached/session.ts';
import { EVENT, type EventLog, eventKindsRead, eventWrite } from '../memory/event-log.ts';

/** Numbers: the client's port, which is 0 on a unix socket; then the address is empty. */
export function connectTell(log: EventLog, connection: number, remote: string): void {
  tell(log, EVENT.CONNECT, connection, remote, 0);
}

/** Numbers: the client's port, CLOSE_REASON. */
export function disconnectTell(
  log: EventLog,
  connection: number,
  remote: string,
  reason: CloseReason,
): void {
  tell(log, EVENT.DISCONNECT, connection, remote, reason);
}

/** `remote` as the connection table has it: `tcp:ADDRESS:PORT`, `tcp:[ADDRESS]:PORT`, `unix:PATH`. */
function tell(
  log: EventLog,
  kind: number,
  connection: number,
  remote: string,
  reason: number,
): void {
  eventKindsRead(log);
  if ((log.kinds & kind) === 0) return;
  const [, address = '', port = '0'] = /^tcp:\[?([^\]]*?)\]?:(\d+)$/.exec(remote) ?? [];
  const text = Buffer.from(address, 'latin1');
  log.connection = connection;
  eventWrite(log, kind, [Number(port), reason], text, 0, text.length);
}
