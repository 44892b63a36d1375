/** TLS on the TCP ports: who may connect and how, and that bytes come through, over both wires. */
import { connect } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { portFree } from '../support/free-port.ts';
import { valueMake } from '../support/marked-value.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { Certificates, OPENSSL_IS_THERE, OPENSSL_REASON } from './tls-certificates.ts';
import { tlsOpen, tlsRefused } from './tls-client.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let certificates: Certificates;
beforeAll(() => {
  if (OPENSSL_IS_THERE) certificates = new Certificates();
});
afterAll(() => certificates?.remove());

/** A server with TLS for as long as the work takes; `more` are options for -o. */
async function withServer(
  more: readonly string[],
  work: (server: ServerProcess) => Promise<void>,
  options: { flags?: readonly string[]; env?: Record<string, string> } = {},
): Promise<void> {
  const flags = [...certificates.flags('server', more), ...(options.flags ?? [])];
  const tls = certificates.client('client');
  const server = await spawnFlagstone({ flags, tls, env: options.env ?? {} });
  try {
    await work(server);
    expect(await server.stop(), server.log()).toBe(0);
  } finally {
    await server.stop();
  }
}

const WIRES = [
  ['the fast wire', {}],
  ['the plain wire', { FLAGSTONE_PLAIN_WIRE: '1' }],
] as const;

