/**
 * Hottest keys, of real traffic: all protocols, on several threads, through sockets. The supervisor runs in
 * this process, so that a thread can be terminated, and rings be looked at from inside.
 */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { zipfMake } from '../../bench/trace/synthetic.ts';
import { HotKeys } from '../../src/admin/hot-keys.ts';
import { optionsParse } from '../../src/cli/options.ts';
import { KeyTapReader, partitionOperations } from '../../src/memory/key-tap.ts';
import { Supervisor } from '../../src/supervisor.ts';
import { BinaryClient, packet } from '../support/binary-client.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const THREADS = 3;
const HOST = '127.0.0.1';
const OPCODE = { GETQ: 0x09, NOOP: 0x0a, SETQ: 0x11, GET: 0x00, SET: 0x01 };
const SET_EXTRAS = Buffer.alloc(8);
const SAMPLING_SEC = 2;
const KEYS = 2000;
const ALPHA = 1.1;
const PIPELINE = 64;

let supervisor: Supervisor;
let hot: HotKeys;
let restarts = 0;
let address = { host: HOST, port: 0 };
let respAddress = { host: HOST, port: 0 };

beforeAll(async () => {
  const respPort = await portFree();
  const flags = ['-p', '-1', '-l', HOST, '-t', `${THREADS}`, '-m', '64'];
  const write = (line: string): void => {
    if (line.includes('was started anew')) restarts++;
  };
  const config = optionsParse([...flags, '--resp-port', `${respPort}`], {});
  supervisor = new Supervisor(config, pino({ level: 'warn' }, { write }), {
    version: 'test',
    plainWire: false,
    debugCommands: false,
    onShutdown: () => undefined,
  });
  await supervisor.start();
  address = { host: HOST, port: supervisor.ports[0] };
  respAddress = { host: HOST, port: respPort };
  hot = new HotKeys(supervisor.keyspace);
});
afterEach(() => hot.close());
afterAll(() => supervisor.end());

/** What was found, as `count key`; of another database than 0, `count key in 3`. */
function found(): string[] {
  return hot.look().keys.map(({ count, key, database }) => {
    return `${count} ${key}${database === 0 ? '' : ` in ${database}`}`;
  });
}

function operations(): number {
  const { partitions, keyTap } = supervisor.keyspace;
  return partitions.reduce((sum, { id }) => sum + partitionOperations(keyTap, id), 0);
}

/** Runs it while keys are sampled. Returns what was found, and how many operations the partitions counted. */
async function sampled(run: () => Promise<unknown>): Promise<{ keys: string[]; asked: number }> {
  const before = operations();
  hot.start(60);
  await run();
  return { keys: found().sort(), asked: operations() - before };
}

