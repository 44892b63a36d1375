/** What a session starts with. */
import { CLIENT } from '../../memory/client-records.ts';
import { RESP_COUNTER } from '../../memory/resp-stats.ts';
import { sessionFollow } from './acl/acl-guard.ts';
import type { RespCall } from './call.ts';
import { clientNote, clientNoteNames } from './server/client-note.ts';
import { type RespHost, RespSession } from './session.ts';

const DENIED =
  'DENIED Redis is running in protected mode: the user default needs no password, so clients of other ' +
  'machines are not served. To let them in, do one of the following. 1) Give default a password: ' +
  "'CONFIG SET requirepass <password>' from this machine, or requirepass in the configuration file. " +
  "2) Turn the mode off, if nobody can reach the server whom you do not trust: 'CONFIG SET " +
  "protected-mode no' from this machine and 'CONFIG REWRITE' to keep it, or '--protected-mode no' at " +
  'the start.';

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
