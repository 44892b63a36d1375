/** What a server answers about the nodes of its cluster: by text, by the old key, in binary. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse, eventually, type TextClient } from '../support/text-client.ts';
import { servedBy } from './served.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const LEGACY_KEY = 'AmazonElastiCache:cluster';
const OPCODE = { GET: 0x00, GETK: 0x0c, NOOP: 0x0a, CONFIG_GET: 0x60, CONFIG_LIST: 0x68 } as const;
const OPAQUE = 0xdeadbeef;

function request(opcode: number, key: string, extras = Buffer.alloc(0), value = ''): Buffer {
  const body = Buffer.concat([extras, Buffer.from(key), Buffer.from(value)]);
  const head = Buffer.alloc(24);
  head[0] = 0x80;
  head[1] = opcode;
  head.writeUInt16BE(key.length, 2);
  head[4] = extras.length;
  head.writeUInt32BE(body.length, 8);
  head.writeUInt32BE(OPAQUE, 12);
  return Buffer.concat([head, body]);
}

type Answer = {
  readonly opcode: number;
  readonly status: number;
  readonly extras: string;
  readonly key: string;
  readonly value: string;
};

async function answerTake(client: TextClient): Promise<Answer> {
  const head = await client.take(24);
  expect([head[0], head.readUInt32BE(12)]).toEqual([0x81, OPAQUE]);
  const body = await client.take(head.readUInt32BE(8));
  const keyStart = head[4];
  const valueStart = keyStart + head.readUInt16BE(2);
  return {
    opcode: head[1],
    status: head.readUInt16BE(6),
    extras: body.toString('hex', 0, keyStart),
    key: body.toString('latin1', keyStart, valueStart),
    value: body.toString('latin1', valueStart),
  };
}

describe('a node alone', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await spawnFlagstone();
    await eventually(
      'a configuration',
      () => servedBy(server),
      (one) => one !== null,
    );
  });
  afterAll(() => server.stop());

  const payload = (): string => `1\n${hostname()}|127.0.0.1|${server.port}\n`;

  it('lists itself', async () => {
    expect(await servedBy(server)).toEqual({
      version: 1,
      nodes: [`${hostname()}|127.0.0.1|${server.port}`],
    });
  });

  it('answers the old key like an item, among others and alone', async () => {
    await clientUse(server.address, async (client) => {
      await client.set('a', Buffer.from('1'));
      const bytes = payload().length;
      const value = `VALUE ${LEGACY_KEY} 0 ${bytes}\r\n${payload()}\r\n`;
      const valueCas = `VALUE ${LEGACY_KEY} 0 ${bytes} 0\r\n${payload()}\r\n`;
      const near = 'AmazonElastiCache:clusteR AmazonElastiCache:clusters';
      const conversation = [
        [`get ${LEGACY_KEY}\r\n`, `${value}END\r\n`],
        [`get a ${LEGACY_KEY} b ${near}\r\n`, `VALUE a 0 1\r\n1\r\n${value}END\r\n`],
        [`gets ${LEGACY_KEY} b\r\n`, `${valueCas}END\r\n`],
        [`gat 0 ${LEGACY_KEY}\r\n`, 'END\r\n'],
        [`set ${LEGACY_KEY} 5 0 1\r\nx\r\n`, 'STORED\r\n'],
        [`get ${LEGACY_KEY}\r\n`, `VALUE ${LEGACY_KEY} 5 1\r\nx\r\nEND\r\n`],
        [`delete ${LEGACY_KEY}\r\n`, 'DELETED\r\n'],
        [`get ${LEGACY_KEY}\r\n`, `${value}END\r\n`],
      ] as const;
      for (const [sent, expected] of conversation) {
        client.send(sent);
        expect((await client.take(expected.length)).toString('latin1')).toBe(expected);
      }
      const stats = await client.stats();
      expect([stats.get('get_hits'), stats.get('get_misses')]).toEqual(['2', '8']);
    });
  });

  it('answers in binary', async () => {
    await clientUse(server.address, async (client) => {
      const ask = (...sent: readonly Buffer[]): Promise<Answer> => {
        client.send(Buffer.concat(sent));
        return answerTake(client);
      };
      const noop = request(OPCODE.NOOP, '');
      const found = { status: 0, extras: '00000000', value: payload() };
      expect(await ask(request(0x60, 'cluster'))).toEqual({ ...found, opcode: 0x60, key: '' });
      expect(await ask(request(0x61, 'cluster'))).toEqual({ ...found, opcode: 0x61, key: '' });
      expect(await ask(request(0x62, 'cluster'))).toEqual({
        ...found,
        opcode: 0x62,
        key: 'cluster',
      });
      expect(await ask(request(0x63, 'cluster'))).toEqual({
        ...found,
        opcode: 0x63,
        key: 'cluster',
      });
      expect(await ask(request(0x00, LEGACY_KEY))).toEqual({ ...found, opcode: 0, key: '' });
      expect(await ask(request(0x0c, LEGACY_KEY))).toEqual({
        ...found,
        opcode: 0x0c,
        key: LEGACY_KEY,
      });
      expect(await ask(request(0x60, 'none'))).toMatchObject({ opcode: 0x60, status: 1 });
      expect(await ask(request(0x61, 'none'), noop)).toMatchObject({ opcode: OPCODE.NOOP });
      expect(await ask(request(0x68, ''))).toMatchObject({
        opcode: OPCODE.CONFIG_LIST,
        status: 0x81,
      });

      const flags = Buffer.from([0, 0, 0, 9]);
      const longest = 'x'.repeat(65536);
      expect(await ask(request(0x64, 'own', flags, longest))).toMatchObject({
        opcode: 0x64,
        status: 0,
      });
      expect(await ask(request(0x60, 'own'))).toMatchObject({ extras: '00000009', value: longest });
      expect(await ask(request(0x65, 'own', flags, 'y'), request(0x60, 'own'))).toMatchObject({
        opcode: 0x60,
        value: 'y',
      });
      expect(await ask(request(0x64, 'own', flags, `${longest}x`))).toMatchObject({ status: 3 });
      expect(await ask(request(0x66, 'own'))).toMatchObject({ opcode: 0x66, status: 0 });
      expect(await ask(request(0x66, 'own'))).toMatchObject({ opcode: 0x66, status: 1 });
      expect(await ask(request(0x67, 'own'))).toMatchObject({ opcode: 0x67, status: 1 });
    });
  });

  it('lets clients set the list, on all threads at once', async () => {
    const set = 'config set cluster 0 11\r\n9\na||1 b||2\r\n';
    await clientUse(server.address, async (client) => {
      expect(await client.ask(set)).toBe('STORED');
    });
    // Connections are spread over the threads by the kernel.
    for (let tries = 0; tries < 20; tries++) {
      expect(await servedBy(server)).toEqual({ version: 9, nodes: ['a||1', 'b||2'] });
    }
    await clientUse(server.address, async (client) => {
      expect(await client.ask('config delete cluster\r\n')).toBe('DELETED');
      expect(await client.ask(`get ${LEGACY_KEY}\r\n`)).toBe('END');
    });
    expect(await servedBy(server)).toBeNull();
  });
});

describe('a node with a list', () => {
  it('serves what the command line says', async () => {
    const server = await spawnFlagstone({ flags: ['--cluster-nodes', '4 b|10.0.0.2|2,a:1'] });
    try {
      expect(await servedBy(server)).toEqual({ version: 4, nodes: ['a||1', 'b|10.0.0.2|2'] });
    } finally {
      await server.stop();
    }
  });

  it('follows a file, also after a client overwrote the list', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagstone-nodes-'));
    const path = join(folder, 'nodes');
    writeFileSync(path, '1\na:1\n');
    const server = await spawnFlagstone({ flags: ['--cluster-nodes-file', path] });
    try {
      expect(await servedBy(server)).toEqual({ version: 1, nodes: ['a||1'] });
      await clientUse(server.address, (client) => client.ask('config set cluster 0 2\r\n8\n\r\n'));
      writeFileSync(path, '2\na:1 b:1\n');
      const served = await eventually(
        'a list',
        () => servedBy(server),
        (one) => one?.version === 2,
      );
      expect(served?.nodes).toEqual(['a||1', 'b||1']);
      writeFileSync(path, 'nonsense\n');
      await eventually('a warning', server.log, (log) => log.includes('the old list stays'));
      expect(await servedBy(server)).toEqual({ version: 2, nodes: ['a||1', 'b||1'] });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('tells nobody who has yet to authenticate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flagstone-nodes-'));
    const path = join(folder, 'users');
    writeFileSync(path, 'reader:secret\n');
    const server = await spawnFlagstone({ flags: ['--cluster-nodes', 'a:1', '-Y', path] });
    try {
      await clientUse(server.address, async (client) => {
        const refusal = 'CLIENT_ERROR unauthenticated';
        expect(await client.ask('config get cluster\r\n')).toBe(refusal);
        expect(await client.ask('config delete cluster\r\n')).toBe(refusal);
        expect(await client.set('x', Buffer.from('reader secret'))).toBe('STORED');
        expect(await client.ask('config get cluster\r\n')).toBe('CONFIG cluster 0 7');
      });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('does not start with a file that is no good', async () => {
    await expect(spawnFlagstone({ flags: ['--cluster-nodes-file', '/none'] })).rejects.toThrow(
      'flagstone: cannot use the cluster nodes of /none: no such file or directory',
    );
  });
});
