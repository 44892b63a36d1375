/** What the limits of the command line come to: -c, -R, -o idle_timeout. */
import { describe, expect, it, vi } from 'vitest';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

async function withServer(
  flags: readonly string[],
  work: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await spawnFlagstone({ flags });
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

describe('-c 10', () => {
  it('tells the eleventh client that it is one too many', async () => {
    await withServer(['-c', '10'], async (server) => {
      // The connection that saw the server start may take a moment to go.
      const first = await TextClient.open(server);
      const count = async (): Promise<string | undefined> =>
        (await first.stats()).get('curr_connections');
      await eventually('one connection', count, (open) => open === '1');
      const more = await Promise.all(Array.from({ length: 9 }, () => TextClient.open(server)));
      for (const client of more) expect(await client.ask('version\r\n')).toMatch(/^VERSION /);
      for (let attempt = 0; attempt < 20; attempt++) {
        const refused = await TextClient.open(server);
        expect(await refused.line()).toBe('ERROR Too many open connections');
        await refused.closed;
        refused.destroy();
      }
      const stats = await first.stats();
      expect(stats.get('rejected_connections')).toBe('20');
      expect(stats.get('max_connections')).toBe('10');
      more[0].destroy();
      await eventually('a free place', count, (open) => open === '9');
      const next = await TextClient.open(server);
      expect(await next.ask('version\r\n')).toMatch(/^VERSION /);
      for (const client of [first, next, ...more]) client.destroy();
    });
  });
});

describe('-o idle_timeout=1', () => {
  it('closes the idle, and only them', async () => {
    await withServer(['-o', 'idle_timeout=1'], async (server) => {
      const idle = await TextClient.open(server);
      const uploading = await TextClient.open(server);
      const active = await TextClient.open(server);
      const freePages = async (): Promise<string | undefined> =>
        (await active.stats()).get('slab_global_page_pool');
      const freePagesBefore = await freePages();
      expect(await idle.ask('version\r\n')).toMatch(/^VERSION /);
      uploading.send('set half 0 0 1000000\r\n');
      uploading.send(Buffer.alloc(500_000));
      let kicked = 0;
      for (const client of [idle, uploading]) void client.closed.then(() => kicked++);
      const rounds = async (): Promise<number> => {
        expect(await active.ask('get nothing\r\n')).toBe('END');
        return kicked;
      };
      await eventually('the end of the idle connections', rounds, (count) => count === 2);
      expect((await active.stats('server')).get('idle_kicks')).toBe('2');
      for (const client of [idle, uploading]) client.destroy();
      const open = async (): Promise<string | undefined> =>
        (await active.stats()).get('curr_connections');
      await eventually('one connection', open, (count) => count === '1');
      expect(await freePages(), 'what the upload had taken').toBe(freePagesBefore);
      active.destroy();
    });
  });
});

describe('-R 1', () => {
  it('gives the others their turn after every request, and loses none', async () => {
    await withServer(['-t', '1', '-R', '1'], async (server) => {
      const greedy = await TextClient.open(server);
      const modest = await TextClient.open(server);
      const requestCount = 5000;
      await greedy.ask('set n 0 0 1\r\n0\r\n');
      greedy.send('incr n 1\r\n'.repeat(requestCount));
      for (let round = 0; round < 20; round++) {
        expect(await modest.ask('get missing\r\n')).toBe('END');
      }
      for (let n = 1; n <= requestCount; n++) expect(await greedy.line()).toBe(`${n}`);
      expect(Number((await modest.stats()).get('conn_yields'))).toBeGreaterThan(requestCount / 2);
      for (const client of [greedy, modest]) client.destroy();
    });
  });
});
