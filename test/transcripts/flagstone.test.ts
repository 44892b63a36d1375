/**
 * The transcripts against our server: in every mode of splitting, and again where bytes take another
 * way through it.
 */
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest';
import { type ServerProcess, type SpawnOptions, spawnFlagstone } from '../support/server.ts';
import { CLASSIC } from './classic.ts';
import { clock } from './clock.ts';
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
