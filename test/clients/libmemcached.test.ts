/** libmemcached's command-line tools, over either protocol. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CommandEnd, commandRun } from '../support/command-run.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { clientUse } from '../support/text-client.ts';
import { toolFind } from './libmemcached-tools.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const CAPABLE_COUNT = 27;
const ANSWER_SEC_MAX = 20;

describe('libmemcached', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await spawnFlagstone();
  });
  afterAll(() => server.stop());

  it.for([
    ['text', '-a'],
    ['binary', '-b'],
  ] as const)('memcapable finds the %s protocol complete', async ([, flag], context) => {
    const tool = toolFind(context, 'memccapable', 'memcapable');
    const where = ['-h', server.host, '-p', `${server.port}`];
    const { out, code } = await commandRun(tool, [...where, flag, '-t', `${ANSWER_SEC_MAX}`]);
    expect(out.match(/^.*\[FAIL\].*$/gm) ?? []).toEqual([]);
    expect(out.match(/\[pass\]/g)).toHaveLength(CAPABLE_COUNT);
    expect(code).toBe(0);
  });

  it('memdump, which knows the text protocol alone, lists the keys', async (context) => {
    const dump = toolFind(context, 'memcdump');
    await clientUse(server, async (client) => {
      for (const key of ['listed-1', 'listed-2']) await client.set(key, Buffer.from('v'));
    });
    const { out } = await commandRun(dump, [`--servers=${server.host}:${server.port}`]);
    expect(out.split('\n')).toEqual(expect.arrayContaining(['listed-1', 'listed-2']));
  });
});

describe.each([
  { name: 'text', flags: [], loadFlags: [] },
  { name: 'binary', flags: ['--binary'], loadFlags: ['-B'] },
])('libmemcached, $name', ({ flags, loadFlags }) => {
  let server: ServerProcess;
  let folder = '';
  beforeAll(async () => {
    server = await spawnFlagstone();
    folder = mkdtempSync(join(tmpdir(), 'flagstone-libmemcached-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });

  const run = (tool: string, ...args: readonly string[]): Promise<CommandEnd> =>
    commandRun(tool, [`--servers=${server.host}:${server.port}`, ...flags, ...args]);

  it('files go in by memcp and come back by memcat', async (context) => {
    const [copy, show] = [toolFind(context, 'memccp'), toolFind(context, 'memccat')];
    const small = join(folder, 'small');
    const large = join(folder, 'large');
    writeFileSync(small, 'hello');
    writeFileSync(large, Buffer.alloc(900_000, 'a line of some length\n'));
    expect((await run(copy, small, large)).code).toBe(0);
    expect((await run(show, 'small')).out.trim()).toBe('hello');
    expect((await run(show, `--file=${join(folder, 'out')}`, 'large')).code).toBe(0);
    expect(readFileSync(join(folder, 'out')).equals(readFileSync(large))).toBe(true);
    expect((await run(show, 'missing')).code).toBe(1);
    expect((await run(copy, '--add', small)).code).toBe(1);
    expect((await run(copy, '--replace', '--flags=7', '--expire=100', small)).code).toBe(0);
    expect((await run(show, '--flags', 'small')).out).toBe('7\nhello\n');
  });

  it('memexist, memtouch and memrm tell what is there', async (context) => {
    const [exist, touch] = [toolFind(context, 'memcexist'), toolFind(context, 'memctouch')];
    const remove = toolFind(context, 'memcrm');
    await clientUse(server, async (client) => {
      for (const key of ['kept', 'doomed']) await client.set(key, Buffer.from('v'));
    });
    expect((await run(exist, 'doomed')).code).toBe(0);
    expect((await run(touch, '--expire=100', 'kept')).code).toBe(0);
    expect((await run(touch, 'missing')).code).toBe(1);
    expect((await run(remove, 'doomed')).code).toBe(0);
    expect((await run(remove, 'doomed')).code).toBe(1);
    expect((await run(exist, 'doomed')).code).toBe(1);
  });

  it('memping, memstat and memflush administer', async (context) => {
    const [ping, stat] = [toolFind(context, 'memcping'), toolFind(context, 'memcstat')];
    const flush = toolFind(context, 'memcflush');
    const where = `--servers=${server.host}:${server.port}`;
    expect((await commandRun(ping, [where])).code).toBe(0); // it knows no protocols
    expect((await run(stat, '--server-version')).err).toMatch(/ 1\.\d+\.\d+\n$/);
    expect((await run(stat)).out).toMatch(new RegExp(`pid: ${server.pid}\\n`));
    expect((await run(stat, '--args=settings')).out).toMatch(/maxbytes: 67108864\n/);
    expect((await run(flush)).code).toBe(0);
    const stats = await clientUse(server, (client) => client.stats());
    expect(Number(stats.get('cmd_flush'))).toBeGreaterThan(0);
  });

  it.for(['set', 'get', 'mget'])(
    'memslap drives %s from several threads',
    async (work, context) => {
      const tool = toolFind(context, 'memcslap', 'memslap');
      const { code, out, err } = await run(
        tool,
        '--concurrency=4',
        '--execute-number=500',
        `--test=${work}`,
      );
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`Time to ${work} +2000 keys`));
    },
  );

  it('memaslap verifies what it reads', async (context) => {
    const tool = toolFind(context, 'memcaslap', 'memaslap');
    const servers = `${server.host}:${server.port}`;
    const load = ['-T', '2', '-c', '16', '-x', '20000', '-v', '1', '-e', '0.1', ...loadFlags];
    const { code, out, err } = await commandRun(tool, ['-s', servers, ...load]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/cmd_get: [1-9]/);
    for (const fault of ['verify_failed', 'verify_misses', 'get_misses', 'packet_drop']) {
      expect(out).not.toMatch(new RegExp(`${fault}: [1-9]`));
    }
  });
});
