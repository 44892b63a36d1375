/** SASL over the binary protocol, against servers with -S: there is no way in but with a password. */
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SASL_DATA_BYTES_MAX } from '../../src/auth/sasl.ts';
import { BINARY_TABLE } from '../../src/commands/memcached/table.ts';
import { OPCODE } from '../../src/protocol/memcached/binary.ts';
import { ScramClient } from '../auth/support.ts';
import { BinaryClient, packet } from '../support/binary-client.ts';
import { type ServerProcess, spawnFlagstone } from '../support/server.ts';
import { TextClient } from '../support/text-client.ts';
import {
  login,
  ONE_THREAD,
  plainPacket,
  STATUS_AUTH_CONTINUE,
  STATUS_AUTH_ERROR,
  STATUS_INVALID,
  STATUS_OK,
  STATUS_UNKNOWN,
  setPacket,
  UserFiles,
  WIRES,
} from './auth-fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const OPEN = [OPCODE.VERSION, OPCODE.SASL_LIST, OPCODE.SASL_AUTH, OPCODE.SASL_STEP];
const MECHANISM_BYTES_MAX = 32;
const GIB = 2 ** 30;

const files = new UserFiles();
let usersFile = '';
beforeAll(async () => {
  usersFile = await files.users('users', { alice: 'secret', bob: 'pass word' });
});
afterAll(() => files.remove());

/** A request of each opcode, of the lengths that its row asks for where it has one. */
function wellFormed(opcode: number): Buffer {
  const row = BINARY_TABLE.find((one) => one.opcode === opcode);
  return packet(opcode, {
    extras: Buffer.alloc(row?.extrasBytes ?? 0),
    key: row?.key === 'needed' ? 'kept' : '',
    value: row?.hasValue ? 'changed' : '',
  });
}

