/** The transcripts against our server, in every mode of splitting. */
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { CLASSIC } from './classic.ts';
import { clock } from './clock.ts';
import {
  type Driver,
  driverClose,
  driverMovesClock,
  driverOpen,
  SPLIT_MODES,
  transcriptModes,
  transcriptRun,
  transcriptSkip,
} from './transcript.ts';

const TEST_MS_MAX = 60_000;
const DEBUG_COMMANDS = { FLAGSTONE_DEBUG_COMMANDS: '1' };

describe('flagstone', () => {
  let server: ServerProcess | undefined;
  let driver: Driver;

  beforeAll(async () => {
    server = await spawnFlagstone();
    driver = await driverOpen({ name: 'flagstone', host: server.host, port: server.port });
  });

  afterAll(async () => {
    if (server === undefined) return;
    driverClose(driver);
    await server.stop();
  });

  describe.each(SPLIT_MODES)('%s', (mode) => {
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

  describe('clock', () => {
    for (const each of clock) {
      test(each.name, { timeout: TEST_MS_MAX }, async (context: TestContext) => {
        const own = await spawnFlagstone({ env: DEBUG_COMMANDS });
        const ownDriver = await driverOpen({ name: 'flagstone', host: own.host, port: own.port });
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
});
