/**
 * Nodes that find each other through a real etcd. Leases are short where one has to run out, and long
 * where none may have.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Etcd, etcdIsInstalled } from '../support/etcd.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually } from '../support/text-client.ts';
import { allServe, nodesOf, servedBy } from './served.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const isInstalled = etcdIsInstalled();
const reason = isInstalled ? '' : ' (skipped: etcd is not installed)';
/** For who is to die; long enough that who lives on a busy machine keeps its lease. */
const SHORT_TTL_SEC = 4;
const CONFIG_KEY = '/flagstone/test/config';

describe.skipIf(!isInstalled)(`discovery through etcd${reason}`, () => {
  let etcd: Etcd;
  let servers: ServerProcess[] = [];

  beforeEach(async () => {
    servers = [];
    etcd = await Etcd.spawn();
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await etcd.remove();
  });

  /** `place`: the port it is listed with, if not its own. */
  async function nodeStart(
    ttlSec: number,
    urls = etcd.url,
    place: number | null = null,
  ): Promise<ServerProcess> {
    const server = await spawnFlagstone({
      flags: ['-t', '1', '--etcd', urls, '--etcd-ttl', `${ttlSec}`, '--cluster-name', 'test'],
      flagsFor: (port) => ['--announce', `127.0.0.1|127.0.0.1|${place ?? port}`],
    });
    servers.push(server);
    return server;
  }

  async function nodeKill(server: ServerProcess): Promise<void> {
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
  }

  it('lists who arrives, and drops who dies or leaves, one version each', async () => {
    const [first, second] = await Promise.all([nodeStart(600), nodeStart(SHORT_TTL_SEC)]);
    expect(await allServe([first, second], 2)).toEqual(nodesOf([first, second]));
    const third = await nodeStart(600);
    expect(await allServe([first, second, third], 3)).toEqual(nodesOf([first, second, third]));
    await nodeKill(second);
    expect(await allServe([first, third], 4)).toEqual(nodesOf([first, third]));
    expect(await third.stop()).toBe(0);
    expect(await allServe([first], 5)).toEqual(nodesOf([first]));
  });

  it('unlists who leaves in good order at once, while its lease would go on', async () => {
    const first = await nodeStart(600);
    const second = await nodeStart(600);
    await allServe([first, second], 2);
    expect(await second.stop()).toBe(0);
    expect(await allServe([first], 3)).toEqual(nodesOf([first]));
    expect(await first.stop()).toBe(0);
    const later = await nodeStart(600);
    expect(await allServe([later], 5)).toEqual(nodesOf([later]));
  });

  it('serves on while etcd is away, says so once, and goes on after it came back', async () => {
    const [first, second] = await Promise.all([nodeStart(600), nodeStart(600)]);
    const nodes = await allServe([first, second], 2);
    await etcd.stop();
    const away = 'etcd cannot be used';
    await eventually('word of it', first.log, (log) => log.includes(away));
    expect(await servedBy(first)).toEqual({ version: 2, nodes });
    await etcd.start();
    await eventually('word of it', first.log, (log) => log.includes('etcd can be used again'));
    const third = await nodeStart(600);
    expect(await allServe([first, second, third], 3)).toEqual(nodesOf([first, second, third]));
    expect(first.log().split(away)).toHaveLength(2);
  });

  it('goes on from the version it had when etcd has lost everything', async () => {
    const [first, second] = await Promise.all([nodeStart(600), nodeStart(600)]);
    await allServe([first, second], 2);
    await etcd.stop();
    etcd.wipe();
    await etcd.start();
    const answers = await eventually(
      'the same list again',
      () => Promise.all([servedBy(first), servedBy(second)]),
      (all) => all.every((one) => (one?.version ?? 0) > 2 && one?.nodes.length === 2),
    );
    expect(answers[0]?.nodes).toEqual(nodesOf([first, second]));
  });

  it('keeps the version when a node comes back in its place before it was missed', async () => {
    const first = await nodeStart(600);
    const second = await nodeStart(600);
    await allServe([first, second], 2);
    await nodeKill(second);
    const again = await nodeStart(600, etcd.url, second.port);
    expect(await allServe([first, again], 2)).toEqual(nodesOf([first, second]));
    const third = await nodeStart(600);
    const nodes = await allServe([first, again, third], 3);
    expect(nodes).toEqual(nodesOf([first, second, third]));
  });

  it('leaves its place to who took it', async () => {
    const first = await nodeStart(600);
    await allServe([first], 1);
    const other = await nodeStart(600, etcd.url, first.port);
    await eventually('word of it', first.log, (log) => log.includes('another process'));
    expect(await allServe([first, other], 1)).toEqual(nodesOf([first]));
    expect(await first.stop()).toBe(0);
    const third = await nodeStart(600);
    expect(await allServe([other, third], 2)).toEqual(nodesOf([first, third]));
  });

  it('registers again when its lease is gone', async () => {
    const first = await nodeStart(600);
    await allServe([first], 1);
    const { leases } = (await etcd.post('/v3/lease/leases', {})) as { leases: { ID: string }[] };
    for (const { ID } of leases) await etcd.post('/v3/lease/revoke', { ID });
    const lost = 'the lease in etcd had run out';
    await eventually('word of it', first.log, (log) => log.includes(lost));
    const second = await nodeStart(600);
    expect(await allServe([first, second], 2)).toEqual(nodesOf([first, second]));
  });

  it('takes the next endpoint when one does not answer', async () => {
    const node = await nodeStart(600, `http://127.0.0.1:1,${etcd.url}`);
    expect(await allServe([node], 1)).toEqual(nodesOf([node]));
    expect(node.log()).not.toContain('etcd cannot be used');
  });

  it('mends a document that makes no sense or fell behind, and warns of strange nodes', async () => {
    await etcd.put('/flagstone/test/nodes/nobody', 'nonsense');
    await etcd.put(CONFIG_KEY, 'nonsense');
    const node = await nodeStart(600);
    expect(await allServe([node], 1)).toEqual(nodesOf([node]));
    expect(node.log()).toContain('this registration in etcd makes no sense');
    await etcd.put(CONFIG_KEY, '40\nelsewhere||11211\n');
    expect(await allServe([node], 41)).toEqual(nodesOf([node]));
    await etcd.put(CONFIG_KEY, `7\n${nodesOf([node])[0]}\n`);
    expect(await allServe([node], 42)).toEqual(nodesOf([node]));
  });

  it('authenticates where etcd wants it', async () => {
    await etcd.post('/v3/auth/user/add', { name: 'root', password: 'p@ss:w' });
    await etcd.post('/v3/auth/role/add', { name: 'root' });
    await etcd.post('/v3/auth/user/grant', { user: 'root', role: 'root' });
    await etcd.post('/v3/auth/enable', {});
    const stranger = await nodeStart(600);
    await eventually('a refusal', stranger.log, (log) => log.includes('etcd cannot be used'));
    const url = etcd.url.replace('//', '//root:p%40ss%3Aw@');
    const [first, second] = await Promise.all([nodeStart(600, url), nodeStart(600, url)]);
    expect(await allServe([first, second], 2)).toEqual(nodesOf([first, second]));
    expect(await servedBy(stranger)).toBeNull();
  });
});
