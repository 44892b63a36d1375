/** redis-py, redis-cli and redis-benchmark from the distribution, unmodified. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pythonFind } from '../support/command-run.ts';
import { type RespServer, respSpawn } from '../support/resp-server.ts';
import { Terminal, terminalIsThere } from '../support/terminal.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let server: RespServer;
beforeAll(async () => {
  server = await respSpawn();
});
afterAll(() => server.stop());

const python = pythonFind('redis');
const hasCli = spawnSync('redis-cli', ['--version']).status === 0;
const hasBenchmark = spawnSync('redis-benchmark', ['--version']).status === 0;

/** Runs a program to its end; it is given `input`. */
function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => (output += bytes.toString('latin1')));
    }
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} exited with ${code}\n${output}`));
    });
    child.stdin.end(input, 'latin1');
  });
}

const cli = (args: readonly string[], input = ''): Promise<string> =>
  run('redis-cli', ['-p', `${server.port}`, ...args], input);

it.skipIf(python === null)('redis-py works (skipped: no Python with redis)', async () => {
  const script = fileURLToPath(new URL('redis_py_client.py', import.meta.url));
  const output = await run(python as string, [script, `${server.host}:${server.port}`]);
  expect(output.match(/^ok /gm)).toHaveLength(20);
});

describe.skipIf(!hasCli)('redis-cli (skipped: not installed)', () => {
  beforeAll(async () => {
    const words = ['SET small 1', `SET long ${'x'.repeat(5000)}`, 'RPUSH l a b c', 'HSET h f v'];
    await cli([], `FLUSHALL\n${words.join('\n')}\nZADD z 1 a 2 b\nSADD s x\nPFADD p x\n`);
  });

  it('answers requests one by one', async () => {
    expect(await cli(['lrange', 'l', '0', '-1'])).toBe('a\nb\nc\n');
    expect(await cli(['--no-raw', 'zrange', 'z', '0', '-1', 'withscores'])).toContain('2) "1"');
    expect(await cli(['-3', '--no-raw', 'hgetall', 'h'])).toBe('1# "f" => "v"\n');
  });

  it('lists keys by --scan', async () => {
    const keys = (await cli(['--scan'])).trim().split('\n').sort();
    expect(keys).toEqual(['h', 'l', 'long', 'p', 's', 'small', 'z']);
  });

  it('finds --bigkeys and --memkeys', async () => {
    const big = await cli(['--bigkeys']);
    expect(big).toMatch(/Biggest +list found '?"l"'? has 3 items/);
    expect(big).toContain('Sampled 7 keys in the keyspace');
    expect(await cli(['--memkeys'])).toMatch(/Biggest string found '?"long"'?/);
  });

  it('finds --hotkeys, where the policy is LFU', async () => {
    await cli(['config', 'set', 'maxmemory-policy', 'allkeys-lfu']);
    expect(await cli(['--hotkeys'])).toContain('Sampled 7 keys in the keyspace');
    await cli(['config', 'set', 'maxmemory-policy', 'noeviction']);
  });

  it('measures --latency', async () => {
    expect(await cli(['--raw', '--latency', '-i', '1'])).toMatch(/^\d+ [\d.]+ [\d.]+ \d+/);
  });

  it('pumps a file by --pipe', async () => {
    const requests = Array.from({ length: 20_000 }, (_, at) => `SET pipe:${at} ${at}\r\n`).join('');
    const output = await cli(['--pipe'], requests);
    expect(output).toContain('errors: 0, replies: 20000');
    expect(await cli(['get', 'pipe:19999'])).toBe('19999\n');
  });
});

const canType = hasCli && terminalIsThere();
describe.skipIf(!canType)('redis-cli in a terminal (skipped: no redis-cli, or no script)', () => {
  let terminal: Terminal | null = null;
  afterEach(() => terminal?.end());

  function open(...args: readonly string[]): Terminal {
    const env = { REDISCLI_HISTFILE: '/dev/null', REDISCLI_RCFILE: '/dev/null' };
    terminal = new Terminal(`redis-cli -p ${server.port} ${args.join(' ')}`, env);
    return terminal;
  }

  it('shows --stat', async () => {
    const shown = await open('--stat', '-i', '0.1').shown(/(\d+ +[\d.]+[KM] .*\n){2}/);
    expect(shown).toContain('keys       mem      clients');
  });

  it('helps with commands, and completes and hints at them', async () => {
    const prompt = />/;
    const typed = open();
    await typed.shown(prompt);
    typed.type('help set\r');
    const help = await typed.shown(/group: .*\n/);
    expect(help).toMatch(/SET key value \[.*EX seconds\|/);
    expect(help).toMatch(/summary: \S.*\n *since: 1\.0\.0\n *group: string\n/);
    await typed.shown(prompt);
    typed.type('help @sorted-set\r');
    await typed.shown(/ZUNIONSTORE destination numkeys key \[key \.\.\.\]/);
    await typed.shown(prompt);
    typed.type('lmpop 1 ');
    await typed.shown(/lmpop 1 key \[key \.\.\.\] LEFT\|RIGHT \[COUNT count\]/);
    typed.type('\u0015config g\t');
    await typed.shown(/CONFIG GET parameter/);
    typed.type('\u0015client setname me\r');
    await typed.shown(/OK\n/);
    typed.type('client getname\r');
    await typed.shown(/"me"\n/);
    typed.type('subscribe news\r');
    await typed.shown(/subscribe.*\n.*news.*\n.*1\n/);
  });
});

describe.skipIf(!hasBenchmark)('redis-benchmark (skipped: not installed)', () => {
  it.each([1, 16])('runs its tests with -P %i and meets no error', async (pipeline) => {
    const args = ['-p', `${server.port}`, '-n', '2000', '-c', '10', '-q', '-P', `${pipeline}`];
    const output = await run('redis-benchmark', args);
    expect(output).not.toMatch(/error|warning/i);
    expect(output.match(/requests per second/g)?.length).toBeGreaterThanOrEqual(20);
  });
});
