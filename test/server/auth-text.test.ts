/** Authentication over the text protocol, against servers with -Y, and against the real memcached. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TEXT_TABLE } from '../../src/commands/memcached/table.ts';
import {
  memcachedFind,
  type ServerProcess,
  spawnFlagstone,
  spawnMemcached,
} from '../support/server.ts';
import { eventually, TextClient } from '../support/text-client.ts';
import { ONE_THREAD, tokenSet, UserFiles, WIRES } from './auth-fixture.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const UNAUTHENTICATED = 'CLIENT_ERROR unauthenticated';
const FAILURE = 'CLIENT_ERROR authentication failure';
const TOKEN_BYTES_MAX = 16384;
const LINE_BYTES_MAX = 2048;
/** Commands that other servers or later versions know. */
const MORE_NAMES = ['mg', 'ms', 'md', 'ma', 'mn', 'me', 'config', 'lru', 'watch', 'auth', 'hello'];

const files = new UserFiles();
let authFile = '';
beforeAll(() => {
  authFile = files.write('auth', 'alice:secret\nbob:pass: word');
});
afterAll(() => files.remove());

/** What a client sends that is not known, and what the answer is. */
const ANSWERS: readonly (readonly [sent: string, answer: string])[] = [
  ['set any 0 0 2\r\nhi\r\n', 'CLIENT_ERROR bad authentication token format'],
  ['set any 0 0 0\r\n\r\n', 'CLIENT_ERROR bad authentication token format'],
  ['set any 0 0 12\r\nalice:secret\r\n', 'CLIENT_ERROR bad authentication token format'],
  ['set any 0 0 12\r\nalice secretXX', 'CLIENT_ERROR bad command line termination'],
  ['set any 0 0 11\r\nalice secre\n\n', 'CLIENT_ERROR bad command line termination'],
  [`set any 0 0 ${TOKEN_BYTES_MAX + 1}\r\n`, 'CLIENT_ERROR auth token too long'],
  ['set any 0 0 4294967295\r\n', 'CLIENT_ERROR auth token too long'],
  ['set any 0 0\r\n', UNAUTHENTICATED],
  ['set any 0 0 -1\r\n', UNAUTHENTICATED],
  ['set any 0 0 many\r\n', UNAUTHENTICATED],
  ['get any\r\n', UNAUTHENTICATED],
  ['version\r\n', UNAUTHENTICATED],
  ['add any 0 0 12\r\n', UNAUTHENTICATED],
  [tokenSet('alice secret '), FAILURE],
  [tokenSet('carol secret'), FAILURE],
  [tokenSet(' alice secret'), FAILURE],
  ['set any 0 0 12 noreply\r\nalice secret\r\n', 'STORED'],
];

async function answersCheck(server: ServerProcess): Promise<void> {
  const client = await TextClient.open(server.address);
  for (const [sent, answer] of ANSWERS) {
    expect(await client.ask(sent), JSON.stringify(sent.slice(0, 60))).toBe(answer);
  }
  expect(await client.ask('get any\r\n')).toBe('END'); // a token is not stored
  client.destroy();
}

const memcached = memcachedFind();
const reason = memcached === null ? ' (skipped: no memcached here)' : '';

describe.skipIf(memcached === null)(`memcached -Y${reason}`, () => {
  it('answers as we say it does', async () => {
    if (memcached === null) return;
    const server = await spawnMemcached(memcached, { flags: ['-Y', authFile] });
    await answersCheck(server);
    await server.stop();
  });
});

