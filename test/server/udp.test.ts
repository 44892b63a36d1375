/**
 * UDP. Datagrams may be lost even on one machine, so a client asks again when no whole answer comes;
 * what it asks may be asked twice.
 */
import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomMake } from '../../src/base/random.ts';
import { portFree } from '../support/free-port.ts';
import { valueMake } from '../support/marked-value.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { Program } from './program.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TRY_MS = 1000;
const TRY_COUNT_MAX = 10;
const DATAGRAM_BYTES_MAX = 1400;

type Answer = { readonly datagrams: ReadonlyMap<number, Buffer>; readonly total: number };

class UdpClient {
  readonly socket: Socket = createSocket('udp4');
  readonly port: number;
  readonly strays: number[] = [];
  #requestId = 7;
  #datagrams = new Map<number, Buffer>();
  #total = 0;
  #wake: (() => void) | null = null;

  constructor(port: number) {
    this.port = port;
    this.socket.on('message', (datagram) => this.#received(datagram));
  }

  /** Sends a datagram as it is. */
  raw(datagram: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.socket.send(datagram, this.port, '127.0.0.1', () => resolve());
    });
  }

  /** Sends a request in a frame, and waits for nothing. */
  tell(request: string | Buffer, { requestId = 1, sequence = 0, total = 1 } = {}): Promise<void> {
    const header = Buffer.alloc(8);
    for (const [at, word] of [requestId, sequence, total].entries())
      header.writeUInt16BE(word, at * 2);
    const body = typeof request === 'string' ? Buffer.from(request, 'latin1') : request;
    return this.raw(Buffer.concat([header, body]));
  }

  async askDatagrams(request: string | Buffer): Promise<Answer> {
    for (let attempt = 0; attempt < TRY_COUNT_MAX; attempt++) {
      this.#requestId = (this.#requestId + 257) & 0xffff;
      this.#datagrams = new Map();
      this.#total = 0;
      const whole = new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, TRY_MS);
      });
      await this.tell(request, { requestId: this.#requestId });
      await whole;
      if (this.#isWhole()) return { datagrams: this.#datagrams, total: this.#total };
    }
    throw new Error(`no whole answer: ${this.#datagrams.size} of ${this.#total} datagrams`);
  }

  async ask(request: string | Buffer): Promise<Buffer> {
    const { datagrams, total } = await this.askDatagrams(request);
    return Buffer.concat(Array.from({ length: total }, (_, at) => datagrams.get(at) as Buffer));
  }

  async askText(request: string): Promise<string> {
    return (await this.ask(request)).toString('latin1');
  }

  close(): void {
    this.socket.close();
  }

  #isWhole(): boolean {
    return this.#total > 0 && this.#datagrams.size === this.#total;
  }

  #received(datagram: Buffer): void {
    expect(datagram.length).toBeLessThanOrEqual(DATAGRAM_BYTES_MAX);
    const [requestId, sequence, total, reserved] = [0, 2, 4, 6].map((at) =>
      datagram.readUInt16BE(at),
    );
    expect(reserved).toBe(0);
    if (requestId !== this.#requestId) {
      this.strays.push(requestId);
      return;
    }
    this.#total = total;
    this.#datagrams.set(sequence, datagram.subarray(8));
    if (this.#isWhole()) this.#wake?.();
  }
}

