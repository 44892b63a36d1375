/**
 * Connections of both protocols on one keyspace: what one stores the other reads, with the same flags
 * and the same CAS unique, whichever threads they are on. Ports that speak one protocol alone. Clients
 * that read slowly.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HEADER_BYTES, OPCODES, STATUSES, uint32, uint64 } from '../support/binary-packet.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { packetAsk, packetTake } from '../support/packet-client.ts';
import {
  memcachedFind,
  type ServerProcess,
  type SpawnOptions,
  spawnFlagstone,
  spawnMemcached,
} from '../support/server.ts';
import { clientUse, eventually, TextClient } from '../support/text-client.ts';
import { count, get, keyed, set } from './notation.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Enough for the kernel to spread them over all threads: that one gets none has odds of 1 in 10⁴. */
const CONNECTION_COUNT = 32;
const THREADS = { flags: ['-t', '4'] } as const;
const VALUE_BYTES = 1_000_000;
/** More than sockets hold on their way. */
const GET_COUNT = 40;
const SOME_CAS = 0x7fff_ffff_ffffn;

const installed = memcachedFind();
const SERVERS = [
  { name: 'flagstone', start: spawnFlagstone, isThere: true },
  {
    name: installed === null ? 'memcached (skipped: there is none)' : 'memcached',
    start: (options: SpawnOptions): Promise<ServerProcess> => {
      if (installed === null) throw new Error('a test that is skipped was run');
      return spawnMemcached(installed, options);
    },
    isThere: installed !== null,
  },
];

interface Found {
  readonly flags: number;
  readonly cas: bigint;
  readonly value: string;
}

/** What `gets` says of a key that is there. */
async function getsAsk(client: TextClient, key: string): Promise<Found> {
  const line = await client.ask(`gets ${key}\r\n`);
  const [, name, flags, bytes, cas] = line.split(' ');
  expect(name, line).toBe(key);
  const value = (await client.take(Number(bytes))).toString('latin1');
  expect(await client.line()).toBe('');
  expect(await client.line()).toBe('END');
  return { flags: Number(flags), cas: BigInt(cas), value };
}

/** What GET says of a key that is there. */
async function getAsk(client: TextClient, key: string): Promise<Found> {
  const { status, extras, cas, value } = await packetAsk(client, get(key));
  expect(status).toBe(STATUSES.OK.code);
  return { flags: Buffer.from(extras, 'latin1').readUInt32BE(), cas, value };
}

for (const { name, start, isThere } of SERVERS) {
  describe.skipIf(!isThere)(`${name}, both protocols`, () => {
    let server: ServerProcess;
    let texts: TextClient[] = [];
    let binaries: TextClient[] = [];

    beforeAll(async () => {
      server = await start(THREADS);
      const open = (): Promise<TextClient> => TextClient.open(server.address);
      texts = await Promise.all(Array.from({ length: CONNECTION_COUNT }, open));
      binaries = await Promise.all(Array.from({ length: CONNECTION_COUNT }, open));
    });

    afterAll(async () => {
      for (const client of [...texts, ...binaries]) client.destroy();
      await server.stop();
    });

    it.each([
      ['short', 5],
      ['long', 100_000],
    ])('see the same %s values, flags and uniques', async (_what, bytes) => {
      for (const [at, text] of texts.entries()) {
        const binary = binaries[(at * 7) % CONNECTION_COUNT];
        const key = `k${at}`;
        const first = 'a'.repeat(bytes);
        expect(await text.ask(`set ${key} ${at} 0 ${bytes}\r\n${first}\r\n`)).toBe('STORED');
        const inText = await getsAsk(text, key);
        expect(await getAsk(binary, key)).toEqual({ ...inText, value: first, flags: at });

        const second = 'b'.repeat(bytes + 1);
        const flags = 0xffffffff - at;
        const { status, cas } = await packetAsk(
          binary,
          set(key, second, { flags, cas: inText.cas }),
        );
        expect(status).toBe(STATUSES.OK.code);
        expect(await getsAsk(text, key)).toEqual({ flags, cas, value: second });

        const stale = `cas ${key} 0 0 1 ${inText.cas}\r\nx\r\n`;
        expect(await text.ask(stale)).toBe('EXISTS');
        expect(await text.ask(`cas ${key} 1 0 1 ${cas}\r\ny\r\n`)).toBe('STORED');
        const late = await packetAsk(binary, keyed('DELETE', key, cas));
        expect(late.status).toBe(STATUSES.EXISTS.code);
        const last = await getAsk(binary, key);
        expect(last).toEqual({ ...(await getsAsk(text, key)), value: 'y', flags: 1 });
        expect((await packetAsk(binary, keyed('DELETE', key, last.cas))).status).toBe(0);
        expect(await text.get(key)).toBeNull();
      }
    });

    it('count on one number', async () => {
      const request = count('INCREMENT', 'n', 1n, { initial: 1n, exptime: 0 });
      for (const [at, text] of texts.entries()) {
        const { value } = await packetAsk(binaries[at], request);
        expect(value).toBe(uint64(BigInt(at * 2 + 1)));
        expect(await text.ask('incr n 1\r\n')).toBe(`${at * 2 + 2}`);
      }
    });

    it('a key that text cannot say is a key all the same', async () => {
      const [binary] = binaries;
      expect((await packetAsk(binary, set('in two words', 'v'))).status).toBe(0);
      expect(await texts[0].get('in')).toBeNull();
      expect((await getAsk(binaries[1], 'in two words')).value).toBe('v');
      const missed = await packetAsk(binary, set('in', 'v', { cas: SOME_CAS }));
      expect(missed.status).toBe(STATUSES.MISSING.code);
    });
  });
}

