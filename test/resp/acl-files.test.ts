/** Users that outlive the server: in redis.conf, in a file of users, and over the death of a thread. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { optionsParse } from '../../src/cli/options.ts';
import { Supervisor } from '../../src/supervisor.ts';
import { programRun } from '../server/program.ts';
import { portFree } from '../support/free-port.ts';
import { RespClient, RespSimple } from '../support/resp-client.ts';
import { type RespServer, respConfSpawn } from '../support/resp-server.ts';
import { eventually } from '../support/text-client.ts';
import { wordsCall } from './blocked.ts';
import { shown } from './session.ts';

// Each test starts processes, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const OK = new RespSimple('OK');
const DEFAULT_LINE = 'user default on nopass sanitize-payload ~* &* +@all';

let folder = '';
let servers: RespServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flagstone-acl-'));
});
afterEach(async () => {
  await Promise.all(servers.map((one) => one.stop()));
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

async function start(...words: readonly string[]): Promise<RespServer> {
  const server = await respConfSpawn(['--io-threads', '3', ...words]);
  servers.push(server);
  return server;
}

describe('users in redis.conf', () => {
  it('are there from the start, and CONFIG REWRITE keeps them', async () => {
    const path = file(
      'redis.conf',
      'user alice on >pw ~a* (~b* +get ) +set',
      '# more',
      'requirepass top',
    );
    const server = await respConfSpawn([path]);
    servers.push(server);
    const client = server.client();
    expect(await wordsCall(client, 'auth top', 'acl users')).toEqual([OK, ['alice', 'default']]);
    expect(
      await wordsCall(client, 'acl setuser bob on nopass', 'acl setuser alice -set +incr'),
    ).toEqual([OK, OK]);
    expect(await wordsCall(client, 'acl setuser default >other', 'config rewrite')).toEqual([
      OK,
      OK,
    ]);
    const list = (await client.call('acl', 'list')) as string[];
    client.end();
    await server.stop();
    const written = readFileSync(path, 'latin1').split('\n');
    expect(written.slice(0, 3)).toEqual([list[0], '# more', 'requirepass "top"']);
    expect(written).toEqual(expect.arrayContaining(list));
    const again = await respConfSpawn([path]);
    servers.push(again);
    const next = again.client();
    expect(await wordsCall(next, 'auth other', 'acl list')).toEqual([OK, list]);
    expect(await wordsCall(next, 'auth alice pw', 'incr a1', 'get b')).toEqual([OK, 1, null]);
    const gone = ['auth other', 'acl deluser alice', 'config rewrite'];
    expect(await wordsCall(next, ...gone)).toEqual([OK, 1, OK]);
    expect(readFileSync(path, 'latin1')).not.toContain('alice');
    next.end();
  });

  it('stop the start where they make no sense', async () => {
    const starts: readonly (readonly [string, RegExp])[] = [
      [
        'user a on\nuser a on',
        /at line 2\n.*\nError in user declaration 'a': Duplicate user found/s,
      ],
      ['user a +nosuch', /at line 1\n.*Error loading ACL rule '\+nosuch' for the user named 'a'/s],
      ['user a %~', /Error in user declaration '%~': Syntax error/],
      ['user a (+get', /Unmatched parenthesis in acl selector starting at '\(\+get'/],
      ['user a on\naclfile users.acl', /aclfile, and users/],
      ['aclfile nosuch.acl', /Error loading ACLs, opening file 'nosuch\.acl'/],
    ];
    for (const [lines, problem] of starts) {
      const path = file('redis.conf', ...lines.split('\n'), `dir ${folder}`);
      const { code, err } = await programRun(['--resp-conf', path, '--port', '0']);
      expect(err).toMatch(problem);
      expect(code).toBe(1);
    }
  });
});

describe('a file of users', () => {
  const alice = 'user alice on nopass sanitize-payload ~* &* +@all';
  const bob = 'user bob on nopass sanitize-payload ~* resetchannels -@all +@read';

  it('is read at the start, by ACL LOAD, and written by ACL SAVE', async () => {
    const path = file('users.acl', alice, '', bob);
    const server = await start('--aclfile', path);
    const [admin, reader, goner] = [server.client(), server.client(), server.client()];
    expect(await admin.call('acl', 'list')).toEqual([alice, bob, DEFAULT_LINE]);
    await wordsCall(admin, 'acl setuser eve on nopass +@all', 'acl setuser bob +set', 'acl save');
    expect(readFileSync(path, 'latin1').split('\n')).toEqual([
      alice,
      `${bob} +set`,
      DEFAULT_LINE,
      'user eve on nopass sanitize-payload resetchannels -@all +@all'.replace(
        '-@all +@all',
        '+@all',
      ),
      '',
    ]);
    expect(await wordsCall(reader, 'auth bob x', 'set k v')).toEqual([OK, OK]);
    expect(await wordsCall(goner, 'auth eve x', 'ping')).toEqual([OK, new RespSimple('PONG')]);
    writeFileSync(path, `${bob}\n`);
    expect(await admin.call('acl', 'load')).toEqual(OK);
    expect(await admin.call('acl', 'users')).toEqual(['bob', 'default']);
    expect(shown(await reader.call('set', 'k', 'v'))).toMatch(/^-NOPERM/);
    expect(await reader.call('get', 'k')).toBe('v');
    await eventually(
      'the end',
      async () => goner.closed,
      (closed) => closed,
    );
    for (const client of [admin, reader]) client.end();
  });

  it('that is wrong changes nothing, and the answer says all about it', async () => {
    const path = file('users.acl', alice);
    const server = await start('--aclfile', path);
    const admin = server.client();
    writeFileSync(path, `${bob} +nosuch\nnonsense\n${bob}\n`);
    expect(shown(await admin.call('acl', 'load'))).toBe(
      `-ERR ${path}:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. ` +
        `${path}:2 should start with user keyword followed by the username. ` +
        `WARNING: Duplicate user 'bob' found on line 3. ` +
        'WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
    );
    expect(await admin.call('acl', 'users')).toEqual(['alice', 'default']);
    rmSync(path);
    expect(shown(await admin.call('acl', 'load'))).toMatch(
      /^-ERR Error loading ACLs, opening file/,
    );
    expect(shown(await admin.call('config', 'set', 'aclfile', 'x'))).toMatch(/immutable/);
    admin.end();
  });

  it('decides about default alone: of one without a word about him everybody may do everything', async () => {
    const path = file('users.acl', 'user default on >pw ~* +@all -flushall');
    const server = await start('--aclfile', path, '--acl-pubsub-default', 'allchannels');
    const admin = server.client();
    expect(shown(await admin.call('ping'))).toMatch(/^-NOAUTH/);
    expect(await wordsCall(admin, 'auth pw', 'publish any x')).toEqual([OK, 0]);
    expect(shown(await admin.call('flushall'))).toMatch(/^-NOPERM/);
    await wordsCall(admin, 'config set acl-pubsub-default resetchannels', 'acl setuser new');
    expect(await admin.call('acl', 'list')).toEqual([
      expect.stringMatching(/^user default on sanitize-payload #\w+ ~\* &\* \+@all -flushall$/),
      'user new off sanitize-payload resetchannels -@all',
    ]);
    writeFileSync(path, '');
    expect(await wordsCall(admin, 'acl load', 'acl list', 'flushall')).toEqual([
      OK,
      [DEFAULT_LINE],
      OK,
    ]);
    admin.end();
  });
});

describe('a thread that dies', () => {
  it('has a successor with the users of all, also if it was the only one', async () => {
    for (const threadCount of ['1', '3']) {
      const port = await portFree();
      const flags = ['-p', '-1', '-l', '127.0.0.1', '-t', threadCount, '-m', '64'];
      let restarts = 0;
      const destination = {
        write: (line: string) => {
          if (line.includes('was started anew')) restarts++;
        },
      };
      const supervisor = new Supervisor(
        optionsParse([...flags, '--resp-port', `${port}`], {}),
        pino({ level: 'warn' }, destination),
        { version: 'test', plainWire: false, debugCommands: false, onShutdown: () => undefined },
      );
      await supervisor.start();
      const client = (): RespClient => new RespClient({ host: '127.0.0.1', port });
      const before = client();
      await wordsCall(
        before,
        'acl setuser alice on nopass ~* +get',
        'acl setuser bob',
        'acl deluser bob',
      );
      await before.call('acl', 'setuser', 'default', '-flushall');
      const list = await before.call('acl', 'list');
      before.end();
      await supervisor.dataWorker(0)?.terminate();
      await eventually(
        'the new thread',
        async () => restarts,
        (count) => count === 1,
      );
      const clients = Array.from({ length: 9 }, client);
      for (const one of clients) {
        expect(await one.call('acl', 'list')).toEqual(list);
        expect(shown(await one.call('flushall'))).toMatch(/^-NOPERM/);
        one.end();
      }
      await supervisor.end();
    }
  });
});
