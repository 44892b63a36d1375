/** What a session starts with. */
import type { RespConfig } from '../../config/resp-config.ts';
import { CLIENT } from '../../memory/client-records.ts';
import { RESP_COUNTER } from '../../memory/resp-stats.ts';
import type { RespCall } from './call.ts';
import { clientNote, clientNoteNames } from './client-note.ts';
import { GATE, type RespHost, RespSession } from './session.ts';

const DENIED =
  'DENIED Protected mode is on, and there is no password: only clients of this machine are served. ' +
  'Set a password (requirepass), or turn the mode off (protected-mode no).';

export const PROTECTED_MODE_REPLY = Buffer.from(`-${DENIED}\r\n`, 'latin1');

/** Whether a client of another machine is to be turned away. */
export function protectedModeHolds({ settings }: RespConfig): boolean {
  return settings.protectedMode && settings.requirepass === '';
}

/** A session for a client that has just connected. */
export function sessionStart(call: RespCall, host: RespHost, id: number): RespSession {
  const session = new RespSession(host, id);
  if (call.config.settings.requirepass !== '') session.gate |= GATE.UNAUTHENTICATED;
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
