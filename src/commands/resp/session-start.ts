/** What a session starts with. */
import { CLIENT } from '../../memory/client-records.ts';
import { RESP_COUNTER } from '../../memory/resp-stats.ts';
import { sessionFollow } from './acl-guard.ts';
import type { RespCall } from './call.ts';
import { clientNote, clientNoteNames } from './client-note.ts';
import { type RespHost, RespSession } from './session.ts';

const DENIED =
  'DENIED Protected mode is on, and there is no password: only clients of this machine are served. ' +
  'Set a password (requirepass), or turn the mode off (protected-mode no).';

export const PROTECTED_MODE_REPLY = Buffer.from(`-${DENIED}\r\n`, 'latin1');

/** Whether a client of another machine is to be turned away. */
export function protectedModeHolds({ config, users }: RespCall): boolean {
  return config.settings.protectedMode && users.default.needsNoPassword;
}

/** A session for a client that has just connected. */
export function sessionStart(call: RespCall, host: RespHost, id: number): RespSession {
  const session = new RespSession(host, id, call.users.default);
  session.isAuthenticated = call.users.isOpen;
  sessionFollow(call, session);
  call.sessions.set(id, session);
  call.respStats.f64[call.respBlock + RESP_COUNTER.connections]++;
  return session;
}

/** Once its connection stands: other threads can see it from now on. */
export function sessionShow({ keyspace }: RespCall, session: RespSession): void {
  clientNote(keyspace.control, session, Math.floor(Date.now() / 1000));
  clientNoteNames(keyspace.control, session);
  Atomics.store(keyspace.control.i32, session.host.record + CLIENT.id, session.id);
}