describe.each(WIRES)('-Y over the $wire wire', ({ env }) => {
  let server: ServerProcess;
  /** Logged in from the first. */
  let control: TextClient;
  const opened: TextClient[] = [];

  beforeAll(async () => {
    server = await spawnFlagstone({ flags: ['-Y', authFile, '-A', ...ONE_THREAD], env });
    control = await TextClient.open(server.address);
    expect(await control.ask(tokenSet('alice secret'))).toBe('STORED');
    expect(await control.set('kept', Buffer.from('as it was'))).toBe('STORED');
  });
  afterAll(async () => {
    for (const client of [...opened, control]) client.destroy();
    expect(await server.stop()).toBe(0);
  });

  const open = async (): Promise<TextClient> => {
    const client = await TextClient.open(server.address);
    opened.push(client);
    return client;
  };

  it('answers as memcached does', () => answersCheck(server));

  it('refuses every command but the set that authenticates, and stays', async () => {
    const names = [...TEXT_TABLE.map(({ name }) => name), ...MORE_NAMES];
    const lines = names.flatMap((name) => [
      name,
      ...['kept', 'kept 0 0', 'noreply'].map((words) => `${name} ${words}`),
      ...(name === 'set' ? [] : [`${name} kept 0 0 7`, `${name} kept 0 0 7 1 noreply`]),
    ]);
    const client = await open();
    client.send(lines.map((line) => `${line}\r\n`).join(''));
    for (const line of lines) expect(await client.line(), line).toBe(UNAUTHENTICATED);
    expect(await client.ask(tokenSet('alice secret'))).toBe('STORED');
    expect((await client.get('kept'))?.toString()).toBe('as it was');
  });

  it('reads the longest token that is allowed, where memcached hangs up', async () => {
    const client = await open();
    const token = `x ${'y'.repeat(TOKEN_BYTES_MAX - 2)}`;
    expect(await client.ask(tokenSet(token))).toBe(FAILURE);
    expect(await client.ask(tokenSet('alice secret'))).toBe('STORED');
  });

  it('carries out what comes behind a right password, in order, and nothing before', async () => {
    const client = await open();
    client.send(
      `get kept\r\n${tokenSet('carol secret')}get kept\r\n${tokenSet('bob pass: word')}` +
        'get kept\r\nset kept2 0 0 2\r\nhi\r\nget kept2\r\n',
    );
    for (const line of [UNAUTHENTICATED, FAILURE, UNAUTHENTICATED, 'STORED']) {
      expect(await client.line()).toBe(line);
    }
    for (const line of ['VALUE kept 0 9', 'as it was', 'END', 'STORED', 'VALUE kept2 0 2']) {
      expect(await client.line()).toBe(line);
    }
  });

  it('authenticates once: from then on a set is a set', async () => {
    const client = await open();
    client.send(tokenSet('alice secret').repeat(2));
    expect([await client.line(), await client.line()]).toEqual(['STORED', 'STORED']);
    expect((await client.get('any'))?.toString()).toBe('alice secret');
    expect(await client.ask('delete any\r\n')).toBe('DELETED');
  });

  it('takes a login apart at any byte', async () => {
    const conversation = `${tokenSet('alice secret')}get kept\r\n`;
    for (let cut = 1; cut < conversation.length; cut++) {
      const client = await open();
      client.send(conversation.slice(0, cut));
      await control.ask('version\r\n'); // so the server has seen the first part alone
      client.send(conversation.slice(cut));
      expect(await client.line()).toBe('STORED');
      expect(await client.line()).toBe('VALUE kept 0 9');
      client.destroy();
    }
  });

  it('answers a client that has said its last word', async () => {
    const client = await open();
    client.socket.end(`${tokenSet('no-one secret')}${tokenSet('alice secret')}get kept\r\n`);
    expect([await client.line(), await client.line()]).toEqual([FAILURE, 'STORED']);
    for (const line of ['VALUE kept 0 9', 'as it was', 'END']) {
      expect(await client.line()).toBe(line);
    }
    await client.closed;
  });

  it('opens one connection at a time', async () => {
    const [inside, outside] = [await open(), await open()];
    expect(await inside.ask(tokenSet('alice secret'))).toBe('STORED');
    expect(await outside.ask('get kept\r\n')).toBe(UNAUTHENTICATED);
    expect(await inside.ask('get missing\r\n')).toBe('END');
  });

  it('closes on a line without an end', async () => {
    const client = await open();
    client.send('x'.repeat(LINE_BYTES_MAX + 1));
    await client.closed;
    await expect(client.line()).rejects.toThrow('closed');
  });

  it('lets clients leave while they are checked', async () => {
    for (let at = 0; at < 20; at++) {
      const client = await TextClient.open(server.address);
      client.send(tokenSet(`gone-${at} secret`));
      if (at % 2 === 0) client.socket.resetAndDestroy();
      else client.destroy();
    }
    for (const client of opened.splice(0)) client.destroy();
    await eventually(
      'that all have gone',
      async () => (await control.stats()).get('curr_connections'),
      (count) => count === '1',
    );
  });

  it('counts logins and failures', async () => {
    const before = await control.stats();
    const client = await open();
    client.send(tokenSet('nobody secret') + tokenSet('alice secret'));
    expect([await client.line(), await client.line()]).toEqual([FAILURE, 'STORED']);
    const after = await control.stats();
    const grown = (name: string): number => Number(after.get(name)) - Number(before.get(name));
    expect([grown('auth_cmds'), grown('auth_errors')]).toEqual([2, 1]);
  });
});

describe('-Y', () => {
  it('holds on a unix socket', async () => {
    const server = await spawnFlagstone({ flags: ['-Y', authFile], onUnixSocket: true });
    const client = await TextClient.open(server.address);
    expect(await client.ask('get any\r\n')).toBe(UNAUTHENTICATED);
    expect(await client.ask(tokenSet('bob pass: word'))).toBe('STORED');
    expect(await client.ask('get any\r\n')).toBe('END');
    client.destroy();
    expect(await server.stop()).toBe(0);
  });

  it('does not call a client idle that waits for its answer', async () => {
    const flags = ['-Y', authFile, '-o', 'idle_timeout=1', ...ONE_THREAD];
    const server = await spawnFlagstone({ flags });
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => TextClient.open(server.address)),
    );
    // The answers are delayed by a quarter of a second up to five.
    const answers = clients.map((client) => client.ask(tokenSet('alice guess')));
    expect(await Promise.all(answers)).toEqual(Array(5).fill(FAILURE));
    await Promise.all(clients.map((client) => client.closed));
    for (const client of clients) client.destroy();
    expect(await server.stop()).toBe(0);
  });

  it('ends though clients wait for the answer to a wrong password', async () => {
    const server = await spawnFlagstone({ flags: ['-Y', authFile, ...ONE_THREAD] });
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => TextClient.open(server.address)),
    );
    for (const client of clients) client.send(tokenSet('alice guess') + tokenSet('alice secret'));
    await clients[0].line();
    expect(await server.stop()).toBe(0);
    await Promise.all(clients.map((client) => client.closed));
    for (const client of clients) client.destroy();
  });
});
