/** The topologies that need nobody else, how a node is announced, and how a list comes to be served. */
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlagstoneError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import { announcedNode, type NodeFacts } from '../../src/discovery/announced-node.ts';
import { Discovery, topologyCreate } from '../../src/discovery/discovery.ts';
import { FileTopology } from '../../src/discovery/file-topology.ts';
import type { Topology } from '../../src/discovery/topology.ts';
import {
  CONFIG_COUNT_MAX,
  CONFIG_SET,
  CONFIG_STORE_BYTES,
  ConfigStore,
  configGet,
  configSet,
} from '../../src/memory/config-store.ts';
import { lockRelease, lockTake } from '../../src/memory/lock.ts';
import {
  CLUSTER_KEY,
  type ClusterConfig,
  type ClusterNode,
  payloadBytes,
} from '../../src/protocol/memcached/cluster-config.ts';
import { eventually } from '../support/text-client.ts';

const WATCH_MS = 10;
const SELF = { host: 'here', ip: '10.0.0.1', port: 11211 };
const NO_SOURCE = {
  clusterNodes: null,
  clusterNodesFile: null,
  etcdEndpoints: null,
  clusterName: 'flagstone',
  etcdTtlSec: 10,
};

/** A log that keeps what was said; only what the topologies call of one. */
function logMake(): { readonly log: Logger; readonly said: string[] } {
  const said: string[] = [];
  const say = (...words: readonly unknown[]): void => {
    said.push(words.map((word) => JSON.stringify(word)).join(' '));
  };
  return { log: { debug: say, info: say, warn: say, error: say } as unknown as Logger, said };
}

/** Everything a topology told, as payloads. All but the first is told later. */
function toldBy(topology: Topology): string[] {
  const told: string[] = [];
  const foretold = topology.foretell(SELF);
  topology.start(SELF, (config) => told.push(payloadBytes(config).toString('latin1')));
  expect(foretold === null ? [] : [payloadBytes(foretold).toString('latin1')]).toEqual(told);
  return told;
}

describe('a topology without others', () => {
  it('is the node itself, unless it has no port', () => {
    const topology = topologyCreate(NO_SOURCE, logMake().log);
    expect(toldBy(topology)).toEqual(['1\nhere|10.0.0.1|11211\n']);
    const told: ClusterConfig[] = [];
    topology.start(null, (config) => told.push(config));
    expect(told).toEqual([]);
  });

  it('is the list that was given', () => {
    const { log } = logMake();
    const listed = topologyCreate({ ...NO_SOURCE, clusterNodes: 'b:1,a:2' }, log);
    expect(toldBy(listed)).toEqual(['1\na||2 b||1\n']);
    const versioned = topologyCreate({ ...NO_SOURCE, clusterNodes: '5 b:1' }, log);
    expect(toldBy(versioned)).toEqual(['5\nb||1\n']);
  });
});

