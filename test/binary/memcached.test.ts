/**
 * The transcripts of the binary protocol against the real memcached, so that the oracle stays honest.
 * MEMCACHED_PEER and TRANSCRIPT_MODES as in test/transcripts/memcached.test.ts.
 */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { memcachedFind, type ServerProcess, spawnMemcached } from '../support/server.ts';
import {
  type Driver,
  driverClose,
  driverOpen,
  SPLIT_MODES,
  transcriptModes,
  transcriptRun,
  transcriptSkip,
} from '../transcripts/transcript.ts';
import { BINARY } from './binary.ts';

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

  beforeAll(async () => {
    if (installed === null) return;
    server = await spawnMemcached(installed);
    driver = await driverOpen({ name: 'memcached', address: server.address });
  });

  afterAll(async () => {
    if (server === undefined) return;
    driverClose(driver);
    await server.stop();
  });

  describe.each(modes)('%s', (mode) => {
    for (const [group, transcripts] of Object.entries(BINARY)) {
      for (const each of transcripts) {
        if (!transcriptModes(each).includes(mode)) continue;
        const skip = transcriptSkip(each, 'memcached', installed?.version ?? '0.0.0', mode);
        const name = `${group}: ${each.name}${skip === null ? '' : ` (skipped: ${skip})`}`;
        const run = (): Promise<void> => transcriptRun(driver, each, mode);
        test.skipIf(skip !== null)(name, { timeout: TEST_MS_MAX }, run);
      }
    }
  });
});
