/** Auto-discovery over TLS: npm memcache-plus, unmodified, on two nodes that serve nothing else. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from '../server/tls-certificates.ts';
import { tlsOpen } from '../server/tls-client.ts';
import { commandRun } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually } from '../support/text-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SCRIPT = new URL('memcache-plus-client.cjs', import.meta.url).pathname;

const isSecond = (version: string): boolean => version === '2';

describe.skipIf(!OPENSSL_IS_THERE)(`auto-discovery over TLS${OPENSSL_REASON}`, () => {
  let certificates: Certificates;
  const nodes: ServerProcess[] = [];

  /** Which list of nodes a node serves. */
  async function versionOf(node: ServerProcess): Promise<string> {
    const client = await tlsOpen(node, certificates.client());
    const bytes = Number(/ (\d+)$/.exec(await client.ask('config get cluster\r\n'))?.[1]);
    const [version] = (await client.take(bytes)).toString('latin1').split('\n');
    client.destroy();
    return version;
  }

  beforeAll(async () => {
    certificates = new Certificates();
    certificates.write('nodes', '1\nnobody:1\n');
    const file = ['--cluster-nodes-file', certificates.path('nodes')];
    for (let count = 0; count < 2; count++) {
      const tls = certificates.client();
      nodes.push(await spawnFlagstone({ tls, flags: [...certificates.flags(), ...file] }));
    }
    const listed = nodes.map(({ port }) => `localhost||${port}`).join(' ');
    certificates.write('nodes', `2\n${listed}\n`);
    await Promise.all(
      nodes.map((node) => eventually('version 2', () => versionOf(node), isSecond)),
    );
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    certificates.remove();
  });

  it('finds both nodes by one of them, and spreads keys over both', async () => {
    const hosts = nodes.map(({ port }) => `localhost:${port}`).toSorted();
    const { out, err } = await commandRun(process.execPath, [SCRIPT, hosts[0]], {
      env: { NODE_EXTRA_CA_CERTS: certificates.path('authority.crt') },
    });
    expect(err).toBe('');
    expect(JSON.parse(out)).toEqual({ hosts, wrong: 0 });
    for (const node of nodes) {
      const client = await tlsOpen(node, certificates.client());
      expect(Number((await client.stats()).get('curr_items'))).toBeGreaterThan(0);
      client.destroy();
    }
  });
});