for (const { name, start, isThere } of SERVERS) {
  describe.skipIf(!isThere)(`${name}, one protocol`, () => {
    it('-B binary closes on text', async () => {
      const server = await start({ flags: ['-B', 'binary'], isBinary: true });
      try {
        await clientUse(server.address, async (client) => {
          client.send(`get a\r\n${'x'.repeat(HEADER_BYTES)}`);
          await client.closed;
          await expect(client.take(1)).rejects.toThrow('closed');
        });
        await clientUse(server.address, async (client) => {
          expect((await packetAsk(client, set('a', 'v'))).status).toBe(0);
          expect((await getAsk(client, 'a')).value).toBe('v');
        });
      } finally {
        await server.stop();
      }
    });

    it('-B ascii takes binary for text', async () => {
      const server = await start({ flags: ['-B', 'ascii'] });
      try {
        await clientUse(server.address, async (client) => {
          expect(await client.ask(`${keyed('VERSION', '')}\r\n`)).toBe('ERROR');
          expect(await client.set('a', Buffer.from('v'))).toBe('STORED');
        });
      } finally {
        await server.stop();
      }
    });
  });
}

describe.each([
  ['fast wire', {}],
  ['plain wire', { FLAGSTONE_PLAIN_WIRE: '1' }],
])('slow readers of the binary protocol on the %s', (_name, env) => {
  it('get every long value whole, once they read', async () => {
    const server = await spawnFlagstone({ env });
    const binary = await TextClient.open(server.address);
    try {
      for (const at of [0, 1, 2]) {
        const value = valueMake(`big-${at}`, at, VALUE_BYTES).toString('latin1');
        expect((await packetAsk(binary, set(`big-${at}`, value, { flags: at }))).status).toBe(0);
      }
      binary.socket.pause();
      for (let at = 0; at < GET_COUNT; at++) binary.send(keyed('GETKQ', `big-${at % 3}`));
      binary.send(keyed('NOOP', ''));
      await clientUse(server.address, async (client) => {
        const blocked = async (): Promise<number> =>
          Number((await client.stats('server')).get('output_blocked'));
        await eventually('a reader behind', blocked, (blocks) => blocks > 0);
      });
      binary.socket.resume();
      for (let at = 0; at < GET_COUNT; at++) {
        const packet = await packetTake(binary);
        expect(packet.opcode).toBe(OPCODES.GETKQ);
        expect(packet.key).toBe(`big-${at % 3}`);
        expect(packet.extras).toBe(uint32(at % 3));
        expect(valueFault(packet.key, Buffer.from(packet.value, 'latin1'))).toBeNull();
      }
      expect((await packetTake(binary)).opcode).toBe(OPCODES.NOOP);
    } finally {
      binary.destroy();
      await server.stop();
    }
  });
});