describe('a topology from a file', () => {
  let folder = '';
  let path = '';
  let topology: FileTopology | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flagstone-nodes-'));
    path = join(folder, 'nodes');
  });
  afterEach(async () => {
    await topology?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function watched(log = logMake().log): string[] {
    topology = new FileTopology(path, log, WATCH_MS);
    return toldBy(topology);
  }

  const last = (told: readonly string[], payload: string): Promise<unknown> =>
    eventually(
      'the list',
      () => told.at(-1),
      (one) => one === payload,
    );

  it('follows the versions of the file, however it is replaced', async () => {
    writeFileSync(path, '3\na:1\n');
    const told = watched();
    expect(told).toEqual(['3\na||1\n']);
    writeFileSync(path, '4\na:1 b:1\n');
    await last(told, '4\na||1 b||1\n');
    writeFileSync(join(folder, 'new'), '5\nb:1\n');
    renameSync(join(folder, 'new'), path);
    await last(told, '5\nb||1\n');
    rmSync(path);
    writeFileSync(path, '6\nb:1\n');
    await last(told, '6\nb||1\n');
    expect(told).toHaveLength(4);
  });

  it('follows a link that is put elsewhere', async () => {
    mkdirSync(join(folder, 'one'));
    mkdirSync(join(folder, 'two'));
    writeFileSync(join(folder, 'one', 'nodes'), '3\na:1\n');
    writeFileSync(join(folder, 'two', 'nodes'), '4\nb:1\n');
    symlinkSync('one', join(folder, 'data'));
    symlinkSync(join('data', 'nodes'), path);
    const told = watched();
    symlinkSync('two', join(folder, 'data-new'));
    renameSync(join(folder, 'data-new'), join(folder, 'data'));
    await last(told, '4\nb||1\n');
  });

  it('counts versions from the time of the file, and not back after a restart', async () => {
    writeFileSync(path, 'a:1\n');
    utimesSync(path, 1000, 1000);
    const told = watched();
    expect(told).toEqual(['1000\na||1\n']);
    writeFileSync(path, 'b:1\n');
    utimesSync(path, 2000, 2000);
    await eventually(
      'the list',
      () => told.at(-1),
      (one) => one?.endsWith('\nb||1\n') === true,
    );
    const version = Number(told.at(-1)?.split('\n')[0]);
    expect(version).toBeGreaterThanOrEqual(2000);
    await topology?.stop();
    expect(Number(watched()[0].split('\n')[0])).toBe(2000);
  });

  it('gives each change of one second a version of its own', async () => {
    writeFileSync(path, 'a:1\n');
    utimesSync(path, 1000, 1000);
    const told = watched();
    writeFileSync(join(folder, 'new'), 'a:1 b:1\n');
    utimesSync(join(folder, 'new'), 1000, 1000.5);
    renameSync(join(folder, 'new'), path);
    await last(told, '1001\na||1 b||1\n');
  });

  it.each([
    ['an empty file', '', 'it lists no node'],
    ['nonsense', '9 what', 'what is no node'],
    ['a version that falls', '2 b:1', 'its version 2 is not above 3'],
    ['another list of the same version', '3 b:1', 'its version 3 is not above 3'],
  ])('keeps the old list for %s, and says so', async (_what, text, problem) => {
    writeFileSync(path, '3 a:1');
    const { log, said } = logMake();
    const told = watched(log);
    writeFileSync(path, text);
    await eventually(
      'a warning',
      () => said.join('\n'),
      (all) => all.includes(problem),
    );
    writeFileSync(path, '4 c:1');
    await last(told, '4\nc||1\n');
    expect(told).toEqual(['3\na||1\n', '4\nc||1\n']);
  });

  it('keeps the old list when the file is gone', async () => {
    writeFileSync(path, '3 a:1');
    const { log, said } = logMake();
    const told = watched(log);
    rmSync(path);
    await eventually(
      'a warning',
      () => said.join('\n'),
      (all) => all.includes('no such file'),
    );
    expect(told).toEqual(['3\na||1\n']);
  });

  it('is a fault at the start when the file is no good', () => {
    expect(() => new FileTopology(path, logMake().log)).toThrow(FlagstoneError);
    writeFileSync(path, 'what');
    expect(() => new FileTopology(path, logMake().log)).toThrow(
      `cannot use the cluster nodes of ${path}: what is no node: host|ip|port or host:port`,
    );
  });
});

describe('a node', () => {
  const address = { netmask: '', mac: '', cidr: null } as const;
  const loopback = { ...address, address: '127.0.0.1', family: 'IPv4', internal: true } as const;
  const local6 = {
    ...address,
    address: 'fe80::1',
    family: 'IPv6',
    internal: false,
    scopeid: 1,
  } as const;
  const outside6 = {
    ...address,
    address: '2001:db8::1',
    family: 'IPv6',
    internal: false,
    scopeid: 0,
  } as const;
  const outside4 = { ...address, address: '10.0.0.7', family: 'IPv4', internal: false } as const;
  const FACTS: NodeFacts = {
    announce: null,
    listenHost: null,
    ports: [11211, 11212],
    hostName: 'cache-1',
    interfaces: { lo: [loopback], eth0: [local6, outside6, outside4] },
  };

  it.each([
    ['the first address to the outside', {}, { host: 'cache-1', ip: '10.0.0.7', port: 11211 }],
    [
      'IPv6 where there is nothing else',
      { interfaces: { lo: [loopback], eth0: [local6, outside6] } },
      { host: 'cache-1', ip: '2001:db8::1', port: 11211 },
    ],
    [
      'no address at all',
      { interfaces: { lo: [loopback] } },
      { host: 'cache-1', ip: '', port: 11211 },
    ],
    [
      'the address listened on',
      { listenHost: '127.0.0.1' },
      { host: 'cache-1', ip: '127.0.0.1', port: 11211 },
    ],
    [
      'not that of all interfaces',
      { listenHost: '0.0.0.0' },
      { host: 'cache-1', ip: '10.0.0.7', port: 11211 },
    ],
    [
      'the address for an odd name',
      { hostName: 'a b' },
      { host: '10.0.0.7', ip: '10.0.0.7', port: 11211 },
    ],
    ['what was told', { announce: 'c|10.1.1.1|5' }, { host: 'c', ip: '10.1.1.1', port: 5 }],
    [
      'what was told, without a port of its own',
      { announce: 'c:5', ports: [] },
      { host: 'c', ip: '', port: 5 },
    ],
    ['nothing without a port', { ports: [] }, null],
  ])('announces %s', (_what, facts, expected) => {
    expect(announcedNode({ ...FACTS, ...facts })).toEqual(expected);
  });
});

