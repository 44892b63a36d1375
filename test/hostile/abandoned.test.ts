/** Clients that begin something and leave, or stay and do nothing: what they took comes back. */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { fileLimitRead } from '../../bench/support/process-usage.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { Witness } from './witness.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const UPLOAD_BYTES = 1_000_000;
const UPLOAD_COUNT = 60;
const ROUNDS = process.env['FLAGSTONE_LONG'] === '1' ? 50 : 3;
const CONNECTION_COUNT = 10_000;
/** Descriptors for everything else; server and test each have as many of them as the limit says. */
const FILES_SPARE = 500;
/** What the server may have opened for itself meanwhile. */
const FILES_MORE_MAX = 10;
const BATCH = 500;
const TEST_MS_MAX = 180_000;

function opened(server: ServerProcess): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: server.host });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      socket.resume();
      resolve(socket);
    });
  });
}

const connectionsOf = async (client: TextClient): Promise<number> =>
  Number((await client.stats()).get('curr_connections'));

const leave: Readonly<Record<string, (socket: Socket) => void>> = {
  'close the connection': (socket) => socket.destroy(),
  'reset the connection': (socket) => socket.resetAndDestroy(),
  'half-close the connection': (socket) => socket.end(),
};

describe('uploads that are abandoned', () => {
  it.each(Object.keys(leave))('give their memory back when clients %s', async (how) => {
    // Without evictions, memory that was not given back would be missed. There is room for several
    // times the uploads, since keys spread over the partitions by chance.
    const server = await spawnFlagstone({ flags: ['-M', '-m', '256'] });
    const client = await TextClient.open(server);
    try {
      const pagesBefore = (await client.stats()).get('slab_global_page_pool');
      for (let round = 0; round < ROUNDS; round++) {
        const sockets = await Promise.all(
          Array.from({ length: UPLOAD_COUNT }, () => opened(server)),
        );
        for (const [at, socket] of sockets.entries()) {
          socket.write(`set upload-${at} 0 0 ${UPLOAD_BYTES}\r\n`);
          socket.write(Buffer.alloc((UPLOAD_BYTES * at) / UPLOAD_COUNT));
        }
        const read = async (): Promise<number> => Number((await client.stats()).get('bytes_read'));
        const sentBytes = (round + 0.9) * (UPLOAD_BYTES / 2) * (UPLOAD_COUNT - 1);
        await eventually('the arrival of the uploads', read, (bytes) => bytes >= sentBytes);
        for (const socket of sockets) leave[how](socket);
        await eventually(
          'one connection',
          () => connectionsOf(client),
          (open) => open === 1,
        );
      }
      const stats = await client.stats();
      expect(stats.get('curr_items')).toBe('0');
      expect(stats.get('slab_global_page_pool')).toBe(pagesBefore);
      for (let at = 0; at < UPLOAD_COUNT; at++) {
        const key = `upload-${at}`;
        expect(await client.set(key, valueMake(key, at, UPLOAD_BYTES))).toBe('STORED');
      }
      for (let at = 0; at < UPLOAD_COUNT; at++) {
        const value = await client.get(`upload-${at}`);
        expect(valueFault(`upload-${at}`, value ?? Buffer.alloc(0))).toBeNull();
      }
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});

/** What half-open connections stop in the middle of. */
const BEGINNINGS = [
  '',
  's',
  'get ',
  'get some-key',
  'set k 0 0 100\r\nabc',
  'set k 0 0 50000\r\nabc',
  '\r',
];

describe('half-open connections', () => {
  const count = Math.min(CONNECTION_COUNT, fileLimitRead() - FILES_SPARE);

  it(`${count} of them do not keep others from being served`, {
    timeout: TEST_MS_MAX,
  }, async () => {
    const server = await spawnFlagstone({ flags: ['-c', '20000'] });
    const client = await TextClient.open(server);
    const filesOf = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
    const sockets: Socket[] = [];
    try {
      const witnesses = await Witness.start(server, 2);
      await eventually(
        'the witnesses',
        () => connectionsOf(client),
        (open) => open === 3,
      );
      const filesBefore = process.platform === 'linux' ? filesOf() : 0;
      for (let from = 0; from < count; from += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, count - from) }, () => opened(server));
        sockets.push(...(await Promise.all(batch)));
      }
      for (const [at, socket] of sockets.entries())
        socket.write(BEGINNINGS[at % BEGINNINGS.length]);
      await eventually(
        'all connections',
        () => connectionsOf(client),
        (open) => open >= count + 3,
      );
      const hitsBefore = witnesses.map(({ hits }) => hits);
      await eventually(
        'more hits of every witness',
        () => witnesses.every(({ hits }, at) => hits > hitsBefore[at] + 20),
        (all) => all,
      );
      for (const socket of sockets) socket.destroy();
      await eventually(
        'the end of them',
        () => connectionsOf(client),
        (open) => open === 3,
      );
      for (const witness of witnesses) await witness.stop();
      if (process.platform === 'linux') {
        await eventually(
          'their descriptors',
          filesOf,
          (files) => files < filesBefore + FILES_MORE_MAX,
        );
      }
      expect((await client.stats('server')).get('thread_restarts'), server.log()).toBe('0');
    } finally {
      for (const socket of sockets) socket.destroy();
      client.destroy();
      await server.stop();
    }
  });
});
