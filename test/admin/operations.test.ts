/** Who does what an operator asks for, when a data thread hangs: one thread, once. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConsoleConnections } from '../../src/admin/console-state.ts';
import { CLAIM, type Operated } from '../../src/net/operation.ts';
import { Operations } from '../../src/operations.ts';
import { type AdminServer, adminSpawn } from '../support/admin-client.ts';
import { consoleAct, consoleAsk } from '../support/console-client.ts';
import type { RespClient } from '../support/resp-client.ts';
import { eventually, TextClient } from '../support/text-client.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** After so many a script is known. */
const CLEAN_RUNS = 20;

describe('an operation', () => {
  const DONE: Operated = { kind: 'outcome', isDone: true, text: 'done' };

  /** A worker that answers as it is told; `asked` has the claims that it was sent. */
  class FakeWorker {
    readonly asked: Int32Array[] = [];
    private readonly answer: (claim: Int32Array) => Operated | null;
    private readonly listeners = new Map<string, Set<(message: unknown) => void>>();

    constructor(answer: (claim: Int32Array) => Operated | null) {
      this.answer = answer;
    }

    on(event: string, listener: (message: unknown) => void): void {
      const all = this.listeners.get(event) ?? new Set();
      this.listeners.set(event, all.add(listener));
    }

    once(event: string, listener: (message: unknown) => void): void {
      this.on(event, listener);
    }

    off(event: string, listener: (message: unknown) => void): void {
      this.listeners.get(event)?.delete(listener);
    }

    emit(event: string, message?: unknown): void {
      for (const listener of [...(this.listeners.get(event) ?? [])]) listener(message);
    }

    get listenerCount(): number {
      return [...this.listeners.values()].reduce((sum, { size }) => sum + size, 0);
    }

    postMessage({ id, claim }: { readonly id: number; readonly claim: Int32Array }): void {
      this.asked.push(claim);
      const operated = this.answer(claim);
      if (operated !== null)
        queueMicrotask(() => this.emit('message', { kind: 'operated', id, operated }));
    }
  }

  const begin = (claim: Int32Array): boolean =>
    Atomics.compareExchange(claim, 0, 0, CLAIM.BEGUN) === 0;

  function operationsOf(workers: readonly (FakeWorker | null)[]): Operations {
    // As much of a worker as is used.
    const workerOf = (thread: number) => workers[thread] as unknown as Worker | null;
    return new Operations(workerOf as ConstructorParameters<typeof Operations>[0], workers.length);
  }

  it('goes to one thread after the other', async () => {
    const workers = [0, 1, 2].map(() => new FakeWorker((claim) => (begin(claim) ? DONE : null)));
    const operations = operationsOf(workers);
    for (let run = 0; run < 6; run++)
      expect(await operations.run({ kind: 'flush' }, null)).toBe(DONE);
    expect(workers.map(({ asked }) => asked.length)).toEqual([2, 2, 2]);
    // However often they were asked.
    expect(workers.map(({ listenerCount }) => listenerCount)).toEqual([2, 2, 2]);
  });

  it('is taken back from a thread that does not begin, which then cannot', async () => {
    const hung = new FakeWorker(() => null);
    const alive = new FakeWorker((claim) => (begin(claim) ? DONE : null));
    const operations = operationsOf([hung, alive, null]);
    for (let run = 0; run < 3; run++)
      expect(await operations.run({ kind: 'flush' }, null)).toBe(DONE);
    expect(hung.asked.length).toBeGreaterThan(0);
    for (const claim of hung.asked) expect(begin(claim)).toBe(false);
    const lost = await operations.run({ kind: 'disconnect', connection: 1, address: 'x' }, 0);
    expect(lost).toMatchObject({
      isDone: false,
      text: expect.stringContaining('nothing was done'),
    });
  });

  it('is not given to another when the thread that has begun dies', async () => {
    const dying = new FakeWorker((claim) => {
      begin(claim);
      setImmediate(() => dying.emit('exit'));
      return null;
    });
    const operated = await operationsOf([dying]).run({ kind: 'flush' }, null);
    expect(operated).toMatchObject({ isDone: false, text: expect.stringContaining('has begun') });
    expect(dying.asked.length).toBe(1);
  });
});

