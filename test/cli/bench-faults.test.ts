/** `flagstone bench` where something is wrong: plain words, an exit code, no stack trace, and never a hang. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { portFree } from '../support/free-port.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { Terminal, terminalIsThere } from '../support/terminal.ts';
import { benchRecord, benchRun, FakeServer, RunningBench, SMALL } from './bench-runs.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: ServerProcess;
beforeAll(async () => {
  server = await spawnFlagstone();
});
afterAll(async () => {
  await server.stop();
});

/** A load that lasts until it is ended. */
const LONG = ['-s', '600', '--warmup', '0', '--keys', '100'];

async function withFake(
  serve: ConstructorParameters<typeof FakeServer>[0],
  body: (port: number) => Promise<void>,
): Promise<void> {
  const fake = await new FakeServer(serve).listen();
  try {
    await body(fake.port);
  } finally {
    fake.end();
  }
}

describe('the command line', () => {
  it.each([
    [['--nonsense'], "unknown option '--nonsense'"],
    [['--clints', '1'], 'Did you mean --clients?'],
    [['a', 'b'], 'too many arguments'],
    [['--ratio', '1'], '--ratio 1: must be SETS:GETS, such as 1:9'],
    [['--ratio', '0:0'], '--ratio 0:0: must be'],
    [['-c', '0'], '--clients 0: must be at least 1'],
    [['-P', 'http'], '--protocol http: must be one of text, meta, binary, resp'],
    [['-d', '10-'], '--value-bytes 10-: must be like 100'],
    [['--key-distribution', 'zipf:x'], '--key-distribution zipf:x: x must be a number above 0'],
    [['--key-prefix', 'a b'], '--key-prefix a b: must be at most 230 bytes without a blank'],
    [['--rate', '-1'], '--rate -1: not a number'],
    [['host:99999'], 'host:99999: a port is a number from 1 to 65535'],
    [['host:'], 'host:: is no address: HOST, HOST:PORT, PORT or /PATH'],
    [['--insecure'], '--insecure: needs --tls'],
    [['--command', 'PING'], '--command: is for --protocol resp'],
    [['-P', 'resp', '--command', '"'], '--command ": its quotes are not balanced'],
    [['-P', 'resp', '--command', 'A', '--command-ratio', '1:2'], 'there are 1 commands for 2'],
    [['--command-ratio', '1'], '--command-ratio: needs --command'],
  ])('refuses %j', async (words, said) => {
    const { code, out, err } = await benchRun(words);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(said);
    expect(err).toMatch(/^flagstone: .*\n$/);
  });

  it('explains itself', async () => {
    const { code, out, err } = await benchRun(['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Usage: flagstone bench \[options\] \[server\]\n/);
    for (const line of out.split('\n')) expect(line).toMatch(/^[ -~]{0,110}$/);
  });
});

describe('a server', () => {
  it('that is not there', async () => {
    const port = await portFree();
    expect(await benchRun([port])).toEqual({
      code: 69,
      out: '',
      err: `flagstone: cannot talk to 127.0.0.1:${port}: connection refused\n`,
    });
    expect(await benchRun(['/nowhere/at-all'])).toMatchObject({
      code: 69,
      err: 'flagstone: cannot talk to /nowhere/at-all: no such file or directory\n',
    });
  });

  it.each(['resp', 'binary'])('that does not speak %s', async (protocol) => {
    const fake = await new FakeServer((socket) => socket.write('ERROR\r\n')).listen();
    const { code, err } = await benchRun([fake.port, '-P', protocol]);
    fake.end();
    expect(code).toBe(69);
    expect(err).toMatch(/: it does not speak .*: it said "ERROR"\n$/);
  });

  it('that has no room for such values', async () => {
    const words = [server.port, ...SMALL, '-d', '2m', '--keys', '10'];
    const { code, out, err } = await benchRun(words);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      'storing keys\nflagstone: 10 keys could not be stored: ' +
        'SERVER_ERROR object too large for cache (--no-fill does without)\n',
    );
    const record = await benchRecord([...words, '--no-fill', '--ratio', '1:0', '-n', '50']);
    expect(record).toMatchObject({ code: 1, operationCount: 50, errorCount: 50 });
    expect(record.err).toContain('50 × SERVER_ERROR object too large for cache\n');
  });

  it('that is full', async () => {
    const full = await spawnFlagstone({ flags: ['-M', '-m', '64'] });
    const words = [full.port, '--keys', '2000', '-d', '100k', '--warmup', '0', '-s', '1'];
    const { code, err } = await benchRun(words);
    await full.stop();
    expect(code).toBe(1);
    expect(err).toMatch(/keys could not be stored: SERVER_ERROR out of memory storing object/);
  });

  it('that takes no more connections', async () => {
    const small = await spawnFlagstone({ flags: ['-c', '10'] });
    const { code, err } = await benchRun([small.port, ...SMALL, '-c', '60']);
    await small.stop();
    expect(code).not.toBe(0);
    expect(err).toMatch(/^flagstone: |\nflagstone: /);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('that dies in the middle', async () => {
    const doomed = await spawnFlagstone();
    const bench = new RunningBench([doomed.port, ...LONG]);
    await bench.says('measuring');
    process.kill(doomed.pid, 'SIGKILL');
    expect(await bench.ended).toBe(69);
    expect(bench.err).toContain('flagstone: every connection was lost: the ');
    expect(bench.out).toContain('50 of 50 connections were lost.\n');
    await doomed.stop();
  });

  it('that falls silent', async () => {
    const answers = (socket: { write(text: string): unknown }, text: string): void => {
      if (text.startsWith('set')) socket.write('STORED\r\n'.repeat(text.split('set ').length - 1));
    };
    await withFake(answers, async (port) => {
      const words = [port, ...LONG, '--timeout', '0.3', '--no-fill', '--ratio', '0:1'];
      const { code, out, err } = await benchRun(words);
      expect(code).toBe(69);
      expect(err).toContain('flagstone: the server fell silent\n');
      expect(out).toContain(
        'No reply came for 0.3 s: given up.\n  50 requests never had a reply.\n',
      );
    });
  });

  it('that closes a connection, under a rate and up to a number of requests', async () => {
    let isFirst = true;
    const serve = (socket: Socket, text: string): void => {
      if (isFirst) socket.destroy();
      else socket.write('END\r\n'.repeat(text.split('get ').length - 1));
      isFirst = false;
    };
    await withFake(serve, async (port) => {
      const words = [port, '-c', 4, '--no-fill', '--ratio', '0:1', '--warmup', 0];
      const { code, err } = await benchRun([...words, '--rate', 400, '-n', 100]);
      expect(code).toBe(1);
      expect(err).toContain('flagstone: the server closed some of the connections\n');
    });
  });

  it('that talks nonsense', async () => {
    const nonsense = (socket: { write(text: string): unknown }): unknown => socket.write('<?xml\n');
    await withFake(nonsense, async (port) => {
      const { code, out, err } = await benchRun([port, ...LONG, '--no-fill']);
      expect(code).toBe(69);
      expect(out).toContain('× no reply of this protocol: <?xml\n');
      expect(err).toContain(
        'flagstone: every connection was lost: no reply of this protocol: <?xml\n',
      );
    });
  });
});

describe('Ctrl-C', () => {
  it('ends the load and still reports', async () => {
    const bench = new RunningBench([server.port, ...LONG]);
    await bench.says('measuring');
    await new Promise((resolve) => setTimeout(resolve, 300));
    bench.child.kill('SIGINT');
    expect(await bench.ended).toBe(130);
    expect(bench.out).toContain('Interrupted: this is what was measured until then.\n');
    expect(bench.out).toMatch(/\n {2}all +[\d,]+ /);
  });

  it('before anything is measured, says that nothing was', async () => {
    const bench = new RunningBench([server.port, '--warmup', '600', '--no-fill']);
    await bench.says('warming up');
    bench.child.kill('SIGINT');
    expect(await bench.ended).toBe(130);
    expect(bench.err).toContain('flagstone: interrupted before anything was measured\n');
    expect(bench.out).toBe('');
  });
});

describe.skipIf(!terminalIsThere())('in a terminal (skipped without script)', () => {
  it('shows how far it is, in one line', async () => {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    const words = `bench ${server.port} -s 2 --warmup 0 --keys 100`;
    const terminal = new Terminal(`${process.execPath} ${main} ${words}`, { LC_ALL: 'C' });
    const shown = await terminal.shown(
      /measuring {2}[#-]{16} +\d+ % {2}\d\.\d s {2}[\d,]+ requests/,
    );
    expect(shown).not.toContain('measuring\n');
    await terminal.shown(/p99 [\d.]+ ms/);
    await terminal.shown(/latency, ms/);
    terminal.end();
  });
});
