/** Runs scripted sessions: on ours, and on the real redis-server, where it is installed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { versionBelow } from '../transcripts/transcript.ts';
import { type Session, sessionRun } from './session.ts';

const installed = redisFind();

/** For what compares with it: whether it is there, and a title. */
export const THEIRS_RUN = installed !== null;
export const THEIRS =
  installed === null
    ? 'redis-server (skipped: not on the PATH)'
    : `redis-server ${installed.version}`;

/** A server that runs while the tests run that it was asked for with, and a client of it. */
export type Running = { readonly server: RespServer; readonly client: RespClient };

/** For the servers' command lines. */
type Flags = { readonly ours?: readonly string[]; readonly theirs?: readonly string[] };

/** Tests of all these sessions, each on either server. Without a redis-server `theirs` must not be looked at. */
export function sessionsTry(
  sessions: readonly Session[],
  flags: Flags = {},
): { readonly ours: Running; readonly theirs: Running } {
  const ours = serverRun(() => respSpawn(flags.ours ?? ['-t', '2']));
  describe('ours', () => {
    it.each(sessions)('$name', async (one) => {
      expect(await sessionRun(ours.client, one)).toBeNull();
    });
  });
  const theirs = serverRun(() =>
    installed === null ? null : redisSpawn(installed.command, flags.theirs),
  );
  describe.skipIf(installed === null)(THEIRS, () => {
    for (const one of sessions) {
      const isYoung = one.since !== undefined && versionBelow(installed?.version ?? '', one.since);
      const reason = isYoung ? ` (skipped: since ${one.since})` : '';
      it.skipIf(isYoung)(`${one.name}${reason}`, async () => {
        expect(await sessionRun(theirs.client, one)).toBeNull();
      });
    }
  });
  return { ours, theirs };
}

function serverRun(spawn: () => Promise<RespServer> | null): Running {
  let server: RespServer | null = null;
  let client: RespClient | null = null;
  beforeAll(async () => {
    server = await spawn();
    client = server?.client() ?? null;
  });
  afterAll(async () => {
    client?.end();
    await server?.stop();
  });
  function there<T>(one: T | null): T {
    if (one === null) throw new Error('this server is not running');
    return one;
  }
  return {
    get server() {
      return there(server);
    },
    get client() {
      return there(client);
    },
  };
}