describe('commands of a key', () => {
  it('by text', async () => {
    const client = await TextClient.open(address);
    const { keys, asked } = await sampled(async () => {
      await client.ask('get t1 t2 t3\r\n');
      await client.set('t1', Buffer.from('1'));
      await client.get('t1');
      await client.set('t:large', Buffer.alloc(300_000));
      for (const line of ['incr t1 1', 'touch t1 0', 'delete t1', 'delete t9', 'decr t9 1']) {
        await client.ask(`${line}\r\n`);
      }
      await client.ask('gat 0 t4\r\n');
      await client.ask('append t5 0 0 1\r\nx\r\n');
    });
    client.destroy();
    expect(keys).toEqual(['1 t2', '1 t3', '1 t4', '1 t5', '1 t:large', '2 t9', '6 t1']);
    expect(asked).toBe(13);
  });

  it('by meta commands', async () => {
    const client = await TextClient.open(address);
    const { keys, asked } = await sampled(async () => {
      await client.ask('ms m1 1\r\n5\r\n');
      for (const line of ['mg m1', 'ma m1', 'md m1', 'mg m2', 'me m3', 'mn']) {
        await client.ask(`${line}\r\n`);
      }
      // The bytes 00 ff 00, as base64.
      await client.ask('mg AP8A b\r\n');
    });
    client.destroy();
    expect(keys).toEqual(['1 \\x00\\xff\\x00', '1 m2', '1 m3', '4 m1']);
    expect(asked).toBe(7);
  });

  it('by the binary protocol', async () => {
    const client = await BinaryClient.open(address);
    const { keys, asked } = await sampled(async () => {
      await client.ask(OPCODE.SET, { key: 'b\0\xff', value: 'x', extras: SET_EXTRAS });
      await client.ask(OPCODE.GET, { key: 'b\0\xff' });
      await client.ask(OPCODE.GET, { key: 'b2' });
      const [large, rest] = [Buffer.alloc(200_000), Buffer.alloc(100_000)];
      const request = packet(OPCODE.SET, {
        key: 'b:large',
        value: Buffer.concat([large, rest]),
        extras: SET_EXTRAS,
      });
      client.send(request.subarray(0, large.length));
      client.send(request.subarray(large.length));
      await client.reply();
    });
    client.bytes.destroy();
    expect(keys).toEqual(['1 b2', '1 b:large', '2 b\\x00\\xff']);
    expect(asked).toBe(4);
  });

  it('by RESP: one key, several, in a transaction, in a script, in another database', async () => {
    const client = new RespClient(respAddress);
    const { keys, asked } = await sampled(async () => {
      await client.call('set', 'r1', 'x');
      await client.call('get', 'r1');
      await client.call('mset', 'r2', '1', 'r3', '2');
      await client.call('mget', 'r1', 'r2', 'r9');
      await client.call('rename', 'r2', 'r4');
      await client.call('sadd', 'set', 'a', 'b');
      await client.call('sinterstore', 'r5', 'set', 'set2');
      await client.call('ping');
      await client.call('dbsize');
      await client.call('multi');
      await client.call('incr', 'in transaction');
      await client.call('del', 'r3', 'r4');
      await client.call('exec');
      await client.call(
        'eval',
        "redis.call('get', KEYS[1]) redis.call('mget', KEYS[1], 'r1')",
        1,
        's',
      );
      await client.call('select', 3);
      await client.call('get', 'r1');
    });
    client.end();
    expect(keys).toEqual([
      '1 in transaction',
      '1 r1 in 3',
      '1 r5',
      '1 r9',
      '1 set2',
      '2 r3',
      '2 r4',
      '2 s',
      '2 set',
      '3 r2',
      '4 r1',
    ]);
    expect(asked).toBe(20);
  });

  it('of any bytes, and of any length', async () => {
    const client = new RespClient(respAddress);
    const long = 'long'.repeat(1000);
    const { keys } = await sampled(async () => {
      await client.call('get', '');
      await client.call('get', '\xff\r\n\\');
      await client.call('get', `${long}a`);
      await client.call('get', `${long}b`);
      await client.call('get', `${long}a`);
    });
    client.end();
    const cut = /^[12] (long){28}\\\+3889@[0-9a-f]{8}$/;
    expect(keys.filter((key) => !cut.test(key))).toEqual(['1 ', '1 \\xff\\x0d\\x0a\\\\']);
    const [a, b] = keys.filter((key) => cut.test(key)).map((key) => key.split(' '));
    expect([a[0], b[0]].sort()).toEqual(['1', '2']);
    expect(a[1]).not.toBe(b[1]);
  });

  it('under the number by which clients know the database', async () => {
    const client = new RespClient(respAddress);
    await client.call('swapdb', 0, 7);
    const { keys } = await sampled(async () => {
      await client.call('get', 'swapped');
    });
    await client.call('swapdb', 0, 7);
    client.end();
    expect(keys).toEqual(['1 swapped']);
  });
});

describe('a sampling', () => {
  it('that is joined goes on until the later end, and keeps its counts', async () => {
    const client = await TextClient.open(address);
    hot.start(30);
    await client.get('before');
    hot.start(1);
    expect(hot.look().seconds).toBe(30);
    hot.start(60);
    await client.get('after');
    expect(hot.look().seconds).toBe(60);
    expect(found().sort()).toEqual(['1 after', '1 before']);
    hot.close();
    hot.start(5);
    await client.get('anew');
    expect(found()).toEqual(['1 anew']);
    expect(hot.look()).toMatchObject({ isRunning: true, seconds: 5, samples: 1, operations: 1 });
    client.destroy();
  });

  it('survives the death of a thread, whose successor takes part', async () => {
    hot.start(60);
    const clients = await clientsOpen();
    await Promise.all(clients.map((client) => client.get('before')));
    const before = restarts;
    for (let thread = 0; thread < THREADS; thread++) {
      await supervisor.dataWorker(thread)?.terminate();
    }
    for (const client of clients) client.destroy();
    await eventually(
      'the new threads',
      () => restarts - before,
      (count) => count === THREADS,
    );
    const others = await clientsOpen();
    await Promise.all(others.map((client) => client.get('after')));
    for (const client of others) client.destroy();
    expect(found().sort()).toEqual([`${CLIENTS} after`, `${CLIENTS} before`]);
  });
});

const CLIENTS = 24;

/** Connections are spread over the threads by the kernel. */
function clientsOpen(): Promise<TextClient[]> {
  return Promise.all(
    Array.from({ length: CLIENTS }, () =>
      eventually(
        'a connection',
        () => TextClient.open(address),
        () => true,
      ),
    ),
  );
}

