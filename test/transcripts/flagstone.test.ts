/**
 * The transcripts against our server: in every mode of splitting, and again where bytes take another
 * way through it.
 */
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { type ServerProcess, type SpawnOptions, spawnFlagstone } from '../support/server.ts';
import { CLASSIC } from './classic.ts';
import { clock } from './clock.ts';
import { Connection } from './connection.ts';
import {
  type Driver,
  driverClose,
  driverMovesClock,
  driverOpen,
  SPLIT_MODES,
  type SplitMode,
  transcriptModes,
  transcriptRun,
  transcriptSkip,
} from './transcript.ts';

const TEST_MS_MAX = 60_000;
const CLIENT_COUNT = 20;
const ROUND_TRIPS_MAX = 5_000;
const DEBUG_COMMANDS = { FLAGSTONE_DEBUG_COMMANDS: '1' };

const WAYS: readonly { name: string; options: SpawnOptions; modes: readonly SplitMode[] }[] = [
  { name: 'flagstone', options: {}, modes: SPLIT_MODES },
  {
    name: 'flagstone over the plain wire',
    options: { env: { FLAGSTONE_PLAIN_WIRE: '1' } },
    modes: ['whole', 'split'],
  },
  { name: 'flagstone on a unix socket', options: { onUnixSocket: true }, modes: ['whole'] },
];

/** Connections open now, as the server sees it. */
async function connectionCount(driver: Driver): Promise<number> {
  driver.control.write('stats\r\n');
  const reply = await driver.control.take(/(?:STAT [^\r\n]*\r\n)+END\r\n/, 'stats');
  return Number(/STAT curr_connections (\d+)/.exec(reply)?.[1]);
}

describe.each(WAYS)('$name', ({ options, modes }) => {
  let server: ServerProcess | undefined;
  let driver: Driver;

  beforeAll(async () => {
    server = await spawnFlagstone(options);
    driver = await driverOpen({ name: 'flagstone', address: server.address });
  });

  afterAll(async () => {
    if (server === undefined) return;
    driverClose(driver);
    await server.stop();
  });

  test('forgets connections that their clients closed', { timeout: TEST_MS_MAX }, async () => {
    const before = await connectionCount(driver);
    const clients: Connection[] = [];
    for (let count = 0; count < CLIENT_COUNT; count++) {
      const client = await Connection.open(driver.server);
      client.write('version\r\n');
      await client.take(driver.versionReply, 'a client of many');
      clients.push(client);
    }
    expect(await connectionCount(driver)).toBe(before + CLIENT_COUNT);
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.end();
      else client.destroy();
    }
    // The bound is on round trips: the server sees a close at some turn after it was sent.
    for (let trip = 0; trip < ROUND_TRIPS_MAX; trip++) {
      if ((await connectionCount(driver)) <= before) return;
    }
    expect(await connectionCount(driver)).toBe(before);
  });

  describe.each(modes)('%s', (mode) => {
    for (const [group, transcripts] of Object.entries(CLASSIC)) {
      for (const each of transcripts) {
        if (!transcriptModes(each).includes(mode)) continue;
        const skip = transcriptSkip(each, 'flagstone', '', mode);
        const name = `${group}: ${each.name}${skip === null ? '' : ` (skipped: ${skip})`}`;
        const run = (): Promise<void> => transcriptRun(driver, each, mode);
        test.skipIf(skip !== null)(name, { timeout: TEST_MS_MAX }, run);
      }
    }
  });
});

describe('flagstone, its clock moved', () => {
  for (const each of clock) {
    test(each.name, { timeout: TEST_MS_MAX }, async (context: TestContext) => {
      const own = await spawnFlagstone({ env: DEBUG_COMMANDS });
      const ownDriver = await driverOpen({ name: 'flagstone', address: own.address });
      try {
        if (!(await driverMovesClock(ownDriver))) context.skip('debugtime is not there');
        await transcriptRun(ownDriver, each, 'whole');
      } finally {
        driverClose(ownDriver);
        await own.stop();
      }
    });
  }
});