function binaryRequest(opcode: number, key: string, extras = '', value = ''): Buffer {
  const body = Buffer.from(extras + key + value, 'latin1');
  const header = Buffer.alloc(24);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(opcode, 1);
  header.writeUInt16BE(key.length, 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt32BE(body.length, 8);
  header.writeUInt32BE(0xfeedbeef, 12);
  return Buffer.concat([header, body]);
}

describe('UDP', () => {
  let server: ServerProcess;
  let client: UdpClient;
  let tcp: TextClient;
  beforeAll(async () => {
    server = await spawnFlagstone({ onUdp: true, flags: ['-R', '3'] });
    client = new UdpClient(server.port);
    tcp = await TextClient.open(server);
  });
  afterAll(async () => {
    client.close();
    tcp.destroy();
    expect(await server.stop(), server.log()).toBe(0);
  });

  const drops = async (): Promise<number> => Number((await tcp.stats('server')).get('udp_drops'));

  /** Sends what must not be answered, and waits until it was dropped. */
  async function dropped(send: () => Promise<void>): Promise<void> {
    const before = await drops();
    await eventually(
      'a datagram dropped',
      async () => {
        await send();
        await new Promise((resolve) => setTimeout(resolve, 50));
        return drops();
      },
      (count) => count > before,
    );
  }

  it('answers requests under their own ids, on the keyspace of TCP', async () => {
    expect(await tcp.ask('set a 5 0 3\r\nxyz\r\n')).toBe('STORED');
    expect(await client.askText('get a\r\n')).toBe('VALUE a 5 3\r\nxyz\r\nEND\r\n');
    expect(await client.askText('set b 0 0 2\r\nhi\r\n')).toBe('STORED\r\n');
    expect((await tcp.get('b'))?.toString()).toBe('hi');
    expect(await client.askText('get none\r\n')).toBe('END\r\n');
    expect(await client.askText('bogus\r\n')).toBe('ERROR\r\n');
  });

  it('refuses what would go on beyond its reply', async () => {
    expect(await client.askText('watch\r\n')).toBe('ERROR\r\n');
    expect(await client.askText('lru_crawler metadump all\r\n')).toBe(
      'ERROR metadump not allowed\r\n',
    );
    expect((await tcp.stats()).get('log_watchers')).toBe('0');
  });

  it('answers all requests of a datagram, beyond -R too', async () => {
    const gets = 'get a\r\n'.repeat(50);
    await client.askText('set a 5 0 3\r\nxyz\r\n');
    expect(await client.askText(`${gets}version\r\n`)).toMatch(
      /^(?:VALUE a 5 3\r\nxyz\r\nEND\r\n){50}VERSION [^\r]*\r\n$/,
    );
  });

  it.each([1391, 1392, 1393, 16_000, 60_000])('cuts a reply around %i bytes', async (bytes) => {
    const value = valueMake('cut', 1, bytes);
    expect(await tcp.set('cut', value)).toBe('STORED');
    const wanted = Buffer.concat([
      Buffer.from(`VALUE cut 0 ${value.length}\r\n`),
      value,
      Buffer.from('\r\nEND\r\n'),
    ]);
    const { datagrams, total } = await client.askDatagrams('get cut\r\n');
    expect(total).toBe(Math.ceil(wanted.length / 1392));
    const got = Buffer.concat(
      Array.from({ length: total }, (_, at) => datagrams.get(at) as Buffer),
    );
    expect(got.equals(wanted)).toBe(true);
  });

  it('speaks the binary protocol to who begins with it', async () => {
    const stored = await client.ask(binaryRequest(1, 'bin', '\0\0\0\x09\0\0\0\0', 'value'));
    expect(stored.readUInt8(0)).toBe(0x81);
    expect(stored.readUInt16BE(6)).toBe(0);
    expect(stored.readUInt32BE(12)).toBe(0xfeedbeef);
    const got = await client.ask(binaryRequest(0, 'bin'));
    expect(got.subarray(24).toString('latin1')).toBe('\0\0\0\x09value');
    expect((await client.ask(binaryRequest(0, 'missing'))).readUInt16BE(6)).toBe(1);
    expect(await client.askText('get bin\r\n')).toBe('VALUE bin 9 5\r\nvalue\r\nEND\r\n');
  });

  it('drops what is no whole request, and goes on', async () => {
    await dropped(() => client.raw(Buffer.from('short')));
    await dropped(() => client.raw(Buffer.from([0, 1, 0, 0, 0, 1, 0, 0])));
    await dropped(() => client.tell('get a\r\n', { total: 2 }));
    await dropped(() => client.tell('get a\r\n', { total: 0 }));
    await dropped(() => client.tell('get'));
    await dropped(() => client.tell('set a 0 0 9\r\nhalf'));
    await dropped(() => client.tell(binaryRequest(1, 'a', '12345678', 'value').subarray(0, 30)));
    expect(client.strays).toEqual([]);
    expect(await client.askText('get none\r\n')).toBe('END\r\n');
  });

  it('gives back what half a long value had taken', async () => {
    const pages = async (): Promise<string | undefined> =>
      (await tcp.stats()).get('slab_global_page_pool');
    const before = await pages();
    const half = Buffer.concat([Buffer.from('set long 0 0 60000\r\n'), Buffer.alloc(40_000)]);
    for (let round = 0; round < 5; round++) await dropped(() => client.tell(half));
    expect(await pages()).toBe(before);
    expect(await client.askText('get long\r\n')).toBe('END\r\n');
  });

  it('is silent after noreply and for quiet commands, and closes nothing on quit', async () => {
    await client.tell('set silent 0 0 1 noreply\r\n1\r\n', { requestId: 3 });
    await client.tell(binaryRequest(0x09, 'missing'), { requestId: 4 });
    await client.tell('quit\r\n', { requestId: 5 });
    expect(await client.askText('get none\r\n')).toBe('END\r\n');
    expect(client.strays).toEqual([]);
  });

  it('answers with an error instead of thousands of datagrams', async () => {
    expect(await tcp.set('huge', valueMake('huge', 1, 900_000))).toBe('STORED');
    expect(await client.askText('get huge huge huge huge\r\n')).toBe(
      'SERVER_ERROR out of memory writing get response\r\n',
    );
    expect(await tcp.ask('delete huge\r\n')).toBe('DELETED');
  });

  it('serves many clients, on any thread', async () => {
    const before = await drops();
    const clients = Array.from({ length: 20 }, () => new UdpClient(server.port));
    const work = clients.map(async (one, at) => {
      for (let round = 0; round < 20; round++) {
        expect(await one.askText(`set u${at} 0 0 2\r\n${10 + round}\r\n`)).toBe('STORED\r\n');
        expect(await one.askText(`get u${at}\r\n`)).toBe(
          `VALUE u${at} 0 2\r\n${10 + round}\r\nEND\r\n`,
        );
      }
    });
    await Promise.all(work);
    for (const one of clients) one.close();
    expect(await drops()).toBe(before);
  });

  it('survives datagrams of random bytes', async () => {
    const random = randomMake(5);
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(Array.from({ length: random() % 120 }, () => random() & 255));
      if (random() % 2 === 0) await client.raw(bytes);
      else
        await client.tell(random() % 2 === 0 ? bytes : Buffer.concat([Buffer.from([0x80]), bytes]));
    }
    expect(await client.askText('get none\r\n')).toBe('END\r\n');
    expect((await tcp.stats('server')).get('thread_restarts')).toBe('0');
  });

  it('is listed, and shown in the settings', async () => {
    const conns = [...(await tcp.stats('conns')).values()];
    expect(conns).toContain(`udp:127.0.0.1:${server.port}`);
    const settings = await tcp.stats('settings');
    expect(settings.get('udpport')).toBe(`${server.port}`);
    expect(settings.get('num_threads_per_udp')).toBe('2');
  });
});

describe('UDP at the start', () => {
  it('is off unless asked for', async () => {
    const server = await spawnFlagstone();
    const taken = createSocket('udp4');
    await new Promise<void>((resolve) => taken.bind(server.port, '127.0.0.1', resolve));
    taken.close();
    expect(await server.stop()).toBe(0);
  });

  it('a port that is taken is told in one line', async () => {
    const port = await portFree();
    const taken = createSocket({ type: 'udp4', reusePort: true });
    await new Promise<void>((resolve) => taken.bind(port, '127.0.0.1', resolve));
    const program = new Program(['-l', '127.0.0.1', '-p', '-1', '-U', `${port}`], {});
    const { code } = await program.ended;
    expect(program.err.trim()).toBe(
      `flagstone: cannot listen on UDP 127.0.0.1:${port}: it is in use already`,
    );
    expect(code).toBe(71);
    taken.close();
  });
});