describe.each(WIRES)('-S over the $wire wire', ({ env }) => {
  let server: ServerProcess;
  /** Logged in from the first. */
  let control: BinaryClient;
  const opened: BinaryClient[] = [];

  beforeAll(async () => {
    const flags = ['-S', '--users-file', usersFile, ...ONE_THREAD];
    server = await spawnFlagstone({ flags, env, isBinary: true });
    control = await BinaryClient.open(server.address);
    expect(await login(control, 'alice', 'secret')).toBe(STATUS_OK);
    control.send(setPacket('kept', 'as it was'));
    expect((await control.reply()).status).toBe(STATUS_OK);
  });
  afterAll(async () => {
    for (const client of opened) client.destroy();
    control.destroy();
    expect(await server.stop()).toBe(0);
  });

  const open = async (): Promise<BinaryClient> => {
    const client = await BinaryClient.open(server.address);
    opened.push(client);
    return client;
  };

  const valueUnder = async (key: string): Promise<string> => {
    const { status, value } = await control.ask(OPCODE.GET, { key });
    return status === STATUS_OK ? value : '';
  };

  /** The request is refused, and nothing more is heard. */
  const expectRefused = async (client: BinaryClient): Promise<void> => {
    expect((await client.reply()).status).toBe(STATUS_AUTH_ERROR);
    expect(await client.isClosed()).toBe(true);
  };

  it('refuses every opcode but four, and closes', async () => {
    for (let opcode = 0; opcode < 256; opcode++) {
      const client = await open();
      client.send(wellFormed(opcode), packet(OPCODE.VERSION));
      const { status, opcode: answered } = await client.reply();
      expect(answered).toBe(opcode);
      if ((OPEN as readonly number[]).includes(opcode)) {
        const isFailure = opcode === OPCODE.SASL_AUTH || opcode === OPCODE.SASL_STEP;
        expect(status, `opcode ${opcode}`).toBe(isFailure ? STATUS_AUTH_ERROR : STATUS_OK);
        expect((await client.reply()).opcode).toBe(OPCODE.VERSION);
      } else {
        expect(status, `opcode ${opcode}`).toBe(STATUS_AUTH_ERROR);
        expect(await client.isClosed()).toBe(true);
      }
      client.destroy();
    }
    expect(await valueUnder('kept')).toBe('as it was');
  });

  it('lists the mechanisms that the users have', async () => {
    const { value } = await (await open()).ask(OPCODE.SASL_LIST);
    expect(value).toBe('SCRAM-SHA-256 PLAIN');
  });

  it('carries out nothing that comes before the password in the same write', async () => {
    const client = await open();
    client.send(setPacket('early', '1'), plainPacket('alice', 'secret'), setPacket('early', '2'));
    await expectRefused(client);
    expect(await valueUnder('early')).toBe('');
  });

  it('carries out what comes behind it, in order, once it is known to be right', async () => {
    const client = await open();
    client.send(
      packet(OPCODE.VERSION, { opaque: 1 }),
      plainPacket('bob', 'pass word', 2),
      setPacket('behind', 'it', 3),
      packet(OPCODE.GET, { key: 'behind', opaque: 4 }),
      plainPacket('alice', 'secret', 5),
      packet(OPCODE.NOOP, { opaque: 6 }),
    );
    const replies = await client.replies(6);
    expect(replies.map(({ opaque }) => opaque)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(STATUS_OK));
    expect([replies[1].value, replies[3].value]).toEqual(['Authenticated', 'it']);
  });

  it('carries out nothing behind a wrong one, and lets a second one wait for the first', async () => {
    const client = await open();
    client.send(
      plainPacket('nobody', 'secret', 1),
      plainPacket('alice', 'secret', 2),
      packet(OPCODE.NOOP, { opaque: 3 }),
      plainPacket('no one', 'secret', 4),
      setPacket('after', 'failure', 5),
      packet(OPCODE.VERSION, { opaque: 6 }),
    );
    const replies = await client.replies(5);
    expect(replies.map(({ opaque, status }) => [opaque, status])).toEqual([
      [1, STATUS_AUTH_ERROR],
      [2, STATUS_OK],
      [3, STATUS_OK],
      [4, STATUS_AUTH_ERROR],
      [5, STATUS_AUTH_ERROR],
    ]);
    expect(await client.isClosed()).toBe(true);
    expect(await valueUnder('after')).toBe('');
  });

  it('takes a login apart at any byte', async () => {
    const conversation = Buffer.concat([
      plainPacket('alice', 'secret'),
      packet(OPCODE.GET, { key: 'kept' }),
    ]);
    for (let cut = 1; cut < conversation.length; cut++) {
      const client = await open();
      client.send(conversation.subarray(0, cut));
      await control.ask(OPCODE.NOOP); // so the server has seen the first part alone
      client.send(conversation.subarray(cut));
      const replies = await client.replies(2);
      expect(replies.map(({ status }) => status)).toEqual([STATUS_OK, STATUS_OK]);
      expect(replies[1].value).toBe('as it was');
      client.destroy();
    }
  });

  it('opens one connection at a time', async () => {
    const [inside, outside] = [await open(), await open()];
    expect(await login(inside, 'alice', 'secret')).toBe(STATUS_OK);
    outside.send(packet(OPCODE.GET, { key: 'kept' }));
    await expectRefused(outside);
    expect((await inside.ask(OPCODE.GET, { key: 'kept' })).status).toBe(STATUS_OK);
  });

  it('shuts again when a later login fails, begins or makes no sense', async () => {
    for (const request of [
      plainPacket('nobody', 'secret'),
      packet(OPCODE.SASL_AUTH, { key: 'PLAIN' }),
      packet(OPCODE.SASL_AUTH, { key: 'GUESSING', value: 'x' }),
      packet(OPCODE.SASL_STEP, { key: 'PLAIN', value: '\0alice\0secret' }),
    ]) {
      const client = await open();
      expect(await login(client, 'alice', 'secret')).toBe(STATUS_OK);
      client.send(request, packet(OPCODE.GET, { key: 'kept' }));
      expect((await client.reply()).status).not.toBe(STATUS_OK);
      await expectRefused(client);
    }
  });

  it('knows PLAIN in two steps, and nothing halfway', async () => {
    const client = await open();
    const asked = await client.ask(OPCODE.SASL_AUTH, { key: 'PLAIN' });
    expect([asked.status, asked.value]).toEqual([STATUS_AUTH_CONTINUE, '']);
    const value = '\0alice\0secret';
    expect((await client.ask(OPCODE.SASL_STEP, { key: 'PLAIN', value })).status).toBe(STATUS_OK);
    expect((await client.ask(OPCODE.NOOP)).status).toBe(STATUS_OK);
    const other = await open();
    other.send(packet(OPCODE.SASL_AUTH, { key: 'PLAIN' }), packet(OPCODE.NOOP));
    expect((await other.reply()).status).toBe(STATUS_AUTH_CONTINUE);
    await expectRefused(other);
  });

  it('refuses a step that nothing began, even with the right password', async () => {
    const client = await open();
    const step = packet(OPCODE.SASL_STEP, { key: 'PLAIN', value: '\0alice\0secret' });
    client.send(step, step, packet(OPCODE.NOOP));
    expect((await client.reply()).status).toBe(STATUS_AUTH_ERROR);
    expect((await client.reply()).status).toBe(STATUS_AUTH_ERROR);
    await expectRefused(client);
  });

  it('knows SCRAM-SHA-256 to its last step, and nothing before', async () => {
    const key = 'SCRAM-SHA-256';
    for (const stepCount of [1, 2, 3]) {
      const client = await open();
      const scram = new ScramClient('alice', 'secret');
      const first = await client.ask(OPCODE.SASL_AUTH, { key, value: scram.first() });
      expect(first.status).toBe(STATUS_AUTH_CONTINUE);
      if (stepCount > 1) {
        const value = scram.final(Buffer.from(first.value, 'latin1'));
        const final = await client.ask(OPCODE.SASL_STEP, { key, value });
        expect([final.status, final.value]).toEqual([STATUS_AUTH_CONTINUE, scram.serverFinal()]);
      }
      if (stepCount > 2) {
        expect((await client.ask(OPCODE.SASL_STEP, { key })).status).toBe(STATUS_OK);
        expect((await client.ask(OPCODE.NOOP)).status).toBe(STATUS_OK);
      } else {
        client.send(packet(OPCODE.NOOP));
        await expectRefused(client);
      }
    }
    const client = await open();
    const scram = new ScramClient('bob', 'not this');
    const first = await client.ask(OPCODE.SASL_AUTH, { key, value: scram.first() });
    const value = scram.final(Buffer.from(first.value, 'latin1'));
    expect((await client.ask(OPCODE.SASL_STEP, { key, value })).status).toBe(STATUS_AUTH_ERROR);
  });

  it('refuses mechanisms that are not there, and messages that are none', async () => {
    const client = await open();
    const secret = '\0alice\0secret';
    for (const [key, value] of [
      ['CRAM-MD5', ''],
      ['plain', secret],
      ['PLAIN ', secret],
      ['PLAIN\0', secret],
      ['SCRAM-SHA-256-PLUS', 'n,,n=alice,r=nonce'],
      ['A'.repeat(MECHANISM_BYTES_MAX), secret],
      ['PLAIN', 'alice\0secret'],
      ['PLAIN', '\0'],
      ['PLAIN', '\0alice'],
      ['PLAIN', '\0alice\0'],
      ['PLAIN', 'bob\0alice\0secret'],
      ['PLAIN', `${secret}\0`],
    ]) {
      const { status } = await client.ask(OPCODE.SASL_AUTH, { key, value });
      expect(status, `${key} ${value}`).toBe(STATUS_AUTH_ERROR);
    }
    client.send(packet(OPCODE.NOOP));
    await expectRefused(client);
  });

  it('discards what is too long, and goes on', async () => {
    const client = await open();
    const key = 'A'.repeat(MECHANISM_BYTES_MAX + 1);
    const value = Buffer.alloc(SASL_DATA_BYTES_MAX + 1, '\0alice\0secret');
    for (const parts of [
      { key, value: '\0alice\0secret' },
      { key: 'PLAIN', value },
      { key: 'PLAIN', value: Buffer.alloc(300_000) },
    ]) {
      client.send(packet(OPCODE.SASL_AUTH, parts), packet(OPCODE.SASL_STEP, parts));
      expect((await client.reply()).status).toBe(STATUS_INVALID);
      expect((await client.reply()).status).toBe(STATUS_INVALID);
    }
    expect(await login(client, 'alice', 'secret')).toBe(STATUS_OK);
  });

  it('waits for no huge body', async () => {
    for (const [opcode, bodyBytes, status, closes] of [
      [OPCODE.SASL_AUTH, GIB, STATUS_INVALID, false],
      [OPCODE.SASL_AUTH, GIB + 1, STATUS_INVALID, true],
      [OPCODE.SASL_AUTH, 0, STATUS_UNKNOWN, true],
      [OPCODE.SET, GIB, STATUS_AUTH_ERROR, true],
      [OPCODE.SET, 2 ** 32 - 1, STATUS_INVALID, true],
    ] as const) {
      const client = await open();
      client.send(packet(opcode, { key: 'PLAIN', bodyBytes }));
      expect((await client.reply()).status).toBe(status);
      if (closes) expect(await client.isClosed()).toBe(true);
      client.destroy();
    }
  });

  it('knows no text', async () => {
    const client = await TextClient.open(server.address);
    client.send('version\r\n');
    await client.closed;
    await expect(client.line()).rejects.toThrow('closed');
    client.destroy();
  });

  it('counts logins and failures', async () => {
    const before = await control.stats();
    const client = await open();
    client.send(plainPacket('alice', 'secret'), plainPacket('nobody else', 'secret'));
    await client.replies(2);
    const after = await control.stats();
    const grown = (name: string): number => Number(after.get(name)) - Number(before.get(name));
    expect([grown('auth_cmds'), grown('auth_errors')]).toEqual([2, 1]);
  });

  it('loses no refusal to what the client goes on sending', async () => {
    const client = await open();
    client.send(setPacket('early', '1'), Buffer.alloc(4 << 20, setPacket('early', '2')));
    expect((await client.reply()).status).toBe(STATUS_AUTH_ERROR);
  });

  it('survives clients that leave while they are checked', async () => {
    for (let count = 0; count < 20; count++) {
      const socket = createConnection(server.address as { port: number });
      await new Promise<void>((resolve) =>
        socket.write(plainPacket(`gone ${count}`, 'secret'), () => resolve()),
      );
      if (count % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    expect(await login(await open(), 'alice', 'secret')).toBe(STATUS_OK);
  });
});

describe('-S', () => {
  it('is done at once with a connection on which nothing lies behind the refusal', async () => {
    const flags = ['-S', '--users-file', usersFile, ...ONE_THREAD];
    const server = await spawnFlagstone({ flags, isBinary: true });
    const control = await BinaryClient.open(server.address);
    expect(await login(control, 'alice', 'secret')).toBe(STATUS_OK);
    const client = await BinaryClient.open(server.address);
    client.send(packet(OPCODE.NOOP));
    expect((await client.reply()).status).toBe(STATUS_AUTH_ERROR);
    expect((await control.stats()).get('curr_connections')).toBe('1');
    for (const one of [client, control]) one.destroy();
    expect(await server.stop()).toBe(0);
  });

  it('holds on a unix socket', async () => {
    const flags = ['-S', '--users-file', usersFile];
    const server = await spawnFlagstone({ flags, isBinary: true, onUnixSocket: true });
    const [stranger, user] = [
      await BinaryClient.open(server.address),
      await BinaryClient.open(server.address),
    ];
    stranger.send(packet(OPCODE.NOOP));
    expect((await stranger.reply()).status).toBe(STATUS_AUTH_ERROR);
    expect(await login(user, 'bob', 'pass word')).toBe(STATUS_OK);
    expect((await user.ask(OPCODE.NOOP)).status).toBe(STATUS_OK);
    for (const client of [stranger, user]) client.destroy();
    expect(await server.stop()).toBe(0);
  });

  it('bounds how fast one user is guessed at, and locks nobody else out', async () => {
    const flags = ['-S', '--users-file', usersFile, ...ONE_THREAD];
    const server = await spawnFlagstone({ flags, isBinary: true });
    const guessers = await Promise.all(
      Array.from({ length: 60 }, () => BinaryClient.open(server.address)),
    );
    guessers.forEach((client, at) => {
      client.send(plainPacket('alice', `guess ${at}`));
    });
    // More wait than can be checked in ten seconds: the rest is told so at once.
    await Promise.race(guessers.map((client) => client.reply()));
    const [alice, bob] = [
      await BinaryClient.open(server.address),
      await BinaryClient.open(server.address),
    ];
    let aliceIsIn = false;
    void login(alice, 'alice', 'secret').then(
      (status) => (aliceIsIn = status === STATUS_OK),
      () => undefined, // still waiting when the server ends
    );
    expect(await login(bob, 'bob', 'pass word')).toBe(STATUS_OK);
    expect(aliceIsIn).toBe(false);
    // Nor do those who wait hold up the end.
    expect(await server.stop()).toBe(0);
    for (const client of [...guessers, alice, bob]) client.destroy();
  });
});