describe('while a thread hangs', () => {
  let server: AdminServer;
  beforeAll(async () => {
    server = await adminSpawn();
  });
  afterAll(async () => {
    await server.stop();
  });

  /** The thread of the connection from that port, once it is listed. */
  async function threadOf(port: number | undefined): Promise<string> {
    const isIt = ({ address }: ConsoleConnections['connections'][number]): boolean =>
      address === `tcp:127.0.0.1:${port}`;
    const { connections } = await eventually(
      'the connection',
      () => consoleAsk<ConsoleConnections>(server.adminPort, '/console/connections'),
      (told) => told.connections.some(isIt),
    );
    return connections.find(isIt)?.thread ?? '';
  }

  async function scriptKill(client: RespClient): Promise<void> {
    await eventually(
      'the end of the script',
      () => client.call('SCRIPT', 'KILL'),
      (reply) => typeof reply === 'object' && reply !== null && 'simple' in reply,
    );
  }

  /** A client of a thread that is not this one. */
  async function elsewhere<Client>(
    open: () => Promise<Client>,
    portOf: (client: Client) => number | undefined,
    thread: string,
  ): Promise<Client> {
    for (;;) {
      const client = await open();
      if ((await threadOf(portOf(client))) !== thread) return client;
    }
  }

  it('the other does what is asked, and the hung one does not do it again', async () => {
    const hung = server.client();
    await hung.call('CONFIG', 'SET', 'busy-reply-threshold', 50);
    const thread = await threadOf(hung.socket.localPort);
    const killer = await elsewhere(
      async () => {
        const client = server.client();
        await client.call('PING');
        return client;
      },
      ({ socket }) => socket.localPort,
      thread,
    );
    const memcached = await elsewhere(
      () => TextClient.open({ host: server.host, port: server.memcachedPort }),
      ({ socket }) => socket.localPort,
      thread,
    );
    const { connections } = await consoleAsk<ConsoleConnections>(
      server.adminPort,
      '/console/connections',
    );
    const address = `tcp:127.0.0.1:${hung.socket.localPort}`;
    const number = connections.find((one) => one.address === address)?.connection ?? -1;
    // One that nothing is known of holds all locks; one that was seen to need none holds none.
    const script = "if ARGV[1] == 'hang' then while true do end end";
    for (let run = 0; run < CLEAN_RUNS; run++) await hung.call('EVAL', script, 0, 'go');
    hung.send('EVAL', script, 0, 'hang');
    for (let run = 0; run < 3; run++) {
      expect(await memcached.set('k', Buffer.from(`${run}`))).toBe('STORED');
      const flushed = await consoleAct(server.adminPort, '/console/flush', {});
      expect(flushed).toMatchObject({ status: 200, text: 'all keys of all databases are gone' });
      expect(await memcached.get('k')).toBe(null);
    }
    expect(await memcached.set('k', Buffer.from('after'))).toBe('STORED');
    const lost = await consoleAct(server.adminPort, '/console/disconnect', {
      connection: number,
      address,
    });
    expect(lost).toMatchObject({ status: 409, text: 'no data thread answers: nothing was done' });
    await scriptKill(killer);
    expect(await hung.read()).toHaveProperty('error');
    // Its thread has had all the messages by the time it answers this.
    expect(await hung.call('PING')).toMatchObject({ simple: 'PONG' });
    expect(await hung.call('GET', 'k')).toBe('after');
    expect(await memcached.get('k')).toEqual(Buffer.from('after'));
    hung.send('EVAL', 'while true do end', 0);
    const refused = await eventually(
      'a refusal',
      () => consoleAct(server.adminPort, '/console/flush', {}),
      ({ isDone }) => !isDone,
    );
    expect(refused.text).toBe('a script runs too long: it has to end first');
    await scriptKill(killer);
    for (const client of [hung, killer]) client.end();
    memcached.destroy();
  });
});
