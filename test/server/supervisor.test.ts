/**
 * Data threads that die under load: the process lives, what was stored is still there, new clients are
 * served, and the deaths are counted. The supervisor runs in this process, so that a thread can be
 * terminated at any instruction.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBelow, randomMake } from '../../src/base/random.ts';
import { optionsParse } from '../../src/cli/options.ts';
import type { Recovery } from '../../src/engine/recovery.ts';
import { partitionVerify } from '../../src/engine/verify.ts';
import { partitionLock, partitionUnlock } from '../../src/memory/partition.ts';
import { Supervisor } from '../../src/supervisor.ts';
import { valueFault, valueMake } from '../support/marked-value.ts';
import { clientUse, eventually, TextClient } from '../support/text-client.ts';

const THREAD_COUNT = 2;
const CLIENT_COUNT = 8;
const KEYS_PER_CLIENT = 40;
const ROUNDS_BEFORE_KILL = 50;
const KILL_ROUNDS = process.env['FLAGSTONE_LONG'] === '1' ? 40 : 4;
const VALUE_BYTES_MAX = [50, 1000, 100_000] as const;
const TEST_MS_MAX = 120_000;
/** The version of a key that is not there. */
const MISSING = 0;
const FLAGS = ['-p', '-1', '-l', '127.0.0.1', '-t', `${THREAD_COUNT}`, '-m', '64'];

/** Reads and writes its own keys, and knows what each may hold. */
class Loader {
  rounds = 0;
  broken = 0;
  /** Key → the versions that it may have: the one answered last, and those whose answers were lost. */
  readonly versions = new Map<string, Set<number>>();
  #version = 0;
  #stopped = false;
  readonly #port: number;
  readonly #id: number;
  readonly done: Promise<void>;

  constructor(port: number, id: number) {
    this.#port = port;
    this.#id = id;
    this.done = this.#run();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.done;
  }

  async #run(): Promise<void> {
    const random = randomMake(this.#id + 1);
    while (!this.#stopped) {
      // A thread's death takes its connections along, and for a moment nobody may listen.
      const client = await this.#connect();
      try {
        while (!this.#stopped) await this.#round(client, random);
      } catch (error) {
        if (!/the server closed/.test(String(error))) throw error;
        this.broken++;
      } finally {
        client.destroy();
      }
    }
  }

  async #round(client: TextClient, random: () => number): Promise<void> {
    const key = `loader-${this.#id}-${randomBelow(random, KEYS_PER_CLIENT)}`;
    if (randomBelow(random, 2) === 0) {
      const bytes = randomBelow(random, VALUE_BYTES_MAX[randomBelow(random, 3)]);
      const version = ++this.#version;
      const possible = this.versions.get(key) ?? new Set([MISSING]);
      this.versions.set(key, possible.add(version));
      expect(await client.set(key, valueMake(key, version, bytes))).toBe('STORED');
      this.versions.set(key, new Set([version]));
    } else {
      valueExpect(this.versions, key, await client.get(key));
    }
    this.rounds++;
  }

  async #connect(): Promise<TextClient> {
    const address = { port: this.#port, host: '127.0.0.1' };
    const open = (): Promise<TextClient | null> => TextClient.open(address).catch(() => null);
    const client = await eventually('a connection', open, (opened) => opened !== null);
    return client as TextClient; // eventually waited until it is one
  }
}

function valueExpect(
  versions: ReadonlyMap<string, ReadonlySet<number>>,
  key: string,
  value: Buffer | null,
): void {
  const possible = [...(versions.get(key) ?? [MISSING])];
  if (value === null) {
    if (resets === 0) expect(possible, `${key} is gone`).toContain(MISSING);
    return;
  }
  expect(valueFault(key, value)).toBeNull();
  expect(possible, key).toContain(Number(value.toString('latin1', 0, 60).split(' ')[1]));
}

/** Partitions that had to be emptied: after one, a key may be missing. */
let resets = 0;