describe('discovery', () => {
  class ToldTopology implements Topology {
    tell: (config: ClusterConfig) => void = () => undefined;
    stops = 0;
    foretell(self: ClusterNode | null): ClusterConfig | null {
      return self === null ? null : CONFIG;
    }
    start(_self: unknown, tell: (config: ClusterConfig) => void): void {
      this.tell = tell;
    }
    stop(): Promise<void> {
      this.stops++;
      return Promise.resolve();
    }
  }
  const CONFIG: ClusterConfig = { version: 1, nodes: [SELF] };

  function started(): {
    topology: ToldTopology;
    store: ConfigStore;
    said: string[];
    discovery: Discovery;
  } {
    const store = new ConfigStore(new SharedArrayBuffer(CONFIG_STORE_BYTES), 1);
    const { log, said } = logMake();
    const topology = new ToldTopology();
    const discovery = new Discovery(topology, store, log);
    return { topology, store, said, discovery };
  }

  const served = (store: ConfigStore): string | undefined =>
    configGet(store, CLUSTER_KEY)?.value.toString('latin1');

  it('serves what the topology tells, over what a client has set', () => {
    const { topology, store, discovery } = started();
    discovery.start(SELF);
    expect(served(store)).toBeUndefined();
    configSet(store, CLUSTER_KEY, 5, Buffer.from('a client’s'));
    topology.tell(CONFIG);
    expect(served(store)).toBe('1\nhere|10.0.0.1|11211\n');
    expect(configGet(store, CLUSTER_KEY)?.clientFlags).toBe(0);
  });

  it('serves what is known before the node does, once', () => {
    const { topology, store, said, discovery } = started();
    discovery.prepare(null);
    expect(served(store)).toBeUndefined();
    discovery.prepare(SELF);
    expect(served(store)).toBe('1\nhere|10.0.0.1|11211\n');
    configSet(store, CLUSTER_KEY, 0, Buffer.from('a client’s'));
    discovery.start(SELF);
    topology.tell(CONFIG);
    expect(served(store)).toBe(Buffer.from('a client’s').toString('latin1'));
    expect(said).toHaveLength(1);
  });

  it('comes again when the store is locked, with the latest', async () => {
    const { topology, store, discovery } = started();
    discovery.start(SELF);
    lockTake(store.i32, 0, 2);
    topology.tell(CONFIG);
    topology.tell({ ...CONFIG, version: 2 });
    lockRelease(store.i32, 0);
    await eventually(
      'the list',
      () => served(store),
      (text) => text !== undefined,
    );
    expect(served(store)).toBe('2\nhere|10.0.0.1|11211\n');
  });

  it('says when some clients may not be able to read the list', () => {
    const { topology, store, said, discovery } = started();
    discovery.start(SELF);
    const nodes = Array.from({ length: 500 }, (_, at) => ({ ...SELF, port: at + 1 }));
    topology.tell({ version: 1, nodes });
    expect(said.join('\n')).toContain('longer than some clients can read');
    expect(served(store)).toBeDefined();
  });

  it('finds room for the list when clients have taken all of theirs', () => {
    const { topology, store, discovery } = started();
    discovery.start(SELF);
    const fill = (key: string): number => configSet(store, Buffer.from(key), 0, CLUSTER_KEY);
    for (let at = 0; at < CONFIG_COUNT_MAX; at++) expect(fill(`${at}`)).toBe(CONFIG_SET.STORED);
    expect(fill('more')).toBe(CONFIG_SET.FULL);
    topology.tell(CONFIG);
    topology.tell({ ...CONFIG, version: 2 });
    expect(served(store)).toBe('2\nhere|10.0.0.1|11211\n');
    expect(fill('more')).toBe(CONFIG_SET.FULL);
    expect(fill('0')).toBe(CONFIG_SET.STORED);
  });

  it('stops only what was started', async () => {
    const { topology, discovery } = started();
    await discovery.stop();
    expect(topology.stops).toBe(0);
    discovery.start(SELF);
    await discovery.stop();
    expect(topology.stops).toBe(1);
  });
});
