/** Caches of many clients on two threads, while others write by both protocols: none holds what has changed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { TextClient } from '../support/text-client.ts';
import { CachingClient } from './caching-client.ts';

const READER_COUNT = 8;
const WRITER_COUNT = 3;
const KEYS = Array.from({ length: 12 }, (_, at) => `key:${at}`);
const LONG = process.env['FLAGSTONE_LONG'] === '1';
const RUN_MS = LONG ? 20_000 : 2500;
/** Longer than the maintainer and a thread's own rounds take. */
const SETTLED_MS = 400;

let server: RespServer;

beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)];
}

async function reads(reader: CachingClient, untilMs: number): Promise<void> {
  while (Date.now() < untilMs) await reader.fetch(pick(KEYS));
}

let written = 0;

/** Every way in which a key can become another. */
async function writes(writer: RespClient, untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    const key = pick(KEYS);
    const value = `${written++}`;
    const roll = Math.random();
    if (roll < 0.5) await writer.call('set', key, value);
    else if (roll < 0.6) await writer.call('del', key);
    else if (roll < 0.7) await writer.call('set', key, value, 'px', '5');
    else if (roll < 0.8) await writer.call('mset', key, value, pick(KEYS), `${value}m`);
    else if (roll < 0.9) await writer.call('rename', key, pick(KEYS));
    else if (roll < 0.98) await transaction(writer, key, value);
    else await writer.call('flushdb');
  }
}

async function transaction(writer: RespClient, key: string, value: string): Promise<void> {
  for (const words of [['multi'], ['append', key, value], ['getdel', pick(KEYS)], ['exec']]) {
    await writer.call(...words);
  }
}

async function memcachedWrites(writer: TextClient, untilMs: number): Promise<void> {
  while (Date.now() < untilMs) {
    const value = `${written++}`;
    const key = pick(KEYS);
    writer.send(
      Math.random() < 0.7 ? `set ${key} 0 0 ${value.length}\r\n${value}\r\n` : `delete ${key}\r\n`,
    );
    await writer.line();
  }
}

async function stale(readers: readonly CachingClient[]): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const asker = server.client();
  const found: string[] = [];
  for (const reader of readers) await reader.call('ping');
  for (const key of KEYS) {
    const value = await asker.call('get', key);
    for (const { cache } of readers) {
      const cached = cache.get(key);
      if (cached !== undefined && cached !== value) found.push(`${key}: ${cached}, not ${value}`);
    }
  }
  return found;
}

describe.each([
  { name: 'of the keys that they read', options: [] },
  { name: 'of all keys', options: ['bcast'] },
  { name: 'of keys with a prefix', options: ['bcast', 'prefix', 'key:'] },
])('clients that are told $name', ({ options }) => {
  it(
    'never see a new value before they hear of it, and keep no old one',
    async () => {
      const readers = Array.from(
        { length: READER_COUNT },
        () => new CachingClient(server.client()),
      );
      for (const reader of readers) await reader.start(...options);
      const writers = Array.from({ length: WRITER_COUNT }, () => server.client());
      const memcached = await TextClient.open({ host: server.host, port: server.memcachedPort });
      const untilMs = Date.now() + RUN_MS;
      await Promise.all([
        ...readers.map((reader) => reads(reader, untilMs)),
        ...writers.map((writer) => writes(writer, untilMs)),
        memcachedWrites(memcached, untilMs),
      ]);
      expect(await stale(readers)).toEqual([]);
      expect(readers.flatMap(({ surprises }) => surprises)).toEqual([]);
      for (const reader of readers) {
        expect(reader.invalidations).toBeGreaterThan(0);
        reader.client.socket.destroy();
      }
    },
    RUN_MS + 60_000,
  );
});
