/**
 * Passwords, as they come in by requests that are right, wrong, cut short or within transactions: nobody who may
 * look at what others do, at the log or at the settings finds one.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { shown } from '../resp/session.ts';
import type { RespClient } from '../support/resp-client.ts';
import { applicationServerSpawn, type RespServer } from '../support/resp-server.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SECRET = 'correct-horse';
// biome-ignore format: a table reads in columns
const TELLING: readonly (readonly string[])[] = [
  ['auth', SECRET], ['auth', 'ann', SECRET], ['auth', 'ann', `${SECRET}!`], ['auth', 'nobody', SECRET],
  ['hello', '3', 'auth', 'ann', SECRET], ['hello', '3', 'auth', 'ann', `${SECRET}!`, 'setname', 'x'], ['hello', '2', 'auth', 'default', SECRET],
  ['acl', 'setuser', 'bob', 'on', `>${SECRET}`, '~*', '+@all'], ['acl', 'setuser', 'bob', `<${SECRET}`], ['acl', 'setuser', 'cid', `>${SECRET}`, 'nonsense'],
  ['acl', 'setuser', 'bob', `>${SECRET}`, `>${SECRET}2`], ['config', 'set', 'masterauth', SECRET], ['config', 'set', 'masterauth', ''],
  ['config', 'set', 'requirepass', SECRET], ['auth', SECRET], ['auth', 'default', SECRET],
];

/** A wrong count of words redis-server shows as it is. */
const MISCOUNTED = process.env['FLAGSTONE_PEER'] === '1' ? [] : [['auth', 'a', SECRET, 'c']];

let server: RespServer;
let admin: RespClient;

beforeAll(async () => {
  server = await applicationServerSpawn();
  admin = server.client();
  await admin.call('acl', 'setuser', 'ann', 'on', `>${SECRET}`, '~*', '+@all');
  await admin.call('config', 'set', 'slowlog-log-slower-than', '0');
  await admin.call('config', 'set', 'slowlog-max-len', '1000');
});
afterAll(async () => {
  admin.end();
  await server.stop();
});

it('are not shown by MONITOR, SLOWLOG, ACL, CLIENT, INFO or CONFIG', async () => {
  const watcher = server.client();
  expect(shown(await watcher.call('monitor'))).toBe('+OK');
  for (const words of [...MISCOUNTED, ...TELLING]) {
    for (const around of [[], [['multi']]]) {
      const client = server.client();
      for (const before of around) await client.call(...before);
      await client.call(...words);
      if (around.length > 0) await client.call('exec');
      await client.call('ping');
      client.end();
    }
  }
  expect(shown(await admin.call('config', 'set', 'requirepass', ''))).toBe('+OK');
  await admin.call('echo', 'all has been said');
  let seen = '';
  while (!seen.includes('all has been said')) seen += shown(await watcher.read());
  watcher.end();
  expect(seen).not.toContain(SECRET);
  const asked = [
    'slowlog get -1',
    'acl list',
    'acl getuser ann',
    'acl getuser bob',
    'acl log',
    'client list',
    'info everything',
    'config get *',
  ];
  for (const text of asked) {
    const reply = shown(await admin.call(...text.split(' ')));
    expect(reply, text).not.toMatch(/^-/);
    expect(reply, text).not.toContain(SECRET);
  }
  expect(server.log()).not.toContain(SECRET);
});
