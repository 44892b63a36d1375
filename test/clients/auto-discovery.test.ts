/**
 * Real clients with auto-discovery, unmodified: each finds two nodes by one of them, spreads keys over
 * both, follows a third node's arrival and a node's death. Once with a list in a file that all nodes
 * watch, once with nodes that find each other through etcd.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Memcache, ModulaHash } from 'memcache';
import type Memcached from 'memcached';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { pythonFind } from '../support/command-run.ts';
import { Etcd, etcdIsInstalled } from '../support/etcd.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse, eventually } from '../support/text-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOST = '127.0.0.1';
const POLL_MS = 50;
const KEY_COUNT = 100;
/** Until the dead node's lease runs out; long enough to be kept on a busy machine. */
const ETCD_TTL_SEC = 4;

// ── Clusters ────────────────────────────────────────────────────────────────────────────────────

/** A cluster that nodes arrive in, and die in. */
abstract class Cluster {
  readonly nodes: ServerProcess[] = [];

  protected abstract flags(): readonly string[];
  /** What an operator has to do when the nodes are others. */
  protected abstract changed(): void;

  /** What there is to set up before the first node. */
  async open(): Promise<void> {
    await this.grow();
    await this.grow();
  }

  async grow(): Promise<void> {
    const server = await spawnFlagstone({
      flags: ['-t', '1', ...this.flags()],
      flagsFor: (port) => ['--announce', `${HOST}|${HOST}|${port}`],
    });
    this.nodes.push(server);
    this.changed();
  }

  /** The last but one dies without a word. */
  async die(): Promise<ServerProcess> {
    const [dead] = this.nodes.splice(-2, 1);
    process.kill(dead.pid, 'SIGKILL');
    await dead.exited;
    this.changed();
    return dead;
  }

  ports(): readonly number[] {
    return this.nodes.map(({ port }) => port).toSorted((a, b) => a - b);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((server) => server.stop()));
  }
}

class FileCluster extends Cluster {
  private readonly folder = mkdtempSync(join(tmpdir(), 'flagstone-nodes-'));
  private readonly path = join(this.folder, 'nodes');
  private version = 1;

  override async open(): Promise<void> {
    writeFileSync(this.path, `${this.version}\nnobody:1\n`);
    await super.open();
  }

  protected flags(): readonly string[] {
    return ['--cluster-nodes-file', this.path];
  }

  protected changed(): void {
    const nodes = this.nodes.map(({ port }) => `${HOST}|${HOST}|${port}`);
    writeFileSync(this.path, `${++this.version}\n${nodes.join(' ')}\n`);
  }

  override async close(): Promise<void> {
    await super.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

class EtcdCluster extends Cluster {
  private etcd: Etcd | null = null;

  override async open(): Promise<void> {
    this.etcd = await Etcd.spawn();
    await super.open();
  }

  protected flags(): readonly string[] {
    return ['--etcd', this.etcd?.url ?? '', '--etcd-ttl', `${ETCD_TTL_SEC}`];
  }

  protected changed(): void {
    expect(this.etcd, 'the nodes tell each other').not.toBeNull();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.etcd?.remove();
  }
}

// ── Clients ─────────────────────────────────────────────────────────────────────────────────────

/** A client at work. */
interface Discoverer {
  /** Discovers until it has this many nodes, stores keys and reads them back; the nodes' ports. */
  work(nodeCount: number, prefix: string): Promise<readonly number[]>;
  close(): Promise<void> | void;
}

/** npm memcached-elasticache, which brings no types. */
type ElastiCacheClient = Memcached & {
  on(event: 'autoDiscover', listener: (nodes: readonly string[]) => void): void;
};
type ElastiCacheClientType = new (endpoint: string, options: object) => ElastiCacheClient;
const ElastiCacheClient = createRequire(import.meta.url)(
  'memcached-elasticache',
) as ElastiCacheClientType;

class MemcachedElastiCache implements Discoverer {
  private readonly client: ElastiCacheClient;
  private found: readonly number[] = [];

  constructor({ host, port }: ServerProcess) {
    this.client = new ElastiCacheClient(`${host}:${port}`, { autoDiscoverInterval: POLL_MS });
    this.client.on('autoDiscover', (nodes) => {
      this.found = nodes.map((node) => Number(node.split(':')[1]));
    });
  }

  async work(nodeCount: number, prefix: string): Promise<readonly number[]> {
    await eventually(
      `${nodeCount} nodes`,
      () => this.found.length,
      (found) => found === nodeCount,
    );
    const keys = Array.from({ length: KEY_COUNT }, (_, at) => `${prefix}${at}`);
    const answer = (call: (done: (error: unknown, result: unknown) => void) => void) =>
      new Promise<unknown>((resolve, reject) => {
        call((error, result) => (error ? reject(error) : resolve(result)));
      });
    await Promise.all(keys.map((key) => answer((done) => this.client.set(key, key, 0, done))));
    const values = keys.map((key) => answer((done) => this.client.get(key, done)));
    expect(await Promise.all(values)).toEqual(keys);
    return this.found.toSorted((a, b) => a - b);
  }

  close(): void {
    this.client.end();
  }
}

class MemcacheOnNpm implements Discoverer {
  private readonly client: Memcache;
  private isConnected = false;

  constructor({ host, port }: ServerProcess, useLegacyCommand: boolean) {
    this.client = new Memcache({
      // Its ring has so few points that a node may be left without keys.
      hash: new ModulaHash(),
      nodes: [`${host}:${port}`],
      autoDiscover: {
        enabled: true,
        configEndpoint: `${host}:${port}`,
        pollingInterval: POLL_MS,
        useLegacyCommand,
      },
    });
  }

  async work(nodeCount: number, prefix: string): Promise<readonly number[]> {
    if (!this.isConnected) await this.client.connect();
    this.isConnected = true;
    const ids = await eventually(
      `${nodeCount} nodes`,
      () => this.client.nodeIds,
      (found) => found.length === nodeCount,
    );
    const keys = Array.from({ length: KEY_COUNT }, (_, at) => `${prefix}${at}`);
    await Promise.all(keys.map((key) => this.client.set(key, key)));
    expect(await Promise.all(keys.map((key) => this.client.get(key)))).toEqual(keys);
    return ids.map((id) => Number(id.split(':')[1])).toSorted((a, b) => a - b);
  }

  close(): Promise<void> {
    return this.client.disconnect();
  }
}

class Pymemcache implements Discoverer {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private errors = '';

  constructor({ host, port }: ServerProcess, python: string) {
    const script = fileURLToPath(new URL('./pymemcache_discovery_client.py', import.meta.url));
    const child = spawn(python, [script, host, `${port}`], { stdio: 'pipe' });
    child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString('utf8')));
    this.lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    this.child = child;
  }

