/**
 * Clients that ask for many large values and never read: the server's memory stays bounded, others are
 * served, and when they leave, so does all that was held for them.
 */
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { processRssBytesRead } from '../../bench/support/process-usage.ts';
import { keyed } from '../binary/notation.ts';
import { valueMake } from '../support/marked-value.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { Witness } from './witness.ts';

const READER_COUNT = 200;
const VALUE_BYTES = 1_000_000;
const VALUE_COUNT = 10;
const GETS_PER_READER = 100;
const MIB = 2 ** 20;
/** Of the 20 GB asked for, each reader may hold a few reply buffers of 64 KiB. */
const GROWTH_BYTES_MAX = 100 * MIB;
const TEST_MS_MAX = 120_000;

/** A connection that asks and does not read. */
function slowReader(server: ServerProcess, request: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: server.host });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      socket.pause();
      socket.write(request, 'latin1', () => resolve(socket));
    });
  });
}

describe.each([
  ['fast wire', {}],
  ['plain wire', { FLAGSTONE_PLAIN_WIRE: '1' }],
])('slow readers on the %s', (_name, env) => {
  it.each([
    ['pipelined gets', (key: string) => `get ${key}\r\n`.repeat(GETS_PER_READER)],
    ['one get of many keys', (key: string) => `get${` ${key}`.repeat(GETS_PER_READER)}\r\n`],
    ['pipelined gets in binary', (key: string) => keyed('GETKQ', key).repeat(GETS_PER_READER)],
    ['small values by the thousand', () => 'get small\r\n'.repeat(50_000)],
  ])('%s', { timeout: TEST_MS_MAX }, async (_what, request) => {
    const server = await spawnFlagstone({ env });
    const client = await TextClient.open(server);
    let readers: Socket[] = [];
    try {
      const witnesses = await Witness.start(server, 2);
      for (let at = 0; at < VALUE_COUNT; at++) {
        const key = `big-${at}`;
        expect(await client.set(key, valueMake(key, at, VALUE_BYTES))).toBe('STORED');
      }
      expect(await client.set('small', Buffer.alloc(1000))).toBe('STORED');
      const rssBefore = processRssBytesRead(server.pid);
      readers = await Promise.all(
        Array.from({ length: READER_COUNT }, (_, at) =>
          slowReader(server, request(`big-${at % VALUE_COUNT}`)),
        ),
      );
      const blocked = async (): Promise<number> =>
        Number((await client.stats('server')).get('output_blocked'));
      await eventually('all readers behind', blocked, (count) => count >= READER_COUNT);
      // The values go while they are being sent: whoever sends them holds them.
      for (let at = 0; at < VALUE_COUNT; at++) {
        expect(await client.ask(`delete big-${at}\r\n`)).toBe('DELETED');
      }
      const hitsBefore = witnesses.map(({ hits }) => hits);
      await eventually(
        'more hits of every witness',
        () => witnesses.every(({ hits }, at) => hits > hitsBefore[at] + 50),
        (all) => all,
      );
      expect(processRssBytesRead(server.pid) - rssBefore).toBeLessThan(GROWTH_BYTES_MAX);
      for (const witness of witnesses) await witness.stop();
      for (const reader of readers) reader.destroy();
      const open = async (): Promise<string | undefined> =>
        (await client.stats()).get('curr_connections');
      await eventually('one connection', open, (count) => count === '1');
      expect((await client.stats('server')).get('thread_restarts'), server.log()).toBe('0');
      // What they held is free again: the memory takes as many large values as it ever did.
      for (let at = 0; at < VALUE_COUNT; at++) {
        const key = `big-${at}`;
        expect(await client.set(key, valueMake(key, at, VALUE_BYTES))).toBe('STORED');
      }
    } finally {
      for (const reader of readers) reader.destroy();
      client.destroy();
      await server.stop();
    }
  });
});