describe.skipIf(!OPENSSL_IS_THERE).each(WIRES)(`TLS over %s${OPENSSL_REASON}`, (_, env) => {
  let server: ServerProcess;
  const open = (options: ConnectionOptions = {}): Promise<TextClient> =>
    tlsOpen(server, { ...certificates.client(), ...options });

  beforeAll(async () => {
    const flags = [...certificates.flags(), '-A'];
    server = await spawnFlagstone({ flags, tls: certificates.client(), env });
  });
  afterAll(() => server?.stop());

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    const client = await open({ minVersion: version, maxVersion: version });
    expect((client.socket as TLSSocket).getProtocol()).toBe(version);
    expect(await client.ask('set a 0 0 1\r\nx\r\n')).toBe('STORED');
    expect((await client.get('a'))?.toString()).toBe('x');
    client.destroy();
  });

  it('does not speak what is older', async () => {
    const old = {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    expect(await tlsRefused(server, { ...certificates.client(), ...old })).toMatch(
      /alert|version/i,
    );
  });

  it('takes requests that are split over records at any byte', async () => {
    const client = await open();
    for (const byte of 'set split 0 0 5\r\nhello\r\nget split\r\nget none\r\n') client.send(byte);
    expect(await client.line()).toBe('STORED');
    expect((await client.getTake('split', await client.line()))?.toString()).toBe('hello');
    expect([await client.line(), await client.line()]).toEqual(['END', 'END']);
    client.destroy();
  });

  it('answers a pipeline of many records in order', async () => {
    const client = await open();
    const count = 20_000;
    const requests = Array.from(
      { length: count },
      (_, at) => `set p${at % 50} 0 0 5\r\n${10_000 + at}\r\n`,
    );
    client.send(requests.join(''));
    for (let at = 0; at < count; at++) expect(await client.line()).toBe('STORED');
    client.send(Array.from({ length: count }, (_, at) => `incr p0 ${at}\r\n`).join(''));
    let sum = 10_000 + count - 50;
    for (let at = 0; at < count; at++) expect(await client.line()).toBe(`${(sum += at)}`);
    client.destroy();
  });

  it('carries large values both ways, and waits for a client that does not read', async () => {
    const client = await open();
    const value = valueMake('large', 1, 1_000_000);
    expect(await client.set('large', value)).toBe('STORED');
    const asked = 40;
    client.socket.pause();
    client.send('get large\r\n'.repeat(asked));
    const witness = await open();
    const blocked = async (): Promise<number> =>
      Number((await witness.stats('server')).get('output_blocked'));
    await eventually('a reply that waits', blocked, (count) => count > 0);
    expect(await witness.ask('set small 0 0 1\r\n1\r\n')).toBe('STORED');
    client.socket.resume();
    for (let at = 0; at < asked; at++) {
      const got = await client.getTake('large', await client.line());
      expect(got?.equals(value)).toBe(true);
      expect(await client.line()).toBe('END');
    }
    expect(await client.ask('version\r\n')).toMatch(/^VERSION/);
    for (const one of [client, witness]) one.destroy();
  });

  it('answers all that a client asked before it said its last word', async () => {
    const client = await open();
    const value = valueMake('last', 1, 200_000);
    expect(await client.set('last', value)).toBe('STORED');
    client.send('get last\r\n'.repeat(20));
    client.socket.end();
    for (let at = 0; at < 20; at++) {
      expect((await client.getTake('last', await client.line()))?.equals(value)).toBe(true);
      expect(await client.line()).toBe('END');
    }
    await client.closed;
    client.destroy();
  });

  it('closes on quit, and takes back no reply', async () => {
    const client = await open();
    client.send('set q 0 0 1\r\n1\r\nget q\r\nquit\r\n');
    expect(await client.line()).toBe('STORED');
    expect((await client.getTake('q', await client.line()))?.toString()).toBe('1');
    expect(await client.line()).toBe('END');
    await client.closed;
    client.destroy();
  });

  it('closes on a client that speaks no TLS, and counts it', async () => {
    const witness = await open();
    const errors = async (): Promise<number> =>
      Number((await witness.stats()).get('ssl_handshake_errors'));
    const before = await errors();
    const plain = await TextClient.open(server);
    plain.send('get a\r\n');
    await plain.closed;
    plain.destroy();
    await eventually('the failure in the counts', errors, (count) => count === before + 1);
    witness.destroy();
  });

  it('survives rubbish in an established connection, and counts it', async () => {
    const witness = await open();
    const errors = async (): Promise<number> =>
      Number((await witness.stats()).get('ssl_proto_errors'));
    const before = await errors();
    const raw = connect(server.address);
    const socket = tlsConnect({ ...certificates.client(), socket: raw });
    const client = await tlsOpen(socket);
    expect(await client.ask('version\r\n')).toMatch(/^VERSION/);
    raw.write(Buffer.from('17030300056861686168', 'hex'));
    await client.closed;
    client.destroy();
    await eventually('the failure in the counts', errors, (count) => count === before + 1);
    witness.destroy();
  });

  it('lists connections, and counts them down to none', async () => {
    const client = await open();
    const open20 = await Promise.all(Array.from({ length: 20 }, () => open()));
    const count = async (): Promise<string | undefined> =>
      (await client.stats()).get('curr_connections');
    await eventually('the connections', count, (now) => now === '21');
    const conns = await client.stats('conns');
    const listener = `tcp:127.0.0.1:${server.port}`;
    expect(
      [...conns].filter(([name, at]) => /listen_addr/.test(name) && at === listener),
    ).toHaveLength(21);
    for (const one of open20) one.destroy();
    await eventually('one connection', count, (now) => now === '1');
    client.destroy();
  });

  it('answers what is under way when it ends', async () => {
    const ending = await spawnFlagstone({
      flags: certificates.flags(),
      tls: certificates.client(),
      env,
    });
    const client = await tlsOpen(ending, certificates.client());
    const value = valueMake('end', 1, 900_000);
    expect(await client.set('end', value)).toBe('STORED');
    client.send('get end\r\n'.repeat(5));
    const first = await client.line();
    const stopped = ending.stop();
    expect((await client.getTake('end', first))?.equals(value)).toBe(true);
    expect(await client.line()).toBe('END');
    for (let at = 1; at < 5; at++) {
      expect((await client.getTake('end', await client.line()))?.equals(value)).toBe(true);
      expect(await client.line()).toBe('END');
    }
    expect(await stopped).toBe(0);
    client.destroy();
  });
});

describe.skipIf(!OPENSSL_IS_THERE)(`handshakes that do not end${OPENSSL_REASON}`, () => {
  it('count as connections, are closed when idle, and give their place back', async () => {
    const work = async (server: ServerProcess): Promise<void> => {
      const active = await tlsOpen(server, certificates.client());
      const count = async (): Promise<string | undefined> =>
        (await active.stats()).get('curr_connections');
      await eventually('one connection', count, (now) => now === '1');
      const silent = await Promise.all(Array.from({ length: 9 }, () => TextClient.open(server)));
      silent[0].send(Buffer.from('1603010200', 'hex')); // the beginning of a handshake
      await eventually('the handshakes', count, (now) => now === '10');
      const refused = await TextClient.open(server);
      expect(await refused.line()).toBe('ERROR Too many open connections');
      await Promise.all(silent.map((client) => client.closed));
      await eventually('one connection', count, (now) => now === '1');
      const next = await tlsOpen(server, certificates.client());
      expect(await next.ask('version\r\n')).toMatch(/^VERSION/);
      for (const client of [active, next, refused, ...silent]) client.destroy();
    };
    await withServer(['idle_timeout=2'], work, { flags: ['-c', '10'] });
  });

  it('do not keep the server from ending', async () => {
    await withServer([], async (server) => {
      const silent = await TextClient.open(server);
      expect(await server.stop()).toBe(0);
      await silent.closed;
    });
  });
});