describe('a data thread that dies', () => {
  let restarts = 0;
  let kills = 0;
  let supervisor: Supervisor;
  let loaders: Loader[] = [];

  beforeAll(async () => {
    const write = (line: string): void => {
      const entry = JSON.parse(line) as { msg: string } & Recovery;
      if (entry.msg === 'a thread died') resets += entry.resets.length;
      if (entry.msg === 'the thread was started anew') restarts++;
    };
    supervisor = new Supervisor(optionsParse(FLAGS, {}), pino({ level: 'info' }, { write }), {
      version: '0.0.0',
      plainWire: false,
      debugCommands: false,
      onShutdown: () => undefined,
    });
    await supervisor.start();
    const [port] = supervisor.ports;
    loaders = Array.from({ length: CLIENT_COUNT }, (_, id) => new Loader(port, id));
  });

  afterAll(async () => {
    await Promise.all(loaders.map((loader) => loader.stop()));
    await supervisor.end();
  });

  /** All clients have done some more. Fails with what a loader failed with. */
  async function loadGoesOn(): Promise<void> {
    const aims = loaders.map((loader) => loader.rounds + ROUNDS_BEFORE_KILL);
    const reached = eventually(
      'progress of every client',
      () => loaders.every((loader, at) => loader.rounds >= aims[at]),
      (all) => all,
    );
    await Promise.race([reached, Promise.all(loaders.map((loader) => loader.done))]);
    await reached;
  }

  async function kill(...indexes: readonly number[]): Promise<void> {
    await loadGoesOn();
    await Promise.all(indexes.map((index) => supervisor.dataWorker(index)?.terminate()));
    kills += indexes.length;
    await eventually(
      'the new threads',
      () => restarts,
      (count) => count === kills,
    );
    await loadGoesOn();
  }

  const stats = (section: string): Promise<ReadonlyMap<string, string>> =>
    clientUse({ port: supervisor.ports[0], host: '127.0.0.1' }, (client) => client.stats(section));

  it('is replaced, one after the other', { timeout: TEST_MS_MAX }, async () => {
    for (let round = 0; round < KILL_ROUNDS; round++) await kill(round % THREAD_COUNT);
    expect((await stats('server')).get('thread_restarts')).toBe(`${kills}`);
  });

  it('is replaced when all die at once', { timeout: TEST_MS_MAX }, async () => {
    for (let round = 0; round < KILL_ROUNDS / 2; round++) await kill(0, 1);
    expect((await stats('server')).get('thread_restarts')).toBe(`${kills}`);
  });

  it('leaves the partitions whole, or emptied and counted', { timeout: TEST_MS_MAX }, async () => {
    await Promise.all(loaders.map((loader) => loader.stop()));
    for (const p of supervisor.keyspace.partitions) {
      partitionLock(p);
      const problems = partitionVerify(p);
      partitionUnlock(p);
      expect(problems, `partition ${p.id}`).toEqual([]);
    }
    expect((await stats('server')).get('partition_resets')).toBe(`${resets}`);
    expect(loaders.reduce((sum, { broken }) => sum + broken, 0)).toBeGreaterThan(0);
    await eventually(
      'the end of all connections but one',
      async () => (await stats('')).get('curr_connections'),
      (open) => open === '1',
    );
  });

  it('leaves every answered value in place', { timeout: TEST_MS_MAX }, async () => {
    await clientUse({ port: supervisor.ports[0], host: '127.0.0.1' }, async (client) => {
      for (const { versions } of loaders) {
        for (const key of versions.keys()) valueExpect(versions, key, await client.get(key));
      }
      for (const { versions } of loaders) {
        for (const key of versions.keys()) await client.ask(`delete ${key}\r\n`);
      }
      // Held items of dead threads would keep their pages.
      const after = await client.stats();
      expect(after.get('curr_items')).toBe('0');
    });
  });
});
