/** The commands on sorted sets and positions, as scripted sessions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { versionBelow } from '../transcripts/transcript.ts';
import { GEO_SESSIONS } from './geo-sessions.ts';
import { sessionRun } from './session.ts';
import { ZSET_SESSIONS } from './zset-sessions.ts';

const SESSIONS = [...ZSET_SESSIONS, ...GEO_SESSIONS];
const installed = redisFind();

let server: RespServer;
let ours: RespClient;

beforeAll(async () => {
  server = await respSpawn(['-t', '2']);
  ours = server.client();
});

afterAll(async () => {
  ours.end();
  await server.stop();
});

describe('ours', () => {
  it.each(SESSIONS)('$name', async (one) => {
    expect(await sessionRun(ours, one)).toBeNull();
  });
});

const title = installed === null ? 'redis-server (skipped: not on the PATH)' : installed.version;
describe.skipIf(installed === null)(`redis-server ${title}`, () => {
  let theirServer: RespServer;
  let theirs: RespClient;

  beforeAll(async () => {
    theirServer = await redisSpawn(installed?.command ?? '');
    theirs = theirServer.client();
  });

  afterAll(async () => {
    theirs.end();
    await theirServer.stop();
  });

  const version = installed?.version ?? '';
  for (const one of SESSIONS) {
    const isYoung = one.since !== undefined && versionBelow(version, one.since);
    const reason = isYoung ? ` (skipped: since ${one.since})` : '';
    it.skipIf(isYoung)(`${one.name}${reason}`, async () => {
      expect(await sessionRun(theirs, one)).toBeNull();
    });
  }
});
