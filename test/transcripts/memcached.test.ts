/**
 * The transcripts against the real memcached, so that the oracle stays honest: what they demand of our
 * server is what the installed memcached does, each difference named with its reason.
 *
 * The server is the executable in MEMCACHED_PEER, else `memcached` on the PATH. TRANSCRIPT_MODES may
 * name more modes than `whole`, separated by commas.
 */
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest';
import { memcachedFind, type ServerProcess, spawnMemcached } from '../support/server.ts';
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

const installed = memcachedFind();
const asked = (process.env['TRANSCRIPT_MODES'] ?? 'whole').split(',');
const modes = SPLIT_MODES.filter((mode) => asked.includes(mode));
const title =
  installed === null
    ? 'memcached (skipped: no `memcached` on the PATH, and MEMCACHED_PEER names none)'
    : `memcached ${installed.version}`;

describe.skipIf(installed === null)(title, () => {
  let server: ServerProcess | undefined;
  let driver: Driver;
  let movesClock = false;

  beforeAll(async () => {
    if (installed === null) return;
    server = await spawnMemcached(installed);
    driver = await driverOpen({ name: 'memcached', address: server.address });
    movesClock = await driverMovesClock(driver);
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
        const skip = transcriptSkip(each, 'memcached', installed?.version ?? '0.0.0', mode);
        const name = `${group}: ${each.name}${skip === null ? '' : ` (skipped: ${skip})`}`;
        const run = (): Promise<void> => transcriptRun(driver, each, mode);
        test.skipIf(skip !== null)(name, { timeout: TEST_MS_MAX }, run);
      }
    }
  });

  describe('clock', () => {
    for (const each of clock) {
      test(each.name, { timeout: TEST_MS_MAX }, async (context: TestContext) => {
        if (installed === null || !movesClock) {
          context.skip('this build has no debugtime');
          return;
        }
        const own = await spawnMemcached(installed);
        const ownDriver = await driverOpen({ name: 'memcached', address: own.address });
        try {
          await transcriptRun(ownDriver, each, 'whole');
        } finally {
          driverClose(ownDriver);
          await own.stop();
        }
      });
    }
  });
});