  async work(nodeCount: number): Promise<readonly number[]> {
    this.child.stdin?.write(`${nodeCount}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the script ended: ${this.errors}`);
    return value.split(' ').map(Number);
  }

  async close(): Promise<void> {
    const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.stdin?.end();
    if (this.child.exitCode === null) await exited;
  }
}

const python = pythonFind('pymemcache.client.ext.aws_ec_client');

// biome-ignore format: a table reads in columns
const CLIENTS: readonly { name: string; lacks: string; make: (server: ServerProcess) => Discoverer }[] = [
  { name: 'npm memcached-elasticache',    lacks: '', make: (server) => new MemcachedElastiCache(server) },
  { name: 'npm memcache',                 lacks: '', make: (server) => new MemcacheOnNpm(server, false) },
  { name: 'npm memcache, by the old key', lacks: '', make: (server) => new MemcacheOnNpm(server, true) },
  { name: 'pymemcache',                   lacks: python === null ? 'no Python here has pymemcache 4.1 with its ElastiCache client' : '', make: (server) => new Pymemcache(server, python ?? '') },
];

// biome-ignore format: a table reads in columns
const CLUSTERS: readonly { how: string; lacks: string; make: () => Cluster }[] = [
  { how: 'a list in a file', lacks: '',                                                 make: () => new FileCluster() },
  { how: 'etcd',             lacks: etcdIsInstalled() ? '' : 'etcd is not installed',   make: () => new EtcdCluster() },
];

/** How many items a node holds. */
function itemCount(server: ServerProcess): Promise<number> {
  return clientUse(server.address, async (client) =>
    Number((await client.stats()).get('curr_items')),
  );
}

const cases = CLIENTS.flatMap((client) => CLUSTERS.map((cluster) => ({ client, cluster })));

describe('a client with auto-discovery', () => {
  const open: { close(): Promise<void> | void }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  for (const { client, cluster } of cases) {
    const lacks = client.lacks || cluster.lacks;
    const reason = lacks === '' ? '' : ` (skipped: ${lacks})`;
    it.skipIf(lacks !== '')(
      `${client.name} follows the nodes of ${cluster.how}${reason}`,
      async () => {
        const nodes = cluster.make();
        open.push(nodes);
        await nodes.open();
        const discoverer = client.make(nodes.nodes[0]);
        open.push(discoverer);
        expect(await discoverer.work(2, 'two')).toEqual(nodes.ports());
        await nodes.grow();
        expect(await discoverer.work(3, 'three')).toEqual(nodes.ports());
        for (const server of nodes.nodes) expect(await itemCount(server)).toBeGreaterThan(0);
        await nodes.die();
        expect(await discoverer.work(2, 'left')).toEqual(nodes.ports());
      },
    );
  }
});
