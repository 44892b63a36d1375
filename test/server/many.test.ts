/** Ten thousand connections, and a million items. */
import { describe, expect, it } from 'vitest';
import { fileLimitRead } from '../../bench/support/process-usage.ts';
import { randomBelow, randomMake } from '../../src/base/random.ts';
import { spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';

const IS_LONG = process.env['FLAGSTONE_LONG'] === '1';
const CONNECTION_COUNT = 10_000;
/** Descriptors for everything else; server and test each have as many of them as the limit says. */
const FILES_SPARE = 500;
const BATCH = 500;
const ITEM_COUNT = IS_LONG ? 5_000_000 : 1_000_000;
const SETS_PER_WRITE = 20_000;
const SAMPLE_COUNT = 5000;
const TEST_MS_MAX = 300_000;

const connectionCount = Math.min(CONNECTION_COUNT, fileLimitRead() - FILES_SPARE);

/** Runs `work` for every number below `count`, `BATCH` at a time. */
async function inBatches(count: number, work: (at: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from);
    await Promise.all(Array.from({ length: size }, (_, at) => work(from + at)));
  }
}

describe('connections', () => {
  it(`${connectionCount} idle ones are still answered`, { timeout: TEST_MS_MAX }, async () => {
    const server = await spawnFlagstone({ flags: ['-c', '20000'] });
    const clients: TextClient[] = [];
    try {
      await inBatches(connectionCount, async () => {
        clients.push(await TextClient.open(server));
      });
      await inBatches(connectionCount, async (at) => {
        expect(await clients[at].ask(`set k${at} 0 0 5\r\n${`${at}`.padStart(5)}\r\n`)).toBe(
          'STORED',
        );
      });
      await inBatches(connectionCount, async (at) => {
        const other = (at * 7919) % connectionCount;
        expect(`${await clients[at].get(`k${other}`)}`).toBe(`${other}`.padStart(5));
      });
      const [first, ...others] = clients;
      const count = async (): Promise<number> =>
        Number((await first.stats()).get('curr_connections'));
      expect(await count()).toBeGreaterThanOrEqual(connectionCount);
      for (const client of others) client.destroy();
      await eventually('one connection', count, (open) => open === 1);
    } finally {
      for (const client of clients) client.destroy();
      await server.stop();
    }
  });
});

describe('items', () => {
  const key = (at: number): string => `item-${at.toString(36)}`;

  it(`${ITEM_COUNT} are stored, counted and found`, { timeout: TEST_MS_MAX }, async () => {
    const server = await spawnFlagstone({ flags: ['-m', IS_LONG ? '2048' : '512'] });
    const client = await TextClient.open(server);
    try {
      for (let from = 0; from < ITEM_COUNT; from += SETS_PER_WRITE) {
        let sets = '';
        for (let at = from; at < from + SETS_PER_WRITE; at++) {
          const value = `value ${at}`;
          sets += `set ${key(at)} 0 0 ${value.length} noreply\r\n${value}\r\n`;
        }
        client.send(sets);
        expect(await client.ask('version\r\n')).toMatch(/^VERSION /);
      }
      const stats = await client.stats();
      expect(stats.get('curr_items')).toBe(`${ITEM_COUNT}`);
      expect(stats.get('total_items')).toBe(`${ITEM_COUNT}`);
      expect(stats.get('evictions')).toBe('0');
      const random = randomMake(1);
      for (let sample = 0; sample < SAMPLE_COUNT; sample++) {
        const at = randomBelow(random, ITEM_COUNT);
        expect(`${await client.get(key(at))}`).toBe(`value ${at}`);
      }
      expect(await client.get(key(ITEM_COUNT))).toBeNull();
      expect(await client.ask('flush_all\r\n')).toBe('OK');
      expect(await client.get(key(0))).toBeNull();
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
