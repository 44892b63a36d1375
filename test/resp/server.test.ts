/** The commands on the server, its settings and its clients, as scripted sessions. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RespServer, redisFind, redisSpawn, respSpawn } from '../support/resp-server.ts';
import { versionBelow } from '../transcripts/transcript.ts';
import {
  CLIENT_SESSIONS,
  COMMAND_SESSIONS,
  CONFIG_SESSIONS,
  SERVER_SESSIONS,
} from './server-sessions.ts';
import { sessionRun } from './session.ts';

const SESSIONS = [...CONFIG_SESSIONS, ...CLIENT_SESSIONS, ...COMMAND_SESSIONS, ...SERVER_SESSIONS];
const installed = redisFind();
const folder = mkdtempSync(join(tmpdir(), 'flagstone-server-'));

describe('the commands on the server, scripted', () => {
  let server: RespServer;

  beforeAll(async () => {
    writeFileSync(join(folder, 'a.conf'), 'enable-debug-command yes\n');
    server = await respSpawn(['--resp-conf', join(folder, 'a.conf')]);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(SESSIONS)('$name', async (one) => {
    const client = server.client();
    expect(await sessionRun(client, one)).toBeNull();
    client.end();
  });
});

describe.runIf(installed)('redis-server keeps these sessions too', () => {
  let redis: RespServer;

  beforeAll(async () => {
    redis = await redisSpawn(installed?.command ?? '', ['--enable-debug-command', 'yes']);
  });
  afterAll(() => redis.stop());

  it.each(SESSIONS.filter(({ since }) => !versionBelow(installed?.version ?? '', since ?? '0')))(
    '$name',
    async (one) => {
      const client = redis.client();
      expect(await sessionRun(client, one)).toBeNull();
      client.end();
    },
  );
});
