/** The transcripts of the binary protocol against our server, in every mode and on every wire. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type ServerProcess, type SpawnOptions, spawnFlagstone } from '../support/server.ts';
import {
  type Driver,
  driverClose,
  driverOpen,
  SPLIT_MODES,
  type SplitMode,
  transcriptModes,
  transcriptRun,
  transcriptSkip,
} from '../transcripts/transcript.ts';
import { BINARY } from './binary.ts';

const TEST_MS_MAX = 60_000;

const WAYS: readonly { name: string; options: SpawnOptions; modes: readonly SplitMode[] }[] = [
  { name: 'flagstone', options: {}, modes: SPLIT_MODES },
  {
    name: 'flagstone over the plain wire',
    options: { env: { FLAGSTONE_PLAIN_WIRE: '1' } },
    modes: ['whole', 'bytes'],
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
    for (const [group, transcripts] of Object.entries(BINARY)) {
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
