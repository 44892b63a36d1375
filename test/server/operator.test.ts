/** What an operator does to a running server: lists its keys, and moves its memory limit. */
import { afterEach, describe, expect, it } from 'vitest';
import { processRssBytesRead } from '../../bench/support/process-usage.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';

const TEST_MS_MAX = 120_000;
const MIB = 2 ** 20;
const KEY_COUNT = 100_000;

let server: ServerProcess;
const clients: TextClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.stop();
});

async function clientOpen(): Promise<TextClient> {
  const client = await TextClient.open(server.address);
  clients.push(client);
  return client;
}

async function fill(client: TextClient, count: number, valueBytes: number): Promise<void> {
  const value = 'v'.repeat(valueBytes);
  for (let from = 0; from < count; from += 1000) {
    let batch = '';
    for (let n = from; n < Math.min(count, from + 1000); n++) {
      batch += `set key:${n} 0 0 ${valueBytes} noreply\r\n${value}\r\n`;
    }
    expect(await client.ask(`${batch}version\r\n`)).toContain('VERSION');
  }
}

async function stat(client: TextClient, name: string): Promise<number> {
  return Number((await client.stats()).get(name));
}

describe('a list of all keys', () => {
  it(
    'goes as fast as its client reads, is held for nobody, and holds nobody up',
    async () => {
      server = await spawnFlagstone({ flags: ['-t', '1'] });
      const client = await clientOpen();
      await fill(client, KEY_COUNT, 8);
      const slow = await clientOpen();
      slow.socket.pause();
      slow.send('lru_crawler metadump all\r\n');
      await eventually(
        'a dump that waits',
        async () => {
          const section = await client.stats('server');
          return Number(section.get('output_blocked'));
        },
        (blocked) => blocked > 0,
      );
      // The client is behind: what it has not read is its reply buffer, and the rest is not made yet.
      const before = processRssBytesRead(server.pid);
      for (let n = 0; n < 200; n++) expect(await client.get(`key:${n}`)).not.toBeNull();
      expect(processRssBytesRead(server.pid) - before).toBeLessThan(20 * MIB);
      slow.socket.resume();
      expect(await slow.line()).toBe('OK');
      const keys = new Set<string>();
      for (;;) {
        const line = await slow.line();
        if (line === 'END') break;
        keys.add(/^key=key%3A(\d+) exp=-1 la=\d+ cas=\d+ fetch=/.exec(line)?.[1] ?? line);
      }
      expect(keys.size).toBe(KEY_COUNT);
      expect(await slow.ask('version\r\n')).toContain('VERSION');
    },
    TEST_MS_MAX,
  );

  it(
    'ends with its connection',
    async () => {
      server = await spawnFlagstone({ flags: ['-t', '1'] });
      const client = await clientOpen();
      await fill(client, KEY_COUNT, 8);
      const leaver = await clientOpen();
      leaver.send('lru_crawler mgdump all\r\n');
      expect(await leaver.line()).toBe('OK');
      leaver.destroy();
      await eventually(
        'one connection',
        () => stat(client, 'curr_connections'),
        (n) => n === 1,
      );
    },
    TEST_MS_MAX,
  );

  it(
    'is refused with -X',
    async () => {
      server = await spawnFlagstone({ flags: ['-X'] });
      const client = await clientOpen();
      expect(await client.ask('lru_crawler metadump all\r\n')).toBe('ERROR metadump not allowed');
      expect(await client.ask('lru_crawler mgdump all\r\n')).toBe('ERROR key dump not allowed');
    },
    TEST_MS_MAX,
  );
});

describe('the memory limit', () => {
  it(
    'has room above it that costs nothing',
    async () => {
      const rss: number[] = [];
      for (const max of ['256', '16384']) {
        server = await spawnFlagstone({ flags: ['-m', '256', '--memory-limit-max', max] });
        rss.push(processRssBytesRead(server.pid));
        if (max === '256') await server.stop();
      }
      expect(rss[1] - rss[0]).toBeLessThan(16 * MIB);
    },
    TEST_MS_MAX,
  );

  it(
    'is lowered and raised under load',
    async () => {
      server = await spawnFlagstone({ flags: ['-m', '64'] });
      const client = await clientOpen();
      await fill(client, KEY_COUNT, 500);
      const full = await stat(client, 'curr_items');
      expect(full).toBeGreaterThan(KEY_COUNT * 0.9);
      expect(await client.ask('cache_memlimit 16\r\n')).toBe('OK');
      const isUnder = async (): Promise<number> => {
        const sets = Array.from({ length: 100 }, (_, n) => `set load:${n} 0 0 3\r\nabc\r\n`);
        client.send(sets.join(''));
        for (const _ of sets) expect(await client.line()).toBe('STORED');
        return Number((await client.stats('slabs')).get('total_malloced'));
      };
      await eventually('less memory in use', isUnder, (bytes) => bytes <= 16 * MIB);
      expect(await stat(client, 'evictions')).toBeGreaterThan(full / 2);
      expect(await client.ask('cache_memlimit 128\r\n')).toBe('OK');
      const evictions = await stat(client, 'evictions');
      await fill(client, KEY_COUNT, 500);
      expect(await stat(client, 'evictions')).toBe(evictions);
      expect(await stat(client, 'limit_maxbytes')).toBe(128 * MIB);
    },
    TEST_MS_MAX,
  );
});

describe('slabs reassign', () => {
  it(
    'takes a page, and what was in use in it stays',
    async () => {
      server = await spawnFlagstone({ flags: ['-t', '1', '-m', '8'] });
      const client = await clientOpen();
      await fill(client, 3000, 500);
      for (let n = 0; n < 3000; n += 2) client.send(`delete key:${n} noreply\r\n`);
      const cas = async (key: string): Promise<string> => {
        const line = await client.ask(`gets ${key}\r\n`);
        await client.getTake(key, line);
        expect(await client.line()).toBe('END');
        return line;
      };
      const odd = Array.from({ length: 1500 }, (_, n) => `key:${2 * n + 1}`);
      const uniques: string[] = [];
      for (const key of odd) uniques.push(await cas(key));
      const before = await stat(client, 'slabs_moved');
      expect(await client.ask('slabs reassign -1 1\r\n')).toBe('OK');
      expect(await stat(client, 'slabs_moved')).toBe(before + 1);
      expect(await stat(client, 'slab_reassign_rescues')).toBeGreaterThan(0);
      expect(await stat(client, 'evictions')).toBe(0);
      for (let n = 1; n < 3000; n += 2) expect(await client.get(`key:${n}`)).not.toBeNull();
    },
    TEST_MS_MAX,
  );

  it(
    'is refused where it was switched off',
    async () => {
      server = await spawnFlagstone({ flags: ['-o', 'no_slab_reassign'] });
      const client = await clientOpen();
      expect(await client.ask('slabs reassign 1 2\r\n')).toBe(
        'CLIENT_ERROR slab reassignment disabled',
      );
    },
    TEST_MS_MAX,
  );
});