describe.skipIf(!OPENSSL_IS_THERE)(`clients' certificates${OPENSSL_REASON}`, () => {
  const authority = (): string => `ssl_ca_cert=${certificates.path('authority.crt')}`;
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  /** What comes of a client with no certificate, with a good one and with a strange one. */
  async function outcomes(server: ServerProcess, port = server.port): Promise<string[]> {
    const found: string[] = [];
    for (const version of versions) {
      for (const name of [null, 'client', 'client-strange']) {
        const options = { ...certificates.client(name), maxVersion: version, port };
        const refusal = await tlsRefused(server, options);
        found.push(refusal === null ? 'in' : 'out');
      }
    }
    return found;
  }

  it.each([
    [0, ['in', 'in', 'in']],
    [1, ['in', 'in', 'out']],
    [2, ['out', 'in', 'out']],
    [3, ['out', 'in', 'out']],
  ])('ssl_verify_mode=%i', async (mode, expected) => {
    await withServer([authority(), `ssl_verify_mode=${mode}`], async (server) => {
      expect(await outcomes(server)).toEqual([...expected, ...expected]);
    });
  });

  it('are all refused without an authority that could vouch for them', async () => {
    const strict = await portFree();
    const work = async (server: ServerProcess): Promise<void> => {
      const refused = ['out', 'out', 'out'];
      expect(await outcomes(server, strict)).toEqual([...refused, ...refused]);
    };
    await withServer([], work, { flags: ['-l', `mtls:127.0.0.1:${strict}`] });
  });

  it('may be asked for by one listener, and not by another', async () => {
    const [clear, strict, lax] = await Promise.all([portFree(), portFree(), portFree()]);
    const work = async (server: ServerProcess): Promise<void> => {
      const plain = await TextClient.open({ host: server.host, port: clear });
      expect(await plain.ask('set a 0 0 1\r\nx\r\n')).toBe('STORED');
      plain.destroy();
      const secure = await tlsOpen(server, certificates.client('client'));
      expect((await secure.get('a'))?.toString()).toBe('x');
      secure.destroy();
      expect(await outcomes(server, strict)).toEqual(['out', 'in', 'out', 'out', 'in', 'out']);
      expect(await outcomes(server, lax)).toEqual(['in', 'in', 'in', 'in', 'in', 'in']);
      expect(await outcomes(server)).toEqual(['in', 'in', 'out', 'in', 'in', 'out']);
    };
    const listeners = `notls:127.0.0.1:${clear},mtls:127.0.0.1:${strict},btls:127.0.0.1:${lax}`;
    await withServer([authority(), 'ssl_verify_mode=1'], work, { flags: ['-l', listeners] });
  });
});

describe.skipIf(!OPENSSL_IS_THERE)(`ssl_min_version and ssl_ciphers${OPENSSL_REASON}`, () => {
  it('3 refuses TLS 1.2', async () => {
    await withServer(['ssl_min_version=3'], async (server) => {
      const older = { ...certificates.client(), maxVersion: 'TLSv1.2' } as const;
      expect(await tlsRefused(server, older)).toMatch(/alert|version/i);
      const client = await tlsOpen(server, certificates.client());
      expect((client.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
      expect((await client.stats('settings')).get('ssl_min_version')).toBe('tlsv1.3');
      client.destroy();
    });
  });

  it('only the ciphers given are agreed on', async () => {
    const cipher = 'ECDHE-ECDSA-AES256-GCM-SHA384';
    await withServer([`ssl_ciphers=${cipher}`], async (server) => {
      const older = { ...certificates.client(), maxVersion: 'TLSv1.2' } as const;
      const client = await tlsOpen(server, older);
      expect((client.socket as TLSSocket).getCipher().name).toBe(cipher);
      client.destroy();
      const other = { ...older, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' };
      expect(await tlsRefused(server, other)).toMatch(/alert|handshake/i);
    });
  });
});
