/** Runs scripted sessions: on ours, and on the real redis-server, where it is installed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { versionBelow } from '../transcripts/transcript.ts';
import { type Session, sessionRun } from './session.ts';

const installed = redisFind();

type Flags = { readonly ours?: readonly string[]; readonly theirs?: readonly string[] };

/** Tests of all these sessions, each on either server. `flags`: for the servers' command lines. */
export function sessionsTry(sessions: readonly Session[], flags: Flags = {}): void {
  describe('ours', () => {
    const running = serverRun(() => respSpawn(flags.ours));
    it.each(sessions)('$name', async (one) => {
      expect(await sessionRun(running.client, one)).toBeNull();
    });
  });

  const title = installed === null ? 'redis-server (skipped: not on the PATH)' : installed.version;
  describe.skipIf(installed === null)(`redis-server ${title}`, () => {
    const running = serverRun(() => redisSpawn(installed?.command ?? '', flags.theirs));
    for (const one of sessions) {
      const isYoung = one.since !== undefined && versionBelow(installed?.version ?? '', one.since);
      const reason = isYoung ? ` (skipped: since ${one.since})` : '';
      it.skipIf(isYoung)(`${one.name}${reason}`, async () => {
        expect(await sessionRun(running.client, one)).toBeNull();
      });
    }
  });
}

/** A server while the tests of a `describe` run, and a client of it. */
function serverRun(spawn: () => Promise<RespServer>): { readonly client: RespClient } {
  let server: RespServer;
  let client: RespClient;
  beforeAll(async () => {
    server = await spawn();
    client = server.client();
  });
  afterAll(async () => {
    client.end();
    await server.stop();
  });
  return {
    get client() {
      return client;
    },
  };
}