describe('traffic by the law of Zipf', () => {
  const random = xorshift(0x2545f491);
  const rank = zipfMake(KEYS, ALPHA, () => Math.floor(random() * 2 ** 32));
  const shares = Array.from({ length: KEYS }, (_, at) => (at + 1) ** -ALPHA);
  const sum = shares.reduce((a, b) => a + b, 0);

  function keyDraw(): string {
    return `zipf:${rank()}`;
  }

  it('on all threads, by all protocols: the hottest are found, with their shares', async () => {
    const before = operations();
    hot.start(SAMPLING_SEC);
    const [text, resp, binary] = await clientsMake();
    let sent = 0;
    while (hot.isRunning) {
      await Promise.all([
        ...text.map(textRound),
        ...resp.map(respRound),
        ...binary.map(binaryRound),
      ]);
      sent += (text.length + resp.length + binary.length) * PIPELINE;
    }
    const looked = hot.look();
    expect(looked.isRunning).toBe(false);
    expect(operations() - before).toBe(sent);

    // What is sampled is what was sent, but for what came after the end: on a slow machine, much of a round.
    expect(looked.operations).toBeGreaterThan(sent / 8);
    expect(looked.operations).toBeLessThan(sent * 1.2);
    expect(looked.samples).toBeLessThanOrEqual(looked.operations);
    const byKey = new Map(looked.keys.map((one) => [one.key, one]));
    for (let at = 0; at < 10; at++) {
      const share = shares[at] / sum;
      const one = byKey.get(`zipf:${at}`);
      // Five standard deviations, of samples that weigh differently: as of half as many alike.
      const bound = 5 * Math.sqrt(share / (looked.samples / 2));
      const error = Math.abs((one?.share ?? 0) - share);
      expect(error, `share of zipf:${at}, of ${looked.samples} samples`).toBeLessThan(bound);
      expect(one?.countError).toBeLessThanOrEqual(looked.operations / 4096);
    }
    expect(looked.keys[0].key).toBe('zipf:0');

    // After the end nothing is copied, and nothing changes.
    const reader = new KeyTapReader(supervisor.keyspace.keyTap.sab);
    reader.skip();
    await Promise.all([...text.map(textRound), ...resp.map(respRound), ...binary.map(binaryRound)]);
    const copied: string[] = [];
    reader.drain(({ u8 }) => copied.push(u8.toString('latin1')));
    expect(copied).toEqual([]);
    expect(hot.look()).toEqual(looked);
    for (const client of text) client.destroy();
    for (const client of resp) client.end();
    for (const client of binary) client.bytes.destroy();
  });

  async function clientsMake(): Promise<
    readonly [readonly TextClient[], readonly RespClient[], readonly BinaryClient[]]
  > {
    const few = Array.from({ length: 8 });
    const text = await Promise.all(few.map(() => TextClient.open(address)));
    const binary = await Promise.all(few.map(() => BinaryClient.open(address)));
    return [text, few.map(() => new RespClient(respAddress)), binary];
  }

  async function textRound(client: TextClient): Promise<void> {
    let request = '';
    for (let n = 0; n < PIPELINE; n += 4) {
      request += `get ${keyDraw()} ${keyDraw()}\r\nset ${keyDraw()} 0 0 1 noreply\r\nx\r\n`;
      request += `md ${keyDraw()} q\r\n`;
    }
    client.send(`${request}mn\r\n`);
    while ((await client.line()) !== 'MN');
  }

  async function respRound(client: RespClient): Promise<void> {
    for (let n = 0; n < PIPELINE; n += 4) {
      client.send('get', keyDraw());
      client.send('mget', keyDraw(), keyDraw());
      client.send('set', keyDraw(), 'x');
    }
    for (let n = 0; n < PIPELINE; n += 4)
      for (let reply = 0; reply < 3; reply++) await client.read();
  }

  async function binaryRound(client: BinaryClient): Promise<void> {
    const packets: Buffer[] = [];
    for (let n = 0; n < PIPELINE; n += 2) {
      packets.push(packet(OPCODE.GETQ, { key: keyDraw() }));
      packets.push(packet(OPCODE.SETQ, { key: keyDraw(), value: 'x', extras: SET_EXTRAS }));
    }
    client.send(...packets, packet(OPCODE.NOOP));
    while ((await client.reply()).opcode !== OPCODE.NOOP);
  }
});

/** Marsaglia's: the same on every run. */
function xorshift(seed: number): () => number {
  let bits = seed;
  return () => {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    return (bits >>> 0) / 2 ** 32;
  };
}
